# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the cloud modules for up to fifty instances of one region. They do not fail: every instance gets an answer.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.plan import Wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_instance_id

from .._playbooks.binding import foresee_problem
from .public_key import given_key
from .tools import Tools, reason

Chunk = Mapping[str, Any]

# What ecs_key_pair calls its steps.
_OF_PAIR = {"create_key_pair", "import_key_pair"}
_OF_FILE = {"write_private_key", "recover_private_key_file"}


def make_pair(tools: Tools, region: str, private_only: bool = False) -> dict[str, Any]:
    """Have the key pair in this region, if its key was given; asked for once in a run. I(private_only): its private key is at hand, and decides."""
    known = tools.store.read("pairs") or {}
    if region in known:
        return {**known[region], "changed": False}
    private = tools.path("ecs_access_private_key_path")
    public, text = ("", "") if private_only else (tools.path("ecs_access_public_key_path"), given_key(tools))
    made: dict[str, Any] = {"changed": False}
    if public or private or text:
        arguments = {"name": tools.get("ecs_access_key_pair_name"), "region": region}
        arguments.update({"public_key": text} if text else {"public_key_path": public} if public else {"private_key_path": private})
        made = tools.on_controller("ecs_key_pair", arguments)
    # The mode of a file that is there may be all that changes.
    done = set(made.get("actions") or ())
    kept = {"made": bool(done & _OF_PAIR), "written": bool(done & _OF_FILE), "failed": bool(made.get("failed")), "msg": made.get("msg", "")}
    kept["public_key"] = (made.get("key_pair") or {}).get("public_key", "")
    tools.store.update("pairs", {region: kept})
    return {**kept, "changed": bool(made.get("changed")), "diff": made.get("diff")}


def attach(tools: Tools, chunk: Chunk, **options: Any) -> dict[str, Any]:
    """Bind or unbind the key pair; answers are stored by instance."""
    arguments = {"key_pair_name": tools.get("ecs_access_key_pair_name"), "region": chunk["region"], "instance_ids": chunk["instance_ids"], **options}
    result = tools.on_controller("ecs_attach_key_pair", {**arguments, "fail_on": "never"})
    store_answers(tools, chunk, result)
    return result


def foresee(tools: Tools, chunk: Chunk, activation: str, replace_bound: bool) -> None:
    """In check mode a key pair that does not exist yet cannot be bound. Instances that would refuse it get that answer, the others none."""
    known = tools.on_controller("ecs_instance_info", {"region": chunk["region"], "instance_ids": chunk["instance_ids"]})
    if known.get("failed"):
        store_answers(tools, chunk, known)
        return
    wanted = Wanted(str(tools.get("ecs_access_key_pair_name")), "present", activation, replace_bound)
    rows = {row["instance_id"]: row for row in known["instances"]}
    problems = {instance_id: foresee_problem(rows.get(instance_id), wanted) for instance_id in chunk["instance_ids"]}
    refused = {instance_id: {"instance_id": instance_id, "failed": True, "msg": text} for instance_id, text in problems.items() if text}
    tools.store.update("answers", refused)


def store_answers(tools: Tools, chunk: Chunk, result: Mapping[str, Any], kind: str = "answers") -> None:
    """What a module answered for each instance; one that it did not answer for gets the module's message."""
    found = {row["instance_id"]: row for row in result.get("instances") or []}
    missing = {"failed": True, "msg": reason(result)}
    tools.store.update(kind, {instance_id: found.get(instance_id) or {**missing, "instance_id": instance_id} for instance_id in chunk["instance_ids"]})


def read_answers(tools: Tools, kind: str = "answers") -> dict[str, dict[str, Any]]:
    """Rows by instance id."""
    return tools.store.read(kind) or {}


def read_host_keys(tools: Tools, chunk: Chunk, only: Sequence[str]) -> None:
    """Ask instances for their host keys, and let this run trust those. Where that is not possible, the user's own known_hosts files count."""
    ids = [instance_id for instance_id in chunk["instance_ids"] if instance_id in only and is_instance_id(instance_id)]
    if not ids:
        return
    result = tools.on_controller("ecs_host_key_info", {"region": chunk["region"], "instance_ids": ids, "fail_on": "never"})
    lines, whys = [], {}
    for row in result.get("instances") or []:
        lines += [f"{row['instance_id']} {key['type']} {key['key']}" for key in row["host_keys"]]
        whys.update({row["instance_id"]: row["msg"]} if row["failed"] else {})
    if not result.get("instances"):
        whys = dict.fromkeys(ids, reason(result))
    tools.store.update("host_keys", {**dict.fromkeys(ids, ""), **whys})
    known = tools.store.read("known_lines") or []
    tools.store.write("known_lines", [*known, *lines])
    tools.store.write_text(tools.store.known_hosts, "".join(f"{line}\n" for line in [*known, *lines]))
