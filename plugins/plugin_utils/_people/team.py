# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A team as its variables describe it, and everything that is wrong with it, at once.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.record import is_name
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted_keys import WantedError, parse_keys, parse_revoked
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import Revoked
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import PublicKey

from .entries import SUDO_WORDS, Person, read_persons
from .hosts import HostPattern, parse_pattern
from .outcome import module_entry
from .read_rules import Rule, read_rules
from .variables import BASE, GROUP_LAYERS, KeyReader, Problem, misspelled

_RSA_WEAK_BITS = 2048
_UNLISTED = ("report", "lock", "remove")


class Settings(NamedTuple):
    """Whose file this is, and what happens to accounts that it no longer lists."""

    owner: str = "default"
    unlisted: str = "report"
    unlisted_max: int = 3


class KeyHosts(NamedTuple):
    """The hosts that a key is for. C(where): the first entry that names them so."""

    where: str
    pattern: HostPattern


class Team(NamedTuple):
    """Everybody of these variables, and the rules about them. C(rules) is None where everybody is on every host.

    C(key_hosts): hosts of single keys, by the text of their pattern.
    """

    persons: dict[str, Person]
    rules: tuple[Rule, ...] | None
    groups: tuple[dict[str, Any], ...]
    protected: frozenset[str]
    settings: Settings
    problems: tuple[Problem, ...]
    key_hosts: dict[str, KeyHosts] = {}

    def key_patterns(self, name: str, groups: Collection[str]) -> frozenset[str]:
        """The patterns of keys that match a host."""
        names = frozenset(groups)
        return frozenset(text for text, hosts in self.key_hosts.items() if hosts.pattern.matches(name, names))

    @property
    def scopes(self) -> list[Rule | KeyHosts]:
        """Everything that names hosts."""
        return [*(self.rules or ()), *self.key_hosts.values()]

    @property
    def blocking(self) -> list[str]:
        """Why nothing may be done with this team."""
        return [problem.text for problem in self.problems if problem.blocking]


def read_team(values: Mapping[str, Any], read_key: KeyReader) -> Team:
    """The team of plain values by the names of their variables. What is wrong is in the answer."""
    problems: list[Problem] = []
    persons = read_persons(values, read_key, problems)
    if not persons and not problems:
        problems.append(Problem(f"the team is empty: nobody is listed in {BASE}, nor in any other list of accounts", blocking=False))
    rules = read_rules(values, persons, problems)
    if rules is not None:
        problems += _rights_outside_rules(persons.values())
    protected = _read_protected(values, problems)
    settings = _read_settings(values, problems)
    for person in persons.values():
        if person.name in protected and person.state != "present":
            problems.append(Problem(f"{person.where}: {person.name} is in ssh_users_protected and cannot be {person.state}"))
        problems += _check_by_module(person, rules is not None)
    problems += _shared_keys(persons.values()) + _shared_uids(persons.values())
    groups = _join_groups(values, problems)
    return Team(persons, rules, groups, protected, settings, tuple(dict.fromkeys(problems)) + tuple(misspelled(values)), _read_key_hosts(persons.values()))


def _read_key_hosts(persons: Iterable[Person]) -> dict[str, KeyHosts]:
    found: dict[str, KeyHosts] = {}
    for person in persons:
        for key in person.keys or ():
            if key.hosts is not None and key.hosts not in found:
                found[key.hosts] = KeyHosts(f"{person.where}: authorized_keys", parse_pattern(key.hosts))
    return found


def _rights_outside_rules(persons: Iterable[Person]) -> list[Problem]:
    found = []
    for person in persons:
        given = {word: person.options[word] for word in SUDO_WORDS if word in person.options}
        if given:
            rights = "".join(f", {word}: {_yaml(value)}" for word, value in given.items())
            told = " and ".join(given)
            found.append(
                Problem(
                    f"{person.where}: with ssh_users_access, rights stand in its rules; remove {told} from the entry, and write a rule "
                    f"such as {{users: [{person.name}], hosts: all{rights}}}"
                )
            )
    return found


def _yaml(value: Any) -> str:
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)


def _read_protected(values: Mapping[str, Any], problems: list[Problem]) -> frozenset[str]:
    protected = values.get("ssh_users_protected")
    if protected is None:
        protected = ["root"]
    if not isinstance(protected, Sequence) or isinstance(protected, str) or not all(isinstance(name, str) for name in protected):
        problems.append(Problem("ssh_users_protected must be a list of names of accounts"))
        return frozenset()
    return frozenset(protected)


