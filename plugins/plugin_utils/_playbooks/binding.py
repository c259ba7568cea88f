# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ecs_attach_key_pair answered for one instance, and how the outcome of its host shows it.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.plan import Wanted, find_agent_problem, find_problem
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.instance import Agent, Instance

NOT_AN_INSTANCE = "not_an_instance"
_NO_INSTANCE = "not an instance: the inventory has no ecs_instance_id and ecs_region for it"


class FileChange(NamedTuple):
    """One entry of C(done): what was changed for which account."""

    account: str
    kind: str
    """owner, mode or keys."""

    text: str


class Binding(NamedTuple):
    """The fields of an answer that the playbooks use, by the names that the module gives them."""

    bound: bool | None = None
    live: bool | None = None
    pending_at_reboot: list[str] | None = None
    changed: bool = False
    failed: bool = True
    reason: str | None = None
    msg: str = ""
    done: tuple[str, ...] = ()

    @property
    def is_instance(self) -> bool:
        return self.reason != NOT_AN_INSTANCE

    @property
    def file_changes(self) -> list[FileChange]:
        return [_read_change(entry) for entry in self.done]


def foresee_problem(row: Mapping[str, Any] | None, wanted: Wanted) -> str:
    """Why an instance could not be bound to a key pair that does not exist yet, judged by its entry of ecs_instance_info; empty if it could be."""
    if row is None:
        return "there is no such instance in this region"
    fields: dict[str, Any] = {name: row.get(name) for name in Instance._fields}
    problem = find_problem(Instance(**fields), wanted)
    if problem is None and wanted.is_live:
        agent = row.get("cloud_assistant") or {}
        problem = find_agent_problem(Agent(version=agent.get("version") or "", online=bool(agent.get("online"))))
    return problem.why if problem else ""


def read_binding(row: Mapping[str, Any]) -> Binding:
    """One row of the module's result."""
    known = {name: row[name] for name in Binding._fields if name in row}
    return Binding(**{**known, "done": tuple(known.get("done") or ())})


def find_binding(answers: Mapping[str, Mapping[str, Any]], instance_id: str, region: str, missing: str = "the key pair was not bound") -> Binding:
    """The answer for a host, by instance id; without one, why there is none."""
    if not (instance_id and region):
        return Binding(reason=NOT_AN_INSTANCE, msg=_NO_INSTANCE)
    row = answers.get(instance_id)
    return read_binding(row) if row else Binding(msg=missing)


def binding_outcome(answers: Mapping[str, Mapping[str, Any]], instance_id: str, region: str, check_mode: bool) -> dict[str, Any]:
    """The first outcome of a host whose instance the key pair was bound to."""
    binding = find_binding(answers, instance_id, region)
    if check_mode and binding.is_instance and instance_id not in answers:
        binding = Binding(failed=False, msg="check mode: the key pair would be made and bound")
    return {
        "bound": binding.bound,
        "live": binding.live,
        "pending_at_reboot": binding.pending_at_reboot,
        "failed": binding.failed,
        "why": binding.msg,
    }


def unbinding_outcome(outcome: Mapping[str, Any], row: Mapping[str, Any] | None) -> dict[str, Any]:
    """The outcome of an onboarded host after the bootstrap key was unbound, or kept because nobody was proven to become root."""
    if row:
        binding = read_binding(row)
        why = binding.msg if binding.failed else "bootstrap key unbound"
        changed = bool(outcome.get("changed")) or binding.changed
        return {**outcome, "bound": binding.bound, "live": binding.live, "changed": changed, "failed": binding.failed, "why": why}
    if outcome.get("failed"):
        return dict(outcome)
    return {**outcome, "failed": True, "why": "bootstrap key kept: no user was proven to become root here with a key of their own"}


def _read_change(entry: str) -> FileChange:
    account, _separator, text = entry.partition(": ")
    return FileChange(account, text.partition(" ")[0], text)
