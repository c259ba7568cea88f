# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two plots of a run: how far each row is from its budget, and how costs grow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from _table import Growth, Row

mpl.use("Agg")
from matplotlib import pyplot

_KEPT, _EXCEEDED = "#2f6f9f", "#c2571a"


def plot_budgets(rows: Sequence[Row], path: Path) -> None:
    """A bar for each row that has a budget, as a share of it: what ends left of the line is kept."""
    shares = [(row, share) for row in rows for share in [share_of_budget(row)] if share is not None]
    figure, axes = pyplot.subplots(figsize=(11, 1.2 + 0.36 * len(shares)))
    for place, (row, share) in enumerate(reversed(shares)):
        axes.barh(place, share, color=_KEPT if row.verdict == "kept" else _EXCEEDED, height=0.6)
        axes.text(share + 0.01, place, f"{row.figure:.3g}  (budget {row.budget})", va="center", fontsize=8)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(range(len(shares)), [row.work for row, _share in reversed(shares)], fontsize=8)
    axes.set_xlim(0, max([1.6, *(share * 1.35 for _row, share in shares)]))
    axes.set_xlabel("share of the budget that is used; left of 1 is kept")
    _save(figure, path)


def share_of_budget(row: Row) -> float | None:
    """How much of its budget a row uses."""
    if row.figure is None or (row.most is None and row.least is None):
        return None
    if row.least is not None:
        return row.least / row.figure if row.figure else None
    return max(0.0, row.figure) / row.most if row.most else None


def plot_growths(growths: Sequence[Growth], path: Path) -> None:
    """Cost by size, both logarithmic: a straight line of slope one is linear growth."""
    columns = 2
    lines = max(1, -(-len(growths) // columns))
    figure, grid = pyplot.subplots(lines, columns, figsize=(11, 3.4 * lines), squeeze=False)
    for axes in grid.flat[len(growths) :]:
        axes.set_visible(False)
    for axes, growth in zip(grid.flat, growths):
        axes.loglog(growth.sizes, growth.costs, marker="o", color=_KEPT)
        axes.set_title(f"{growth.work}: exponent {growth.exponent:.2f}", fontsize=9)
        axes.set_xlabel(growth.of, fontsize=8)
        axes.set_ylabel(growth.unit, fontsize=8)
        axes.grid(visible=True, which="both", alpha=0.3)
    _save(figure, path)


def _save(figure: mpl.figure.Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
