# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook recover_access.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.finding import Finding

from .._playbooks import recovery
from .._playbooks.binding import Binding, find_binding
from .._playbooks.chunks import CHUNK, chunks_of
from .._playbooks.temporary_login import private_half
from .._playbooks.variables import read_list
from . import bind_key_pair, cloud, steps
from .host import assistant_connection, prepare_connection, try_logins
from .public_key import given_key, key_file
from .tools import StepFailed, Tools, describe, reason

_PATH = "PATH=$PATH:/usr/sbin:/sbin\n"

HOST_STEPS = ("host", "prove")


def title(tools: Tools) -> str:
    return f"Access by key pair {tools.get('ecs_access_key_pair_name', '')}"


def columns(tools: Tools) -> list[str]:
    return ["bound", "live", "login", "repaired"]


def ending(tools: Tools) -> list[str]:
    return bind_key_pair.ending(tools)


def check(tools: Tools) -> None:
    name = str(tools.get("ecs_access_key_pair_name", "") or "")
    if not name or not any(tools.get(f"ecs_access_{kind}") for kind in ("private_key_path", "public_key_path", "public_key")):
        raise StepFailed(
            "Set the name of the new key pair with -e ecs_access_key_pair_name=NAME, and its key with -e ecs_access_private_key_path=PATH "
            "(created there if it does not exist), -e ecs_access_public_key_path=PATH or -e ecs_access_public_key=LINE."
        )
    given_key(tools)
    if tools.get("ecs_access_previous_key_pair_name", "") == name:
        raise StepFailed("ecs_access_previous_key_pair_name must not be the same as ecs_access_key_pair_name.")
    problem = recovery.request_error(_requested(tools))
    if problem:
        raise StepFailed(problem)
    steps.check_private_key(tools)
    steps.require_instances(tools)


