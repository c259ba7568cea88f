# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances one call of a module is about.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

CHUNK = 50
"""Instances that one call takes; several calls of the API have this limit."""


class Chunk(NamedTuple):
    """Instances of one region that one call of a module is about, with the hosts that they are."""

    label: str
    region: str
    hosts: list[str]
    instance_ids: list[str]


def chunks_of(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]], size: int = CHUNK) -> list[Chunk]:
    """The hosts that are instances, by region, at most I(size) at a time."""
    found: dict[str, list[tuple[str, str]]] = {}
    for host in hosts:
        variables = hostvars[host]
        region, instance_id = variables.get("ecs_region"), variables.get("ecs_instance_id")
        if region and instance_id:
            found.setdefault(region, []).append((host, instance_id))
    parts = [(region, pairs[start : start + size]) for region, pairs in found.items() for start in range(0, len(pairs), size)]
    return [Chunk(_label(region, pairs), region, [host for host, _id in pairs], [each for _host, each in pairs]) for region, pairs in parts]


def _label(region: str, pairs: list[tuple[str, str]]) -> str:
    return f"{region}: {pairs[0][0] if len(pairs) == 1 else f'{len(pairs)} instances'}"
