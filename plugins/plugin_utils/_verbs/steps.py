# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that all playbooks have: check the variables, end a host's work, show the result.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.utils.display import Display
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_instance_id
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key_file import is_in_collection
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable, text_lines

from .._playbooks import result_table
from .._playbooks.tags import chosen_parts, nothing_chosen, unknown_tag
from .._playbooks.variables import CHOICES, SWITCHES, choices_of, is_on, unknown_names, wrong_value
from .store import write_private
from .texts import documented
from .tools import StepFailed, Tools

# Too wide for a table.
_ONLY_REPORTED = ("command", "evidence")
_EXPLAINED = 3
_INCOMPLETE = "incomplete"
_SEE_TABLE = "not done; the table below shows why"
_COLORS = {"title": C.COLOR_HIGHLIGHT, "good": C.COLOR_OK, "bad": C.COLOR_ERROR}
_JOB = ("JOB_ID", "AWX_JOB_ID", "TOWER_JOB_ID")
_JOB_VARIABLES = ("awx_job_id", "tower_job_id")
# What the keywords of plays are made from.
_OF_PLAYS = ("ecs_access_serial", "ecs_access_max_fail_percentage")
_WITH_MODES = ("offboard", "rotate_key_pair")
_PAIR = "ecs_access_key_pair_name"
_OF_BINDING = (_PAIR, "ecs_access_activation", "ecs_access_replace_bound", "ecs_access_previous_key")
# What is done once for all hosts of a batch, by the variables of its first.
_OF_BATCHES = {
    "bind_key_pair": _OF_BINDING,
    "offboard": ("ecs_access_person", "ecs_access_account"),
    "recover_access": (_PAIR, "ecs_access_previous_key"),
    "rotate_key_pair": (_PAIR, "ecs_access_old_key"),
    "temporary_login": ("ecs_access_prepare",),
}


def check_variables(tools: Tools) -> None:
    """Raises StepFailed about the first thing that is wrong, before anything is changed."""
    playbook, names, found = tools.action._task.args["playbook"], set(tools.variables), set[str]()
    values: dict[str, dict[str, tuple[str, str]]] = {name: {} for name in _of_batches(tools, playbook)}
    of_plays = (*_OF_PLAYS, *(("ecs_access_mode",) if playbook in _WITH_MODES else ()))
    for host in tools.names("ansible_play_hosts_all"):
        variables = tools.raw(host)
        names.update(variables)
        found.update(name for name in of_plays if variables.get(name) not in (None, ""))
        _note_values(tools, host, variables, values)
    check_call(tools)
    unseen = sorted(found.difference(tools.of_play())) if found else []
    if unseen:
        raise StepFailed(f"{unseen[0]} is a variable of hosts or groups, which a play cannot see when it begins: give it with -e {unseen[0]}=VALUE.")
    different = next((name for name, hosts in values.items() if len(hosts) > 1), "")
    if different:
        (one, first), (other, second) = list(values[different].values())[:2]
        raise StepFailed(
            f"{different} is {one[:40] or 'not set'} for {printable(first)} and {other[:40] or 'not set'} for {printable(second)}, and a run has one value "
            "for all hosts. Run it for one part of them after the other, or give the value with -e."
        )
    choices = choices_of(playbook)
    problem = next(unknown_names(names, documented()), "") or wrong_value(tools.given([*choices, *SWITCHES]), choices)
    if problem:
        raise StepFailed(problem)


def _of_batches(tools: Tools, playbook: str) -> tuple[str, ...]:
    """The names of those that this run looks at. That of onboard depends on its parts: one that only sets up people binds nothing."""
    if playbook != "onboard":
        return _OF_BATCHES.get(playbook, ())
    parts, unbinds = parts_of(tools), tools.get("ecs_access_bootstrap_key", "keep") == "unbind"
    proof = ("ecs_access_bootstrap_key", *((_PAIR,) if unbinds else ()))
    return (*(_OF_BINDING if "bind" in parts else ()), *(proof if "proof" in parts else ()))


def _note_values(tools: Tools, host: str, variables: Mapping[str, Any], values: dict[str, dict[str, tuple[str, str]]]) -> None:
    """By what each value means, the first one with that meaning and its host."""
    for name, found in values.items():
        value = variables.get(name, "")
        text = "" if value is None else printable(str(tools.template_for(variables)(value) if isinstance(value, str) and "{{" in value else value))
        meaning = str(is_on(text, name)) if name in SWITCHES else text or CHOICES.get(name, ("",))[0]
        found.setdefault(meaning, (text, host))


def check_call(tools: Tools) -> None:
    """Raises StepFailed for tags that do not exist or choose nothing, or a report that cannot be written."""
    tags, run, skip = tools.action._task.tags or [], tools.names("ansible_run_tags"), tools.names("ansible_skip_tags")
    problem = unknown_tag(run, skip, tags, is_called(tools))
    if not problem and is_called(tools):
        problem = nothing_chosen(tools.action._task.args["playbook"], run, skip, tags)
    if problem:
        raise StepFailed(problem)
    report = tools.path("ecs_access_report")
    if report and not os.access(os.path.dirname(report), os.W_OK):
        raise StepFailed(f"The report cannot be written: there is no folder {os.path.dirname(report)} that you may write to.")


def is_called(tools: Tools) -> bool:
    """Whether the command line names the playbook itself, not one that imports it."""
    name = tools.action._task.args["playbook"]
    return any(os.path.basename(given) in (f"{name}.yml", f"alicloud.ecs_access.{name}") for given in context.CLIARGS.get("args", ()))


