# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances one after the other, joined with the team into one picture.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from .facts import Account, Facts, Method, Right
from .picture import PERSON, PROGRAM, UNKNOWN, Entry, Instance, Key, Origin, Person, Picture, Place
from .roster import LOGIN, NONE, PRESENT, ROOT, SOME, Expected, Roster, join_digests


class Joiner:
    """Gathers the picture. The facts of one instance are not kept once they are joined."""

    def __init__(self, origin: Origin) -> None:
        self._picture = Picture(origin, {}, {}, {}, [], [])
        self._digests: set[str | None] = set()

    def add(self, instance: Instance, facts: Facts, roster: Roster, expected: Mapping[str, Expected]) -> None:
        """One instance; of one that was not seen, only who is expected there."""
        picture = self._picture
        self._digests.add(roster.sha256)
        picture.instances[instance.id] = instance._replace(
            seen=facts.seen,
            why=facts.why,
            via=facts.via,
            log_since=facts.log_since,
            private_keys=tuple(sorted(facts.private_keys, key=str)),
            at_next_boot=tuple(sorted(facts.at_next_boot)),
            unread=tuple(sorted(facts.unread)),
        )
        for name in roster.people:
            self._note(Person(name, PERSON, True, roster.owner or None))
        entries = self._entries(instance.id, facts, roster, expected) if facts.seen else []
        there = {entry.person for entry in entries}
        for name, want in expected.items():
            if want.state == PRESENT and name not in there:
                entries.append(Entry(name, instance.id, name, state="unseen" if not facts.seen else "missing", expected=want))
        picture.entries.extend(entries)

    def finish(self) -> Picture:
        """The picture, sorted, so that the same fleet gives the same bytes."""
        origin = self._picture.origin._replace(team_sha256=join_digests(self._digests))
        return sort_picture(self._picture._replace(origin=origin))

    def _entries(self, instance: str, facts: Facts, roster: Roster, expected: Mapping[str, Expected]) -> list[Entry]:
        accounts = {account.name: account for account in facts.accounts}
        rights: dict[str, list[Right]] = {}
        for right in facts.rights:
            rights.setdefault(right.account, []).append(right)
        methods: dict[tuple[str, str], list[Method]] = {}
        for method in facts.methods:
            account = accounts.get(method.account, Account(method.account))
            for name in self._holders(method, account, roster):
                methods.setdefault((name, method.account), []).append(method)
            if method.has_key:
                self._place(instance, method, account, roster)
        for account in facts.accounts:
            name = roster.accounts.get(account.name, account.name)
            if account.owner is not None or name in expected:
                methods.setdefault((name, account.name), [])
        found = []
        for (name, account_name), own in methods.items():
            account = accounts.get(account_name, Account(account_name))
            self._note(_person(name, account, roster))
            found.append(_entry(name, instance, account, own, rights.get(account_name, []), expected.get(name)))
        return found

    @staticmethod
    def _holders(method: Method, account: Account, roster: Roster) -> tuple[str, ...]:
        """Whose login it is: that of whoever holds the key, by the team; else that of whom the account belongs to."""
        own = roster.accounts.get(account.name, account.name)
        known = roster.holders.get(method.fingerprint or "", ()) if method.has_key else ()
        # A key that the team gives to several people counts as the account's own where it is one of them.
        return (own,) if not known or own in known else known

    def _place(self, instance: str, method: Method, account: Account, roster: Roster) -> None:
        fingerprint = sys.intern(str(method.fingerprint))
        before = self._picture.keys.get(fingerprint, Key(fingerprint))
        self._picture.keys[fingerprint] = before._replace(
            type=before.type or method.type,
            bits=before.bits or method.bits,
            in_team=tuple(sorted({*before.in_team, *roster.holders.get(fingerprint, ())})),
        )
        self._picture.places.append(
            Place(
                fingerprint,
                instance,
                sys.intern(account.name),
                sys.intern(roster.accounts.get(account.name, account.name)),
                sys.intern(method.kind),
                method.source,
                method.comment,
                method.options,
                sys.intern(method.effective),
                method.why,
                method.last_used,
                method.fingerprint in account.given_keys,
            )
        )

    def _note(self, person: Person) -> None:
        before = self._picture.people.get(person.name)
        if before is None or _RANK[person.kind] > _RANK[before.kind]:
            self._picture.people[person.name] = person


_RANK = {PROGRAM: 0, UNKNOWN: 1, PERSON: 2}


def sort_picture(picture: Picture) -> Picture:
    """The same picture in one order, whatever order the instances answered in."""
    return picture._replace(
        instances={name: picture.instances[name] for name in sorted(picture.instances)},
        people={name: picture.people[name] for name in sorted(picture.people)},
        keys={name: picture.keys[name] for name in sorted(picture.keys)},
        entries=sorted(picture.entries, key=lambda entry: (entry.person, entry.instance, entry.account)),
        places=sorted(picture.places, key=lambda place: (place.fingerprint, place.instance, place.account, place.kind, place.source)),
    )


def _person(name: str, account: Account, roster: Roster) -> Person:
    if name in roster.people:
        return Person(name, PERSON, True, roster.owner or None)
    return Person(name, PROGRAM if account.system and account.uid != 0 else UNKNOWN, False, account.owner)


def _entry(name: str, instance: str, account: Account, methods: list[Method], rights: list[Right], expected: Expected | None) -> Entry:
    working = [method for method in methods if method.works]
    everything = [right for right in rights if not right.commands]
    right = NONE
    if working:
        right = ROOT if account.uid == 0 or everything else SOME if rights else LOGIN
    return Entry(
        sys.intern(name),
        instance,
        sys.intern(account.name),
        account.uid,
        sys.intern(account.state),
        right,
        any(method.effective == "yes" for method in working),
        tuple(sorted({right.by for right in rights})),
        tuple(sorted({command for right in rights for command in right.commands})) if not everything else (),
        any(right.nopasswd for right in (everything or rights)),
        account.owner,
        expected,
        tuple(sorted((method for method in methods if not method.has_key), key=lambda method: (method.kind, method.source))),
    )
