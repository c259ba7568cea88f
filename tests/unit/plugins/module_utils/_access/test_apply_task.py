# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module makes of its plan; what it does to hosts is tested on real instances."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import apply_task, look_remains
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.state import Plan, UserView
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system import sudoers_tree
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudoers import parse_rules

RULES = tuple(parse_rules("/etc/sudoers", "ann ALL=(ALL) ALL\nbob ALL=(ALL) ALL\n"))


@pytest.fixture
def leave(monkeypatch):
    """leave(state): the result for ann and the users whose files were searched for; reading sudo's files once more is an error."""

    def read_again(_self):
        raise AssertionError("the files of sudo were read before")

    def call(state):
        view = UserView("ann", True, 4294967000, home="/home/ann")
        plan = Plan((), {"ann": view}, {"ann": view}, {}, {}, {}, (), others_rules=RULES)
        searched = []
        monkeypatch.setattr(sudoers_tree.SudoersTree, "__init__", read_again)
        monkeypatch.setattr(apply_task, "look_and_plan", lambda *_asked: plan)
        monkeypatch.setattr(look_remains, "_files", lambda users: searched.extend(users) or [])
        params = {"users": [{"name": "ann", "state": state}], "owner": None, "allow_self_lockout": False, "_login": {}}
        return apply_task.AccessTask(params, True).run(), searched

    return call


@pytest.mark.parametrize(("state", "names"), [("absent", ["ann"]), ("locked", [])])
def test_what_others_say_of_a_leaver_is_known_from_the_first_look(leave, state, names):
    result, searched = leave(state)
    assert result["remains"] == ["/etc/sudoers:1 names user ann: ann ALL=(ALL) ALL"]
    assert [user.name for user in searched] == names
