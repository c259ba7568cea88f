# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions of this collection's playbooks, as one private filter.

Each decision turns registered results into the records of C(plugin_utils/_playbooks), calls one function there, and returns plain
values. Text in them may come from an instance, so none of it is ever a template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.finding import Finding
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.unsafe import mark_unsafe
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks import answers, binding, diagnosis, onboarding, outcome, recovery, temporary_login

DOCUMENTATION = r"""
name: _decide
short_description: Decide for the playbooks of this collection
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - B(This filter is private to the collection.) Only its playbooks use it; it can change in any release.
  - Its decisions are functions in Python, so that the playbooks contain no programs.
positional: decision, arguments
options:
  _input:
    description: The first argument of the decision.
    type: raw
    required: true
  decision:
    description: The name of the decision.
    type: str
    required: true
  arguments:
    description: The other arguments of the decision, each as one argument of the filter.
    type: list
    elements: raw
"""

EXAMPLES = r"""
- name: List the instances of the web servers by region
  ansible.builtin.debug:
    msg: "{{ query('inventory_hostnames', 'web') | alicloud.ecs_access._decide('instances_by_region', hostvars) }}"
"""

RETURN = r"""
_value:
  description: The result of the decision.
  type: raw
"""

_Values = Mapping[str, Any]


def _collect_answers(results: Sequence[_Values], before: _Values | None = None) -> answers.Answers:
    return answers.collect_answers(results, answers.Answers(**before) if before else None)


def _find_binding(known: _Values, instance_id: str, region: str) -> binding.Binding:
    return binding.find_binding(answers.Answers(**known), instance_id, region)


def _binding_outcome(known: _Values, instance_id: str, region: str, check_mode: bool) -> dict[str, Any]:
    return binding.binding_outcome(answers.Answers(**known), instance_id, region, check_mode)


def _diagnose(observed: _Values) -> dict[str, Any]:
    verdict = diagnosis.diagnose(diagnosis.Observed(**observed))
    return {"outcome": verdict.to_outcome(), "evidence": [finding.evidence for finding in verdict.findings]}


def _plan_first_step(row: _Values, key_made: bool, check_mode: bool) -> recovery.FirstStep:
    return recovery.plan_first_step(binding.read_binding(row), key_made, check_mode)


def _plan_repair(blocking: Sequence[_Values], requested: Sequence[str]) -> recovery.RepairPlan:
    return recovery.plan_repair(_findings(blocking), requested)


def _conclude_repair(plan: _Values, blocking: Sequence[_Values], commands: Sequence[_Values], modules: Sequence[_Values], check_mode: bool) -> recovery.Repair:
    return recovery.conclude_repair(recovery.RepairPlan(**plan), _findings(blocking), commands, modules, check_mode)


def _may_bind_again(blocking: Sequence[_Values]) -> bool:
    return recovery.may_bind_again(_findings(blocking))


def _conclude_recovery(known: _Values) -> dict[str, Any]:
    records = {"binding": binding.read_binding(known["binding"]), "blocking": _findings(known["blocking"])}
    recovered = recovery.Recovery(**{**known, **records})
    return {"tries_login": recovered.tries_login, "outcome": recovered.to_outcome()}


def _previous_key_outcome(before: _Values, pair: str, known: _Values, instance_id: str, region: str, check_mode: bool) -> dict[str, Any]:
    answer = binding.find_binding(answers.Answers(**known), instance_id, region, "no answer for this instance")
    return recovery.previous_key_outcome(before, pair, answer, check_mode)


def _findings(entries: Sequence[_Values]) -> list[Finding]:
    return [Finding(**entry) for entry in entries]


def _plain(value: Any) -> Any:
    """Records as dictionaries, all the way down."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


_DECISIONS: dict[str, Callable[..., Any]] = {
    "instances_by_region": answers.group_by_region,
    "answers": _collect_answers,
    "binding": _find_binding,
    "binding_outcome": _binding_outcome,
    "unbinding_outcome": binding.unbinding_outcome,
    "failed_outcome": outcome.failed_outcome,
    "failure_text": outcome.failure_text,
    "diagnosis": _diagnose,
    "oldest_python": onboarding.oldest_python,
    "present_users": onboarding.present_users,
    "users_who_said": onboarding.users_who_said,
    "logins_outcome": onboarding.logins_outcome,
    "unreachable_outcome": onboarding.unreachable_outcome,
    "repair_request_error": recovery.request_error,
    "login_test": recovery.read_login_test,
    "first_step": _plan_first_step,
    "blocking": recovery.find_blocking,
    "repair_plan": _plan_repair,
    "repair": _conclude_repair,
    "may_bind_again": _may_bind_again,
    "recovery": _conclude_recovery,
    "by_previous_pair": recovery.group_by_previous_pair,
    "previous_key_outcome": _previous_key_outcome,
    "private_half": temporary_login.private_half,
    "identity": temporary_login.choose_identity,
    "temporary_login_outcome": temporary_login.temporary_login_outcome,
}


def decide(value: Any, decision: str, *arguments: Any) -> Any:
    """The result of one decision as plain values."""
    try:
        return mark_unsafe(_plain(_DECISIONS[decision](value, *arguments)))
    except (AccessError, ValueError) as exc:
        raise AnsibleFilterError(str(exc)) from None


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"_decide": decide}
