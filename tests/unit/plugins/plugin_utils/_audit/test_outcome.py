# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the playbook's table, and what Cloud Assistant is asked for."""

from __future__ import annotations

from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.finding import counts_for
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.outcome import Rows, cost_text

from .fleet import account, audit_of, host, key_method, password_method, right, small_fleet, team_of


def rows(audit, fail_on="high"):
    made = Rows(audit, lambda finding: counts_for(finding, fail_on))
    return {instance.name: made.row(instance.id) for instance in audit.picture.instances.values()}


def test_a_host_fails_for_what_was_found_or_not_seen():
    found = rows(small_fleet())
    assert (found["web-1"]["failed"], found["web-1"]["why"]) == (False, "")
    assert (found["web-1"]["people"], found["web-1"]["root"], found["web-1"]["via"]) == (7, 4, "ssh")
    assert (found["web-3"]["failed"], found["web-3"]["finding"], found["web-3"]["high"]) == (True, True, 1)
    assert found["web-3"]["why"].startswith("leaver mary: can log in")
    assert (found["db-3"]["failed"], found["db-3"]["finding"], found["db-3"]["why"]) == (True, False, "connection timed out")
    assert not rows(small_fleet(), "never")["web-3"]["failed"]
    assert rows(small_fleet(), "never")["db-3"]["failed"]


def test_what_is_about_a_key_is_about_all_its_instances():
    answers = {name: host(accounts=[account(who, 1001)], login_methods=[key_method(who, "shared")]) for name, who in (("a", "kim"), ("b", "lee"))}
    found = rows(audit_of({**answers, "c": host()}, team_of()), "medium")
    assert [found[name]["failed"] for name in "abc"] == [True, True, False]


def test_many_reasons_are_counted():
    names = [f"user{index}" for index in range(6)]
    answer = host(accounts=[account(name, 1000 + index) for index, name in enumerate(names)], login_methods=[password_method(name) for name in names])
    answer["root"] = [right(name) for name in names]
    (row,) = rows(audit_of({"a": answer}, team_of())).values()
    assert row["high"] == 6 and row["why"].count("password_login") == 3 and row["why"].endswith("and 3 more")


def test_what_cloud_assistant_is_asked_for():
    assert cost_text(0, 3, 50, 5000) == ""
    assert cost_text(51, 3, 50, 5000).startswith("Cloud Assistant runs 153 commands in 51 instances (6 calls); the account may run 5000 a day.")
