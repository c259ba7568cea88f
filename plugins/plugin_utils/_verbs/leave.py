# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook leave: a host is given back with today's people and rights, or with nothing of the team.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key_file import is_in_collection

from .._audit.files import check_folder, write_in_folder
from .._playbooks import leaving
from .._playbooks.onboarding import action_texts, diff_texts
from .._playbooks.variables import read_list
from . import cloud, steps
from .host import login_user, no_answer, option, prepare_connection, try_logins
from .tools import StepFailed, Tools, reason

HOST_STEPS = ("host",)

_SSHD = ("service", "proof_user", "proof_private_key_file", "rollback_after")
_MOST_NOTES = 40

Step = tuple[str, dict[str, Any]]


def title(tools: Tools) -> str:
    return "Hosts given back"


def columns(tools: Tools) -> list[str]:
    return ["stay", "gone", "files"]


def ending(tools: Tools) -> list[str]:
    rows = tools.store.rows(tools.names("ansible_play_hosts_all"))
    lines = [f"{host}: {note}" for host, row in rows.items() for note in row.get("notes") or []]
    if len(lines) > _MOST_NOTES:
        lines = [*lines[:_MOST_NOTES], f"and {len(lines) - _MOST_NOTES} more"]
    saved = sum(bool(row.get("saved")) for row in rows.values())
    return [*lines, *([f"The records of {saved} host{'' if saved == 1 else 's'} are in {tools.path('ecs_access_record_dir')}"] if saved else [])]


def check(tools: Tools) -> None:
    steps.require(
        tools, "ecs_access_record_dir", "Set the folder for the records of the hosts with -e ecs_access_record_dir=FOLDER; they are deleted on the hosts."
    )
    folder = tools.path("ecs_access_record_dir")
    steps.require_kept(tools, "ecs_access_record_dir", "The records", folder)
    if is_in_collection(os.path.join(folder, "record")):
        raise StepFailed(f"The folder {folder} lies in an installed collection and would be deleted with its next upgrade. Choose another one.")
    _protected(tools)
    if not tools.check_mode or os.path.exists(folder):
        check_folder(folder, "ecs_access_record_dir")


