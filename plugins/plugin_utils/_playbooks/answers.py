# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances a task asks for, region by region, and what a module answered for each of them.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Batch(NamedTuple):
    """Instances of one region: what one call of a module is about."""

    region: str
    instance_ids: list[str]


class Answers(NamedTuple):
    """What a loop over batches got: rows by instance id, and a message for each region that was refused as a whole."""

    instances: dict[str, Mapping[str, Any]]
    errors: dict[str, str]


def group_by_region(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]], flag: str = "") -> list[Batch]:
    """The hosts that are instances; with I(flag), only those that have a true variable of this name."""
    found: dict[str, list[str]] = {}
    for host in hosts:
        variables = hostvars[host]
        region, instance_id = variables.get("ecs_region"), variables.get("ecs_instance_id")
        if region and instance_id and (not flag or variables.get(flag)):
            found.setdefault(region, []).append(instance_id)
    return [Batch(region, ids) for region, ids in found.items()]


def collect_answers(results: Iterable[Mapping[str, Any]], before: Answers | None = None) -> Answers:
    """The results of a loop over batches, in place of earlier answers for the same instances."""
    instances = dict(before.instances) if before else {}
    errors = dict(before.errors) if before else {}
    for result in results:
        if result.get("skipped"):
            continue
        for instance_id in result["item"]["instance_ids"]:
            instances.pop(instance_id, None)
        if "instances" in result:
            instances.update((row["instance_id"], row) for row in result["instances"])
        elif result.get("msg"):
            errors[result["item"]["region"]] = result["msg"]
    return Answers(instances, errors)
