# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table for a terminal: pure text in, text out.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable

_GAP = "  "
_NARROWEST_LAST = 24


class Line(NamedTuple):
    """One line of the table; I(row) is the index of the row that it belongs to, None for the head."""

    text: str
    row: int | None


def render_table(columns: Sequence[str], rows: Sequence[Mapping[str, object]], width: int) -> list[Line]:
    """Lay out rows under their column names, at most I(width) characters wide.

    All columns but the last take the room they need; the last one is wrapped. A value that a row does not have is a dash, true and
    false are yes and no, and characters that could drive a terminal are shown as question marks.
    """
    cells = [[show(row.get(column)) for column in columns] for row in rows]
    widths = [max([_wide(column)] + [_wide(line[index]) for line in cells]) for index, column in enumerate(columns)]
    room = width - sum(widths[:-1]) - len(_GAP) * (len(columns) - 1)
    widths[-1] = min(widths[-1], max(room, _NARROWEST_LAST))
    lines = [Line(_join(list(columns), widths), None), Line(_join(["-" * size for size in widths], widths), None)]
    for index, line in enumerate(cells):
        wrapped = textwrap.wrap(line[-1], widths[-1]) or [""]
        lines.append(Line(_join([*line[:-1], wrapped[0]], widths), index))
        lines += [Line(_join([""] * (len(columns) - 1) + [more], widths), index) for more in wrapped[1:]]
    return lines


def show(value: object) -> str:
    """One value as it stands in a cell."""
    if value is None or value == "" or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return " ".join(show(item) for item in value)
    return printable(" ".join(str(value).split()))


def _join(texts: list[str], widths: list[int]) -> str:
    return _GAP.join(text + " " * (size - _wide(text)) for text, size in zip(texts, widths)).rstrip()


def _wide(text: str) -> int:
    """Terminal columns that a text takes: East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 0 if unicodedata.combining(char) else 1 for char in text)
