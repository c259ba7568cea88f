# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table at the end: rows, reasons that are counted together, and what machines get."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks import result_table

LONG = "Failed to connect to the host via ssh: ssh: connect to host {0} port 22: Connection refused by everything that there is on the way"


def lines_of(rows, columns=("login",)):
    return [line.text for line in result_table.render_summary("Title", list(columns), rows)]


def many(number: int, why: str):
    addresses = [f"192.0.2.{n}" for n in range(1, number + 1)]
    return [
        {"host": f"web-{n}", "failed": True, "login": None, "why": why.format(address), "names": [address, f"web-{n}"]}
        for n, address in enumerate(addresses, 1)
    ]


def test_equal_reasons_are_counted_together():
    lines = lines_of(many(20, LONG))
    assert [line for line in lines if "(1) 20 hosts: Failed to connect to the host via ssh: ssh: connect to host it: Connection refused" in line]
    assert len(lines) == 1 + 1 + 2 + 20 + 2 + 1 + 1
    assert max(map(len, lines)) <= result_table.WIDTH


def test_a_reason_that_fits_stands_in_the_row():
    lines = lines_of([{"host": "a", "failed": True, "why": "it is off"}, {"host": "b", "failed": False, "login": ["john"]}])
    assert [" ".join(line.split()) for line in lines[4:]] == ["b john -", "a - it is off", "1 of 2 hosts need attention: a", ""]


def test_failures_come_last_and_hosts_that_nobody_tried_are_among_them():
    rows = result_table.complete({"a": {"failed": True, "why": "x"}, "b": {"failed": False}}, ["a", "b", "c"])
    assert [row["host"] for row in rows] == ["b", "a", "c"]
    assert rows[-1]["why"].startswith("not tried")
    assert result_table.statistics(rows, {}, "")["not_tried"] == 1
    assert result_table.sum_line(rows) == "1 of 3 hosts need attention: a; 1 not tried yet"
    assert result_table.sum_line(rows[:1] + rows[2:]) == "1 host done, 0 changed; 1 not tried yet"


def test_a_host_that_was_only_planned_is_not_done():
    (row,) = result_table.complete({"a": {"failed": False, "tried": False, "why": "", "keys": ["root"]}}, ["a"])
    assert row == {"host": "a", "failed": True, "tried": False, "why": "not tried yet", "keys": ["root"]}


@pytest.mark.parametrize(
    ("rows", "result"),
    [
        ([{"failed": False}], "clean"),
        ([{"failed": False}, {"failed": True, "finding": True}], "findings"),
        ([{"failed": True, "finding": True}, {"failed": True}], "incomplete"),
    ],
)
def test_the_result_in_one_word(rows, result):
    assert result_table.judge(rows) == result


def test_nothing_foreign_reaches_later_jobs():
    rows = [{"host": "{{ lookup('pipe', 'id') }}", "failed": True, "why": "{{ x }}"}, {"host": "web-1", "failed": True, "why": "x"}]
    found = result_table.statistics(rows, {rows[0]["host"]: "i-bp1example"}, "")
    assert found["failed_hosts"] == ["i-bp1example", "web-1"]
    assert "{{" not in str(found)


def test_the_report_has_the_columns_of_the_table():
    rows = [{"host": "b", "login": ["x"], "failed": False, "why": ""}, {"host": "a", "failed": True, "why": "y"}]
    report = result_table.render_report("onboard", ["login"], rows, False)
    assert report["schema"] == "alicloud.ecs_access/report/1"
    assert [host["host"] for host in report["hosts"]] == ["a", "b"]
    assert list(report["hosts"][1]) == ["host", "login", "changed", "drift", "failed", "why"]


def test_a_change_is_shown_once_for_all_hosts_that_have_it():
    assert result_table.group_diffs([{"host": "a", "diffs": ["+x"]}, {"host": "b", "diffs": ["+x", "+y"]}]) == [("+x", ["a", "b"]), ("+y", ["b"])]


def test_what_stands_beside_a_failed_host_is_short():
    (row,) = many(1, LONG)
    assert len(result_table.short_reason(row)) <= 60
    assert "192.0.2.1" not in result_table.short_reason(row)


def test_very_many_equal_hosts_are_one_row():
    rows = [{"host": f"web-{n}", "failed": False, "login": ["john"]} for n in range(1, 101)]
    assert [line for line in lines_of(rows) if "web-1 and 99 more  john" in line]
