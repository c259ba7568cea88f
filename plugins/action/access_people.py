# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a team for all hosts of a play, without connecting to any of them."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.table import render_table, show
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.matrix import Matrix, make_matrix
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.people import Host
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.source import TeamReader
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.team import Team

display = Display()

_MOST_COLUMNS = 26
_MOST_HOSTS = 6


class ActionModule(ActionBase):
    """Read each host's team, print the matrix, fail if anything is wrong."""

    _supports_check_mode = True
    _supports_diff = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _unused, options = self.validate_argument_spec(argument_spec={"hosts": {"type": "list", "elements": "str", "required": True}})
        variables = task_vars or {}
        known = {name for group, hosts in variables.get("groups", {}).items() for name in (group, *hosts)}
        today = datetime.datetime.now(datetime.timezone.utc).date()
        try:
            matrix = make_matrix(self._teams(options["hosts"], variables["hostvars"]), known, today)
        except ValueError as exc:
            return {**result, "failed": True, "msg": str(exc)}
        _print(matrix)
        result.update(
            changed=False,
            people=list(matrix.people),
            columns=[{"hosts": list(column.hosts), "cells": column.cells} for column in matrix.columns],
            errors=list(matrix.errors),
            warnings_of_team=list(matrix.warnings),
            notes=list(matrix.notes),
        )
        if matrix.errors:
            result.update(failed=True, msg=f"{len(matrix.errors)} things are wrong with the team: " + "; ".join(matrix.errors))
        return result

    def _teams(self, hosts: Sequence[str], hostvars: Any) -> Iterator[tuple[Host, Team]]:
        reader = TeamReader()
        for name in hosts:
            variables = hostvars.raw_get(name)
            yield Host(name, tuple(variables.get("group_names") or ())), reader.read(variables, self._templates(variables))

    def _templates(self, variables: Mapping[str, Any]) -> Callable[[Any], Any]:
        """Resolves templates with the variables of one host; costs nothing where there are none."""
        return lambda value: self._templar.copy_with_new_env(available_variables=variables).template(value)


def _print(matrix: Matrix) -> None:
    shown = matrix.columns[:_MOST_COLUMNS]
    letters = [chr(ord("A") + index) for index in range(len(shown))]
    rows = [{"person": name, **{letter: column.cells.get(name) for letter, column in zip(letters, shown)}} for name in matrix.people]
    display.display("")
    display.display("Who may log in where: R can become root, S has some sudo rights, L can log in", color=C.COLOR_HIGHLIGHT)
    if rows and shown:
        for line in render_table(["person", *letters], rows, max(shutil.get_terminal_size((120, 24)).columns, 40)):
            display.display("  " + line.text)
    for letter, column in zip(letters, shown):
        names = ", ".join(show(name) for name in column.hosts[:_MOST_HOSTS]) + (", ..." if len(column.hosts) > _MOST_HOSTS else "")
        display.display(f"  {letter}: {len(column.hosts)} host{'s' if len(column.hosts) > 1 else ''}: {names}")
    if len(matrix.columns) > len(shown):
        display.display(f"  {len(matrix.columns) - len(shown)} more columns are in the result of the task (-v)")
    for kind, texts, color in (("note", matrix.notes, None), ("warning", matrix.warnings, C.COLOR_WARN), ("error", matrix.errors, C.COLOR_ERROR)):
        for text in texts:
            display.display(f"  {kind}: {show(text)}", color=color)
    display.display("")
