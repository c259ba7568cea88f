# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with instances: what could not be read, what comes back, passwords, and private keys that lie there.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .finding import HIGH, LOW, MEDIUM, Finding
from .judge_keys import entries_by_account
from .picture import NO_ACCESS, Instance, Picture
from .roster import NONE, RIGHTS, ROOT
from .words import list_names

_OWN_KEYS = "/etc/ssh/ssh_host_"
_MOST_OPENED = 200


class Opened(NamedTuple):
    """An account that a key opens."""

    instance: str
    account: str
    right: str


class Path(NamedTuple):
    """A private key on an instance, the people who can take it there, and what it opens elsewhere."""

    instance: str
    path: str
    account: str | None
    fingerprint: str
    encrypted: bool | None
    people: tuple[str, ...]
    opens: tuple[Opened, ...]
    opens_count: int


def judge_instances(picture: Picture, paths: Sequence[Path]) -> Iterator[Finding]:
    """Every instance, then the ways from one to another."""
    for instance in picture.instances.values():
        yield from _judge_instance(instance)
    for entry in picture.entries:
        for method in entry.others:
            if method.kind == "command" and method.effective == "unknown":
                name, text = picture.instances[entry.instance].name, f"the keys that a command serves: {method.source}"
                yield Finding("not_seen", LOW, name, entry.instance, text, method.source)
            if method.kind == "password" and method.effective != "no":
                severity = HIGH if entry.right == ROOT else MEDIUM
                yield Finding("password_login", severity, entry.account, entry.instance, f"the account {entry.account}: {method.source}")
    for path in paths:
        severity = LOW if path.encrypted else HIGH if any(opened.right == ROOT for opened in path.opens) else MEDIUM
        names = [f"{opened.account} on {picture.instances[opened.instance].name}" for opened in path.opens]
        who = f"; within reach of {list_names(path.people)}" if path.people else ""
        yield Finding("path", severity, path.fingerprint, path.instance, f"{path.path} opens {list_names(names)}{who}", path.path)


def find_paths(picture: Picture) -> list[Path]:
    """Private keys whose public half opens another account."""
    opened: dict[str, dict[tuple[str, str], Opened]] = {}
    entries = entries_by_account(picture)
    for place in picture.places:
        if place.effective != "no":
            right = max((entry.right for entry in entries.get((place.instance, place.account), ())), key=RIGHTS.index, default=NONE)
            opened.setdefault(place.fingerprint, {})[place.instance, place.account] = Opened(place.instance, place.account, right)
    # Once for each key: an instance can make up thousands of files with the same one.
    ranked = {name: dict(sorted(each.items(), key=lambda item: (item[1].right != ROOT, item[1]))) for name, each in opened.items()}
    holders = _holders(picture)
    found = []
    for instance in picture.instances.values():
        for key in instance.private_keys:
            targets = ranked.get(key.fingerprint or "", {})
            own = (instance.id, key.account)
            count = len(targets) - (own in targets)
            if count:
                people = {*holders.get((instance.id, None), ()), *holders.get(own, ())}
                shown = itertools.islice((each for place, each in targets.items() if place != own), _MOST_OPENED)
                found.append(Path(instance.id, key.path, key.account, str(key.fingerprint), key.encrypted, tuple(sorted(people)), tuple(shown), count))
    return found


def _holders(picture: Picture) -> dict[tuple[str, str | None], set[str]]:
    """Who can read files: of an account, or of everybody (None) as root."""
    found: dict[tuple[str, str | None], set[str]] = {}
    for entry in picture.entries:
        if entry.works:
            found.setdefault((entry.instance, entry.account), set()).add(entry.person)
            if entry.right == ROOT:
                found.setdefault((entry.instance, None), set()).add(entry.person)
    return found


def _judge_instance(instance: Instance) -> Iterator[Finding]:
    if not instance.seen:
        yield Finding("not_seen", MEDIUM, instance.name, instance.id, instance.why or "no reason given")
    for unread in instance.unread:
        severity = LOW if unread.what.startswith(NO_ACCESS) else MEDIUM
        yield Finding("not_seen", severity, instance.name, instance.id, f"{unread.what}: {unread.why}", unread.what)
    for text in instance.at_next_boot:
        yield Finding("returns_at_boot", MEDIUM, instance.name, instance.id, text, text)
    for key in instance.private_keys:
        if not key.path.startswith(_OWN_KEYS):
            state = {True: "with a passphrase", False: "without a passphrase", None: "it could not be seen whether it has a passphrase"}[key.encrypted]
            severity = LOW if key.encrypted else MEDIUM
            yield Finding("private_key_on_host", severity, key.fingerprint or key.path, instance.id, f"{key.path}, {state}", key.path)
