# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing that a person must look at, how severe it is, and whether it has been accepted.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

HIGH, MEDIUM, LOW, INFO = "high", "medium", "low", "info"
SEVERITIES = (HIGH, MEDIUM, LOW, INFO)
NEVER = "never"

KINDS = {
    "unknown_key": "a key that nobody in the team holds",
    "shared_key": "one key in the accounts of several people",
    "weak_key": "a key of an old type or size",
    "leaver": "access of a person who has left",
    "root_by_key": "a login as root itself, which does not show who it was",
    "passwordless_sudo": "root without a password, which the team file does not give",
    "not_in_team": "access that the team file does not give",
    "missing": "access that the team file gives and the instance does not have",
    "expired_open": "access whose last day is over",
    "returns_at_boot": "access that comes back when the instance starts again",
    "password_login": "a login with a password",
    "private_key_on_host": "a private key that lies on an instance",
    "path": "a private key on an instance that opens another account",
    "unused": "a key that has not been used for 90 days",
    "moved": "an instance that a rule has gained or lost while the team file is the same",
    "two_owners": "an account in the records of two team files",
    "not_seen": "what could not be read",
}


class Accepted(NamedTuple):
    """Who has accepted a finding, why, and until which day."""

    reason: str
    by: str
    until: str


class Finding(NamedTuple):
    """C(subject): a person, an account, a fingerprint or an instance. C(place): what else distinguishes it from others."""

    kind: str
    severity: str
    subject: str
    instance: str | None
    evidence: str
    place: str = ""
    accepted: Accepted | None = None

    @property
    def id(self) -> str:
        """The same for the same finding of another run."""
        parts = (self.kind, self.subject, self.instance or "", self.place)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The most severe first, those that have been accepted last."""
    unique: dict[str, Finding] = {}
    for finding in findings:
        before = unique.setdefault(finding.id, finding)
        if SEVERITIES.index(finding.severity) < SEVERITIES.index(before.severity):
            unique[finding.id] = finding
    return sorted(
        unique.values(),
        key=lambda finding: (
            finding.accepted is not None,
            SEVERITIES.index(finding.severity),
            finding.kind,
            finding.subject,
            finding.instance or "",
            finding.place,
        ),
    )


def counts_for(finding: Finding, fail_on: str) -> bool:
    """Whether a finding makes its host fail. Of those that have been accepted, none does."""
    if fail_on == NEVER or finding.accepted is not None:
        return False
    return SEVERITIES.index(finding.severity) <= SEVERITIES.index(fail_on)
