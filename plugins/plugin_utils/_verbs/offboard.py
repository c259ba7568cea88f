# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook offboard: find what a person has everywhere, take it away, and prove that the keys are refused.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable

from .._audit.facts import Facts
from .._audit.shape import read_host
from .._playbooks import offboarding
from .._playbooks.onboarding import action_texts, diff_texts
from .._playbooks.variables import read_mapping
from .._ssh.offer import Answers
from . import cloud, leaver, rotation_keys, steps
from .host import login_user, no_answer, offer_keys, option, prepare_connection
from .public_key import agent_key_file
from .tools import StepFailed, Tools, reason

NAME = "offboard"
HOST_STEPS = ("host", "remove")
_AT_ONCE = 4
_MOST_ACCOUNTS = 50
_LARGEST_REPORT = 64 * 1024 * 1024


def title(tools: Tools) -> str:
    return f"Offboarding of {tools.get('ecs_access_person', '') or 'keys'}"


def columns(tools: Tools) -> list[str]:
    return ["accounts", "keys", "steps", "refused"]


def ending(tools: Tools) -> list[str]:
    plan = tools.store.read("plan") or {}
    hosts = tools.names("ansible_play_hosts_all")
    rows = tools.store.rows(hosts)
    lines = offboarding.group_by_text({host: row["drift"] for host, row in rows.items() if row.get("drift")}) if _mode(tools) == "plan" else []
    lines += offboarding.group_by_text({host: row["notes"] for host, row in rows.items() if row.get("notes")})
    pending = [str(entry["host"]) for entry in plan.get("pending") or []]
    if pending:
        lines.append(f"Pending, because not seen: {', '.join(pending[:10])}{f' and {len(pending) - 10} more' if len(pending) > 10 else ''}. "
                     "Run apply once they run; verify then shows whether anything is left.")  # fmt: skip
    if plan.get("plan_id") and _mode(tools) == "plan":
        lines += [f"Plan {plan['plan_id']}", f"To carry it out: -e ecs_access_mode=apply -e ecs_access_plan={plan['plan_id']}"]
    return lines


def check(tools: Tools) -> None:
    found = leaver.find_leaver(tools)
    _private_keys(tools)
    steps.require_instances(tools)
    tools.store.write("leaver", found._asdict())
    here = [str(tools.of_host(host).get("ecs_instance_id") or "") for host in tools.names("ansible_play_hosts_all")]
    tools.store.write("carried", offboarding.carried(_earlier_report(tools), _subject(found), here))


# -- the plan ---------------------------------------------------------------------------------------------------------


