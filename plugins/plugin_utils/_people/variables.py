# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that a team consists of, and what is wrong with them.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from .._output.similar import nearest

BASE = "ssh_users_accounts"
LAYER_PREFIX = BASE + "__"
LAST_LAYERS = ("ssh_users_group_accounts", "ssh_users_host_accounts")
GROUP_LAYERS = ("ssh_users_groups", "ssh_users_group_groups", "ssh_users_host_groups")
OTHERS = (
    "ssh_users_teams",
    "ssh_users_access",
    "ssh_users_owner",
    "ssh_users_unlisted",
    "ssh_users_unlisted_max",
    "ssh_users_protected",
    "ssh_users_revoked_keys",
    "ssh_users_allow_self_lockout",
)
KNOWN = (BASE, *LAST_LAYERS, *GROUP_LAYERS, *OTHERS)

KeyReader = Callable[[Any], str]
"""Gives the text of the key file that an entry names; raises ValueError with a sentence."""


class Problem(NamedTuple):
    """One thing that is wrong with a team, as one sentence. C(blocking): nothing may be done on a host as long as it is."""

    text: str
    blocking: bool = True


def is_layer(name: str) -> bool:
    """Whether a variable is one of the lists of accounts."""
    return name == BASE or name in LAST_LAYERS or name.startswith(LAYER_PREFIX)


def layer_names(names: Iterable[str]) -> list[str]:
    """The lists of accounts among these variables, in the order in which they are joined."""
    named = [name for name in names if name.startswith(LAYER_PREFIX)]
    return [BASE, *sorted(named), *LAST_LAYERS]


def misspelled(names: Iterable[str]) -> list[Problem]:
    """Variables that nothing reads, though their names look as if something did."""
    found = []
    for name in sorted(names):
        if not name.startswith("ssh_user") or name in KNOWN or (is_layer(name) and name != LAYER_PREFIX):
            continue
        if name.startswith(BASE + "_"):
            likely = LAYER_PREFIX + (name[len(BASE) :].strip("_") or "NAME")
        else:
            head, mark, tail = name.partition("__")
            likely = nearest(head, KNOWN) or BASE
            likely += mark + tail if likely == BASE else ""
        found.append(Problem(f"nothing reads the variable {name}; did you mean {likely}?", blocking=False))
    return found


def parse_day(value: Any) -> datetime.date:
    """The last day of something; YAML makes a date of C(2027-01-31) by itself. Raises ValueError."""
    if isinstance(value, datetime.datetime):
        raise ValueError("a day has no time")
    if isinstance(value, datetime.date):
        return value
    return datetime.datetime.strptime(str(value).strip(), "%Y-%m-%d").date()


def parse_until(where: str, values: Mapping[str, Any], problems: list[Problem]) -> datetime.date | None:
    """The C(until) of an entry, a key or a rule."""
    if values.get("until") is None:
        return None
    try:
        day = parse_day(values["until"])
        if not 1971 <= day.year <= 2999:
            raise ValueError("not a year for this")
    except ValueError:
        problems.append(Problem(f"{where}: until must be a day such as 2027-01-31, the last one that counts, not {str(values['until'])[:40]!r}"))
        return None
    return day


def earliest(*days: datetime.date | None) -> datetime.date | None:
    """The first of these ends; None stands for no end."""
    return min((day for day in days if day is not None), default=None)


def latest(days: Iterable[datetime.date | None]) -> datetime.date | None:
    """The last of these ends; None stands for no end, and wins."""
    found = list(days)
    return None if None in found else max((day for day in found if day is not None), default=None)
