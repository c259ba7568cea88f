# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer has its shape, or it is none."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.command import MOST_OUTPUT, parse_output
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.shape import LINE, GuestError, List, Maybe, Table, Text, fit

SHAPE = {"name": LINE, "up": bool, "uid": int, "clock": float, "words": List(Text(5), 3), "settings": Table(List(LINE, 2), 2), "more": Maybe({"code": int})}
GOOD = {"name": "a", "up": True, "uid": 0, "clock": 5, "words": ["a"], "settings": {"a": ["b"]}}


def test_what_fits_is_kept_without_what_is_unknown():
    assert fit({**GOOD, "unknown": [1], "more": {"code": 1, "x": 2}}, SHAPE) == {**GOOD, "clock": 5.0, "more": {"code": 1}}
    assert "more" not in fit(GOOD, SHAPE)
    assert fit({**GOOD, "name": "\ud800"}, SHAPE)["name"] == "?"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 5), ("name", None), ("name", ["a"]), ("name", "a" * 301), ("up", 1), ("up", "yes"), ("up", None), ("uid", True), ("uid", "0"), ("uid", 1.0),
        ("uid", 2**53), ("clock", "5"), ("clock", True), ("clock", float("inf")), ("clock", float("nan")), ("clock", 2**60), ("words", "a"), ("words", {}),
        ("words", ["a"] * 4), ("words", ["aaaaaa"]), ("words", [None]), ("settings", []), ("settings", {"a": "b"}), ("settings", {"a": ["b"] * 3}),
        ("settings", {key: ["b"] for key in "abc"}), ("settings", {"a" * 301: ["b"]}), ("more", None), ("more", {}), ("more", {"code": "1"}),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(key, value):
    with pytest.raises(GuestError, match="unexpected response"):
        fit({**GOOD, key: value}, SHAPE)
    with pytest.raises(GuestError):
        fit({name: held for name, held in GOOD.items() if name != key} if key != "more" else [], SHAPE)


def test_an_output_that_is_too_long_is_refused():
    with pytest.raises(GuestError, match="longer than"):
        parse_output("x" * MOST_OUTPUT + "M:{}", "M:", {})


REFUSED = [('{"error": "\\u001b[2Jno"}\n', "2Jno"), ("[" * 20000 + "\n", "cannot be used"), ('{"a": 1', "cut off"), ("", "cut off"), ("[]\n", "unexpected")]


def test_the_last_line_with_the_marker_counts():
    assert parse_output("noise M:x\nM:{}\nmore", "M:", {}) == {}


@pytest.mark.parametrize(("line", "words"), REFUSED)
def test_the_line_behind_the_marker(line, words):
    with pytest.raises(GuestError, match=words) as caught:
        parse_output("M:" + line, "M:", {})
    assert "\x1b" not in caught.value.text
