# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can log in where, as records: what access.json holds, and what everything else is judged from.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from typing import NamedTuple

from .facts import Method, PrivateKey, Unread
from .roster import NONE, RIGHTS, Expected

NO_ACCESS = "last use"
"""The beginning of what may be unread without hiding anybody's access."""

PERSON, PROGRAM, UNKNOWN = "person", "program", "unknown"


class Instance(NamedTuple):
    """One instance that was expected, seen or not. C(name) is its name in the inventory."""

    id: str
    name: str
    region: str | None = None
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    seen: bool = False
    why: str | None = None
    via: str | None = None
    log_since: str | None = None
    private_keys: tuple[PrivateKey, ...] = ()
    at_next_boot: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def hides_access(self) -> bool:
        """Whether a login method may be in what could not be read."""
        return any(not unread.what.startswith(NO_ACCESS) for unread in self.unread)


class Entry(NamedTuple):
    """What one person may do through one account on one instance.

    C(sure): at least one login method is known to work. C(expected): what the team gives this person on this instance, None where
    that is nothing. C(others): login methods of the account that have no key.
    """

    person: str
    instance: str
    account: str
    uid: int | None = None
    state: str = "open"
    right: str = NONE
    sure: bool = False
    by: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    nopasswd: bool = False
    owner: str | None = None
    expected: Expected | None = None
    others: tuple[Method, ...] = ()

    @property
    def is_root(self) -> bool:
        """Whether it is root's own account, or one with root's number."""
        return self.uid == 0

    @property
    def works(self) -> bool:
        """Whether a login may be possible."""
        return self.right != NONE

    @property
    def exceeds(self) -> bool:
        """Whether it gives more than the team does."""
        return RIGHTS.index(self.right) > RIGHTS.index(self.expected.right if self.expected else NONE)


class Place(NamedTuple):
    """A key where it was found. C(owner_of_account): the person whose account it is. C(given): the record on the instance has it."""

    fingerprint: str
    instance: str
    account: str
    owner_of_account: str
    kind: str
    source: str
    comment: str = ""
    options: tuple[str, ...] = ()
    effective: str = "unknown"
    why: str | None = None
    last_used: str | None = None
    given: bool = False


class Key(NamedTuple):
    """One key, wherever it is. C(in_team): the people of the team who hold it."""

    fingerprint: str
    type: str | None = None
    bits: int | None = None
    in_team: tuple[str, ...] = ()
    first_seen: str | None = None


class Person(NamedTuple):
    """One person, program, or name of an account that nobody claims."""

    name: str
    kind: str = UNKNOWN
    in_team: bool = False
    owner: str | None = None


class Origin(NamedTuple):
    """What an audit was of, and whose. C(team): whether there is a team file; without one, nothing is unexpected."""

    generated_at: str
    collection: str = ""
    run_by: str = ""
    limit: str = ""
    account: str | None = None
    team: bool = False
    owner: str = ""
    team_sha256: str | None = None
    inventory: int = 0


class Picture(NamedTuple):
    """All of it, by id, name and fingerprint."""

    origin: Origin
    instances: dict[str, Instance]
    people: dict[str, Person]
    keys: dict[str, Key]
    entries: list[Entry]
    places: list[Place]


def place_holders(picture: Picture, place: Place) -> tuple[str, ...]:
    """Whose login a key is there: of whoever holds it by the team, else of the person whose account it is."""
    known = picture.keys[place.fingerprint].in_team
    return (place.owner_of_account,) if not known or place.owner_of_account in known else known
