# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rotate_key_pair: plan, add and prove the new key, remove the old one, delete its pair.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable

from .._playbooks import rotation
from .._playbooks.onboarding import action_texts, diff_texts
from .._ssh.offer import Answers
from . import cloud, rotation_keys, steps
from .host import login_user, no_answer, offer_keys, prepare_connection
from .private_key import remark_on_key
from .tools import StepFailed, Tools, describe, reason

NAME = "rotate_key_pair"
HOST_STEPS = ("host", "add", "remove")
_AT_ONCE = 4


def title(tools: Tools) -> str:
    return f"Rotation of the key {tools.get('ecs_access_old_key', '')}"


def columns(tools: Tools) -> list[str]:
    return ["old_key", "new_key", "login", "refused"]


def ending(tools: Tools) -> list[str]:
    plan = tools.store.read("plan") or {}
    lines = [str(line) for line in tools.store.read("pair_lines") or []]
    if plan.get("plan_id"):
        lines.append(f"Plan {plan['plan_id']}")
        if _mode(tools) == "plan":
            lines.append(f"To carry it out: -e ecs_access_mode=apply -e ecs_access_plan={plan['plan_id']}")
    return lines


def check(tools: Tools) -> None:
    steps.require(
        tools, "ecs_access_old_key", "Set the key that leaves with -e ecs_access_old_key=..., a fingerprint, the name of a key pair or a public key file."
    )
    steps.require(tools, "ecs_access_key_pair_name", "Set the name of the new key pair with -e ecs_access_key_pair_name=NAME.")
    steps.require(
        tools,
        "ecs_access_private_key_path",
        "Set where the private key of the new key pair lies with -e ecs_access_private_key_path=PATH; the login with it is proven from here.",
    )
    if str(tools.get("ecs_access_old_key")) == str(tools.get("ecs_access_key_pair_name")):
        raise StepFailed("ecs_access_old_key and ecs_access_key_pair_name are the same key pair. Give the new one another name.")
    rotation.read_overlap(tools.get("ecs_access_overlap", "24h"))
    _failures(tools)
    rotation_keys.check_old_key(tools)
    steps.check_private_key(tools, may_last=False)
    _check_usable(tools)
    steps.require_instances(tools)


def _check_usable(tools: Tools) -> None:
    """Raises StepFailed for a private key that no login could be proven with, before it is given to every host."""
    path = tools.path("ecs_access_private_key_path")
    problem = remark_on_key(path) if os.path.exists(path) else ""
    if problem:
        raise StepFailed(f"ecs_access_private_key_path: {problem}.")


# -- the plan ---------------------------------------------------------------------------------------------------------