def cloud_step(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    """What is bound to these instances, and which key pairs hold a key that leaves. Nothing is changed."""
    region = chunk["region"]
    if region not in (tools.store.read("pairs_of_leaver") or {}):
        tools.store.update("pairs_of_leaver", {region: _find_pairs(tools, region)})
    known = tools.on_controller("ecs_instance_info", {"region": region, "instance_ids": chunk["instance_ids"], "include_cloud_assistant": False})
    found = {row["instance_id"]: row for row in known.get("instances") or []}
    missing = {"failed": True, "msg": reason(known) if known.get("failed") else "there is no such instance"}
    tools.store.update("instances", {each: found.get(each) or missing for each in chunk["instance_ids"]})
    cloud.read_host_keys(tools, chunk, [each for each, row in found.items() if row.get("status") == "Running"])
    return {"changed": False}


def _find_pairs(tools: Tools, region: str) -> dict[str, Any]:
    known = tools.on_controller("ecs_key_pair_info", {"region": region, "include_public_key": True})
    if known.get("failed"):
        return {"problem": reason(known), "names": []}
    keys = leaver.read_leaver(tools).taken
    lines = [parse_public_key(line) for line in keys.values() if line]
    pairs = [rotation_keys.read_pair(entry) for entry in known["key_pairs"]]
    holding = [
        pair.name for pair in pairs
        if (pair.public_key and pair.public_key.fingerprint_sha256 in keys) or any(pair.holds(key) for key in lines)
    ]  # fmt: skip
    return {"problem": "", "names": holding}


def host_step(tools: Tools) -> dict[str, Any]:
    """What will be taken on this host. With C(verify) also whether the keys are refused."""
    tools.note({"failed": True, "why": "the host was not looked at", "tried": True})
    row, pairs = rotation_keys.instance_of(tools), (tools.store.read("pairs_of_leaver") or {}).get(str(tools.get("ecs_region", "") or ""), {})
    if row.get("failed") or row.get("status", "Running") != "Running":
        why = row["msg"] if row.get("failed") else f"pending: the instance is {printable(str(row.get('status')))}"
        return steps.end_host(tools, {"failed": True, "why": why})
    if pairs.get("problem"):
        return steps.end_host(tools, {"failed": True, "why": pairs["problem"]})
    try:
        prepare_connection(tools)
        taking = _look(tools)
    except AnsibleError as exc:
        return steps.end_host(tools, {"failed": True, "why": f"pending: {no_answer(tools, exc)}"})
    refused = offboarding.refusal(leaver.read_leaver(tools), _facts(tools))
    if refused:
        tools.store.write("taking", {"bound": "", "actions": [], "accounts": taking.accounts, "opened": [], "left": []}, tools.host)
        return steps.end_host(tools, {"accounts": taking.accounts, "failed": True, "why": refused})
    pair = str(row.get("key_pair_name") or "")
    bound = pair if pair in pairs.get("names", []) else ""
    planned = _access(tools, taking, check=True)
    actions = ([f"unbind the key pair {printable(bound)}"] if bound else []) + action_texts(planned.get("actions"))
    # The key of a pair that is still bound cannot leave for good; it is unbound first.
    problem = reason(planned) if planned.get("failed") and not bound else ""
    left = list(filter(None, [problem, *action_texts(planned.get("remains")), *taking.remaining]))
    tools.store.write("taking", {"bound": bound, "actions": actions, "accounts": taking.accounts, "opened": taking.opened, "left": left}, tools.host)
    state = {"accounts": taking.accounts, "keys": taking.opened, "steps": len(actions), "drift": actions, "notes": taking.notes, "failed": False}
    if _mode(tools) == "verify":
        return steps.end_host(tools, {**state, **_verified(tools, taking, actions, left)})
    return steps.end_host(tools, {**state, "why": "; ".join(left)})


def plan_step(tools: Tools) -> dict[str, Any]:
    """Print the plan; where it is going to be carried out, refuse one that is not the plan that was given."""
    hosts = tools.names("ansible_play_hosts_all")
    states = {host: tools.store.read("taking", host) for host in hosts}
    found = leaver.read_leaver(tools)
    plan = offboarding.plan_id(found, {_name_of(tools, host): state and {"actions": state["actions"]} for host, state in states.items()})
    rows = tools.store.rows(hosts)
    pending = [_pending(tools, host, rows.get(host, {})) for host in hosts if not states[host]] + _still_there(tools, tools.store.read("carried") or [])
    unknown = not found.known and not any(state and (state["accounts"] or state["actions"]) for state in states.values())
    # Where nothing was seen there is nothing to carry out.
    tools.store.write("plan", {"plan_id": plan if any(states.values()) and not unknown else "", "person": _subject(found), "pending": pending})
    given = str(tools.get("ecs_access_plan", "") or "")
    if unknown:
        steps.mark_incomplete(tools)
        _summary(tools)
        return {"failed": True, "changed": False, "msg": f"{found.person} is in no team file, and no host that was seen has an account of this name. "
                "Is the name right? If this person has left, keep the entry in the team file with state: absent."}  # fmt: skip
    if _mode(tools) != "apply" or not any(states.values()):
        return verdict_step(tools)
    if given and given != plan:
        for host in hosts:
            tools.store.write("row", {**(rows.get(host) or {}), "failed": True, "tried": True, "why": "the plan has changed"}, host)
        _summary(tools)
        return {"failed": True, "changed": False, "msg": f"This is no longer the plan {given[:40]}; nothing was changed. Look at the new one: {plan}."}
    steps.await_hosts(tools, [host for host in hosts if states[host] and not rows[host].get("failed")])
    return {"changed": False}


# -- the removal ------------------------------------------------------------------------------------------------------


def bind_step(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    """Unbind key pairs whose key leaves: it would come back at the next boot."""
    bound: dict[str, list[str]] = {}
    for host, instance_id in zip(chunk["hosts"], chunk["instance_ids"]):
        name = (tools.store.read("taking", host) or {}).get("bound")
        if name:
            bound.setdefault(name, []).append(instance_id)
    changed = False
    for name, ids in bound.items():
        result = tools.on_controller(
            "ecs_attach_key_pair", {"key_pair_name": name, "region": chunk["region"], "instance_ids": ids, "state": "absent", "fail_on": "never"}
        )
        cloud.store_answers(tools, {**chunk, "instance_ids": ids}, result)
        changed = changed or bool(result.get("changed"))
    return {"changed": changed}


def remove_step(tools: Tools) -> dict[str, Any]:
    """Take everything away, look again, and prove that the keys are refused."""
    state = tools.store.read("taking", tools.host)
    if not state:
        return steps.end_host(tools, {})
    answer = cloud.read_answers(tools).get(str(tools.get("ecs_instance_id")), {})
    unbound = [f"unbind the key pair {printable(state['bound'])}"] if answer.get("changed") else []
    tools.note({"failed": True, "why": "the host was not done", "tried": True, "changed": bool(answer.get("changed")), "drift": unbound})
    # A pair that stays bound keeps nothing else here.
    still_bound = [answer["msg"]] if answer.get("failed") else []
    prepare_connection(tools)
    taking = _look(tools)
    problems = still_bound + _carry_out(tools, taking)
    if tools.check_mode:
        # What the plan leaves fails the real run too; a key whose pair is unbound first does not.
        left = still_bound + state["left"]
        why = "; ".join(["check mode: nothing was changed, and no refusal is proven", *left])
        return steps.end_host(tools, {"failed": bool(left), "changed": bool(state["actions"]), "drift": state["actions"], "why": why})
    after = _look(tools)
    again = _access(tools, after, check=True)
    if action_texts(again.get("actions")):
        # What ran on a timer or was just starting has come back meanwhile.
        problems = still_bound + _carry_out(tools, after)
        again = _access(tools, _look(tools), check=True)
    left = [f"not done: {text}" for text in action_texts(again.get("actions"))]
    left += [*action_texts(again.get("remains")), *after.remaining]
    refused, notes, reasons = _prove(tools, taking, state["opened"])
    why = "; ".join(dict.fromkeys([*problems, *left, *reasons]))
    row = {"accounts": taking.accounts, "keys": after.opened, "steps": len(left), "refused": refused}
    row["notes"] = list(dict.fromkeys([*taking.elsewhere, *after.notes, *notes]))
    return steps.end_host(tools, {**row, "failed": bool(why), "why": why})


def _carry_out(tools: Tools, taking: offboarding.Taking) -> list[str]:
    """One run of ssh_access; what it did goes into the row, and why it failed is answered."""
    result = _access(tools, taking)
    row = tools.store.read("row", tools.host) or {}
    tools.note(
        {
            "changed": bool(row.get("changed") or result.get("changed")),
            "drift": [*(row.get("drift") or []), *action_texts(result.get("actions"))],
            "diffs": [*(row.get("diffs") or []), *diff_texts(result.get("diff"))],
        }
    )
    return [reason(result)] if result.get("failed") or result.get("unreachable") else []


def _verified(tools: Tools, taking: offboarding.Taking, actions: list[str], problems: list[str]) -> dict[str, Any]:
    refused, notes, reasons = _prove(tools, taking, taking.opened)
    why = "; ".join(filter(None, [f"{len(actions)} steps are left, the first: {actions[0]}" if actions else "", *problems, *reasons]))
    return {"refused": refused, "failed": bool(why), "finding": bool(why), "why": why, "notes": [*taking.notes, *notes]}


def _prove(tools: Tools, taking: offboarding.Taking, opened: list[str]) -> tuple[str, list[str], list[str]]:
    """Whether the keys are refused, what a person should know of that, and why the host fails for it."""
    found = leaver.read_leaver(tools)
    controls, here = _private_keys(tools), {account.name for account in _facts(tools).accounts}
    needed = [*opened, *taking.accounts, *filter(None, [login_user(tools)])]
    # Others for which there is a key: where that opens nothing, it is no control either.
    users = list(dict.fromkeys([*needed, *(name for name in controls if name in here)]))[:_MOST_ACCOUNTS]
    known = {fingerprint: line for fingerprint, line in taking.keys.items() if line}
    # Certain keys come first.
    lines = dict(list(known.items())[: offboarding.MOST_PROVEN])
    files = [rotation_keys.public_key_file(tools, line) for line in lines.values()]
    parts = [files[start : start + offboarding.MOST_OFFERED] for start in range(0, len(files), offboarding.MOST_OFFERED)]
    # In a job, the key of the run is in an agent.
    own = str(option(tools.action._connection, "private_key_file") or "") or agent_key_file(tools)

    def one(user: str) -> Answers:
        answers: list[Answers] = []
        for part in parts:
            answers.append(offer_keys(tools, user, part, controls.get(user) or own))
            if not any(answers[-1]):
                # A host that does not answer is not asked again and again.
                break
        # The control counts if every one of the connections has it.
        return Answers(
            frozenset().union(*(each.accepted for each in answers)),
            frozenset().union(*(each.refused for each in answers)),
            answers[0].opened if answers and all(each.opened for each in answers) else "",
        )

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        every = dict(zip(users, pool.map(one, users)))
    answers = {user: each for user, each in every.items() if user in needed or each.opened or set(lines) & each.accepted}
    unnamed, rest = sorted(set(taking.keys) - set(known)), len(known) - len(lines)
    refused, unknown = offboarding.judge_refusal(answers, lines, found.accounts)
    if refused == "no":
        return refused, [], [f"a key is in no key file any more, but sshd still accepts it for {', '.join(unknown)} (AuthorizedKeysCommand?)"]
    notes = [f"that the keys are refused could not be proven for {user}; name a private key that opens it in ecs_access_private_keys" for user in unknown]
    notes += [f"the key {fingerprint} could not be offered, because only its fingerprint is known" for fingerprint in unnamed]
    notes += [f"{rest} keys were not offered, because there are more than {offboarding.MOST_PROVEN}"] if rest else []
    return "unknown" if unnamed or rest else refused, notes, []


# -- shared -----------------------------------------------------------------------------------------------------------


def verdict_step(tools: Tools) -> dict[str, Any]:
    """The summary. Once all hosts were tried, the run fails for instances that an earlier one has left pending and this one has not seen."""
    rows = tools.store.rows(tools.names("ansible_play_hosts_all"))
    here = {_name_of(tools, host) for host in rows}
    pending = [entry for entry in (tools.store.read("plan") or {}).get("pending") or [] if entry["instance_id"] not in here]
    waiting = any(row.get("tried") is False for row in rows.values())
    fails = bool(pending) and _mode(tools) != "plan" and not waiting
    if fails:
        steps.mark_incomplete(tools)
    result = _summary(tools)
    if fails:
        names = ", ".join(printable(str(entry["host"])) for entry in pending[:5])
        return {**result, "failed": True, "msg": f"{len(pending)} instances are still pending and not in this run: {names}"}
    return result


def _summary(tools: Tools) -> dict[str, Any]:
    return steps.show_summary(tools, NAME, title(tools), columns(tools), ending(tools))


def _mode(tools: Tools) -> str:
    return str(tools.get("ecs_access_mode", "plan"))


def _look(tools: Tools) -> offboarding.Taking:
    """What is there now; raises AnsibleError where the host does not answer, StepFailed where its answer is a failure."""
    found = leaver.read_leaver(tools)
    arguments = {"keys": [line or fingerprint for fingerprint, line in found.keys.items()], "users": list(found.accounts)}
    answer = tools.on_host("access_rotation", {**arguments, "instance_id": str(tools.get("ecs_instance_id"))})
    if answer.get("failed") or answer.get("unreachable"):
        raise StepFailed(reason(answer))
    return offboarding.plan_taking(found, offboarding.read_seen(answer, found.accounts), _facts(tools))


def _facts(tools: Tools) -> Facts:
    """What the audit finds on this host; asked once in a run."""
    stored = tools.store.read("facts", tools.host)
    if stored is None:
        result = tools.on_host("ssh_access_info", {})
        instances = result.get("instances")
        stored = instances[0] if isinstance(instances, list) and instances else {"why": reason(result)}
        tools.store.write("facts", stored, tools.host)
    return read_host(stored)


def _access(tools: Tools, taking: offboarding.Taking, check: bool = False) -> dict[str, Any]:
    return tools.on_host("ssh_access", taking.options, check=check)


def _private_keys(tools: Tools) -> dict[str, str]:
    """Private keys on this controller that open accounts which stay, by account."""
    given = read_mapping(tools.get("ecs_access_private_keys", {}), "ecs_access_private_keys")
    keys = {str(name): os.path.abspath(os.path.expanduser(str(path))) for name, path in given.items()}
    missing = [path for path in keys.values() if not os.path.exists(path)]
    if missing:
        raise StepFailed(f"ecs_access_private_keys names {missing[0]}, and there is no such file.")
    return keys


def _subject(found: offboarding.Leaver) -> str:
    return found.person or " ".join(sorted(found.keys))


def _name_of(tools: Tools, host: str) -> str:
    return str(tools.of_host(host).get("ecs_instance_id") or host)


def _earlier_report(tools: Tools) -> Any:
    """What ecs_access_report has from the run before this one, which this one replaces."""
    path = tools.path("ecs_access_report")
    try:
        with open(path, encoding="utf-8") as stream:
            return json.loads(stream.read(_LARGEST_REPORT))
    except (OSError, ValueError, RecursionError):
        return None


def _pending(tools: Tools, host: str, row: Mapping[str, Any]) -> dict[str, str]:
    return {"host": host, "instance_id": _name_of(tools, host), "region": str(tools.of_host(host).get("ecs_region") or ""), "why": str(row.get("why") or "")}


def _still_there(tools: Tools, entries: list[dict[str, str]]) -> list[dict[str, str]]:
    """Without instances that have been released."""
    left: list[dict[str, str]] = []
    for region in sorted({entry["region"] for entry in entries}):
        ids = [entry["instance_id"] for entry in entries if entry["region"] == region]
        known = tools.on_controller("ecs_instance_info", {"region": region, "instance_ids": ids, "include_cloud_assistant": False})
        there = set(ids) if known.get("failed") else {row["instance_id"] for row in known.get("instances") or []}
        left += [entry for entry in entries if entry["instance_id"] in there]
    return left
