# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The people of many hosts at once: who may what where, and everything that is wrong with the team.

Hosts on which everybody has the same access share a column.
Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from typing import NamedTuple

from .answer import unknown_names
from .people import Host, Standing, people_of
from .rules import Rule
from .team import Team

_CELLS = {"elsewhere": "", "locked": "locked", "absent": "absent", "expired": "ended"}
_RIGHTS = {"root": "R", "some": "S", "": "L"}


class Column(NamedTuple):
    """Hosts on which everybody has the same access. C(cells): what a person has there, by name."""

    hosts: tuple[str, ...]
    cells: dict[str, str]


class Matrix(NamedTuple):
    """The answer of a check."""

    people: tuple[str, ...]
    columns: tuple[Column, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def cell(standing: Standing) -> str:
    """R can become root, S has some rights of sudo, L can log in; with the last day, if there is one."""
    if standing.state != "present":
        return _CELLS[standing.state]
    return _RIGHTS[standing.sudo] + (f" until {standing.end.isoformat()}" if standing.end else "")


def make_matrix(hosts: Iterable[tuple[Host, Team]], known: Collection[str], today: datetime.date) -> Matrix:
    """Judge every host by its team. I(known): all names of groups and hosts of the inventory."""
    errors: dict[str, None] = {}
    notes: dict[str, None] = {}
    names: dict[str, None] = {}
    columns: dict[tuple[tuple[str, str], ...], list[str]] = {}
    teams: dict[int, Team] = {}
    matched: set[tuple[str, str]] = set()
    for host, team in hosts:
        teams[id(team)] = team
        matched.update(_key(rule) for rule in team.rules or () if _key(rule) not in matched and rule.pattern.matches(host.name, host.groups))
        people = people_of(team, host, today)
        names.update(dict.fromkeys(team.persons))
        notes.update(dict.fromkeys(people.notes))
        errors.update(dict.fromkeys(f"{host.name}: {problem}" for problem in people.problems))
        cells = tuple((standing.name, cell(standing)) for standing in people.standings if standing.state != "elsewhere")
        columns.setdefault(cells, []).append(host.name)
    errors = {**{problem.text: None for team in teams.values() for problem in team.problems}, **errors}
    judged_errors, warnings = _judge_rules(teams.values(), matched, known)
    return Matrix(
        tuple(names),
        tuple(Column(tuple(found), dict(cells)) for cells, found in columns.items()),
        tuple(errors) + judged_errors,
        warnings,
        tuple(notes),
    )


def _key(rule: Rule) -> tuple[str, str]:
    return rule.where, rule.pattern_text


def _judge_rules(teams: Iterable[Team], matched: set[tuple[str, str]], known: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    errors: list[str] = []
    warnings: list[str] = []
    for rule in {_key(rule): rule for team in teams for rule in team.rules or ()}.values():
        unknown = unknown_names([rule], known)
        if _key(rule) in matched:
            errors += unknown
            continue
        text = f"{rule.where}: {rule.pattern_text} matches no host"
        (errors if rule.required else warnings).append("; ".join([text, *(sentence.partition(": ")[2] for sentence in unknown)]))
    return tuple(errors), tuple(warnings)
