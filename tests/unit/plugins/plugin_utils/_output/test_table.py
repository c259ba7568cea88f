# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary table."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.table import render_table, show

ROWS = [
    {"host": "web-1", "bound": True, "why": ""},
    {"host": "web-2", "bound": False, "why": "the instance is Stopped; start it and run again"},
]


def texts(*args):
    return [line.text for line in render_table(*args)]


def test_columns_line_up_and_the_last_one_is_wrapped():
    assert texts(["host", "bound", "why"], ROWS, 42) == [
        "host   bound  why",
        "-----  -----  ----------------------------",
        "web-1  yes    -",
        "web-2  no     the instance is Stopped;",
        "              start it and run again",
    ]


def test_wrapped_lines_belong_to_their_row():
    assert [line.row for line in render_table(["host", "bound", "why"], ROWS, 42)] == [None, None, 0, 1, 1]


def test_wide_characters_do_not_push_the_columns():
    assert texts(["host", "why"], [{"host": "\u7f51\u7ad9", "why": "x"}], 80)[2] == "\u7f51\u7ad9  x"


def test_no_rows_still_shows_the_head():
    assert texts(["host", "why"], [], 80) == ["host  why", "----  ---"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(None, "-", id="nothing noted"),
        pytest.param([], "-", id="empty list"),
        pytest.param(["john", "mary"], "john mary", id="list"),
        pytest.param(0, "0", id="zero is a value"),
        pytest.param("a\nb", "a b", id="a newline cannot make a second row"),
        pytest.param("\x1b[31mred\x9b", "?[31mred?", id="escape sequences cannot drive the terminal"),
        pytest.param("a\u202eb", "a?b", id="text direction cannot be turned"),
    ],
)
def test_a_cell_shows(value, shown):
    assert show(value) == shown
