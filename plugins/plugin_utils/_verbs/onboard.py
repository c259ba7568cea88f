# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook onboard.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.release import __version__ as core_version

from .._people.answer import describe_people
from .._people.source import TeamReader
from .._playbooks import onboarding
from .._playbooks.binding import unbinding_outcome
from .._playbooks.chunks import chunks_of
from .._playbooks.variables import read_mapping
from . import bind_key_pair, cloud, steps
from .host import no_answer, prepare_connection, try_logins
from .tools import StepFailed, Tools, describe, reason

_ALSO = ("ssh_users_revoked_keys", "ssh_users_allow_self_lockout")
_SERVER = ("state", "service", "password_authentication", "permit_root_login", "proof", "proof_user", "proof_private_key_file", "rollback_after")


class People(NamedTuple):
    """The people of one host, as options of ssh_access, and the names of those who must be able to log in."""

    options: dict[str, Any]
    present: list[str]
    team_is_empty: bool


HOST_STEPS = ("host",)


def title(tools: Tools) -> str:
    return "Team onboarded"


def columns(tools: Tools) -> list[str]:
    return (["bound", "live"] if _binds(tools) else []) + ["people", "login", "sudo"]


def ending(tools: Tools) -> list[str]:
    lines = bind_key_pair.ending(tools)
    keys = _keys(tools)
    if not keys and not tools.check_mode:
        lines.append("No login was tested: name the private keys that are at hand in ecs_access_private_keys.")
    if keys:
        set_up = [names for names in (tools.store.read("may_log_in", host) for host in tools.names("ansible_play_hosts_all")) if names is not None]
        lines += onboarding.untested(keys, {name for names in set_up for name in names}) if set_up else []
    return lines


def check(tools: Tools) -> None:
    example = "ansible-playbook alicloud.ecs_access.onboard -i my.ecs.yml -e @team.yml -e ecs_access_hosts=tag_role_web"
    if _people(tools).team_is_empty:
        raise StepFailed(
            "The team is empty: ssh_users_accounts is not set, or lists nobody. Ansible reads group_vars beside the inventory, but not beside a playbook "
            f"that imports this one. With a team file: {example}"
        )
    keys = _keys(tools)
    missing = [path for path in keys.values() if not os.path.exists(path)]
    if missing:
        raise StepFailed(f"ecs_access_private_keys names {missing[0]}, and there is no such file.")
    if tools.get("ecs_access_bootstrap_key", "keep") == "unbind" and not (_binds(tools) and keys):
        raise StepFailed(
            "ecs_access_bootstrap_key must be keep or unbind; unbind needs ecs_access_key_pair_name, and in ecs_access_private_keys the private key of "
            "at least one user who may become root, because the key pair is unbound only after that login is proven."
        )
    if _binds(tools):
        bind_key_pair.check_binding(tools)
    elif steps.parts_of(tools) == {"bind"} and steps.is_called(tools):
        raise StepFailed("The tag bind alone does nothing without ecs_access_key_pair_name, the key pair to bind.")


