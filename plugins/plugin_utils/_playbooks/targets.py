# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts a playbook is for, and the sentence for when there are none.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from .._output.similar import did_you_mean

NOBODY = "!all"
"""A host pattern that matches nothing, whatever the inventory has."""

_SEPARATORS = re.compile(r"[,:]")


class Request(NamedTuple):
    """What the user asked for: I(pattern) is ecs_access_hosts, I(limit) is C(--limit); each may be empty."""

    playbook: str
    pattern: str
    limit: str


def read_pattern(value: Any) -> str:
    """ecs_access_hosts as one pattern; a list of them is joined. Raises ValueError."""
    if value is None:
        return ""
    entries = value if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(entry, str) for entry in entries):
        raise ValueError("ecs_access_hosts is a host pattern, or a list of them.")
    return ",".join(entry.strip() for entry in entries if entry.strip())


def no_hosts_named(playbook: str) -> str:
    """The sentence for a run with neither a pattern nor a limit."""
    example = f"ansible-playbook alicloud.ecs_access.{playbook} -i my.ecs.yml -e ecs_access_hosts=web-1"
    return f"No hosts were named. Set them with -e ecs_access_hosts=PATTERN, with --limit, or with both, for example: {example}"


def nothing_left(request: Request, groups: Collection[str], hosts: Collection[str], in_pattern: Sequence[str]) -> str:
    """Why no host is left; empty if that is an empty slice: the inventory has hosts, and every word names a group that has none of them at the moment.

    I(in_pattern) are the hosts that the pattern matches without the limit.
    """
    if in_pattern:
        names = ", ".join(in_pattern[:5]) + (", ..." if len(in_pattern) > 5 else "")
        return (
            f"The pattern '{request.pattern or 'all'}' and the limit '{request.limit}' have no host in common, so there is nothing to do: "
            f"the pattern matches {names}."
        )
    if not hosts:
        return "The inventory has no hosts. Name one with -i my.ecs.yml; if one was named, the warnings above show why it could not be read."
    words = [word for word in _SEPARATORS.split(request.pattern) if word] or ["all"]
    unknown = [word for word in words if word.lstrip("!&") not in groups]
    if not unknown:
        return ""
    end = did_you_mean(unknown[0], [*groups, *hosts], ".")
    return f"The pattern '{request.pattern}' matches no host of the inventory{end} List the hosts with: ansible-inventory --graph"
