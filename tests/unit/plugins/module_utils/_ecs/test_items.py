# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.items import Actions, Item, Problem, conclude, fails, ids_of, open_items
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import ModuleFailure


def stopped(*problems):
    items = [Item("i-%d" % number) for number in range(len(problems))]
    for item, problem in zip(items, problems):
        item.stop(problem)
    return items


STOPPED = Problem("not_running", "it is Stopped", "start it")


@pytest.mark.parametrize(
    ("failed", "total", "fail_on", "outcome"),
    [(1, 2, "any", True), (1, 2, "all", False), (2, 2, "all", True), (2, 2, "never", False), (0, 0, "all", False), (0, 2, "any", False)],
)
def test_which_instances_make_the_task_fail(failed, total, fail_on, outcome):
    assert fails(failed, total, fail_on) is outcome


def test_an_item_keeps_its_first_reason():
    (item,) = stopped(STOPPED)
    item.stop(Problem("guest", "later"))
    item.stop_by_error(EcsError("RunCommand", "Forbidden.RAM", "no"))
    assert (item.msg, item.failure) == ("it is Stopped; start it", None)


def test_the_summary_is_short_however_many_fail():
    items = stopped(None, *[STOPPED] * 7)
    items[1].name = "web"
    with pytest.raises(ModuleFailure) as caught:
        conclude(items, "any", {"changed": False})
    assert caught.value.text == "7 of 8 instances failed. i-1 (web): it is Stopped; start it; %s; and 2 more" % "; ".join(
        "i-%d: it is Stopped; start it" % number for number in range(2, 6)
    )
    assert caught.value.result == {"changed": False}
    assert ids_of(open_items(items)) == ["i-0"]


def test_the_first_refusal_of_the_api_is_the_task_s():
    items = stopped(STOPPED, None, None)
    for item in items[1:]:
        item.stop_by_error(EcsError("RunCommand", item.instance_id, "no"))
    with pytest.raises(ModuleFailure) as caught:
        conclude(items, "all", {"changed": True})
    assert caught.value.result["failure"]["code"] == "i-1"
    assert conclude(items, "never", {"changed": True}) == {"changed": True}


def test_actions_are_told_in_the_order_in_which_they_began():
    actions = Actions()
    actions.add("write")
    actions.add("bind", "i-1")
    actions.add("guest", "i-2")
    actions.add("bind", "i-2")
    assert actions.to_list() == [
        {"action": "write", "instance_ids": []},
        {"action": "bind", "instance_ids": ["i-1", "i-2"]},
        {"action": "guest", "instance_ids": ["i-2"]},
    ]
