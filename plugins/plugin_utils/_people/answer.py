# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The people of one host as roles and playbooks take them, or the reason why nothing may be done there.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from .people_of_host import Host, people_of
from .read_rules import Rule
from .team import KeyHosts, Team

_MOST_TOLD = 20


def describe_people(team: Team, variables: Mapping[str, Any], today: datetime.date) -> dict[str, Any]:
    """The people of the host that these variables belong to; raises ValueError with one sentence for each thing that is wrong."""
    host = Host(str(variables.get("inventory_hostname", "")), tuple(variables.get("group_names") or ()))
    people = people_of(team, host, today)
    known = variables.get("groups") or {}
    problems = [*team.blocking, *unknown_names(team.scopes, set(known) | set(known.get("all", ()))), *people.problems]
    if problems:
        raise ValueError(tell(problems))
    return {
        "users": list(people.users),
        "groups": list(team.groups),
        "present": people.present,
        "notes": list(people.notes),
        "team_is_empty": not team.persons,
        "record": {
            **team.settings._asdict(),
            "protected": sorted(team.protected),
            # Rules may put nobody here, which is not the same as a file that lists nobody.
            "allow_no_users": bool(team.persons),
        },
    }


def unknown_names(scopes: Iterable[Rule | KeyHosts], known: Collection[str]) -> list[str]:
    """Rules and keys that name a group or a host which the inventory lacks: with a part of the inventory, people would seem to have left."""
    if not known:
        return []
    return [
        f"{scope.where}: the inventory has no group or host {name}; use the whole inventory, or correct the {'rule' if isinstance(scope, Rule) else 'entry'}"
        for scope in scopes
        for name in scope.pattern.plain_names
        if name not in known
    ]


def tell(problems: Iterable[str]) -> str:
    """All that is wrong, as one text."""
    told = list(dict.fromkeys(problems))
    if len(told) > _MOST_TOLD:
        told = [*told[:_MOST_TOLD], f"and {len(told) - _MOST_TOLD} more; the playbook check_team lists all"]
    return "the team cannot be used: " + "; ".join(told)
