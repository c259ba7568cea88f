# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks make of numbers: ratios, verdicts, exponents, and the table."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

TABLE = Path(__file__).resolve().parents[3] / "benchmarks" / "_table.py"
spec = importlib.util.spec_from_file_location("bench_table", TABLE)
table = importlib.util.module_from_spec(spec)
sys.modules["bench_table"] = table
spec.loader.exec_module(table)
Row, Growth = table.Row, table.Growth


@pytest.mark.parametrize(
    ("row", "figure", "verdict"),
    [
        pytest.param(Row("w", "s", [3, 1, 2], "ping", [1, 1, 4], most=2), 2.0, "kept", id="medians"),
        pytest.param(Row("w", "s", [2.1], "ping", [1], most=2), 2.1, "EXCEEDED", id="above"),
        pytest.param(Row("w", "s", [2], "ping", [1], "floor", 4, most=1), 0.5, "kept", id="a limit comes before a peer"),
        pytest.param(Row("w", "KiB/s", [9], limit_name="rule", limit=10, least=0.95), 0.9, "EXCEEDED", id="below"),
        pytest.param(Row("w", "MiB", [90], "SDK", [60], judged="more", most=30), 30, "kept", id="a difference"),
        pytest.param(Row("w", "s", [9, 10, 11], judged="value", most=10), 10, "kept", id="a value"),
        pytest.param(Row("w", "s", [1]), None, "-", id="nothing to compare with"),
        pytest.param(Row("w", "s", [1], limit_name="floor", limit=0.0, most=1), None, "-", id="no ratio to nothing"),
    ],
)
def test_what_is_judged(row, figure, verdict):
    assert row.figure == pytest.approx(figure) if figure is not None else row.figure is None
    assert row.verdict == verdict


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_the_exponent_of_a_growth_whatever_a_run_costs_at_all(exponent):
    sizes = [1, 11, 101, 501]
    costs = [7 + 3 * (size - 1) ** exponent for size in sizes]
    assert table.fit_exponent(sizes, costs) == pytest.approx(exponent)


def test_what_does_not_grow_has_no_exponent():
    assert table.fit_exponent([1, 10, 100], [5, 5, 4]) == 0.0


def test_the_table():
    rows = [Row("inventory", "s", [6.6, 6.5, 7.0], limit_name="pages", limit=6.25, most=1.3), Row("cached", "s", [0.5], judged="value", most=1)]
    assert table.render_rows(rows).splitlines() == [
        "work       ours              peer  limit         ratio  budget    verdict",
        "inventory  6.6 s (6.5 to 7)  -     pages 6.25 s  1.06   <= 1.3 x  kept",
        "cached     0.5 s             -     -             -      <= 1 s    kept",
    ]


def test_what_is_handed_in_is_read_back(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(table.ROWS, str(tmp_path / "rows"))
    row, growth = Row("a", "s", [1, 2], "ping", [1, 3], most=2), Growth("b", "s", "users", [1, 2, 3], [1, 2, 3])
    table.hand_in(row)
    table.hand_in(growth)
    assert table.read_results((tmp_path / "rows").read_text()) == ([row], [growth])
    assert "exponent 1.00" in capsys.readouterr().out
