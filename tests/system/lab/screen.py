# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook prints at its end."""

from __future__ import annotations

import re


def table_row(output: str, host: str) -> str:
    """The row of a host, blanks reduced; a note below the table takes the place of its number."""
    lines = output.splitlines()
    (row,) = [" ".join(line.split()) for line in lines if line.startswith(f"  {host} ")]
    number = re.search(r"\(\d+\)$", row)
    if not number:
        return row
    start = next(index for index, line in enumerate(lines) if line.startswith(f"  {number[0]} "))
    note = [lines[start][len(number[0]) + 3 :]]
    for line in lines[start + 1 :]:
        if not line.startswith("      "):
            break
        note.append(line)
    return row[: number.start()] + " ".join(" ".join(note).split())
