# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One finding of a login check, and how findings are put in order.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Dict, List, NamedTuple

from .._text import shorten

BLOCKS = "blocks"
WARNS = "warns"
INFO = "info"
_ORDER = (BLOCKS, WARNS, INFO)
LONGEST = 2000
"""Characters of each text that is shown."""


class Finding(NamedTuple):
    """What prevents a login, or might. C(cause) is a stable name that programs may compare."""

    cause: str
    severity: str
    evidence: str
    fix: str
    fix_command: str = ""

    def to_dict(self) -> Dict[str, str]:
        """As the module returns it. Evidence may be a line of a file that any account can write."""
        found = dict(self._asdict(), evidence=shorten(self.evidence, LONGEST))
        if not self.fix_command:
            del found["fix_command"]
        return found


def blocks(cause: str, evidence: str, fix: str, fix_command: str = "") -> Finding:
    """A finding that alone makes the login impossible."""
    return Finding(cause, BLOCKS, evidence, fix, fix_command)


def warns(cause: str, evidence: str, fix: str, fix_command: str = "") -> Finding:
    """A finding that may stop the login, or that soon will."""
    return Finding(cause, WARNS, evidence, fix, fix_command)


def info(cause: str, evidence: str, fix: str = "") -> Finding:
    """Something worth knowing that stops nothing."""
    return Finding(cause, INFO, evidence, fix)


def in_order(findings: List[Finding]) -> List[Finding]:
    """Findings that block come first. Within a severity the order of the list stays: it is that in which a login meets them."""
    unique = list(dict.fromkeys(findings))
    return sorted(unique, key=lambda finding: _ORDER.index(finding.severity))


def shell_quote(text: str) -> str:
    """The text as one word of a shell command; plain words stay plain."""
    if text and all(char.isalnum() or char in "@%+=:,./-_" for char in text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"
