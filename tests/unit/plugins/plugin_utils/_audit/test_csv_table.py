# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""access.csv: everything is text, also for programs that look for formulas."""

from __future__ import annotations

import csv
import io
import time

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.csv_table import COLUMNS, as_text, render_csv
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.words import describe_access

from .fleet import account, host, key_method, key_of, password_method, picture_of, right, team_of


def rows(picture):
    return list(csv.DictReader(io.StringIO(render_csv(picture))))


def test_a_line_for_each_login_method():
    team = team_of(accounts=[{"name": "anna", "authorized_keys": [key_of("anna")]}, {"name": "ben", "authorized_keys": [key_of("ben")]}])
    answer = host(accounts=[account("anna")], login_methods=[key_method("anna", line=3), password_method("anna")], root=[right("anna")])
    found = rows(picture_of({"web-1": answer}, team))
    assert [(row["person"], row["method"], row["source"]) for row in found] == [
        ("anna", "key", "/home/anna/.ssh/authorized_keys:3"),
        ("anna", "password", "PasswordAuthentication yes"),
        ("ben", "", ""),
    ]
    assert (found[0]["right"], found[0]["team_gives"], found[0]["unexpected"], found[0]["root_by"]) == ("root", "login", "yes", "/etc/sudoers.d/90-anna:1")
    assert tuple(found[0]) == COLUMNS


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_no_cell_is_a_formula(start):
    assert as_text(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        pytest.param("john;=1+1", "john;'=1+1", id="after a semicolon"),
        pytest.param('john; "=1;@x', "john;' \"=1;'@x", id="after blanks and a quote, and again"),
        pytest.param("john\t-1", "john\t'-1", id="after a tab"),
        pytest.param(" =1", "' =1", id="after a blank"),
        pytest.param("john@laptop - home, a=b; c-d", "john@laptop - home, a=b; c-d", id="within a cell they stay"),
    ],
)
def test_no_cell_that_another_separator_makes_is_a_formula(text, cell):
    assert as_text(text) == cell


def test_a_cell_of_tabs_takes_no_longer_than_another():
    """A rooted host can answer twenty thousand of them."""
    start = time.process_time()
    assert all(as_text("\t" * 1000) == "'" + "\t" * 1000 for _number in range(2000))
    assert time.process_time() - start < 5


def test_many_login_methods_do_not_repeat_a_long_list_of_rules():
    """Each of the lines would have all of it: some megabytes of an answer would be gigabytes of a table."""
    rules = [{**right("anna"), "by": f"/etc/sudoers.d/{number:04}{'x' * 400}:1"} for number in range(500)]
    methods = [key_method("anna", f"key{number}", line=number) for number in range(1, 51)]
    picture = picture_of({"web-1": host(accounts=[account("anna")], login_methods=methods, root=rules)}, team_of())
    found = rows(picture)
    assert len(found) == 50
    assert {len(row["root_by"]) for row in found} == {1000}
    assert found[0]["root_by"].endswith("...")
    assert len(describe_access(picture.entries[0])) < 3000


def test_a_hostile_comment_is_a_text():
    answer = host(accounts=[account("anna")], login_methods=[key_method("anna", comment='=HYPERLINK("x","y")\r\n=1')])
    (row,) = rows(picture_of({"web-1": answer}, team_of()))
    assert row["comment"].startswith("'=HYPERLINK") and "\n" not in row["comment"]
