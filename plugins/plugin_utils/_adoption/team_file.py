# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A team file from what was seen on hosts. Whatever it gives was seen on that very host.

A key is known by itself, whatever its comment is; an account of one name is one entry, because accounts have no other identity in a team file.
Rules name hosts one by one: a group would also cover those that join it later. What one host claims stays on that host.
Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .seen import Account, Host, Key, LeftOut, Right

Hosts = tuple[str, ...]
_LONGEST_PATTERN = 1500
"""Rules on more hosts are written as several."""


class KeyEntry(NamedTuple):
    """One key of one account. C(hosts): the only ones that get it; none where it is on all hosts of the account."""

    key: Key
    hosts: Hosts = ()
    doubts: tuple[str, ...] = ()


class Entry(NamedTuple):
    """One account."""

    name: str
    existing: bool
    keys: tuple[KeyEntry, ...]
    doubts: tuple[str, ...] = ()


class Rule(NamedTuple):
    """Who is on these hosts, and one right there."""

    users: tuple[str, ...]
    hosts: Hosts
    right: Right | None = None
    groups: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


class Omission(NamedTuple):
    """What is not in the file, on which hosts, and the keys that this is about."""

    what: str
    why: str
    hosts: Hosts
    fingerprints: tuple[str, ...] = ()


class TeamFile(NamedTuple):
    """The whole file. C(left_out): accounts. C(unseen), C(partly): hosts with the reason."""

    entries: tuple[Entry, ...]
    rules: tuple[Rule, ...]
    left_out: tuple[Omission, ...] = ()
    unseen: tuple[tuple[str, str], ...] = ()
    partly: tuple[Omission, ...] = ()
    seen: int = 0

    @property
    def doubts(self) -> int:
        """How many remarks a person has to read."""
        return sum(len(entry.doubts) + sum(len(key.doubts) for key in entry.keys) for entry in self.entries) + sum(len(rule.doubts) for rule in self.rules)

    @property
    def values(self) -> dict[str, Any]:
        """As the variables that it sets."""
        return {
            "ssh_users_accounts": [_entry_values(entry) for entry in self.entries],
            "ssh_users_access": [_rule_values(rule) for rule in self.rules],
        }


_Seen = dict[str, Account]
"""One account by the hosts that have it."""


def make_team_file(hosts: Iterable[Host]) -> TeamFile:
    """The file for these hosts; they are named in the order of their names."""
    every = sorted(hosts, key=lambda host: host.name)
    people: dict[str, _Seen] = {}
    left_out: dict[tuple[str, str], list[tuple[str, LeftOut]]] = {}
    unread: dict[str, list[str]] = {}
    for host in every:
        for account in host.accounts:
            people.setdefault(account.name, {})[host.name] = account
        for omitted in host.left_out:
            left_out.setdefault((omitted.name, omitted.why), []).append((host.name, omitted))
        for text in host.unread:
            unread.setdefault(text, []).append(host.name)
    people = {name: people[name] for name in sorted(people)}
    holders = _holders(people)
    entries = tuple(_make_entry(name, seen, holders) for name, seen in people.items())
    return TeamFile(
        entries,
        _make_rules(people),
        tuple(_omit(what, why, found) for (what, why), found in sorted(left_out.items())),
        tuple((host.name, host.why) for host in every if host.why),
        tuple(Omission(text, "", tuple(found)) for text, found in sorted(unread.items())),
        sum(not host.why for host in every),
    )


def _omit(what: str, why: str, found: Sequence[tuple[str, LeftOut]]) -> Omission:
    prints = {fingerprint for _host, omitted in found for fingerprint in omitted.fingerprints}
    return Omission(what, why, tuple(host for host, _omitted in found), tuple(sorted(prints)))


def _holders(people: Mapping[str, _Seen]) -> dict[str, list[str]]:
    """The accounts that each key opens, anywhere."""
    found: dict[str, dict[str, None]] = {}
    for name, seen in people.items():
        for account in seen.values():
            for key in account.keys:
                found.setdefault(key.fingerprint, {})[name] = None
    return {fingerprint: list(names) for fingerprint, names in found.items()}


def _make_entry(name: str, seen: _Seen, holders: Mapping[str, Sequence[str]]) -> Entry:
    places: dict[tuple[str, str], list[tuple[str, Key]]] = {}
    for host, account in seen.items():
        for key in account.keys:
            places.setdefault((key.line, key.options), []).append((host, key))
    keys = [_make_key(name, found, len(seen), holders) for _place, found in sorted(places.items())]
    doubts = list(_doubts(name, seen, alike=all(not each.hosts or len(seen) == 1 for each in keys)))
    return Entry(name, not all(account.local for account in seen.values()), tuple(keys), tuple(doubts))


