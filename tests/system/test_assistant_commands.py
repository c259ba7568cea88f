# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What commands of Cloud Assistant leave behind in an instance."""

from __future__ import annotations

import time

import pytest

pytestmark = pytest.mark.one_image

THROUGH = {"ansible_connection": "alicloud.ecs_access.ecs_assistant", "ansible_ecs_assistant_timeout": 10}


@pytest.fixture
def through(ansible, fleet):
    """through(instance, module, args): the module's result by way of Cloud Assistant."""

    def run(instance, module, args=None, **more):
        variables = {**THROUGH, "ecs_region": fleet.region, **more.pop("variables", {})}
        return ansible(instance, module, args, variables=variables, environment=fleet.environment(), **more)

    return run


def test_a_task_that_runs_out_of_time_leaves_no_process(instance, through) -> None:
    """One child in the task's session, one in the background, one that begins a session of its own."""
    words = "sleep 4711 & setsid sleep 4712 & (sleep 4713; touch /root/went-on) & sleep 4714"
    began = time.monotonic()
    result = through(instance, "ansible.builtin.raw", options=["-a", words])
    assert result.get("unreachable"), result
    assert "Timeout" in result["msg"]
    assert time.monotonic() - began < 120
    left = instance.exec("pgrep -af 'sleep 471[0-9]' || true")
    assert left == ""
    assert instance.run("test -e /root/went-on").returncode == 1
