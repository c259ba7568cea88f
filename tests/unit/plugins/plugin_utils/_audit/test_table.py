# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""access.csv: everything is text, also for programs that look for formulas."""

from __future__ import annotations

import csv
import io

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.table import COLUMNS, as_text, render_csv

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


def test_a_hostile_comment_is_a_text():
    answer = host(accounts=[account("anna")], login_methods=[key_method("anna", comment='=HYPERLINK("x","y")\r\n=1')])
    (row,) = rows(picture_of({"web-1": answer}, team_of()))
    assert row["comment"].startswith("'=HYPERLINK") and "\n" not in row["comment"]