def cloud_step(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    cloud.read_host_keys(tools, chunk, chunk["instance_ids"])
    return {"changed": False}


def host_step(tools: Tools) -> dict[str, Any]:
    prepare_connection(tools, tools.path("ecs_access_private_key_path"))
    try:
        return steps.end_host(tools, _leave(tools))
    except AnsibleConnectionFailure as exc:
        return steps.end_host(tools, {"failed": True, "why": no_answer(tools, exc)})


def _leave(tools: Tools) -> dict[str, Any]:
    everything = tools.get("ecs_access_leave", "keep_access") == "everything"
    seen = leaving.read_seen(_call(tools, "access_leave", {**_about(tools), "step": "look"}))
    tools.note({**_stay(seen, seen.vanished), "files": len(seen.files), "drift": [], "diffs": [], "why": ""})
    if everything:
        _refuse_lockout(tools, seen)
    server, people = _steps(tools, seen, everything)
    if not tools.check_mode:
        # All of it is planned before any of it is done; a host without anything to do is not even locked.
        needed = [step for step in server if _call(tools, *step, check=True).get("changed")]
        people = [step for step in people if _call(tools, *step, check=True).get("changed")]
        # A change that waits for its proof may still be undone, and only a real run knows the end of it.
        server = server if seen.armed else needed
    if seen.content and not tools.check_mode:
        name = leaving.record_name(tools.host, seen.sha256)
        write_in_folder(tools.path("ecs_access_record_dir"), name, seen.content)
        tools.note({"saved": name})
    for module, arguments in server:
        _change(tools, module, arguments)
    if people:
        seen = _take(tools, seen, *people[0])
    _change(tools, "access_leave", {**_about(tools), "step": "remove", "seen": seen.sha256}, only=seen.files)
    return leaving.outcome(seen, everything, tools.store.read("row", tools.host) or {}, _owner(tools))


def _steps(tools: Tools, seen: leaving.Seen, everything: bool) -> tuple[list[Step], list[Step]]:
    """Changes of sshd, and of accounts."""
    server: list[Step] = []
    if (seen.temporary_keys == "ours" or seen.armed) and not seen.others:
        server.append(("sshd_pubkey", {**_sshd(tools), "without_temporary_keys": True}))
    if everything and not seen.others:
        server.append(("sshd_pubkey", {**_sshd(tools), "state": "absent"}))
    taken = {"users": [], "allow_no_users": True, "unlisted": "remove", "protected": _protected(tools), "_leaves": True}
    return server, [("ssh_access", {**_about(tools), **taken})] if everything and seen.people else []


def _refuse_lockout(tools: Tools, seen: leaving.Seen) -> None:
    """Raises StepFailed before anything is changed."""
    if getattr(tools.action._connection, "transport", "") != "ssh":
        raise StepFailed("everything can only be removed over a connection by SSH, because another login has to be proven first; nothing was changed")
    problem = leaving.refusal(seen, seen.login or login_user(tools), _protected(tools))
    if problem:
        raise StepFailed(f"{problem}; nothing was changed")


def _take(tools: Tools, seen: leaving.Seen, module: str, arguments: Mapping[str, Any]) -> leaving.Seen:
    """Take the people of the record off the host, once a login that stays is proven."""
    user = seen.login or login_user(tools)
    if not tools.check_mode:
        _prove(tools, user)
    answer = _change(tools, module, arguments)
    gone, notes = leaving.read_taken(answer, seen.people)
    tools.note({**_stay(seen, [*seen.vanished, *gone]), "notes": notes})
    if tools.check_mode:
        return seen
    # Its own entries have changed by that; what is removed is what was planned.
    return leaving.read_seen(_call(tools, "access_leave", {**_about(tools), "step": "look"}))._replace(files=seen.files, people=seen.people)


def _stay(seen: leaving.Seen, gone: Collection[str]) -> dict[str, list[str]]:
    return {"stay": [name for name in seen.people if name not in gone], "gone": [name for name in seen.people if name in gone]}


def _prove(tools: Tools, user: str) -> None:
    """A new connection as the user who stays, and root by it: an open one proves nothing."""
    key = str(option(tools.action._connection, "private_key_file") or "")
    login = try_logins(tools, {user: key}, only_this_key=False)[user]
    if not login.works:
        raise StepFailed(f"no account was changed, because a new login as {user} did not work: {login.why}")
    become = tools.action._connection.become
    if user != "root" and not login.becomes_root and not (become and become.get_option("become_pass")):
        raise StepFailed(f"no account was changed, because {user} cannot become root in a new login")


def _change(tools: Tools, module: str, arguments: Mapping[str, Any], only: list[str] | None = None) -> dict[str, Any]:
    """Run a module; what it did goes into the row. Raises StepFailed. I(only): of its actions these count."""
    result = tools.on_host(module, arguments)
    row = tools.store.read("row", tools.host) or {}
    actions = action_texts(result.get("actions"))
    done = actions if only is None else [action for action in actions if action in only]
    tools.note(
        {
            "changed": bool(row.get("changed") or result.get("changed")),
            "drift": [*(row.get("drift") or []), *done],
            "diffs": [*(row.get("diffs") or []), *diff_texts(result.get("diff"))],
        }
    )
    if result.get("failed") or result.get("unreachable"):
        raise StepFailed(reason(result))
    return result


def _call(tools: Tools, module: str, arguments: Mapping[str, Any], check: bool = False) -> dict[str, Any]:
    answer = tools.on_host(module, arguments, check=check)
    if answer.get("failed") or answer.get("unreachable"):
        raise StepFailed(reason(answer))
    return answer


def _about(tools: Tools) -> dict[str, Any]:
    instance = str(tools.get("ecs_instance_id", "") or "")
    return {"owner": _owner(tools), **({"instance_id": instance} if instance else {})}


def _owner(tools: Tools) -> str:
    return str(tools.get("ssh_users_owner", "default"))


def _sshd(tools: Tools) -> dict[str, Any]:
    given = tools.given(f"ssh_server_{name}" for name in _SSHD)
    return {name.removeprefix("ssh_server_"): value for name, value in given.items()}


def _protected(tools: Tools) -> list[str]:
    value = tools.variables.get("ssh_users_protected")
    return ["root"] if value is None else [str(name) for name in read_list(tools.action._templar.template(value), "ssh_users_protected")]
