# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The people of many hosts at once: who may what where, and everything that is wrong with the team.

Hosts on which everybody has the same access share a column.
Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import NamedTuple

from .answer import unknown_names
from .people_of_host import Host, People, Standing, people_under, rules_here
from .team import Team

_CELLS = {"elsewhere": "", "locked": "locked", "absent": "absent", "expired": "ended"}
_RIGHTS = {"root": "R", "some": "S", "": "L"}


class Column(NamedTuple):
    """Hosts on which everybody has the same access. C(cells): what a person has there, by name."""

    hosts: tuple[str, ...]
    cells: dict[str, str]


class Matrix(NamedTuple):
    """The answer of a check. C(unusable): hosts on which nothing may be done, each with what is wrong."""

    people: tuple[str, ...]
    columns: tuple[Column, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    unusable: dict[str, tuple[str, ...]]


def cell(standing: Standing) -> str:
    """R can become root, S has some rights of sudo, L can log in; with the last day, if there is one."""
    if standing.state != "present":
        return _CELLS[standing.state]
    return _RIGHTS[standing.sudo] + (f" until {standing.end.isoformat()}" if standing.end else "")


def make_matrix(hosts: Iterable[tuple[Host, Team]], inventory: Mapping[str, Collection[str]], today: datetime.date) -> Matrix:
    """Judge every host by its team. I(inventory): the hosts of each group, also of hosts that are not judged here."""
    known = {name for group, members in inventory.items() for name in (group, *members)}
    errors: dict[str, None] = {}
    notes: dict[str, None] = {}
    names: dict[str, None] = {}
    columns: dict[tuple[tuple[str, str], ...], list[str]] = {}
    teams: dict[int, tuple[Team, tuple[str, ...]]] = {}
    judged: dict[tuple[Hashable, ...], People] = {}
    unusable: dict[str, tuple[str, ...]] = {}
    for host, team in hosts:
        if id(team) not in teams:
            teams[id(team)] = team, (*team.blocking, *unknown_names(team.scopes, known))
        rules, key_patterns = rules_here(team, host), team.key_patterns(host.name, host.groups)
        alike = key_patterns, id(team), *map(id, rules)
        if alike not in judged:
            judged[alike] = people_under(team, rules, today, key_patterns)
        people = judged[alike]
        names.update(dict.fromkeys(team.persons))
        notes.update(dict.fromkeys(people.notes))
        errors.update(dict.fromkeys(f"{host.name}: {problem}" for problem in people.problems))
        cells = tuple((standing.name, cell(standing)) for standing in people.standings if standing.state != "elsewhere")
        columns.setdefault(cells, []).append(host.name)
        if people.problems or teams[id(team)][1]:
            unusable[host.name] = (*teams[id(team)][1], *people.problems)
    stopping = [text for team, blocking in teams.values() for text in (*(problem.text for problem in team.problems), *blocking)]
    required, warnings = _judge_rules([team for team, _blocking in teams.values()], inventory, known)
    return Matrix(
        tuple(names),
        tuple(Column(tuple(found), dict(cells)) for cells, found in columns.items()),
        tuple(dict.fromkeys([*stopping, *errors, *required])),
        warnings,
        tuple(notes),
        unusable,
    )


def _judge_rules(teams: Iterable[Team], inventory: Mapping[str, Collection[str]], known: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whether rules match anything is judged by the whole inventory, whatever the limit. One that names what is unknown is an error already."""
    groups: dict[str, list[str]] = {}
    for group, members in inventory.items():
        for name in members:
            groups.setdefault(name, []).append(group)
    errors: list[str] = []
    warnings: list[str] = []
    for rule in {(rule.where, rule.pattern_text): rule for team in teams for rule in team.rules or ()}.values():
        if not unknown_names([rule], known) and not any(rule.pattern.matches(name, found) for name, found in groups.items()):
            (errors if rule.required else warnings).append(f"{rule.where}: {rule.pattern_text} matches no host")
    return tuple(errors), tuple(warnings)
