# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit found on each host, as a row of the playbook's table.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .document import Audit
from .finding import SEVERITIES, Finding
from .picture import Entry
from .roster import ROOT

_MOST_TOLD = 3


class Rows:
    """The rows of all hosts, from one look through the audit."""

    def __init__(self, audit: Audit, counts: Callable[[Finding], bool]) -> None:
        self._audit, self._counts = audit, counts
        self._working: dict[str, list[Entry]] = {}
        self._findings: dict[str, list[Finding]] = {}
        for entry in audit.picture.entries:
            if entry.works:
                self._working.setdefault(entry.instance, []).append(entry)
        where: dict[str, set[str]] = {}
        for place in audit.picture.places:
            where.setdefault(place.fingerprint, set()).add(place.instance)
        for finding in audit.findings:
            # One about a key as a whole is about every instance that has it.
            for instance in [finding.instance] if finding.instance is not None else where.get(finding.subject, ()):
                self._findings.setdefault(instance, []).append(finding)

    def row(self, instance_id: str) -> dict[str, Any]:
        """Counts, and why the host fails. A host that was not seen fails whatever it may have."""
        instance, working = self._audit.picture.instances[instance_id], self._working.get(instance_id, [])
        findings = [finding for finding in self._findings.get(instance_id, []) if finding.accepted is None]
        row: dict[str, Any] = {severity: sum(finding.severity == severity for finding in findings) for severity in SEVERITIES}
        if not instance.seen:
            return {**row, "via": "not seen", "people": None, "root": None, "failed": True, "finding": False, "why": instance.why or "not seen"}
        counted = [finding for finding in findings if self._counts(finding)]
        texts = [f"{finding.kind} {finding.subject}: {finding.evidence}" for finding in counted[:_MOST_TOLD]]
        texts += [f"and {len(counted) - _MOST_TOLD} more"] if len(counted) > _MOST_TOLD else []
        return {
            **row,
            "via": instance.via,
            "people": len({entry.person for entry in working}),
            "root": len({entry.person for entry in working if entry.right == ROOT}),
            "failed": bool(counted),
            "finding": bool(counted),
            "why": "; ".join(texts),
        }


def cost_text(instances: int, chapters: int, batch: int, quota: int) -> str:
    """What asking so many instances through Cloud Assistant needs; empty if none is asked."""
    if not instances:
        return ""
    commands, calls = instances * chapters, -(-instances // batch) * chapters
    return (
        f"Cloud Assistant runs {commands} commands in {instances} instance{'s' if instances > 1 else ''} ({calls} calls); "
        f"the account may run {quota} a day. Commands and output stay in its history for up to a month."
    )
