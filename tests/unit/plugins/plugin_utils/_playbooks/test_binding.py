# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the answer of ecs_attach_key_pair becomes the outcome of a host."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.plan import Wanted
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.binding import (
    Binding,
    binding_outcome,
    find_binding,
    foresee_problem,
    read_binding,
    unbinding_outcome,
)

ROW = {
    "instance_id": "i-1", "name": "web-1", "bound": True, "live": True, "pending_at_reboot": [], "changed": True, "failed": False, "reason": None,
    "msg": "team is bound and works for root", "done": ["root: owner of .ssh", "root: keys in authorized_keys"],
}  # fmt: skip
ANSWERS = {"i-1": ROW, "i-3": {"instance_id": "i-3", "failed": True, "msg": "refused"}}


def test_a_row_is_read_by_its_fields():
    binding = read_binding(ROW)
    assert (binding.bound, binding.live, binding.changed, binding.failed) == (True, True, True, False)
    assert [(change.account, change.kind, change.text) for change in binding.file_changes] == [
        ("root", "owner", "owner of .ssh"),
        ("root", "keys", "keys in authorized_keys"),
    ]


@pytest.mark.parametrize(
    ("instance_id", "region", "reason", "msg"),
    [
        pytest.param("i-1", "cn-hangzhou", None, ROW["msg"], id="answered"),
        pytest.param("i-3", "cn-beijing", None, "refused", id="the region was refused"),
        pytest.param("i-4", "cn-hangzhou", None, "the key pair was not bound", id="no answer"),
        pytest.param("", "cn-hangzhou", "not_an_instance", "not an instance: the inventory has no ecs_instance_id and ecs_region for it", id="no id"),
        pytest.param("i-1", "", "not_an_instance", "not an instance: the inventory has no ecs_instance_id and ecs_region for it", id="no region"),
    ],
)
def test_a_host_without_an_answer_has_the_reason(instance_id, region, reason, msg):
    binding = find_binding(ANSWERS, instance_id, region)
    assert (binding.reason, binding.msg) == (reason, msg)
    assert binding.failed is (msg != ROW["msg"])
    assert binding.is_instance is (reason is None)


@pytest.mark.parametrize(
    ("instance_id", "check_mode", "failed", "why"),
    [
        pytest.param("i-1", False, False, ROW["msg"], id="bound"),
        pytest.param("i-4", True, False, "check mode: the key pair would be made and bound", id="check mode: the pair does not exist yet"),
        pytest.param("i-4", False, True, "the key pair was not bound", id="no answer"),
        pytest.param("", True, True, "not an instance: the inventory has no ecs_instance_id and ecs_region for it", id="not an instance"),
    ],
)
def test_the_outcome_of_binding(instance_id, check_mode, failed, why):
    outcome = binding_outcome(ANSWERS, instance_id, "cn-hangzhou", check_mode)
    assert list(outcome) == ["bound", "live", "pending_at_reboot", "failed", "why"]
    assert (outcome["failed"], outcome["why"]) == (failed, why)


@pytest.mark.parametrize(
    ("before", "row", "failed", "why"),
    [
        pytest.param(False, {**ROW, "bound": False, "live": False}, False, "bootstrap key unbound", id="unbound"),
        pytest.param(False, {**ROW, "failed": True, "msg": "the agent is offline"}, True, "the agent is offline", id="not unbound"),
        pytest.param(False, {}, True, "bootstrap key kept: no user was proven to become root here with a key of their own", id="nobody became root"),
        pytest.param(True, {}, True, "old", id="it had failed before"),
    ],
)
def test_the_outcome_of_unbinding(before, row, failed, why):
    outcome = unbinding_outcome({"people": 2, "failed": before, "why": "old"}, row)
    assert (outcome["people"], outcome["failed"], outcome["why"]) == (2, failed, why)


@pytest.mark.parametrize(("before", "unbound", "changed"), [(False, True, True), (True, False, True), (False, False, False)])
def test_unbinding_is_a_change(before, unbound, changed):
    """Where all else is as it should be, it is the only one; and what failed half-way has changed something as well."""
    for failed in (False, True):
        row = {**ROW, "changed": unbound, "failed": failed}
        assert unbinding_outcome({"changed": before, "failed": False}, row)["changed"] is changed


def test_fields_that_are_missing_have_defaults():
    assert read_binding({"bound": True}) == Binding(bound=True)


@pytest.mark.parametrize(
    ("row", "activation", "replace_bound", "part"),
    [
        ({"status": "Running", "cloud_assistant": {"online": True}}, "live", False, ""),
        ({"status": "Stopped", "cloud_assistant": {"online": True}}, "live", False, "it is Stopped"),
        ({"status": "Stopped"}, "none", False, ""),
        ({"status": "Running", "cloud_assistant": {"online": False, "version": "2"}}, "live", False, "agent is offline"),
        ({"status": "Running", "cloud_assistant": {"online": False, "version": "2"}}, "reboot", False, ""),
        ({"status": "Running", "key_pair_name": "old", "cloud_assistant": {"online": True}}, "live", False, "the key pair old is bound to it"),
        ({"status": "Running", "key_pair_name": "old", "cloud_assistant": {"online": True}}, "live", True, ""),
        ({"status": "Running", "os_type": "windows"}, "none", False, "Windows"),
        (None, "live", False, "no such instance"),
    ],
)
def test_what_would_refuse_a_pair_that_does_not_exist_yet(row, activation, replace_bound, part):
    text = foresee_problem(row, Wanted("new", "present", activation, replace_bound))
    assert part in text
    assert bool(part) == bool(text)
