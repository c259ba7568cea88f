# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook temporary_login.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

from .._playbooks.temporary_login import Way, choose_identity, fold_command, known_host_options, temporary_login_outcome, tunnel_options
from . import cloud, steps
from .host import ABOUT_HOST_KEYS, option
from .public_key import given_key
from .tools import Tools

_PROGRAM = Path(__file__).resolve().parents[1] / "_program.py"

HOST_STEPS = ("host",)

_UNKEPT = "host_keys_unkept"


def title(tools: Tools) -> str:
    return "Temporary logins"


def columns(tools: Tools) -> list[str]:
    return ["prepared", "until"]


def ending(tools: Tools) -> list[str]:
    """The commands, each in lines that can be pasted."""
    rows, problem = tools.store.rows(tools.names("ansible_play_hosts_all")), tools.store.read(_UNKEPT)
    commands = [line for row in rows.values() if row.get("command") for line in fold_command(row["command"])]
    if not (problem and commands):
        return commands
    return [f"The host keys could not be written to {_known_hosts(tools)} ({problem}), so ssh may ask whether to trust an instance.", *commands]


def check(tools: Tools) -> None:
    steps.require_instances(tools)
    given_key(tools)
    steps.check_private_key(tools)


def cloud_step(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    """Ask first whether the user could log in at all; only those instances are prepared that nothing else keeps from it."""
    public, text, identity = tools.path("ecs_access_public_key_path"), given_key(tools), _identity(tools)
    arguments = {
        "region": chunk["region"],
        "username": tools.get("ecs_access_user", "auto"),
        "prepare": tools.get("ecs_access_prepare", "auto"),
        "fail_on": "never",
    }
    arguments.update({"public_key": text} if text else {"public_key_path": public} if public else {"private_key_path": identity})
    first = tools.on_controller("ecs_temp_public_key", {**arguments, "instance_ids": chunk["instance_ids"]}, check=True)
    cloud.store_answers(tools, chunk, first)
    able = [row["instance_id"] for row in first.get("instances") or [] if not row["failed"]]
    if tools.check_mode or not able:
        return {"changed": bool(first.get("changed")) and tools.check_mode}
    result = tools.on_controller("ecs_temp_public_key", {**arguments, "instance_ids": able})
    cloud.store_answers(tools, {**chunk, "instance_ids": able}, result)
    cloud.read_host_keys(tools, chunk, [row["instance_id"] for row in result.get("instances") or [] if row["ready"]])
    _keep_host_keys(tools)
    return {"changed": bool(result.get("changed"))}


def host_step(tools: Tools) -> dict[str, Any]:
    instance_id = str(tools.get("ecs_instance_id", "") or "")
    answers = cloud.read_answers(tools)
    answer = answers.get(instance_id)
    if answer and "usernames" not in answer:
        return steps.end_host(tools, {"prepared": None, "until": None, "command": None, "failed": True, "why": answer["msg"]})
    way = _way(tools, instance_id)
    row = temporary_login_outcome(answer, way)
    if row["command"]:
        # Pressed into the table, it could not be pasted; it is printed below.
        row["why"] = ""
    return steps.end_host(tools, row)


def _way(tools: Tools, instance_id: str) -> Way:
    """The address, or a session through Session Manager where there is none."""
    address, own = str(tools.get("ansible_host", "") or tools.host), shlex.split(str(option(tools.action._connection, "ssh_common_args") or ""))
    options: list[str] = list(own)
    names_keys = any(word in " ".join(own).lower() for word in ABOUT_HOST_KEYS)
    if not names_keys and not tools.store.read(_UNKEPT) and not (tools.store.read("host_keys") or {}).get(instance_id, "unread"):
        options += known_host_options(instance_id, _known_hosts(tools))
    if address == instance_id:
        options += tunnel_options(sys.executable, str(_PROGRAM), str(tools.get("ecs_region", "")), instance_id)
    return Way(address, tools.get("ansible_port", 22), "" if _is_elsewhere(tools) else _identity(tools), options)


def _is_elsewhere(tools: Tools) -> bool:
    """Whether ssh knows the private key by itself: only the text of the public one was given."""
    return bool(given_key(tools)) and not tools.path("ecs_access_private_key_path") and not tools.path("ecs_access_public_key_path")


def _identity(tools: Tools) -> str:
    chosen = choose_identity(
        tools.path("ecs_access_public_key_path"),
        tools.path("ecs_access_private_key_path"),
        os.environ.get("XDG_RUNTIME_DIR", ""),
        os.path.expanduser("~"),
    )
    return os.path.abspath(chosen)


def _known_hosts(tools: Tools) -> str:
    return _identity(tools) + ".known_hosts"


def _keep_host_keys(tools: Tools) -> None:
    """A file beside the private key, for the command that is printed."""
    path, lines = _known_hosts(tools), tools.store.read("known_lines") or []
    try:
        # With a key of an agent, nothing else may have made it.
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        tools.store.write_text(path, "".join(f"{line}\n" for line in lines))
    except OSError as exc:
        tools.store.write(_UNKEPT, str(exc.strerror))
