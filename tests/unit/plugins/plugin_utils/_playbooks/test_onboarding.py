# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of a team file and their logins."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.onboarding import (
    logins_outcome,
    oldest_python,
    present_users,
    unreachable_outcome,
    users_who_said,
)
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.outcome import failed_outcome


@pytest.mark.parametrize(("core", "minor"), [("2.16.3", 6), ("2.17.14", 7), ("2.18.1", 8), ("2.19.0rc1", 8), ("2.20.0", 9), ("2.21.5", 9)])
def test_the_oldest_python(core, minor):
    assert oldest_python(core) == minor


def test_users_who_are_locked_or_absent_do_not_log_in():
    accounts = [{"name": "a", "state": "present"}, {"name": "b", "state": "absent"}, {"name": "c", "state": "locked"}, {"name": "d"}, {"name": "d"}]
    assert present_users(accounts) == ["a", "d"]


def test_only_a_line_of_the_far_side_proves_a_login():
    results = [
        {"item": "john", "rc": 0, "stdout_lines": ["banner", "logged-in"]},
        {"item": "mary", "rc": 0, "stdout_lines": ["not logged-in"]},
        {"item": "wei", "unreachable": True, "msg": "logged-in"},
        {"item": "li", "rc": 0, "stdout_lines": []},
    ]
    assert users_who_said(results, "logged-in") == ["john"]


@pytest.mark.parametrize(
    ("logged_in", "failed", "why"),
    [(["john", "mary"], False, ""), (["john"], True, "login refused: mary"), ([], True, "login refused: john, mary")],
)
def test_the_outcome_of_the_logins(logged_in, failed, why):
    outcome = logins_outcome({"bound": True, "failed": True, "why": "old"}, ["john", "mary", "wei"], ["john", "mary"], logged_in, ["john"])
    assert outcome == {"bound": True, "people": 3, "login": logged_in, "sudo": ["john"], "failed": failed, "why": why}


def test_a_host_that_is_unreachable():
    assert unreachable_outcome({"bound": True}, "No route to host", False) == {"bound": True, "failed": True, "why": "No route to host"}
    waiting = unreachable_outcome({"failed": True}, "Permission denied", True)
    assert waiting == {"failed": False, "why": "check mode: the host cannot be checked before the key pair is live"}


@pytest.mark.parametrize(("result", "why"), [({"msg": "no space"}, "Create users: no space"), ({}, "Create users: failed without a message")])
def test_a_task_that_failed(result, why):
    assert failed_outcome({"bound": True, "failed": False}, "Create users", result) == {"bound": True, "failed": True, "why": why}