def _read_settings(values: Mapping[str, Any], problems: list[Problem]) -> Settings:
    owner, unlisted, most = (values.get(f"ssh_users_{name}") for name in Settings._fields)
    if owner is not None and not (isinstance(owner, str) and is_name(owner)):
        problems.append(Problem("ssh_users_owner must be one word without colon, comma or slash, such as platform"))
    if unlisted is not None and unlisted not in _UNLISTED:
        problems.append(Problem(f"ssh_users_unlisted must be {', '.join(_UNLISTED[:-1])} or {_UNLISTED[-1]}, not {str(unlisted)[:40]!r}"))
    try:
        parse_revoked([str(item) for item in values.get("ssh_users_revoked_keys") or []])
    except WantedError as exc:
        problems.append(Problem(f"ssh_users_{exc}"))
    try:
        limit = Settings().unlisted_max if most is None else int(str(most))
    except ValueError:
        limit = -1
    if limit < 0:
        problems.append(Problem(f"ssh_users_unlisted_max must be a number of people, not {str(most)[:40]!r}"))
    return Settings(str(owner or Settings().owner), str(unlisted or Settings().unlisted), limit)


def _check_by_module(person: Person, by_rules: bool) -> list[Problem]:
    """What ssh_access would refuse, whatever the host."""
    try:
        # Keys that are for different hosts do not meet.
        for pattern in dict.fromkeys(key.hosts or "" for key in person.keys or ()) or [""]:
            parse_wanted({"users": [module_entry(person.on([pattern]), by_rules)]})
    except WantedError as exc:
        text = str(exc)
        for start in (f"user {person.name}: ", "user "):
            if text.startswith(start):
                text = text[len(start) :]
                break
        return [Problem(f"{person.where}: {text}")]
    return []


def _keys_of(person: Person) -> list[PublicKey]:
    if person.state == "absent":
        return []
    try:
        texts = [key.text for key in person.keys or () if key.state == "present"]
        return [wanted.key for wanted in parse_keys(person.name, list(texts), Revoked(), [])]
    except WantedError:
        return []  # Told already.


def _shared_keys(persons: Iterable[Person]) -> list[Problem]:
    found: list[Problem] = []
    holders: dict[bytes, Person] = {}
    for person in persons:
        for key in _keys_of(person):
            if key.key_type == "ssh-dss" or (key.key_type == "ssh-rsa" and key.bits < _RSA_WEAK_BITS):
                found.append(
                    Problem(f"{person.where}: the key {key.fingerprint_sha256} is weak ({key.key_type}, {key.bits} bits); ask for an ed25519 key", False)
                )
            other = holders.setdefault(key.blob, person)
            if other.name != person.name and other.name not in person.aliases and person.name not in other.aliases:
                found.append(
                    Problem(
                        f"{person.where}: the key {key.fingerprint_sha256} is also {other.name}'s ({other.where}), so nobody can know who "
                        "logged in with it; ask each for a key of their own",
                        False,
                    )
                )
    return found


def _shared_uids(persons: Iterable[Person]) -> list[Problem]:
    found: list[Problem] = []
    holders: dict[int, Person] = {}
    for person in persons:
        uid = person.options.get("uid")
        if uid is None or person.state == "absent":
            continue
        other = holders.setdefault(uid, person)
        if other.name != person.name:
            found.append(Problem(f"{person.where}: uid {uid} is also {other.name}'s ({other.where}); give each a number of their own"))
    return found


def _join_groups(values: Mapping[str, Any], problems: list[Problem]) -> tuple[dict[str, Any], ...]:
    joined: dict[str, dict[str, Any]] = {}
    for variable in GROUP_LAYERS:
        entries = values.get(variable) or []
        if not isinstance(entries, Sequence) or isinstance(entries, str):
            problems.append(Problem(f"{variable} must be a list of groups"))
            continue
        seen: set[str] = set()
        for index, entry in enumerate(entries):
            if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
                problems.append(Problem(f"{variable}[{index}] must be a dictionary with a name"))
                continue
            if entry["name"] in seen:
                problems.append(Problem(f"{variable}[{index}]: {entry['name']} is listed more than once in {variable}"))
            seen.add(entry["name"])
            target = joined.setdefault(entry["name"], {})
            absent = target.get("state") == "absent"
            target.update(entry)
            if absent:
                target["state"] = "absent"
    return tuple(joined.values())
