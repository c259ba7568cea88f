# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a host's people are: the one answer that roles, playbooks, proofs, tables and audits use.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from .entries import Person
from .outcome import absent_entry, expired_entry, locked_entry, present_entry, sudo_lines
from .read_rules import Rule
from .team import Team
from .variables import earliest, latest


class Standing(NamedTuple):
    """The access of one person on one host. C(state): present, expired, locked, absent, or elsewhere for a person whom no rule puts there."""

    name: str
    state: str
    sudo: str = ""  # root, some, or nothing
    end: datetime.date | None = None


class People(NamedTuple):
    """The people of one host. C(users): as ssh_access takes them. C(problems): why nothing may be done there."""

    users: tuple[dict[str, Any], ...]
    standings: tuple[Standing, ...]
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def present(self) -> list[str]:
        """Those who must be able to log in."""
        return [standing.name for standing in self.standings if standing.state == "present"]


class Host(NamedTuple):
    """What rules are judged by."""

    name: str
    groups: Collection[str]


def people_of(team: Team, host: Host, today: datetime.date) -> People:
    """The people of a host on a day."""
    return people_under(team, rules_here(team, host), today, team.key_patterns(host.name, host.groups))


def rules_here(team: Team, host: Host) -> tuple[Rule, ...]:
    """The rules that cover a host."""
    groups = frozenset(host.groups)
    return tuple(rule for rule in team.rules or () if rule.pattern.matches(host.name, groups))


def people_under(team: Team, rules: Sequence[Rule], today: datetime.date, key_patterns: Collection[str] = ()) -> People:
    """The people of every host that these rules of the team and these patterns of its keys cover, and no others."""
    users: list[dict[str, Any]] = []
    standings: list[Standing] = []
    notes: list[str] = []
    problems: list[str] = []
    live, ended = _by_person(rules, today)
    for person in team.persons.values():
        if person.overrides_nobody:
            notes.append(f"{person.name}: {person.where} changes a person whom no list has, so nothing is done; give keys or state: present to create them")
            continue
        standing, entry = _judge(person.on(key_patterns), team, live, ended, today)
        standings.append(standing)
        if entry is not None:
            users.append(entry)
        if standing.state == "expired" and standing.end:
            notes.append(f"{person.name}: expired since {(standing.end + datetime.timedelta(days=1)).isoformat()}")
        if person.name in team.protected and standing.end:
            notes.append(f"{person.name}: in ssh_users_protected, so the account does not expire on {standing.end.isoformat()}")
        problems += _unsayable(person, live.get(person.name, ()))
    return People(tuple(users), tuple(standings), tuple(notes), tuple(problems))


_Rules = dict[str, list[Rule]]


def _by_person(rules: Iterable[Rule], today: datetime.date) -> tuple[_Rules, _Rules]:
    """Rules by person: those that hold, and those that have ended."""
    live: _Rules = {}
    ended: _Rules = {}
    for rule in rules:
        target = ended if rule.until is not None and rule.until < today else live
        for name in rule.people:
            target.setdefault(name, []).append(rule)
    return live, ended


def _judge(person: Person, team: Team, live: _Rules, ended: _Rules, today: datetime.date) -> tuple[Standing, dict[str, Any] | None]:
    by_rules = team.rules is not None
    rules = live.get(person.name, ()) if by_rules else None
    here = person.listed and (not by_rules or bool(rules))
    if person.state == "absent":
        return Standing(person.name, "absent"), absent_entry(person)
    if person.state == "locked":
        return Standing(person.name, "locked"), locked_entry(person, here)
    past = ended.get(person.name, ())
    if not here and not past:
        return Standing(person.name, "elsewhere"), None
    ends = [rule.until for rule in (rules or past)] if by_rules else [None]
    end = earliest(person.until, latest(ends), _last_key_end(person, today))
    if end is not None and end < today:
        return Standing(person.name, "expired", end=end), expired_entry(person, end, not by_rules, person.name in team.protected)
    lines = sudo_lines(person, rules)
    sudo = "root" if any(line.gives_root for line in lines) or person.options.get("uid") == 0 or person.name == "root" else "some" if lines else ""
    return Standing(person.name, "present", sudo, end), present_entry(person, rules, end, person.name in team.protected)


def _last_key_end(person: Person, today: datetime.date) -> datetime.date | None:
    """The day on which the last key ended, of a person none of whose keys holds any more."""
    ends = [key.until for key in person.keys or () if key.state == "present"]
    end = latest(ends)
    return end if end is not None and end < today else None


def _unsayable(person: Person, rules: Sequence[Rule]) -> Iterable[str]:
    """One line of a key has one end and one list of addresses: two rules that differ in both cannot become one."""
    if len({rule.sources for rule in rules}) > 1 and len({rule.until for rule in rules}) > 1:
        places = " and ".join(rule.where for rule in rules)
        yield f"{person.name}: {places} differ in from and in until, which one line of a key cannot express; give them the same from or the same until"