def cloud_step(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    """Remember what is bound now, have the new key pair, and bind it."""
    region, ids = chunk["region"], chunk["instance_ids"]
    known = tools.on_controller("ecs_instance_info", {"region": region, "instance_ids": ids, "include_cloud_assistant": False})
    if known.get("failed"):
        cloud.store_answers(tools, chunk, known)
        return {"changed": False}
    running = [row["instance_id"] for row in known["instances"] if row.get("status") == "Running"]
    tools.store.update("pairs_before", {row["instance_id"]: row.get("key_pair_name") or "" for row in known["instances"]})
    made = cloud.make_pair(tools, region)
    if made["failed"]:
        cloud.store_answers(tools, chunk, made)
        return {"changed": made["changed"]}
    cloud.read_host_keys(tools, chunk, running)
    if tools.check_mode and made["made"]:
        cloud.foresee(tools, chunk, "live", True)
        return {"changed": True}
    return {"changed": bool(_attach(tools, chunk).get("changed") or made["changed"])}


def host_step(tools: Tools) -> dict[str, Any]:
    """Log in if the key is live; otherwise find the causes inside the instance, and repair them. The proof comes later."""
    state: dict[str, Any] = {
        "blocking": [], "errors": [], "repaired": [], "bind_again": False, "proven": False, "refusal": "", "problem": "", "changed": False,
    }  # fmt: skip
    tools.note({"failed": True, "login": False, "repaired": [], "why": "the run ended before this host was finished", "tried": True})
    binding = _binding(tools)
    step = recovery.plan_first_step(binding, _key_made(tools), tools.check_mode)
    try:
        if step.log_in:
            _log_in(tools, state)
        if step.check and not state["proven"]:
            _repair(tools, state)
    except (AnsibleError, StepFailed) as exc:
        state["problem"] = describe(exc) if isinstance(exc, AnsibleError) else str(exc)
    tools.store.write("recovery", state, tools.host)
    return {"changed": bool(state["changed"])}


def follow_step(tools: Tools) -> dict[str, Any]:
    """Bind the new key pair again where something was repaired."""
    hosts = [host for host in tools.names("ansible_play_batch") if (tools.store.read("recovery", host) or {}).get("bind_again")]
    if tools.check_mode:
        return {"changed": False}
    results = [_attach(tools, chunk._asdict()) for chunk in chunks_of(hosts, tools.variables["hostvars"])]
    return {"changed": any(result.get("changed") for result in results)}


def prove_step(tools: Tools) -> dict[str, Any]:
    """The login is proven, or the row names the reason why not."""
    state = tools.store.read("recovery", tools.host)
    changed = bool(state.pop("changed"))
    recovered = _recovery(tools, state)
    if recovered.tries_login:
        _log_in(tools, state)
        recovered = _recovery(tools, state)
    outcome = recovered.to_outcome()
    changed = changed or recovered.binding.changed or recovered.awaits_binding
    previous = ""
    if outcome["login"]:
        before = (tools.store.read("pairs_before") or {}).get(str(tools.get("ecs_instance_id", "")), "")
        pair = str(tools.get("ecs_access_previous_key_pair_name", "") or before)
        previous = pair if pair != tools.get("ecs_access_key_pair_name") else ""
    return steps.end_host(tools, {**outcome, "changed": changed, "previous_pair": previous, "drift": list(outcome["repaired"])})


def remove_step(tools: Tools) -> dict[str, Any]:
    """Remove the previous key where the new one is proven. Fails if one of the instances kept it."""
    rows = {host: row for host, row in tools.store.rows(tools.names("ansible_play_batch")).items() if row.get("login")}
    hostvars = {host: {**dict(tools.of_host(host)), "previous": row.get("previous_pair", "")} for host, row in rows.items()}
    removals = recovery.group_by_previous_pair(list(rows), hostvars, "previous")
    extra = [str(tools.get("ecs_access_user"))] if tools.get("ecs_access_user") else []
    changed = False
    for removal in removals:
        for start in range(0, len(removal.instance_ids), CHUNK):
            ids = removal.instance_ids[start : start + CHUNK]
            arguments = {"key_pair_name": removal.key_pair_name, "region": removal.region, "instance_ids": ids, "state": "absent"}
            result = tools.on_controller("ecs_attach_key_pair", {**arguments, "login_users": ["auto", *extra], "fail_on": "never"})
            cloud.store_answers(tools, {"instance_ids": ids}, result, "removals")
            changed = changed or bool(result.get("changed"))
    answers = cloud.read_answers(tools, "removals")
    refused = False
    for host, row in rows.items():
        variables = tools.of_host(host)
        binding = find_binding(answers, variables["ecs_instance_id"], variables["ecs_region"], "no answer for this instance")
        row = recovery.previous_key_outcome(row, row.get("previous_pair", ""), binding, tools.check_mode)
        refused = refused or bool(row["failed"])
        tools.store.write("row", row, host)
    return {"changed": changed, **({"failed": True, "msg": "the previous key could not be removed everywhere"} if refused else {})}


def _attach(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    user = str(tools.get("ecs_access_user", "") or "")
    # The previous key stays at least until the new one is proven.
    return cloud.attach(tools, chunk, replace_bound=True, previous_key="keep", **({"login_users": [user]} if user else {}))


def _log_in(tools: Tools, state: dict[str, Any]) -> None:
    prepare_connection(tools)
    user = _user(tools)
    login = try_logins(tools, {user: _identity(tools)})[user]
    state["proven"], state["refusal"] = login.works, "" if login.works else login.why


def _repair(tools: Tools, state: dict[str, Any]) -> None:
    connection = assistant_connection(tools)
    blocking = _find_blocking(tools, connection)
    plan = recovery.plan_repair(blocking, _requested(tools))
    state["blocking"] = [finding.to_dict() for finding in blocking]
    if plan.causes:
        commands: list[Mapping[str, Any]] = []
        if not tools.check_mode:
            scripts = [" && ".join(plan.commands)] if plan.commands else []
            scripts += [f"sshd -t && {plan.start}"] if plan.start else []
            commands = [tools.command(_PATH + script, connection) for script in scripts]
        modules = []
        if plan.pubkey:
            modules.append(tools.on_host("sshd_pubkey", {"users": [_user(tools)]}, connection))
        if plan.files:
            # No key is added here: a key that works is always one that ECS shows as bound.
            user = {"name": _user(tools), "account": "existing", "authorized_keys": []}
            modules.append(tools.on_host("ssh_access", {"users": [user]}, connection))
        after = blocking if tools.check_mode else _find_blocking(tools, connection)
        repair = recovery.conclude_repair(plan, after, commands, modules, tools.check_mode)
        blocking = repair.blocking
        state.update(repaired=repair.repaired, blocking=[finding.to_dict() for finding in blocking], errors=repair.errors)
        state["changed"] = bool(repair.repaired)
    state["bind_again"] = recovery.may_bind_again(blocking)


def _find_blocking(tools: Tools, connection: Any) -> list[Finding]:
    key = next((pair["public_key"] for pair in (tools.store.read("pairs") or {}).values() if pair["public_key"]), "")
    question: dict[str, Any] = {"user": _user(tools)}
    question.update({"public_key": key} if key and not (tools.check_mode and _key_made(tools)) else {})
    question.update({"port": tools.get("ansible_port")} if tools.get("ansible_port") else {})
    found = tools.on_host("ssh_login_check", question, connection)
    if "findings" not in found:
        raise StepFailed(f"the instance could not be checked: {reason(found)}")
    return recovery.find_blocking(found)


def _recovery(tools: Tools, state: Mapping[str, Any]) -> recovery.Recovery:
    blocking = [Finding(**entry) for entry in state["blocking"]]
    return recovery.Recovery(**{**state, "blocking": blocking}, binding=_binding(tools), key_made=_key_made(tools), check_mode=tools.check_mode)


def _binding(tools: Tools) -> Binding:
    return find_binding(cloud.read_answers(tools), str(tools.get("ecs_instance_id", "") or ""), str(tools.get("ecs_region", "") or ""))


def _key_made(tools: Tools) -> bool:
    return any(pair["made"] for pair in (tools.store.read("pairs") or {}).values())


def _user(tools: Tools) -> str:
    return str(tools.get("ecs_access_user", "") or tools.get("ecs_login_user", "") or "root")


def _identity(tools: Tools) -> str:
    """The private key, which may lie beside the public one; or the public one, for an agent."""
    private, public = tools.path("ecs_access_private_key_path"), key_file(tools) or tools.path("ecs_access_public_key_path")
    beside = private_half(public)
    return private or (beside if os.path.exists(beside) else public)


def _requested(tools: Tools) -> list[Any]:
    return read_list(tools.get("ecs_access_repair", []), "ecs_access_repair")
