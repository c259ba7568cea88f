# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the team file gives, as the audit needs it: who holds which key, whose account is whose, and who may do what on a host.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted_keys import WantedError, parse_keys
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import Revoked

from .._people.entries import Person
from .._people.outcome import sudo_lines
from .._people.people_of_host import Host, people_of
from .._people.team import Team

NONE, LOGIN, SOME, ROOT = "none", "login", "some", "root"
RIGHTS = (NONE, LOGIN, SOME, ROOT)
"""What a person may do on an instance, the least first."""

PRESENT, EXPIRED, LOCKED, ABSENT, ELSEWHERE = "present", "expired", "locked", "absent", "elsewhere"
_RIGHT = {"root": ROOT, "some": SOME, "": LOGIN}


class Expected(NamedTuple):
    """What the team gives one person on one instance. C(nopasswd): sudo without a password is part of it."""

    state: str
    right: str = NONE
    until: str | None = None
    nopasswd: bool = False

    def gives_more_than(self, other: Expected) -> bool:
        return (RIGHTS.index(self.right), self.nopasswd) > (RIGHTS.index(other.right), other.nopasswd)


class Roster(NamedTuple):
    """A team by names, other names and keys. C(given) is false where there is no team file, and nothing can be unexpected."""

    given: bool = False
    owner: str = ""
    people: frozenset[str] = frozenset()
    accounts: dict[str, str] = {}
    holders: dict[str, tuple[str, ...]] = {}
    sha256: str | None = None


def read_roster(team: Team) -> Roster:
    """The team, judged by no host."""
    if not team.persons:
        return Roster()
    accounts: dict[str, str] = {}
    holders: dict[str, list[str]] = {}
    for person in team.persons.values():
        for name in (person.name, *person.aliases):
            accounts.setdefault(name, person.name)
        for fingerprint in _fingerprints(person):
            holders.setdefault(fingerprint, []).append(person.name)
    found = {fingerprint: tuple(dict.fromkeys(names)) for fingerprint, names in holders.items()}
    return Roster(True, team.settings.owner, frozenset(team.persons), accounts, found, _digest(team))


def read_expected(team: Team, host: Host, today: datetime.date) -> dict[str, Expected]:
    """What each person may do on one host; those whom nothing puts there are left out, unless they must be gone."""
    found: dict[str, Expected] = {}
    for standing in people_of(team, host, today).standings:
        if standing.state == ELSEWHERE:
            continue
        until = standing.end.isoformat() if standing.end else None
        if standing.state != PRESENT:
            found[standing.name] = Expected(standing.state, NONE, until)
            continue
        right = _RIGHT[standing.sudo]
        nopasswd = right != LOGIN and _has_nopasswd(team, standing.name, host, today)
        found[standing.name] = Expected(PRESENT, right, until, nopasswd)
    return found


def join_digests(digests: Iterable[str | None]) -> str | None:
    """One digest for the teams of several hosts, which differ where a list is given for a group or a host."""
    different = sorted({digest for digest in digests if digest})
    if len(different) < 2:
        return different[0] if different else None
    return hashlib.sha256("\n".join(different).encode()).hexdigest()


def _has_nopasswd(team: Team, name: str, host: Host, today: datetime.date) -> bool:
    rules = None
    if team.rules is not None:
        live = (rule for rule in team.rules if rule.until is None or rule.until >= today)
        rules = [rule for rule in live if name in rule.people and rule.pattern.matches(host.name, host.groups)]
    return any(line.sudo == "nopasswd" for line in sudo_lines(team.persons[name], rules))


def _fingerprints(person: Person) -> list[str]:
    """Also of people who are absent: their keys must be found where they still are. A key that is absent itself is nobody's."""
    found = []
    for key in person.keys or ():
        if key.state != "present" and person.state != ABSENT:
            continue
        try:
            found += [wanted.key.fingerprint_sha256 for wanted in parse_keys(person.name, [key.text], Revoked(), [])]
        except WantedError:
            continue
    return found


def _digest(team: Team) -> str:
    people = [{**person._asdict(), "where": ""} for person in team.persons.values()]
    rules = [
        [rule.pattern_text, sorted(rule.people), rule.sudo, rule.groups, rule.sources, rule.until]
        for rule in team.rules or ()
    ]  # fmt: skip
    plain: list[Any] = [sorted(people, key=lambda person: str(person["name"])), rules, team.rules is None, sorted(team.protected), team.settings, team.groups]
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()
