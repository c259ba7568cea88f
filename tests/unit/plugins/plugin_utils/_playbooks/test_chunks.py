# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances by region, at most fifty at a time."""

from __future__ import annotations

from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.chunks import Chunk, chunks_of

HOSTVARS = {
    "web-1": {"ecs_region": "cn-hangzhou", "ecs_instance_id": "i-1"},
    "web-2": {"ecs_region": "cn-hangzhou", "ecs_instance_id": "i-2"},
    "far": {"ecs_region": "cn-beijing", "ecs_instance_id": "i-3"},
    "router": {},
    "half": {"ecs_region": "cn-beijing"},
}


def test_hosts_are_grouped_and_those_that_are_not_instances_are_left_out():
    assert chunks_of(HOSTVARS, HOSTVARS) == [
        Chunk("cn-hangzhou: 2 instances", "cn-hangzhou", ["web-1", "web-2"], ["i-1", "i-2"]),
        Chunk("cn-beijing: far", "cn-beijing", ["far"], ["i-3"]),
    ]


def test_no_call_takes_more_than_fifty():
    many = {f"h{n}": {"ecs_region": "cn-x", "ecs_instance_id": f"i-{n}"} for n in range(101)}
    found = chunks_of(many, many)
    assert [len(chunk.instance_ids) for chunk in found] == [50, 50, 1]
    assert [each for chunk in found for each in chunk.hosts] == list(many)
