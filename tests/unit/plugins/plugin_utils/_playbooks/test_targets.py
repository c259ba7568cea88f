# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host patterns and limits, and the sentence where they leave nothing."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.targets import Request, nothing_left, read_pattern

GROUPS, HOSTS = ["all", "tag_role_web", "batch"], ["web-1", "web-2", "off"]


@pytest.mark.parametrize(("value", "pattern"), [(None, ""), ("", ""), (" web-1 ", "web-1"), (["web-1", "", "off"], "web-1,off"), ("web:!web-2", "web:!web-2")])
def test_patterns(value, pattern):
    assert read_pattern(value) == pattern


@pytest.mark.parametrize("value", [{"web-1": 1}, 5, ["a", 5]])
def test_what_is_no_pattern(value):
    with pytest.raises(ValueError, match="host pattern"):
        read_pattern(value)


@pytest.mark.parametrize(
    ("pattern", "limit", "matched", "part"),
    [
        ("wbe-1", "", [], "did you mean web-1?"),
        ("tag_role_wbe", "", [], "did you mean tag_role_web?"),
        ("zzz", "", [], "matches no host of the inventory. List"),
        ("web-1", "off,localhost", ["web-1"], "have no host in common"),
        ("", "nowhere", ["web-1", "web-2"], "The pattern 'all' and the limit 'nowhere'"),
    ],
)
def test_a_typo_is_a_sentence(pattern, limit, matched, part):
    assert part in nothing_left(Request("onboard", pattern, limit), GROUPS, HOSTS, matched)


@pytest.mark.parametrize(("pattern", "limit"), [("web-1", ""), ("all", ""), ("", "all"), ("ungrouped", "web-1")])
def test_an_inventory_without_hosts(pattern, limit):
    assert "The inventory has no hosts. Name one with -i" in nothing_left(Request("onboard", pattern, limit), ["all", "ungrouped"], [], [])


@pytest.mark.parametrize("pattern", ["batch", "batch:!tag_role_web", "batch,&tag_role_web", ""])
def test_an_empty_slice_is_no_error(pattern):
    assert nothing_left(Request("onboard", pattern, ""), GROUPS, HOSTS, []) == ""
