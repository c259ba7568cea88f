# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook diagnose.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_address
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable

from .._playbooks.diagnosis import Observed, diagnose
from . import cloud, steps
from .host import assistant_connection, prepare_connection, try_verbosely
from .public_key import given_key
from .tools import StepFailed, Tools, describe, reason

# More hosts than that have their findings in the report.
_EXPLAINED = 5

HOST_STEPS = ("host",)


def title(tools: Tools) -> str:
    return f"Can {tools.get('ecs_access_user', '')} log in?"


def columns(tools: Tools) -> list[str]:
    return ["login", "checked_via", "cause"]


def ending(tools: Tools) -> list[str]:
    """What could not be asked, and all findings, where there is more than the table shows."""
    hosts = tools.names("ansible_play_hosts_all")
    unasked = [f"Not asked of the cloud: {printable(why)}" for why in tools.store.read("unasked") or {}]
    rows = tools.store.rows(hosts)
    shown = {host: row["evidence"] for host, row in rows.items() if len(row.get("evidence") or []) > 1}
    if len(hosts) > _EXPLAINED:
        return unasked
    return unasked + [
        line for host, evidence in shown.items() for line in [f"All findings on {printable(host)}:", *(f"  - {printable(text)}" for text in evidence)]
    ]


def check(tools: Tools) -> None:
    steps.require(tools, "ecs_access_user", "Set the user whose login to check with -e ecs_access_user=NAME.")
    _public_key(tools)
    address = str(tools.get("ecs_access_address", "") or "")
    if address and not is_address(address):
        raise StepFailed(f"ecs_access_address must be the IPv4 or IPv6 address that the user logs in from, not '{address[:60]}'.")


def cloud_step(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    """No host fails for want of an answer: they can be checked without the cloud."""
    arguments = {"region": chunk["region"], "instance_ids": chunk["instance_ids"]}
    address = tools.get("ecs_access_address", "")
    known = tools.on_controller("ecs_instance_info", {**arguments, **({"source_address": address} if address else {})})
    if known.get("failed"):
        tools.store.update("unasked", {reason(known): True})
    tools.store.update("answers", {row["instance_id"]: row for row in known.get("instances") or []})
    cloud.read_host_keys(tools, chunk, [row["instance_id"] for row in known.get("instances") or [] if row.get("status") == "Running"])
    return {"changed": False}


def host_step(tools: Tools) -> dict[str, Any]:
    instance_id = str(tools.get("ecs_instance_id", "") or "")
    instance = cloud.read_answers(tools).get(instance_id, {})
    key = _public_key(tools)
    question = {"user": tools.get("ecs_access_user"), "prove": tools.is_on("ecs_access_prove")}
    question.update({"public_key": key} if key else {})
    # The controller's address is not the user's address, so it is used only if none is given.
    question.update({"address": tools.get("ecs_access_address")} if tools.get("ecs_access_address") else {})
    question.update({"port": tools.get("ansible_port")} if tools.get("ansible_port") else {})
    prepare_connection(tools)
    private = tools.path("ecs_access_private_key_path")
    attempt = try_verbosely(tools, str(question["user"]), private) if private else {}
    reached = _reach(tools)
    over_ssh = _ask(tools, question, tools.action._connection) if reached.get("rc") == 0 else {}
    through: Mapping[str, Any] = {}
    if "findings" not in over_ssh and instance_id and instance.get("status", "Running") == "Running":
        through = _ask(tools, question, assistant_connection(tools))
    verdict = diagnose(Observed(instance, attempt, reached, over_ssh, through, key))
    outcome = {**verdict.to_outcome(), "changed": False, "evidence": [finding.evidence for finding in verdict.findings]}
    return steps.end_host(tools, _judge(outcome, [finding.severity for finding in verdict.findings], str(tools.get("ecs_access_fail_on", "blocks"))))


def _judge(outcome: dict[str, Any], severities: list[str], fail_on: str) -> dict[str, Any]:
    """Whether the host fails: by default when the user cannot log in, or when that could not be found out."""
    finding = outcome["login"] is False or (fail_on == "warns" and "warns" in severities)
    failed = (finding and fail_on != "never") or (outcome["failed"] and not finding)
    return {**outcome, "finding": finding, "failed": failed}


def _reach(tools: Tools) -> dict[str, Any]:
    try:
        return dict(tools.action._low_level_execute_command("exit 0", sudoable=False))
    except AnsibleError as exc:
        return {"unreachable": True, "msg": describe(exc)}


def _ask(tools: Tools, question: Mapping[str, Any], connection: Any) -> Mapping[str, Any]:
    try:
        return tools.on_host("ssh_login_check", question, connection)
    except AnsibleError as exc:
        return {"unreachable": True, "msg": describe(exc)}


def _public_key(tools: Tools) -> str:
    text, path = given_key(tools), tools.path("ecs_access_public_key_path")
    if text or not path:
        return text
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read(65536).strip()
        parse_public_key(text, path)
    except OSError as exc:
        raise StepFailed(f"The public key {path} cannot be read: {exc.strerror}.") from None
    except AccessError as exc:
        raise StepFailed(f"The public key cannot be used: {exc.text}") from None
    return text
