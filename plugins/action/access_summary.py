# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the summary table of a playbook; see the module of the same name for the options."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.table import Line, render_table, show

display = Display()

_NOTHING_NOTED = {"failed": True, "why": "the run ended before this host was checked"}


class ActionModule(ActionBase):
    """Read each host's outcome, print the table, fail if a row failed."""

    _supports_check_mode = True
    _supports_diff = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _unused, options = self.validate_argument_spec(
            argument_spec={
                "title": {"type": "str", "required": True},
                "hosts": {"type": "list", "elements": "str", "required": True},
                "outcome": {"type": "str", "default": "ecs_access_outcome"},
                "columns": {"type": "list", "elements": "str", "default": []},
            }
        )
        hostvars = (task_vars or {})["hostvars"]
        rows = [self._row(host, options["outcome"], hostvars) for host in options["hosts"]]
        lines = render_table(["host", *options["columns"], "why"], rows, shutil.get_terminal_size((120, 24)).columns)
        self._print(options["title"], lines, rows)
        failed = [row["host"] for row in rows if row.get("failed")]
        result.update(changed=False, table=[line.text for line in lines], failed_hosts=failed)
        if failed:
            names = ", ".join(show(name) for name in failed[:5]) + (", ..." if len(failed) > 5 else "")
            result.update(failed=True, msg=f"{len(failed)} of {len(rows)} hosts need attention: {names}. The table shows why.")
        return result

    @staticmethod
    def _row(host: str, outcome: str, hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        noted = hostvars[host].get(outcome) if host in hostvars else None
        return {**(noted or _NOTHING_NOTED), "host": host}

    @staticmethod
    def _print(title: str, lines: Sequence[Line], rows: Sequence[Mapping[str, Any]]) -> None:
        display.display("")
        display.display(show(title), color=C.COLOR_HIGHLIGHT)
        for line in lines:
            color = None if line.row is None else C.COLOR_ERROR if rows[line.row].get("failed") else C.COLOR_OK
            display.display("  " + line.text, color=color)
        display.display("")
