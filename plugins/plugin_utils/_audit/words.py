# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access in words, for findings, sentences and tables.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from .picture import Entry, Instance
from .roster import LOGIN, NONE, ROOT, SOME

LETTERS = {NONE: "", LOGIN: "L", SOME: "S", ROOT: "R"}
_RIGHTS = {NONE: "no access", LOGIN: "a login", SOME: "a login and some sudo rights", ROOT: "a login and root"}
_MOST_NAMES = 5


def describe_right(right: str) -> str:
    """A right as a noun."""
    return _RIGHTS[right]


def describe_access(entry: Entry) -> str:
    """What an entry allows, and because of what."""
    through = "" if entry.account == entry.person else f" through the account {entry.account}"
    if entry.is_root:
        return f"logs in as root itself{through}"
    if entry.right == LOGIN:
        return f"can log in{through}"
    which = "can become root" if entry.right == ROOT else "has some sudo rights"
    password = ", without a password" if entry.nopasswd else ""
    return f"{which}{through} ({list_names(entry.by) or 'no rule named'}){password}"


def list_names(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES} more"


def instance_name(instance: Instance) -> str:
    """What people call it, with the id where names are not unique by nature."""
    return instance.name or instance.id
