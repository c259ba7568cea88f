# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugin ecs_ssh on instances that hold no key at all, directly and through Session Manager."""

from __future__ import annotations

import pytest
from lab.temporary import PING, Runner, running_cloud

# Runs over an address that ssh reaches, and through a tunnel to an instance whose port is not published.
WAYS = [pytest.param("never", "web", id="direct"), pytest.param("always", "hidden", id="tunnel")]


@pytest.fixture(scope="module")
def cloud(start_fleet):
    with running_cloud(start_fleet, ["web", "db"], ["hidden"], ["bare"]) as fleet:
        yield fleet


@pytest.fixture
def runner(cloud, tmp_path):
    with Runner.open(cloud, tmp_path) as made:
        yield made


@pytest.mark.parametrize(("tunnel", "name"), WAYS)
def test_modules_run_without_any_standing_key(runner, tunnel, name):
    run = runner.play(PING * 2, [name], tunnel=tunnel)
    assert run.returncode == 0, run.output
    assert [result.status for result in run.results] == ["ok", "ok"]
    assert runner.calls() == {"InvokeCommand": 1, **({"StartTerminalSession": 1} if tunnel == "always" else {})}
