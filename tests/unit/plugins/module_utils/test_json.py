# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON within limits, and none of what is outside of them."""

import json
import time

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._json import JsonRefused, read_json


@pytest.mark.parametrize("value", [{}, [], "a", 1, -1.5e3, None, True, {"a": ["[[[[", '"\\', "}\\\\", {"b": [1, 2]}]}, [[]] * 1000, ["[" * 100]])
def test_what_json_writes_is_read(value):
    assert read_json(json.dumps(value)) == value == read_json(json.dumps(value, indent=2).encode())


@pytest.mark.parametrize("depth", [1, 50, 51, 20000, 1000000])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}")])
def test_the_depth_counts(depth, begin, end):
    text = begin * (depth - 1) + "[]" + end * (depth - 1)
    if depth <= 50:
        assert read_json(text) is not None
    else:
        with pytest.raises(JsonRefused):
            read_json(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "]", '{"a"', "[1e999]", "[-1e400]", "[NaN]", "[Infinity]", "[-Infinity]", "[" + "9" * 5000 + "]", "[0." + "9" * 5000 + "]", '"a', "[1,]",
        '["\\u00"]', "[" + "0," * 300000 + "0]", '"' + "a" * 5000000 + '"', "\ufeff{}", "nothing", "[1] [2]",
        '{"a":' * 30000, '"' * 100001, "\\" * 100001, '"\\' * 100000,
    ],
)  # fmt: skip
def test_what_is_refused_is_refused_at_once(text):
    started = time.monotonic()
    with pytest.raises(JsonRefused):
        read_json(text)
    assert time.monotonic() - started < 5


def test_bytes_that_are_no_text():
    with pytest.raises(JsonRefused):
        read_json(b'["\xff"]')