def _make_key(name: str, found: Sequence[tuple[str, Key]], count: int, holders: Mapping[str, Sequence[str]]) -> KeyEntry:
    hosts, comments = tuple(host for host, _key in found), sorted({key.comment for _host, key in found})
    key = found[0][1]._replace(comment=comments[0] if len(comments) == 1 else "")
    doubts = [f"Seen on {hosts[0]} only."] if len(hosts) == 1 else []
    if len(comments) > 1:
        doubts.append("Its comments differ from host to host, and stay as they are.")
    others = [other for other in holders[key.fingerprint] if other != name]
    if others:
        doubts.append(f"It opens other accounts too: {_some(others)}.")
    return KeyEntry(key, hosts if len(hosts) == 1 or len(hosts) < count else (), tuple(doubts))


def _doubts(name: str, seen: _Seen, alike: bool) -> Iterator[str]:
    if not alike:
        yield f"Not every host of {name} has the same keys. Is this one person?"
    if len({account.local for account in seen.values()}) > 1:
        yield "Defined on some hosts, and by a directory for others: on none of them it will be created, locked or removed."
    if not any(account.keys for account in seen.values()):
        how = "a password is set" if any(account.password for account in seen.values()) else "no password is set in /etc/shadow"
        yield f"No key was seen; {how}."
    texts: dict[str, list[str]] = {}
    for host, account in seen.items():
        if account.expires:
            texts.setdefault(f"It expires on {account.expires}, and stays so", []).append(host)
        if account.owner:
            texts.setdefault(f"The record on the host has it as given by the team file of the owner {account.owner}", []).append(host)
        for note in account.notes:
            texts.setdefault(note, []).append(host)
    for text, hosts in texts.items():
        yield f"{_some(hosts)}: {text}"


def _make_rules(people: Mapping[str, _Seen]) -> tuple[Rule, ...]:
    """One for all accounts that have the same rights on the same hosts. The rights of an account on a host stay in the order that sudo reads them in."""
    blocks: dict[tuple[Hosts, tuple[Right, ...], tuple[str, ...]], list[str]] = {}
    for name, seen in people.items():
        existing = not all(account.local for account in seen.values())
        alike: dict[tuple[tuple[Right, ...], tuple[str, ...]], list[str]] = {}
        for host, account in seen.items():
            # Memberships of accounts of a directory are the directory's.
            alike.setdefault((account.rights, () if existing else account.groups), []).append(host)
        for (rights, groups), hosts in alike.items():
            blocks.setdefault((tuple(hosts), rights, groups), []).append(name)
    return tuple(rule for (hosts, rights, groups), names in sorted(blocks.items()) for rule in _block(people, names, hosts, rights, groups))


def _block(people: Mapping[str, _Seen], names: Sequence[str], hosts: Hosts, rights: Sequence[Right], groups: tuple[str, ...]) -> Iterator[Rule]:
    alone = [name for name in names if len(hosts) == 1 and len(people[name]) > 1] if rights else []
    doubts = (f"{_some(alone)}: these rights were seen on {hosts[0]} only.",) if alone else ()
    for part in _parts(hosts):
        for index, right in enumerate(rights or [None]):
            yield Rule(tuple(names), part, right, () if index else groups, () if index else doubts)


def _parts(hosts: Hosts) -> Iterator[Hosts]:
    """Hosts in lists that one pattern can hold."""
    part: list[str] = []
    size = 0
    for host in hosts:
        if part and size + len(host) > _LONGEST_PATTERN:
            yield tuple(part)
            part, size = [], 0
        part.append(host)
        size += len(host) + 1
    yield tuple(part)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _entry_values(entry: Entry) -> dict[str, Any]:
    values: dict[str, Any] = {"name": entry.name, **({"account": "existing"} if entry.existing else {})}
    return {**values, **({"authorized_keys": [_key_values(key) for key in entry.keys]} if entry.keys else {})}


def _key_values(entry: KeyEntry) -> dict[str, Any]:
    values = {"key": entry.key.line, "comment": entry.key.comment, "options": entry.key.options, "hosts": list(entry.hosts)}
    return {word: value for word, value in values.items() if value}


def _rule_values(rule: Rule) -> dict[str, Any]:
    values: dict[str, Any] = {"users": list(rule.users), "hosts": list(rule.hosts)}
    if rule.right is not None:
        values.update(sudo=rule.right.sudo, sudo_commands=list(rule.right.commands), sudo_runas=rule.right.runas if rule.right.runas != "ALL:ALL" else "")
    values["groups"] = list(rule.groups)
    return {word: value for word, value in values.items() if value}