def cloud_step(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    parts = steps.parts_of(tools)
    result: dict[str, Any] = {"changed": False}
    if _binds(tools) and "bind" in parts:
        result = bind_key_pair.bind_chunk(tools, chunk)
    if parts - {"bind"}:
        answers = cloud.read_answers(tools)
        cloud.read_host_keys(tools, chunk, [each for each in chunk["instance_ids"] if not answers.get(each, {}).get("failed")])
    return result


def host_step(tools: Tools) -> dict[str, Any]:
    parts = steps.parts_of(tools)
    binds = _binds(tools) and "bind" in parts
    row = bind_key_pair.binding_row(tools) if binds else {}
    if row.get("failed") or not parts - {"bind"}:
        return steps.end_host(tools, row)
    if binds:
        # Whatever comes of the rest, this is done.
        tools.note(row)
    awaits_key = bool(tools.check_mode and binds and not row["live"])
    prepare_connection(tools, tools.path("ecs_access_private_key_path"))
    try:
        return steps.end_host(tools, _set_up(tools, parts, row))
    except AnsibleConnectionFailure as exc:
        return steps.end_host(tools, onboarding.unreachable_outcome(tools.store.read("row", tools.host) or row, no_answer(tools, exc), awaits_key))
    except AnsibleError as exc:
        return steps.end_host(tools, {"failed": True, "why": describe(exc)})
    except StepFailed as exc:
        return steps.end_host(tools, {"failed": True, "why": str(exc)})


def follow_step(tools: Tools) -> dict[str, Any]:
    """Unbind the bootstrap key where a user became root with a key of their own. Fails if one of the instances refused."""
    rows = tools.store.rows(tools.names("ansible_play_batch"))
    changed = refused = False
    for chunk in chunks_of([host for host, row in rows.items() if row.get("root_proven")], tools.variables["hostvars"]):
        # Another login that can become root was proven, so this key is not the last one.
        result = cloud.attach(tools, chunk._asdict(), state="absent", allow_lockout=True)
        answers = cloud.read_answers(tools)
        changed = changed or bool(result.get("changed"))
        for host, instance_id in zip(chunk.hosts, chunk.instance_ids):
            row = unbinding_outcome(rows[host], answers[instance_id])
            refused = refused or bool(row["failed"])
            tools.store.write("row", row, host)
    return {"changed": changed, **({"failed": True, "msg": "the bootstrap key could not be unbound everywhere"} if refused else {})}


def _set_up(tools: Tools, parts: set[str], row: Mapping[str, Any]) -> dict[str, Any]:
    people = _people(tools)
    done: dict[str, Any] = {**row, "people": len(people.present), "drift": list(row.get("drift") or []), "diffs": [], "why": ""}
    if tools.is_on("ecs_access_bootstrap_python"):
        _bootstrap_python(tools, done)
    if not parts & {"users", "server"}:
        # Nothing else would notice that the host does not answer.
        tools.action._low_level_execute_command("true", sudoable=False)
    server = _server_options(tools, people) if "server" in parts and people.present else None
    looked = None
    if "users" in parts and server is not None:
        looked = _apply(tools, done, "users", "access_host", {**people.options, "sshd": server}).get("sshd")
    elif "users" in parts:
        _apply(tools, done, "users", "ssh_access", people.options)
    if server is not None:
        if isinstance(looked, Mapping) and (tools.check_mode or onboarding.is_settled(looked)):
            _take(tools, done, "sshd", looked)
        else:
            _apply(tools, done, "sshd", "sshd_pubkey", server)
    if "proof" in parts and not tools.check_mode:
        keys = {name: path for name, path in _keys(tools).items() if name in people.present}
        tools.store.write("may_log_in", people.present, tools.host)
        done.update(onboarding.logins_outcome(done, people.present, try_logins(tools, keys)))
        done["root_proven"] = bool(done["sudo"])
        if not done["failed"] and tools.get("ecs_access_bootstrap_key", "keep") == "unbind" and not done["root_proven"]:
            done.update(unbinding_outcome(done, None))
        return done
    return {**done, "failed": False, "why": "check mode: no login was tested" if tools.check_mode else ""}


def _server_options(tools: Tools, people: People) -> dict[str, Any]:
    given = tools.given(f"ssh_server_{name}" for name in _SERVER)
    return {**{name.removeprefix("ssh_server_"): value for name, value in given.items()}, "users": people.present}


def _apply(tools: Tools, done: dict[str, Any], part: str, module: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Run a module; what it did goes into the row. Returns its result. Raises StepFailed."""
    result = tools.on_host(module, options)
    _take(tools, done, part, result)
    return result


def _take(tools: Tools, done: dict[str, Any], part: str, result: Mapping[str, Any]) -> None:
    done["changed"] = bool(done.get("changed") or result.get("changed"))
    done["drift"] += [f"{part}: {action}" for action in onboarding.action_texts(result.get("actions"))]
    done["diffs"] += onboarding.diff_texts(result.get("diff"))
    tools.note(done)
    if result.get("failed") or result.get("unreachable"):
        raise StepFailed(f"{part}: {reason(result)}")


def _bootstrap_python(tools: Tools, done: dict[str, Any]) -> None:
    minor = onboarding.oldest_python(core_version)
    result = tools.action._low_level_execute_command(onboarding.python_script(minor, tools.check_mode))
    found = onboarding.read_python(str(result.get("stdout", "")))
    if result.get("rc") != 0 or not found.path:
        raise StepFailed(onboarding.no_python(minor, core_version, found.would_install))
    tools.variables["ansible_python_interpreter"] = found.path
    done["changed"] = bool(done.get("changed") or found.installed)
    if found.installed:
        tools.note({"changed": True})


def _people(tools: Tools) -> People:
    """Who the people of this host are; raises ValueError with all that is wrong with the team."""
    answer = describe_people(
        TeamReader().read(tools.variables, tools.action._templar.template), tools.variables, datetime.datetime.now(datetime.timezone.utc).date()
    )
    options = {"groups": answer["groups"], "users": answer["users"], **answer["record"]}
    if tools.get("ecs_instance_id"):
        options["instance_id"] = str(tools.get("ecs_instance_id"))
    options.update({name.removeprefix("ssh_users_"): value for name, value in tools.given(_ALSO).items()})
    return People(options, answer["present"], answer["team_is_empty"])


def _keys(tools: Tools) -> dict[str, str]:
    """Private keys on this controller by user."""
    given = read_mapping(tools.get("ecs_access_private_keys", {}), "ecs_access_private_keys")
    return {name: os.path.abspath(os.path.expanduser(str(path))) for name, path in given.items()}


def _binds(tools: Tools) -> bool:
    return bool(tools.get("ecs_access_key_pair_name", ""))
