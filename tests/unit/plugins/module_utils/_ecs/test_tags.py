# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags: what to set, what to remove, what to refuse."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.tags import (
    TagChange,
    find_tag_problem,
    normalize_tags,
    plan_tags,
    read_tags,
)


@pytest.mark.parametrize(
    ("current", "wanted", "purge", "expected"),
    [
        pytest.param({"a": "1"}, None, True, TagChange({}, [], {"a": "1"}), id="leave alone"),
        pytest.param({"a": "1"}, {}, True, TagChange({}, ["a"], {}), id="clear"),
        pytest.param({"a": "1"}, {}, False, TagChange({}, [], {"a": "1"}), id="clear without purge"),
        pytest.param({"a": "1"}, {"a": "1"}, True, TagChange({}, [], {"a": "1"}), id="same"),
        pytest.param({"a": "1"}, {"A": "1"}, True, TagChange({"A": "1"}, ["a"], {"A": "1"}), id="case matters"),
        pytest.param({"a": "1", "b": "2"}, {"a": "3"}, False, TagChange({"a": "3"}, [], {"a": "3", "b": "2"}), id="change one"),
        pytest.param({"acs:x": "1", "aliyun-y": "2"}, {}, True, TagChange({}, [], {"acs:x": "1", "aliyun-y": "2"}), id="reserved"),
    ],
)
def test_plan(current, wanted, purge, expected):
    assert plan_tags(current, wanted, purge) == expected


def test_values_of_yaml_become_text():
    assert normalize_tags({"a": 1, "b": True, "c": None, 4: "d"}) == {"a": "1", "b": "true", "c": "", "4": "d"}
    assert normalize_tags(None) is None


@pytest.mark.parametrize(
    ("tags", "part"),
    [
        ({str(number): "" for number in range(21)}, "holds 21 tags; the service takes at most 20"),
        ({"": "x"}, "must have 1 to 128 characters"),
        ({"k": "v" * 129}, "its value at most 128"),
        ({"aliyun-x": "1"}, "reserved for the service"),
        ({"acs:x": "1"}, "reserved for the service"),
        ({"http://x": "1"}, "which the service refuses"),
    ],
)
def test_refused(tags, part):
    assert part in find_tag_problem(tags)


def test_accepted():
    assert find_tag_problem({"spaced key": "", "CamelCase": "x"}) is None
    assert find_tag_problem(None) is None


def test_both_forms_of_the_api():
    assert read_tags({"Tag": [{"TagKey": "a", "TagValue": "1"}, {"Key": "b", "Value": "2"}]}) == {"a": "1", "b": "2"}
    assert read_tags(None) == {}