def cloud_step(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    """Find the two keys in this region, and what is bound to these instances. Nothing is changed."""
    rotation_keys.find_keys(tools, chunk["region"])
    known = tools.on_controller("ecs_instance_info", {"region": chunk["region"], "instance_ids": chunk["instance_ids"], "include_cloud_assistant": False})
    found = {row["instance_id"]: row for row in known.get("instances") or []}
    missing = {"failed": True, "msg": reason(known) if known.get("failed") else "there is no such instance"}
    tools.store.update("instances", {each: found.get(each) or missing for each in chunk["instance_ids"]})
    cloud.read_host_keys(tools, chunk, [each for each, row in found.items() if row.get("status") == "Running"])
    return {"changed": False}


def host_step(tools: Tools) -> dict[str, Any]:
    """Where the keys are on this host. With C(verify) also what works and what is refused."""
    tools.note({"failed": True, "why": "the host was not looked at", "tried": True})
    keys, row = rotation_keys.of_host(tools), rotation_keys.instance_of(tools)
    if row.get("failed") or row.get("status", "Running") != "Running":
        why = row["msg"] if row.get("failed") else f"the instance is {printable(str(row.get('status')))}"
        return steps.end_host(tools, {"failed": True, "why": why})
    in_team = rotation_keys.holders_in_team(tools, keys["old_fingerprint"])
    if in_team:
        return steps.end_host(tools, {"failed": True, "why": f"the team file gives the old key to {', '.join(in_team)}; take it out there first"})
    if rotation_keys.is_revoked_in_team(tools, keys["new_line"]):
        return steps.end_host(tools, {"failed": True, "why": "the team file revokes the new key (ssh_users_revoked_keys); take it out there first"})
    try:
        via = _reach(tools)
        arguments = {
            "keys": [text for text in (keys["old_line"] or keys["old_fingerprint"], keys["new_line"]) if text],
            "old_fingerprint": keys["old_fingerprint"],
            "new_fingerprint": keys["new_fingerprint"],
            "pair": keys["old_name"],
        }
        answer = _on_host(tools, "access_rotation", {**arguments, "instance_id": str(tools.get("ecs_instance_id"))})
    except AnsibleError as exc:
        return steps.end_host(tools, {"failed": True, "why": no_answer(tools, exc)})
    if keys["problem"]:
        ended = answer.get("ended")
        time = rotation.parse_time(str(ended.get("ended") or "")) if isinstance(ended, Mapping) else None
        if keys["missing"] and time:
            tools.store.write("rotation", {"over": True}, tools.host)
            return steps.end_host(tools, {"failed": False, "why": f"the old key left this host at {rotation.show_time(time)}, and its pair is deleted"})
        return steps.end_host(tools, {"failed": True, "why": keys["problem"]})
    seen = rotation.read_seen(answer, keys["old_fingerprint"], keys["new_fingerprint"])
    state = {"seen": seen._asdict(), "via": via, "bound": row.get("key_pair_name") in [*keys["old_pairs"], tools.get("ecs_access_key_pair_name")]}
    state["to_bind"] = row.get("key_pair_name") in keys["old_pairs"]
    state["concerned"] = bool(seen.old or seen.new or state["bound"] or seen.since)
    conflict = rotation.conflicts(seen)
    if conflict and _mode(tools) != "verify":
        return steps.end_host(tools, {**_columns(seen), "failed": True, "why": conflict})
    tools.store.write("rotation", state, tools.host)
    return steps.end_host(tools, _verify(tools, state, seen, keys) if _mode(tools) == "verify" else _planned(state, seen))


def plan_step(tools: Tools) -> dict[str, Any]:
    """Print the plan; where it is going to be carried out, refuse one that is not the plan that was given."""
    hosts = tools.names("ansible_play_hosts_all")
    states = {host: tools.store.read("rotation", host) for host in hosts}
    unknown = _is_unknown(tools, states.values())
    # Where nothing was seen, or all is over, there is nothing to carry out.
    if unknown or all(not state or state.get("over") for state in states.values()):
        plan = ""
    else:
        old = {region: keys["old_fingerprint"] for region, keys in (tools.store.read("keys") or {}).items()}
        found = {_name_of(tools, host): (_seen(state), state["bound"]) if state and not state.get("over") else None for host, state in states.items()}
        plan = rotation.plan_id(old, str(tools.get("ecs_access_key_pair_name")), found)
    tools.store.write("plan", {"plan_id": plan})
    given = str(tools.get("ecs_access_plan", "") or "")
    if unknown:
        steps.mark_incomplete(tools)
        _summary(tools)
        return {"failed": True, "changed": False, "msg": "No key pair holds the old key, and no host that was seen has it or the new one. "
                "Is ecs_access_old_key right?"}  # fmt: skip
    if _mode(tools) != "apply" or not any(states.values()):
        return _summary(tools)
    if given and plan and given != plan:
        for host in hosts:
            tools.store.write("row", {**(tools.store.read("row", host) or {}), "failed": True, "tried": True, "why": "the plan has changed"}, host)
        _summary(tools)
        return {"failed": True, "changed": False, "msg": f"This is no longer the plan {given[:40]}; nothing was changed. Look at the new one: {plan}."}
    _await(tools, states)
    return {"changed": False}


def _is_unknown(tools: Tools, states: Iterable[Mapping[str, Any] | None]) -> bool:
    """Whether nothing that was seen knows the key, which may be mistyped."""
    seen = [state for state in states if state]
    return bool(seen) and not any(state.get("over") or state["concerned"] for state in seen) and not rotation_keys.old_pairs(tools)


def _await(tools: Tools, states: Mapping[str, Mapping[str, Any] | None]) -> None:
    rows = tools.store.rows(list(states))
    steps.await_hosts(tools, [host for host, state in states.items() if state and not state.get("over") and not rows[host].get("failed")])


def _planned(state: Mapping[str, Any], seen: rotation.Seen) -> dict[str, Any]:
    row = {**_columns(seen), "failed": False}
    if not state["concerned"]:
        return {**row, "why": "has neither of the keys"}
    return {**row, "why": "; ".join(seen.unsearched)}


def _verify(tools: Tools, state: dict[str, Any], seen: rotation.Seen, keys: Mapping[str, Any]) -> dict[str, Any]:
    row = _planned(state, seen)
    if not state["concerned"]:
        return row
    answers = _try_keys(tools, seen, keys)
    logins = rotation.judge_logins(answers, keys["old_fingerprint"], keys["new_fingerprint"])
    why = [rotation.explain_logins(logins), *seen.unsearched]
    why += [f"the old key is still there for {', '.join(seen.holders)}"] if seen.old else []
    refused = rotation.judge_refusal(answers, keys["old_fingerprint"], keys["new_fingerprint"])
    why += ["the old key still opens a login"] if refused == "no" else []
    why += ["that the old key is refused could not be proven; if it was given by its fingerprint, give its public key file"] if refused == "unknown" else []
    text = "; ".join(part for part in why if part)
    return {**row, "login": bool(logins.proven), "refused": refused, "failed": bool(text), "finding": True if text else row.get("finding"), "why": text}


# -- the new key ------------------------------------------------------------------------------------------------------


def bind_step(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    """Have the new key pair, and bind it where the old one is bound; the old key stays."""
    _stop_at_failures(tools, "added")
    region = chunk["region"]
    states = {host: tools.store.read("rotation", host) or {} for host in chunk["hosts"]}
    if all(state.get("over") or not state for state in states.values()):
        return {"changed": False}
    made = cloud.make_pair(tools, region, private_only=True)
    if made["failed"]:
        cloud.store_answers(tools, chunk, made)
        return {"changed": made["changed"]}
    rotation_keys.note_new_key(tools, region, made["public_key"])
    ids = [each for host, each in zip(chunk["hosts"], chunk["instance_ids"]) if states[host].get("to_bind")]
    if not ids:
        return {"changed": bool(made["changed"])}
    if tools.check_mode and made["made"]:
        cloud.foresee(tools, {**chunk, "instance_ids": ids}, "live", True)
        return {"changed": True}
    result = cloud.attach(tools, {**chunk, "instance_ids": ids}, replace_bound=True, previous_key="keep")
    return {"changed": bool(made["changed"] or result.get("changed"))}


def add_step(tools: Tools) -> dict[str, Any]:
    """The new key for every account that the old one leads into, a login with it from here, and the beginning of the overlap."""
    state, keys = tools.store.read("rotation", tools.host), rotation_keys.of_host(tools)
    if not state or state.get("over"):
        return steps.end_host(tools, {})
    seen = _seen(state)
    binding = cloud.read_answers(tools).get(str(tools.get("ecs_instance_id")), {})
    tools.note(
        {"added": True, "tried": True, "changed": bool(binding.get("changed")), "drift": ["the new key pair is not bound"] if binding.get("changed") else []}
    )
    if binding.get("failed"):
        return steps.end_host(tools, {"failed": True, "why": binding["msg"]})
    if not state["concerned"]:
        return steps.end_host(tools, {})
    if len(seen.accounts) > rotation.MOST_ACCOUNTS:
        return steps.end_host(tools, {"failed": True, "why": f"the keys lead into more than {rotation.MOST_ACCOUNTS} accounts"})
    _connect(tools, state["via"])
    users = rotation.additions(seen, keys["new_line"])
    if users and keys["new_line"]:
        _change(tools, {"users": users})
    if tools.check_mode and (users or state["to_bind"]):
        tools.store.write("rotation", {**state, "awaited": True}, tools.host)
        why = "; ".join(seen.unsearched)
        foreseen = "check mode: the new key would be added and its login proven; nothing is removed before that"
        return steps.end_host(tools, {"failed": bool(why), "changed": True, "why": why or foreseen})
    seen = _look_again(tools, state, keys)
    logins = rotation.judge_logins(_try_keys(tools, seen, keys), keys["old_fingerprint"], keys["new_fingerprint"])
    problem = "; ".join(text for text in (rotation.explain_logins(logins), rotation.explain_missing(seen), *seen.unsearched) if text)
    row = {**_columns(seen), "login": not problem, "failed": bool(problem), "why": problem}
    if not problem:
        # What has ended does not begin again, unless the old key has come back.
        since = _begin(tools, keys, seen) if seen.old or not seen.ended else seen.since
        state.update(proven=True, logins=logins._asdict(), since=since)
        tools.store.write("rotation", {**state, "seen": seen._asdict()}, tools.host)
    return steps.end_host(tools, row)


def _begin(tools: Tools, keys: Mapping[str, Any], seen: rotation.Seen) -> str:
    """Since when both keys work here; the first time it is written down."""
    answer = _write_down(tools, keys, "start")
    if tools.check_mode:
        answer = {"rotation": {"since": seen.since or rotation.show_time(_now())}}
    return rotation.read_beginning(answer, _now())


def _look_again(tools: Tools, state: Mapping[str, Any], keys: Mapping[str, Any]) -> rotation.Seen:
    arguments = {"keys": [keys["old_line"] or keys["old_fingerprint"], keys["new_line"]]}
    arguments.update({name: keys[name] for name in ("old_fingerprint", "new_fingerprint")})
    answer = _on_host(tools, "access_rotation", {**arguments, "instance_id": str(tools.get("ecs_instance_id"))})
    return rotation.read_seen(answer, keys["old_fingerprint"], keys["new_fingerprint"])


# -- the old key ------------------------------------------------------------------------------------------------------


def decide_step(tools: Tools) -> dict[str, Any]:
    """Whether the old key may go: every host of the run is proven, and the overlap is over on all that have the old key."""
    _stop_at_failures(tools, "removed")
    hosts = tools.names("ansible_play_hosts_all")
    states = {host: tools.store.read("rotation", host) or {} for host in hosts}
    rows = tools.store.rows(hosts)
    waiting = [
        printable(host)
        for host, state in states.items()
        if not state.get("over") and (rows.get(host, {}).get("failed", True) or not state or (state["concerned"] and not state.get("proven")))
    ]
    since = [state["since"] for state in states.values() if state.get("proven") and state["seen"]["old"]]
    known = tools.store.read("decision")
    if known and known["remove"]:
        return {"changed": False}
    decision = rotation.decide(waiting, since, rotation.read_overlap(tools.get("ecs_access_overlap", "24h")), _now())
    if any(state.get("awaited") for state in states.values()):
        # What the hosts came to in check mode stays as it was shown.
        decision = rotation.Decision(False, "")
    tools.store.write("decision", decision._asdict())
    if decision.remove and not known:
        _await(tools, states)
    return {"changed": False}


def remove_step(tools: Tools) -> dict[str, Any]:
    """Take the old key out of every account, and prove that it is refused."""
    state, keys, decision = tools.store.read("rotation", tools.host), rotation_keys.of_host(tools), tools.store.read("decision")
    if not state or state.get("over") or not state.get("proven"):
        return steps.end_host(tools, {})
    if not decision["remove"]:
        return steps.end_host(tools, {"why": decision["why"]} if decision["why"] else {})
    tools.note({"removed": True, "tried": True})
    _connect(tools, state["via"])
    if login_user(tools) in state["logins"]["proven"]:
        # The key that leaves must not be the one that this very run depends on.
        prepare_connection(tools, tools.path("ecs_access_private_key_path"))
    before = _seen(state)
    seen = before._replace(old=())
    if before.old:
        # In one step with the new key: another run may have taken that out since it was proven. Files of several accounts are never added to.
        users = rotation.additions(before._replace(new=tuple(spot for spot in before.new if spot.shared)), keys["new_line"])
        _change(tools, {"users": users, "revoked_keys": [keys["old_line"] or keys["old_fingerprint"]]})
    if tools.check_mode and before.old:
        tools.store.write("rotation", {**state, "done": True}, tools.host)
        return steps.end_host(tools, {**_columns(before), "failed": False, "why": "check mode: the old key would be removed, and its refusal proven"})
    if before.ended and not before.old and not (keys["old_line"] or before.old_line):
        # Proven when it ended; without its public half, which nobody has any more, it cannot be offered again.
        refused = "yes"
    else:
        refused = rotation.judge_refusal(_try_keys(tools, seen, keys), keys["old_fingerprint"], keys["new_fingerprint"])
    row = {**_columns(seen), "refused": refused, "failed": refused != "yes", "why": ""}
    if refused == "no":
        row["why"] = "the old key is in no key file any more, but sshd still accepts it (AuthorizedKeysCommand, or a certificate authority?)"
    elif refused == "unknown":
        row["why"] = "that the old key is refused could not be proven from here; if it was given by its fingerprint, give its public key file"
    else:
        if before.old or not before.ended:
            _write_down(tools, keys, "end")
        tools.store.write("rotation", {**state, "done": True}, tools.host)
        barred = state["logins"]["barred"]
        row["why"] = f"not proven from here, because neither key opens a login: {', '.join(barred)}" if barred else ""
    return steps.end_host(tools, row)


def delete_step(tools: Tools) -> dict[str, Any]:
    """Delete the old pairs that nothing names any more, once the old key has left every host."""
    hosts = tools.names("ansible_play_hosts_all")
    states = {host: tools.store.read("rotation", host) or {} for host in hosts}
    names = rotation_keys.old_pairs(tools)
    if not names:
        return {"changed": False}
    if not all(state.get("over") or state.get("done") or (state and not state["concerned"]) for state in states.values()):
        return {"changed": False}
    lines, changed, failed = [], False, ""
    for region, name in names:
        known = tools.on_controller("ecs_key_pair_info", {"region": region, "names": [name], "include_instances": True, "include_launch_templates": True})
        if known.get("failed"):
            failed = f"The key pair {name} is kept: {reason(known)}"
            lines.append(failed)
            continue
        pair = next((pair for pair in known["key_pairs"] if pair["name"] == name), None)
        why = rotation.keeps_pair(pair["instance_ids"], pair["launch_templates"]) if pair else ""
        if not pair or why:
            lines += [f"The key pair {name} in {region} is kept: {why}."] if why else []
            continue
        gone = tools.on_controller("ecs_key_pair", {"region": region, "name": name, "state": "absent"})
        changed = changed or bool(gone.get("changed"))
        failed = reason(gone) if gone.get("failed") else failed
        outcome = f"is kept: {reason(gone)}" if gone.get("failed") else "would be deleted." if tools.check_mode else "is deleted."
        lines.append(f"The key pair {name} in {region} {outcome}")
    lines.append("Scaling configurations and images were not looked at: they can still name the pair, or hold the old key.")
    tools.store.write("pair_lines", lines)
    if failed:
        steps.mark_incomplete(tools)
    return {"changed": changed, **({"failed": True, "msg": printable(failed)} if failed else {})}


# -- shared -----------------------------------------------------------------------------------------------------------


def trouble_step(tools: Tools) -> dict[str, Any]:
    """The summary, where a batch has hosts that were not done: the run may end here."""
    rows = tools.store.rows(tools.names("ansible_play_hosts_all"))
    failed = [host for host, row in rows.items() if row.get("failed") and (row.get("added") or row.get("removed"))]
    if failed == (tools.store.read("shown") or []):
        return {"changed": False}
    tools.store.write("shown", failed)
    return _summary(tools)


def _summary(tools: Tools) -> dict[str, Any]:
    return steps.show_summary(tools, NAME, title(tools), columns(tools), ending(tools))


def _mode(tools: Tools) -> str:
    return str(tools.get("ecs_access_mode", "plan"))


def _failures(tools: Tools) -> int:
    value = str(tools.get("ecs_access_max_failures", 0))
    if not value.isdigit():
        raise StepFailed(f"ecs_access_max_failures must be a number of hosts, not '{value}'.")
    return int(value)


def _stop_at_failures(tools: Tools, phase: str) -> None:
    """Raises StepFailed before a batch if too many hosts of earlier ones were not done."""
    rows = tools.store.rows(tools.names("ansible_play_hosts_all"))
    failed = [host for host, row in rows.items() if row.get(phase) and row.get("failed")]
    if len(failed) > _failures(tools):
        raise StepFailed(f"{len(failed)} hosts were not done, more than ecs_access_max_failures allows, so no further batch is begun.")


def _name_of(tools: Tools, host: str) -> str:
    return str(tools.of_host(host).get("ecs_instance_id") or host)


def _seen(state: Mapping[str, Any]) -> rotation.Seen:
    values = state["seen"]
    spots = {field: tuple(rotation.Spot(*spot) for spot in values[field]) for field in ("old", "new")}
    return rotation.Seen(**{**values, **spots, "unsearched": tuple(values["unsearched"])})


def _columns(seen: rotation.Seen) -> dict[str, Any]:
    return {"old_key": seen.holders, "new_key": sorted({spot.user for spot in seen.new})}


def _reach(tools: Tools) -> str:
    """Log in as the user of the run does, or else with the new key: after a rotation the given one may be the old one."""
    prepare_connection(tools)
    try:
        tools.action._low_level_execute_command("true", sudoable=False)
    except AnsibleError as exc:
        path = tools.path("ecs_access_private_key_path")
        if "Permission denied" not in describe(exc) or not os.path.exists(path):
            raise
        prepare_connection(tools, path)
        tools.action._low_level_execute_command("true", sudoable=False)
        return "new"
    return "given"


def _connect(tools: Tools, via: str) -> None:
    prepare_connection(tools, tools.path("ecs_access_private_key_path") if via == "new" else "")


def _on_host(tools: Tools, module: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    answer = tools.on_host(module, arguments)
    if answer.get("failed") or answer.get("unreachable"):
        raise StepFailed(reason(answer))
    return answer


def _change(tools: Tools, arguments: Mapping[str, Any]) -> None:
    """A run of ssh_access; what it did goes into the row."""
    result = tools.on_host("ssh_access", arguments)
    row = tools.store.read("row", tools.host) or {}
    tools.note(
        {
            "changed": bool(row.get("changed") or result.get("changed")),
            "drift": [*(row.get("drift") or []), *action_texts(result.get("actions"))],
            "diffs": [*(row.get("diffs") or []), *diff_texts(result.get("diff"))],
        }
    )
    if result.get("failed") or result.get("unreachable"):
        raise StepFailed(reason(result))


def _write_down(tools: Tools, keys: Mapping[str, Any], step: str) -> dict[str, Any]:
    arguments = {"step": step, "at": rotation.show_time(_now()), "pair": keys["old_name"], "instance_id": str(tools.get("ecs_instance_id"))}
    arguments.update({name: keys[name] for name in ("old_fingerprint", "new_fingerprint")})
    return _on_host(tools, "access_rotation", arguments)


def _try_keys(tools: Tools, seen: rotation.Seen, keys: Mapping[str, Any]) -> dict[str, Answers]:
    """Both keys, for every account that one of them leads into."""
    line = keys["old_line"] or seen.old_line
    files = [rotation_keys.public_key_file(tools, line)] if line else []
    path = tools.path("ecs_access_private_key_path")

    accounts = seen.accounts
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(accounts, pool.map(lambda user: offer_keys(tools, user, files, path), accounts)))


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
