# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that a person has accepted, for a reason and until a day. Past that day they are back.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable

from .._output.similar import did_you_mean
from .._people.hosts import HostPattern, PatternRefused, parse_pattern
from .._people.variables import parse_day
from .finding import KINDS, Accepted, Finding
from .picture import Instance

_NAME = "ecs_access_accepted"
_WORDS = ("kind", "subject", "hosts", "reason", "by", "until")
_REQUIRED = ("kind", "reason", "by", "until")


class Acceptance(NamedTuple):
    """One entry. Without a subject it is about every one, without hosts about every instance."""

    kind: str
    subject: str
    hosts: HostPattern | None
    accepted: Accepted


def read_acceptances(value: Any) -> list[Acceptance]:
    """The entries of ecs_access_accepted; raises ValueError."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ValueError(f"{_NAME} must be a list of dictionaries with {', '.join(_REQUIRED)}.")
    return [_read(f"{_NAME}[{index}]", entry) for index, entry in enumerate(value)]


def accept(findings: Iterable[Finding], acceptances: Sequence[Acceptance], instances: Mapping[str, Instance], today: datetime.date) -> list[Finding]:
    """The same findings, with the acceptance of each that has one."""
    valid = [entry for entry in acceptances if entry.accepted.until >= today.isoformat()]
    if not valid:
        return list(findings)
    found = []
    for finding in findings:
        instance = instances.get(finding.instance or "")
        covering = next((entry for entry in valid if _covers(entry, finding, instance)), None)
        found.append(finding._replace(accepted=covering.accepted) if covering else finding)
    return found


def _covers(entry: Acceptance, finding: Finding, instance: Instance | None) -> bool:
    if entry.kind != finding.kind or entry.subject not in ("", finding.subject):
        return False
    return entry.hosts is None or (instance is not None and entry.hosts.matches(instance.name, instance.groups))


def _read(where: str, entry: Any) -> Acceptance:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where} must be a dictionary with {', '.join(_REQUIRED)}.")
    for word in entry:
        if word not in _WORDS:
            raise ValueError(f"{where}: unknown word {word}{did_you_mean(word, _WORDS)}")
    for word in _REQUIRED:
        if not str(entry.get(word) or "").strip():
            raise ValueError(f"{where} has no {word}; every accepted finding needs {', '.join(_REQUIRED)}.")
    kind = str(entry["kind"])
    if kind not in KINDS:
        raise ValueError(f"{where}: there is no kind of finding {kind}{did_you_mean(kind, KINDS)}")
    try:
        until = parse_day(entry["until"]).isoformat()
    except ValueError:
        raise ValueError(f"{where}: until must be a day such as 2027-01-31, the last one that counts, not {str(entry['until'])[:40]!r}.") from None
    try:
        hosts = parse_pattern(str(entry["hosts"])) if entry.get("hosts") else None
    except PatternRefused as exc:
        raise ValueError(f"{where}: the pattern {str(entry['hosts'])[:80]!r} {exc}.") from None
    return Acceptance(kind, str(entry.get("subject") or ""), hosts, Accepted(printable(str(entry["reason"])), printable(str(entry["by"])), until))
