# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances by region, and the answers for them."""

from __future__ import annotations

from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.answers import Answers, Batch, collect_answers, group_by_region

HOSTVARS = {
    "web-1": {"ecs_region": "cn-hangzhou", "ecs_instance_id": "i-1", "proven": True},
    "web-2": {"ecs_region": "cn-hangzhou", "ecs_instance_id": "i-2", "proven": False},
    "far": {"ecs_region": "cn-beijing", "ecs_instance_id": "i-3", "proven": True},
    "router": {},
    "half": {"ecs_region": "cn-beijing"},
}


def test_hosts_are_grouped_and_those_that_are_not_instances_are_left_out():
    assert group_by_region(HOSTVARS, HOSTVARS) == [Batch("cn-hangzhou", ["i-1", "i-2"]), Batch("cn-beijing", ["i-3"])]


def test_only_hosts_with_the_flag():
    assert group_by_region(HOSTVARS, HOSTVARS, "proven") == [Batch("cn-hangzhou", ["i-1"]), Batch("cn-beijing", ["i-3"])]


def result(region, ids, **fields):
    return {"item": {"region": region, "instance_ids": ids}, **fields}


def test_rows_and_refused_regions():
    first = collect_answers(
        [
            result("cn-hangzhou", ["i-1", "i-2"], instances=[{"instance_id": "i-1", "live": True}, {"instance_id": "i-2", "live": False}]),
            result("cn-beijing", ["i-3"], msg="AttachKeyPair failed: no [Forbidden]"),
        ]
    )
    assert first == Answers(
        {"i-1": {"instance_id": "i-1", "live": True}, "i-2": {"instance_id": "i-2", "live": False}}, {"cn-beijing": "AttachKeyPair failed: no [Forbidden]"}
    )
    # A second attempt replaces what it asked about, also if it was refused.
    second = collect_answers([result("cn-hangzhou", ["i-2"], msg="throttled")], first)
    assert (list(second.instances), second.errors["cn-hangzhou"]) == (["i-1"], "throttled")


def test_what_was_skipped_changes_nothing():
    before = Answers({"i-1": {"instance_id": "i-1"}}, {})
    assert collect_answers([result("cn-hangzhou", ["i-1"], skipped=True, msg="skipped")], before) == before
