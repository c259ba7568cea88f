# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the benchmarks: what was measured, what it is judged by, and the table of all of them. Pure, but for C(hand_in)."""

from __future__ import annotations

import json
import math
import os
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROWS = "ECS_ACCESS_BENCHMARK_ROWS"
"""The variable with the file that C(run.py) collects rows in."""


class Row(NamedTuple):
    """One work. Judged is its ratio to the limit or, without one, to the peer; C(more): the difference; C(value): the median itself."""

    work: str
    unit: str
    ours: Sequence[float]
    peer_name: str = ""
    peer: Sequence[float] = ()
    limit_name: str = ""
    limit: float | None = None
    judged: str = "ratio"
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def base(self) -> float | None:
        if self.limit is not None:
            return self.limit
        return statistics.median(self.peer) if self.peer else None

    @property
    def figure(self) -> float | None:
        """What the budget is about."""
        ours, base = statistics.median(self.ours), self.base
        if self.judged == "value":
            return ours
        if base is None or (self.judged == "ratio" and not base):
            return None
        return ours / base if self.judged == "ratio" else ours - base

    @property
    def verdict(self) -> str:
        if self.figure is None or (self.most is None and self.least is None):
            return "-"
        kept = (self.most is None or self.figure <= self.most) and (self.least is None or self.figure >= self.least)
        return "kept" if kept else "EXCEEDED"

    @property
    def budget(self) -> str:
        unit = {"ratio": "x", "more": f"{self.unit} more", "value": self.unit}[self.judged]
        bounds = [f"{sign} {bound:g} {unit}" for sign, bound in (("<=", self.most), (">=", self.least)) if bound is not None]
        return " ".join(bounds) or "-"


class Growth(NamedTuple):
    """How the cost of a work grows: cost is about size to the power of the exponent, without what is paid at size zero."""

    work: str
    unit: str
    of: str
    sizes: Sequence[float]
    costs: Sequence[float]

    @property
    def exponent(self) -> float:
        return fit_exponent(self.sizes, self.costs)


def fit_exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The slope of a straight line through the logarithms, by least squares, of what is above the cost of the smallest size.

    The smallest size stands for what a run costs at all, which would make every growth look flat.
    """
    points = sorted(zip(sizes, costs))
    start_size, start = points[0]
    rising = [(math.log(size - start_size), math.log(cost - start)) for size, cost in points[1:] if cost > start]
    if len(rising) < 2:
        return 0.0
    middle_x, middle_y = (statistics.fmean(values) for values in zip(*rising))
    return sum((x - middle_x) * (y - middle_y) for x, y in rising) / sum((x - middle_x) ** 2 for x, _y in rising)


def show_number(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def show_measured(values: Sequence[float], unit: str) -> str:
    """The median, and the smallest and largest value."""
    if not values:
        return "-"
    text = f"{show_number(statistics.median(values))} {unit}"
    return text if len(values) == 1 else f"{text} ({show_number(min(values))} to {show_number(max(values))})"


def render_rows(rows: Iterable[Row]) -> str:
    """The table as text."""
    cells = [("work", "ours", "peer", "limit", "ratio", "budget", "verdict")]
    for row in rows:
        peer = f"{row.peer_name} {show_measured(row.peer, row.unit)}" if row.peer else "-"
        limit = f"{row.limit_name} {show_number(row.limit)} {row.unit}" if row.limit is not None else "-"
        figure = "-" if row.figure is None or row.judged == "value" else f"{row.figure:.2f}" if row.judged == "ratio" else f"{row.figure:+.1f}"
        cells.append((row.work, show_measured(row.ours, row.unit), peer, limit, figure, row.budget, row.verdict))
    widths = [max(map(len, column)) for column in zip(*cells)]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in cells)


def render_growths(growths: Iterable[Growth]) -> str:
    lines = []
    for growth in growths:
        points = ", ".join(f"{size:g}: {show_number(cost)}" for size, cost in zip(growth.sizes, growth.costs))
        lines.append(f"{growth.work}: {growth.unit} by {growth.of}: {points}; exponent {growth.exponent:.2f}")
    return "\n".join(lines)


def hand_in(*results: Row | Growth) -> None:
    """Print results, and add them to the file of the whole run where there is one."""
    print(render_rows([each for each in results if isinstance(each, Row)]) if isinstance(results[0], Row) else render_growths(results), flush=True)
    path = os.environ.get(ROWS)
    if path:
        with Path(path).open("a", encoding="utf-8") as stream:
            for each in results:
                stream.write(json.dumps({"kind": type(each).__name__, **each._asdict()}) + "\n")


def read_results(text: str) -> tuple[list[Row], list[Growth]]:
    """What was handed in."""
    found: dict[str, list[Any]] = {"Row": [], "Growth": []}
    for line in text.splitlines():
        entry = json.loads(line)
        kind = entry.pop("kind")
        found[kind].append({"Row": Row, "Growth": Growth}[kind](**entry))
    return found["Row"], found["Growth"]
