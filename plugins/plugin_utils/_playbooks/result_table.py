# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown at the end of a playbook: a table, the reasons behind it, a sum, and the same for machines.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .._output.table import render_table, show

SCHEMA = "alicloud.ecs_access/report/1"
WIDTH = 120
_INDENT = "  "
_NOTE_FROM = 4
"""So many hosts with one reason share a note below the table."""
_FOLD_FROM = 12
_NOT_TRIED = "not tried yet"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]+\Z")

Row = Mapping[str, Any]


class Shown(NamedTuple):
    """One line for the screen."""

    text: str
    kind: str = ""
    """title, good, bad or nothing in particular."""


def complete(rows: Mapping[str, Row], hosts: Iterable[str]) -> list[Row]:
    """A row for each host of the run, those that failed last. One that was only planned has not been tried."""
    waiting: Row = {"failed": True, "tried": False, "why": _NOT_TRIED}
    found = {host: rows.get(host, waiting) for host in hosts}
    every = [{**row, **(waiting if row.get("tried") is False else {}), "host": host} for host, row in found.items()]
    return sorted(every, key=lambda row: bool(row.get("failed")))


def render_summary(title: str, columns: Sequence[str], rows: Sequence[Row]) -> list[Shown]:
    """At most WIDTH columns wide; a row is one line, and what does not fit beside it is explained once below."""
    reasons: dict[str, list[Row]] = {}
    for row in rows:
        if row.get("why"):
            reasons.setdefault(_without_own_names(row), []).append(row)
    room = WIDTH - len(_INDENT) - _taken(columns, rows)
    notes = [why for why, those in reasons.items() if len(those) >= _NOTE_FROM or any(len(show(row["why"])) > room for row in those)]
    cells = [{**row, "why": f"({notes.index(why) + 1})" if (why := _without_own_names(row)) in notes else row.get("why")} for row in rows]
    lines = [Shown(""), Shown(show(title), "title")]
    folded = _fold(columns, cells)
    for line in render_table(["host", *columns, "why"], folded, WIDTH - len(_INDENT)):
        kind = "" if line.row is None else "bad" if folded[line.row].get("failed") else "good"
        lines.append(Shown(_INDENT + line.text, kind))
    for number, why in enumerate(notes, 1):
        those = reasons[why]
        count = f"{len(those)} hosts: " if len(those) > 1 else ""
        text = f"({number}) {count}{show(why if len(those) > 1 else those[0]['why'])}"
        lines += [Shown(_INDENT + part, "bad" if those[0].get("failed") else "") for part in textwrap.wrap(text, WIDTH - 8, subsequent_indent="    ")]
    return [*lines, Shown(_INDENT + sum_line(rows)), Shown("")]


def sum_line(rows: Sequence[Row]) -> str:
    """How many of the hosts were done."""
    waiting = [row for row in rows if row.get("tried") is False]
    failed = [row for row in rows if row.get("failed") and row not in waiting]
    rest = f"; {len(waiting)} not tried yet" if waiting else ""
    if not failed:
        done = len(rows) - len(waiting)
        return f"{done} host{'' if done == 1 else 's'} done, {sum(bool(row.get('changed')) for row in rows)} changed{rest}"
    names = ", ".join(show(row["host"]) for row in failed[:3]) + (", ..." if len(failed) > 3 else "")
    return f"{len(failed)} of {len(rows)} hosts need attention: {names[:80]}{rest}"


def judge(rows: Sequence[Row]) -> str:
    """clean, findings or incomplete."""
    if any(row.get("failed") and not row.get("finding") for row in rows):
        return "incomplete"
    return "findings" if any(row.get("failed") or row.get("finding") for row in rows) else "clean"


def statistics(rows: Sequence[Row], ids: Mapping[str, str], report: str) -> dict[str, Any]:
    """What set_stats gives to later jobs: nothing in it is text from elsewhere."""
    failed = [str(row["host"]) for row in rows if row.get("failed")]
    return {
        "result": judge(rows),
        "hosts": len(rows),
        "done": len(rows) - len(failed),
        "changed": sum(bool(row.get("changed")) for row in rows),
        "failed": len(failed),
        "not_tried": sum(row.get("tried") is False for row in rows),
        "failed_hosts": [host if _PLAIN_NAME.match(host) else ids.get(host, "") for host in failed],
        "report": report,
    }


def render_report(playbook: str, columns: Sequence[str], rows: Sequence[Row], check_mode: bool) -> dict[str, Any]:
    """The content of ecs_access_report: the keys are the columns of the table."""
    failed = sum(bool(row.get("failed")) for row in rows)
    return {
        "schema": SCHEMA,
        "playbook": playbook,
        "check_mode": check_mode,
        "result": judge(rows),
        "counts": {"hosts": len(rows), "done": len(rows) - failed, "failed": failed},
        "hosts": [
            {
                "host": row["host"],
                **{column: row.get(column) for column in columns},
                "changed": bool(row.get("changed")),
                "drift": list(row.get("drift") or []),
                "failed": bool(row.get("failed")),
                "why": row.get("why") or "",
            }
            for row in sorted(rows, key=lambda row: str(row["host"]))
        ],
    }


def group_diffs(rows: Sequence[Row]) -> list[tuple[str, list[str]]]:
    """Each different change once, with the hosts that it is for."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for diff in row.get("diffs") or []:
            found.setdefault(str(diff), []).append(str(row["host"]))
    return list(found.items())


def short_reason(row: Row, limit: int = 60) -> str:
    """What fits beside the name of a failed host; the table has the rest."""
    why = show(_without_own_names(row))
    return why if len(why) <= limit else why[: limit - 3].rstrip() + "..."


def _without_own_names(row: Row) -> str:
    """The reason without what is different for every host, so that equal reasons are counted together."""
    why = str(row.get("why") or "")
    for own in sorted((str(word) for word in row.get("names") or [] if word), key=len, reverse=True):
        why = re.sub(rf"(?<![\w.-]){re.escape(own)}(?![\w-])", "it", why)
    return re.sub(r"\bit:? port \d+", "it", why)


def _taken(columns: Sequence[str], rows: Sequence[Row]) -> int:
    """The width of the table without its last column."""
    return sum(max([len(column)] + [len(show(row.get(column))) for row in rows]) + 2 for column in ["host", *columns])


def _fold(columns: Sequence[str], rows: Sequence[Row]) -> list[Row]:
    """Rows that differ in nothing but the host's name as one, where there are very many of them."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(show(row.get(column)) for column in [*columns, "why", "failed"]), []).append(row)
    folded: list[Row] = []
    for those in groups.values():
        if len(rows) <= 50 or len(those) < _FOLD_FROM:
            folded += those
        else:
            folded.append({**those[0], "host": f"{show(those[0]['host'])} and {len(those) - 1} more"})
    return sorted(folded, key=lambda row: bool(row.get("failed")))
