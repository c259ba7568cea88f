# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook adopt: a team file from what is on the hosts.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key_file import is_in_collection
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable

from .._adoption.files import check_target, read_present, write_target
from .._adoption.render import render_team_file
from .._adoption.seen import Host, check_host_name, read_answer
from .._adoption.team_file import TeamFile, make_team_file
from .._people.team import read_team
from . import cloud, steps
from .host import prepare_connection
from .tools import StepFailed, Tools, reason

HOST_STEPS = ("host",)

_ANSWER, _WRITTEN = "adoption", "team_file"


def title(tools: Tools) -> str:
    return "Access taken over"


def columns(tools: Tools) -> list[str]:
    return ["accounts", "keys", "sudo", "skipped"]


def ending(tools: Tools) -> list[str]:
    """Where the file is, and what to do with it."""
    written = tools.store.read(_WRITTEN)
    if not written:
        return ["No team file was written."]
    path = tools.path("ecs_access_team_file")
    state = "would be written to" if tools.check_mode else "is in"
    return [f"The team file {state} {path}; it has {written['doubts']} remarks to read.", f"Check it with the playbook check_team and -e @{path}."]


def check(tools: Tools) -> None:
    path = tools.path("ecs_access_team_file")
    if not path:
        raise StepFailed("Set the place of the new team file with -e ecs_access_team_file=team.yml.")
    if is_in_collection(path):
        raise StepFailed(f"The team file {path} would lie in an installed collection and be deleted with its next upgrade. Choose another path.")
    steps.require_kept(tools, "ecs_access_team_file", "The team file", path)
    check_target(path, tools.is_on("ecs_access_replace_team_file"))


def cloud_step(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    cloud.read_host_keys(tools, chunk, chunk["instance_ids"])
    return {"changed": False}


def host_step(tools: Tools) -> dict[str, Any]:
    """Read one host. One that cannot be read fails, and is named in the file."""
    why = check_host_name(tools.host, tools.variables.get("groups") or {})
    if why:
        raise StepFailed(f"not read: {why}, so no rule can name this host alone")
    prepare_connection(tools)
    result = tools.on_host("access_adoption", {})
    if result.get("failed") or result.get("unreachable"):
        raise StepFailed(reason(result))
    host = read_answer(tools.host, result.get("answer"))
    tools.store.write(_ANSWER, result["answer"], tools.host)
    keys = {key.line for account in host.accounts for key in account.keys}
    sudo = sum(bool(account.rights) for account in host.accounts)
    row = {"accounts": len(host.accounts), "keys": len(keys), "sudo": sudo, "skipped": len(host.left_out), "changed": False, "failed": False}
    return steps.end_host(tools, {**row, "why": ""})


def write_step(tools: Tools) -> dict[str, Any]:
    """The file of all hosts that were read so far, so that a run that is stopped leaves one of the batches that it did."""
    path = tools.path("ecs_access_team_file")
    file = make_team_file(_read(tools, host) for host in tools.names("ansible_play_hosts_all"))
    if not file.entries:
        raise StepFailed("No account was found that can be taken over, so no team file was written; the table below shows what was seen.")
    _check(file)
    text = render_team_file(file, str(tools.get("ssh_users_owner", "") or ""))
    before = read_present(path)
    if not tools.check_mode and text != before:
        # What an earlier batch of this run has written is not asked for again.
        write_target(path, text, tools.is_on("ecs_access_replace_team_file") or tools.store.read(_WRITTEN) is not None)
    tools.store.write(_WRITTEN, {"doubts": file.doubts})
    diff = {"before": before, "after": text, "before_header": path, "after_header": path}
    return {"changed": text != before, **({"diff": diff} if tools.action._task.diff else {})}


def _read(tools: Tools, host: str) -> Host:
    answer = tools.store.read(_ANSWER, host)
    if answer is not None:
        return read_answer(host, answer)
    row = tools.store.read("row", host) or {}
    return Host(printable(host), str(row.get("why") or "it has not been tried"))


def _check(file: TeamFile) -> None:
    """What the readers of team files would refuse is not written."""
    problems = read_team(file.values, str).blocking
    if problems:
        raise StepFailed(f"What was seen does not make a team file: {'; '.join(problems[:5])}")