def check_private_key(tools: Tools, may_last: bool = True) -> None:
    """A key that is made in a job of AWX, or below a collection, is lost with it; with I(may_last) the user can state that the job's is not."""
    path = tools.path("ecs_access_private_key_path")
    if not path or os.path.exists(path):
        return
    if is_in_collection(path):
        raise StepFailed(f"The private key {path} would lie in an installed collection and be deleted with its next upgrade. Choose another path.")
    if in_job(tools) and not may_last:
        raise StepFailed(f"There is no private key {path}, and none is made in a job: make it where it is kept, and give the job its path.")
    if in_job(tools) and not tools.is_on("ecs_access_private_key_lasts"):
        raise StepFailed(
            f"The private key {path} would be made in this job and lost at its end. Give the public key of one that exists (ecs_access_public_key), "
            "or set ecs_access_private_key_lasts=true if that path is kept."
        )


def in_job(tools: Tools) -> bool:
    """Whether the files of this run are lost at its end, unless they lie in a folder that is kept."""
    return any(os.environ.get(name) for name in _JOB) or any(tools.get(name) for name in _JOB_VARIABLES)


def require_kept(tools: Tools, option: str, what: str, place: str) -> None:
    """Raises StepFailed for a file that would be gone with the job, unless C(I(option)_lasts) states that its folder is kept."""
    if in_job(tools) and not tools.is_on(f"{option}_lasts"):
        raise StepFailed(f"{what} would be written to {place} in this job and lost at its end. Choose a folder that is kept, and set {option}_lasts=true.")


def require(tools: Tools, name: str, sentence: str) -> None:
    if not str(tools.get(name, "") or ""):
        raise StepFailed(sentence)


def require_instances(tools: Tools) -> None:
    """Raises StepFailed if no host at all is an instance."""
    hosts = map(tools.of_host, tools.names("ansible_play_hosts_all"))
    if not any(variables.get("ecs_instance_id") and variables.get("ecs_region") for variables in hosts):
        raise StepFailed("None of the hosts has ecs_instance_id and ecs_region. Use the inventory plugin alicloud.ecs_access.ecs, or set the two variables.")


def parts_of(tools: Tools) -> set[str]:
    """What C(--tags) and C(--skip-tags) leave to do."""
    return chosen_parts(tools.names("ansible_run_tags"), tools.names("ansible_skip_tags"), tools.action._task.tags or [])


def end_host(tools: Tools, row: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a host's task: it fails if the host was not done, or differs where that was not to be."""
    full = tools.note({**row, "tried": True})
    if tools.check_mode and full.get("changed") and not full.get("failed") and tools.is_on("ecs_access_fail_on_drift"):
        what = "; ".join(full.get("drift") or []) or "the key pair"
        full = tools.note({"failed": True, "finding": True, "why": f"differs: {what}"})
    result: dict[str, Any] = {"changed": bool(full.get("changed"))}
    if full.get("failed"):
        why = result_table.short_reason(full)
        # Newer cores explain every different message in eight lines, however many hosts it is for.
        result.update({"msg": why} if tools.store.claim("reason", why, _EXPLAINED) else {"msg": _SEE_TABLE, "why": why}, failed=True)
    if Display().verbosity and full.get("results"):
        result["results_of_modules"] = full["results"]
    return result


def await_hosts(tools: Tools, hosts: Iterable[str]) -> None:
    """What is planned for these hosts has not begun. If the run ends before, they are not done."""
    for host in hosts:
        tools.store.write("row", {**(tools.store.read("row", host) or {}), "tried": False}, host)


def mark_incomplete(tools: Tools) -> None:
    """The run fails, whatever was done on its hosts: its result is not clean."""
    tools.store.write(_INCOMPLETE, True)


def show_summary(tools: Tools, playbook: str, title: str, columns: Sequence[str], ending: Iterable[str]) -> dict[str, Any]:
    """Print the table of all hosts of the run, write the report, and give the counts to set_stats."""
    hosts = tools.names("ansible_play_hosts_all")
    rows = result_table.complete(tools.store.rows(hosts), hosts)
    display = Display()
    if tools.action._task.diff:
        for text, names in result_table.group_diffs(rows):
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            display.display(printable(f"{', '.join(names[:5])}{more}:"), color=C.COLOR_HIGHLIGHT)
            display.display("\n".join(map(printable, text_lines(text))))
    for line in result_table.render_summary(title, columns, rows):
        display.display(line.text, color=_COLORS.get(line.kind))
    for text in ending:
        display.display(f"  {printable(text)}")
    extra = [name for name in _ONLY_REPORTED if any(name in row for row in rows)]
    report = result_table.render_report(playbook, [*columns, *extra], rows, tools.check_mode)
    return hand_out(tools, rows, {**report, **({"result": "incomplete"} if tools.store.read(_INCOMPLETE) else {})})


def hand_out(tools: Tools, rows: Sequence[Mapping[str, Any]], report: Mapping[str, Any]) -> dict[str, Any]:
    """Write the report where one is wanted; the result gives its counts to set_stats."""
    path = tools.path("ecs_access_report")
    if path:
        _write_report(path, {**report, **(tools.store.read("plan") or {})})
    found = {row["host"]: str(tools.of_host(row["host"]).get("ecs_instance_id") or "") for row in rows if row.get("failed")}
    ids = {host: instance_id for host, instance_id in found.items() if is_instance_id(instance_id)}
    counts = {**result_table.statistics(rows, ids, path), **report["counts"], "result": report["result"]}
    data = {"alicloud_ecs_access": {"playbook": report["playbook"], **counts}}
    return {"changed": False, "ansible_stats": {"data": data, "per_host": False, "aggregate": False}}


def _write_report(path: str, content: Mapping[str, Any]) -> None:
    try:
        write_private(path, json.dumps(content, indent=2, default=str) + "\n")
    except OSError as exc:
        raise StepFailed(f"The report {printable(path)} cannot be written: {exc.strerror}") from None
