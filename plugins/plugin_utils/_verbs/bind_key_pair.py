# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook bind_key_pair.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import os
from typing import Any

from .._playbooks.binding import binding_outcome
from . import cloud, steps
from .public_key import given_key
from .tools import StepFailed, Tools

COLUMNS = ["bound", "live", "pending_at_reboot"]

HOST_STEPS = ("host",)


def title(tools: Tools) -> str:
    return f"Key pair {tools.get('ecs_access_key_pair_name', '')}"


def columns(tools: Tools) -> list[str]:
    return COLUMNS


def ending(tools: Tools) -> list[str]:
    """The last lines name the file that the private key is in."""
    path = tools.path("ecs_access_private_key_path")
    made = any(pair["made"] or pair["written"] for pair in (tools.store.read("pairs") or {}).values())
    if not made or not path:
        return []
    home = os.path.expanduser("~") + "/"
    shown = "~/" + path.removeprefix(home) if path.startswith(home) else path
    return [f"The private key {'would be' if tools.check_mode else 'is'} in {shown}"]


def check(tools: Tools) -> None:
    steps.require(tools, "ecs_access_key_pair_name", "Set the name of the key pair to bind with -e ecs_access_key_pair_name=NAME.")
    check_binding(tools)
    steps.require_instances(tools)


def check_binding(tools: Tools) -> None:
    """Raises StepFailed before the key pair is made."""
    given_key(tools)
    steps.check_private_key(tools)
    if tools.get("ecs_access_previous_key", "keep") == "remove" and tools.get("ecs_access_activation", "live") != "live":
        raise StepFailed("ecs_access_previous_key=remove needs ecs_access_activation=live: the key is removed in the running instance.")


def cloud_step(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    return bind_chunk(tools, chunk)


def host_step(tools: Tools) -> dict[str, Any]:
    return steps.end_host(tools, binding_row(tools))


def bind_chunk(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    """Have the key pair and bind it to these instances."""
    made = cloud.make_pair(tools, chunk["region"])
    if made["failed"]:
        cloud.store_answers(tools, chunk, made)
        return {"changed": made["changed"]}
    activation, replace_bound = str(tools.get("ecs_access_activation", "live")), tools.is_on("ecs_access_replace_bound")
    if tools.check_mode and made["made"]:
        cloud.foresee(tools, chunk, activation, replace_bound)
        return {"changed": True, **_diff(made)}
    result = cloud.attach(
        tools, chunk,
        activation=activation,
        replace_bound=replace_bound,
        previous_key=tools.get("ecs_access_previous_key", "keep"),
    )  # fmt: skip
    return {"changed": bool(made["changed"] or result.get("changed")), **_diff(result)}


def binding_row(tools: Tools) -> dict[str, Any]:
    """The row of a host by the answer for its instance."""
    instance_id, region = str(tools.get("ecs_instance_id", "") or ""), str(tools.get("ecs_region", "") or "")
    answers = cloud.read_answers(tools)
    row = binding_outcome(answers, instance_id, region, tools.check_mode)
    answered = answers.get(instance_id, {})
    changed = bool(answered.get("changed")) or (tools.check_mode and not row["failed"] and instance_id not in answers)
    return {**row, "changed": changed, "drift": ["the key pair is not bound, or its key is not in the system"] if changed else []}


def _diff(result: dict[str, Any]) -> dict[str, Any]:
    return {"diff": result["diff"]} if result.get("diff") else {}
