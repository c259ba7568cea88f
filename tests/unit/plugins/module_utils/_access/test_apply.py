# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that fail half-way: the sentence names the step, and the answer what was done before it."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import apply
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.state import Plan
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.steps import Action, RunTool

CREATE, JOIN = Action("create_user", "ann"), Action("join_groups", "ann", "group ops")
STEPS = (RunTool(6, (CREATE,), ("useradd", "ann")), RunTool(9, (JOIN,), ("usermod", "ann")))


def refuse(*_args):
    raise BlockingIOError(11, "Resource temporarily unavailable")


def refuse_a_file(*_args):
    raise PermissionError(13, "Permission denied", "/usr/sbin/usermod")


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        pytest.param(lambda *_args: (10, "usermod: cannot lock /etc/group"), "usermod failed: usermod: cannot lock /etc/group", id="says why"),
        pytest.param(lambda *_args: (3, ""), "usermod failed: return code 3", id="says nothing"),
        pytest.param(lambda *_args: (-9, ""), "usermod failed: it was killed by signal 9", id="killed"),
        pytest.param(refuse, "Resource temporarily unavailable", id="no process to be had"),
        pytest.param(refuse_a_file, "/usr/sbin/usermod: Permission denied", id="cannot be run"),
    ],
)
def test_a_tool_that_fails(monkeypatch, second, reason):
    tools = {"useradd": lambda *_args: (0, ""), "usermod": second}
    monkeypatch.setattr(apply, "run_tool", lambda argv, stdin: tools[argv[0]]())
    outcome = apply.apply_plan(Plan(STEPS, {}, {}, {}, {}, {}, ()))
    assert outcome == apply.Outcome((CREATE,), ("could not add user ann to group ops: " + reason,))
