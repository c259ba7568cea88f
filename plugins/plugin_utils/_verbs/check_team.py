# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook check_team: a team, judged for all hosts of a play without connecting to any of them.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import datetime
import shutil
import textwrap
from collections.abc import Iterator
from typing import Any

from ansible import constants as C
from ansible.utils.display import Display

from .._output.table import render_table, show
from .._people.matrix import Matrix, make_matrix
from .._people.people_of_host import Host
from .._people.source import TeamReader
from .._people.team import Team
from .._playbooks import result_table
from .._playbooks.variables import CHOICES, SWITCHES, unknown_names, wrong_value
from . import steps
from .texts import documented
from .tools import StepFailed, Tools

_PLAYBOOK = "check_team"
_OF_TEAM = "ssh_user"
"""The beginning of names that the team itself judges, so that all of them are reported."""
_MOST_COLUMNS = 26
_MOST_HOSTS = 6
_MOST_TOLD = 20


HOST_STEPS = ()


def matrix_step(tools: Tools) -> dict[str, Any]:
    """Read each host's team, print who may what, and hand it out. What is wrong is for the verdict."""
    steps.check_call(tools)
    names: set[str] = set(tools.variables)
    matrix = make_matrix(_teams(tools, names), tools.variables.get("groups") or {}, datetime.datetime.now(datetime.timezone.utc).date())
    values = wrong_value(tools.given([*CHOICES, *SWITCHES]))
    wrong = [*unknown_names((name for name in names if not name.startswith(_OF_TEAM)), documented()), *([values] if values else ())]
    matrix = matrix._replace(errors=(*wrong, *matrix.errors))
    _print(matrix)
    tools.store.write("errors", matrix.errors)
    rows = _rows(matrix)
    return {"changed": False, **steps.hand_out(tools, rows, _report(tools, matrix, rows))}


def verdict_step(tools: Tools) -> dict[str, Any]:
    """Fail if anything is wrong."""
    errors = tools.store.read("errors") or []
    if errors:
        told = [*errors[:_MOST_TOLD], *([f"and {len(errors) - _MOST_TOLD} more"] if len(errors) > _MOST_TOLD else ())]
        raise StepFailed(f"{len(errors)} thing{' is' if len(errors) == 1 else 's are'} wrong with the team: {'; '.join(told)}")
    return {"changed": False}


def _teams(tools: Tools, names: set[str]) -> Iterator[tuple[Host, Team]]:
    """The team of each host; the names of its variables are added to I(names)."""
    reader = TeamReader()
    for name in tools.names("ansible_play_hosts_all"):
        variables = tools.raw(name)
        names.update(variables)
        yield Host(name, tuple(variables.get("group_names") or ())), reader.read(variables, tools.template_for(variables))


def _rows(matrix: Matrix) -> list[dict[str, Any]]:
    rows = []
    for column in matrix.columns:
        present = sum(cell[:1] in ("R", "S", "L") for cell in column.cells.values())
        for host in column.hosts:
            why = "; ".join(matrix.unusable.get(host, ()))
            rows.append({"host": host, "people": present, "failed": bool(why), "finding": bool(why), "why": why})
    return rows


def _report(tools: Tools, matrix: Matrix, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The report of every playbook, and with it the matrix."""
    report = result_table.render_report(_PLAYBOOK, ["people"], rows, tools.check_mode)
    counts = {"people": len(matrix.people), "errors": len(matrix.errors), "warnings": len(matrix.warnings)}
    return {
        **report,
        "result": "findings" if matrix.errors else "clean",
        "counts": {**report["counts"], **counts},
        "people": list(matrix.people),
        "access": [{"hosts": list(column.hosts), "people": column.cells} for column in matrix.columns],
        "errors": list(matrix.errors),
        "warnings": list(matrix.warnings),
        "notes": list(matrix.notes),
    }


def _print(matrix: Matrix) -> None:
    display = Display()
    shown = matrix.columns[:_MOST_COLUMNS]
    letters = [chr(ord("A") + index) for index in range(len(shown))]
    rows = [{"person": name, **{letter: column.cells.get(name) for letter, column in zip(letters, shown)}} for name in matrix.people]
    display.display("")
    display.display("Who may log in where: R can become root, S has some sudo rights, L can log in", color=C.COLOR_HIGHLIGHT)
    if rows and shown:
        for line in render_table(["person", *letters], rows, max(shutil.get_terminal_size((result_table.WIDTH, 24)).columns, 40)):
            display.display("  " + line.text)
    for letter, column in zip(letters, shown):
        names = ", ".join(show(name) for name in column.hosts[:_MOST_HOSTS]) + (", ..." if len(column.hosts) > _MOST_HOSTS else "")
        _display(f"{letter}: {len(column.hosts)} host{'s' if len(column.hosts) > 1 else ''}: {names}")
    if len(matrix.columns) > len(shown):
        display.display(f"  {len(matrix.columns) - len(shown)} more columns are in the report (ecs_access_report)")
    for kind, texts, color in (("note", matrix.notes, None), ("warning", matrix.warnings, C.COLOR_WARN), ("error", matrix.errors, C.COLOR_ERROR)):
        for text in texts:
            _display(f"{kind}: {show(text)}", color)
    display.display("")


def _display(text: str, color: str | None = None) -> None:
    for line in textwrap.wrap(text, result_table.WIDTH - 2, initial_indent="  ", subsequent_indent="    "):
        Display().display(line, color=color)
