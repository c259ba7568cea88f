# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leaves, and which keys are certainly whose: read from the team files of the hosts, an earlier audit, and what was given.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import check_name
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted_keys import WantedError, parse_keys, parse_revoked
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import Revoked
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import PublicKey, key_of_blob
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable

from .._audit.files import read_audit
from .._people.entries import Person
from .._people.source import TeamReader
from .._people.team import Team
from .._playbooks.offboarding import Leaver
from .._playbooks.variables import read_list
from .tools import StepFailed, Tools

_ALWAYS_PROTECTED = frozenset(("root", "ecs-user"))
_MOST_KEY_FILE = 65536
_REMOVALS = {"lock": "", "remove": "account", "remove_home": "home"}


def find_leaver(tools: Tools) -> Leaver:
    """Raises StepFailed, before any host is asked, where the person must not leave."""
    person = str(tools.get("ecs_access_person", "") or "")
    given = _given_keys(tools)
    if not person and not given:
        raise StepFailed("Set who leaves with -e ecs_access_person=NAME, or the keys that leave with ecs_access_keys.")
    keys = dict(given)
    others: dict[str, list[str]] = {}
    accounts = [person] if person else []
    known = bool(given)
    for team in _teams(tools):
        for entry in team.persons.values():
            if entry.name == person or (person and person in entry.aliases):
                _check_absent(entry)
                known = True
                accounts += [entry.name, *entry.aliases]
                keys.update(_keys_of(entry))
        for entry in team.persons.values():
            if entry.name not in accounts and entry.state != "absent":
                for fingerprint in _keys_of(entry):
                    others.setdefault(fingerprint, []).append(entry.name)
        _check_protected(accounts, team.protected | _ALWAYS_PROTECTED)
    _check_protected(accounts, _ALWAYS_PROTECTED)
    for fingerprint, names in _earlier(tools).items():
        if set(names) & set(accounts):
            keys.setdefault(fingerprint, "")
            known = True
        others.setdefault(fingerprint, []).extend(name for name in names if name not in accounts)
    held = {fingerprint: tuple(dict.fromkeys(names)) for fingerprint, names in others.items() if names}
    remove = _REMOVALS[str(tools.get("ecs_access_account", "lock") or "lock")]
    return Leaver(person, tuple(dict.fromkeys(accounts)), keys, held, remove, known)


def read_leaver(tools: Tools) -> Leaver:
    """As the first step has found out."""
    stored = tools.store.read("leaver")
    return Leaver(**{**stored, "accounts": tuple(stored["accounts"]), "others": {name: tuple(holders) for name, holders in stored["others"].items()}})


def _teams(tools: Tools) -> Iterable[Team]:
    reader, seen = TeamReader(), set[int]()
    kept: list[Team] = []
    for host in tools.names("ansible_play_hosts_all"):
        variables = tools.raw(host)
        team = reader.read(variables, tools.template_for(variables))
        if team.blocking:
            raise StepFailed(f"The team cannot be used: {'; '.join(team.blocking[:5])}. The playbook check_team lists everything that is wrong.")
        if id(team) not in seen:
            seen.add(id(team))
            # Kept, so that no other gets its place in memory.
            kept.append(team)
            yield team


def _check_absent(entry: Person) -> None:
    if entry.state != "absent":
        raise StepFailed(
            f"{entry.where} still has {entry.name} as {entry.state}, so the next run of onboard would bring the access back. "
            "Set state: absent there first, and keep the keys in the entry."
        )


def _check_protected(accounts: Iterable[str], protected: Iterable[str]) -> None:
    for name in accounts:
        if name in set(protected):
            raise StepFailed(f"{name} is a protected account and no person who leaves; give keys in ecs_access_keys, which leave it too.")
        try:
            check_name("user", name)
        except WantedError as exc:
            raise StepFailed(f"ecs_access_person: {exc.text}") from None


def _keys_of(entry: Person) -> dict[str, str]:
    """Keys by fingerprint. One that is listed as absent is nobody's, unless the person is."""
    texts = [key.text for key in entry.keys or () if key.state == "present" or entry.state == "absent"]
    try:
        return dict(_line(wanted.key) for wanted in parse_keys(entry.name, texts, Revoked(), []))
    except WantedError as exc:
        raise StepFailed(f"{entry.where}: {exc.text}") from None


def _given_keys(tools: Tools) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in read_list(tools.get("ecs_access_keys", []) or [], "ecs_access_keys"):
        given = text = str(item).strip()
        path = os.path.abspath(os.path.expanduser(text))
        if not text.startswith("SHA256:") and os.path.isfile(path):
            try:
                with open(path, encoding="utf-8", errors="replace") as stream:
                    text = stream.read(_MOST_KEY_FILE)
            except OSError as exc:
                raise StepFailed(f"ecs_access_keys: {path} cannot be read: {exc.strerror}.") from None
        try:
            revoked = parse_revoked([line for line in text.split("\n") if line.strip() and not line.startswith("#")])
        except WantedError as exc:
            if len(text.split()) == 1:
                shown = printable(given[:100])
                raise StepFailed(f"ecs_access_keys: {shown} is neither a public key, a fingerprint (SHA256:...), nor a file with one.") from None
            raise StepFailed(f"ecs_access_keys: {exc.text}") from None
        if not revoked.blobs and not revoked.fingerprints:
            raise StepFailed(f"ecs_access_keys: {printable(given[:100]) or 'an empty text'} holds no key.")
        found.update(_line(key_of_blob(blob)) for blob in revoked.blobs)
        found.update(dict.fromkeys(revoked.fingerprints, ""))
    return found


def _line(key: PublicKey) -> tuple[str, str]:
    return key.fingerprint_sha256, key._replace(comment="").line


def _earlier(tools: Tools) -> dict[str, tuple[str, ...]]:
    """Holders by fingerprint, as the team file of an earlier audit had them."""
    path = tools.path("ecs_access_earlier")
    return {key.fingerprint: key.in_team for key in read_audit(path).keys.values() if key.in_team} if path else {}
