# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of PAM's stack, written out again so that PAM can be asked about one of them or about a part.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import Dict, List, Mapping, Optional

from .facts import PamEntry

# In the account stage these count, clear counters or run programs.
CHANGES = frozenset(("pam_faillock", "pam_tally", "pam_tally2", "pam_exec", "pam_script", "pam_python", "pam_abl"))
# These only judge, and in the account stage just as in that of the session.
_JUDGING = frozenset(("pam_access", "pam_deny", "pam_listfile", "pam_localuser", "pam_nologin", "pam_permit", "pam_shells", "pam_succeed_if", "pam_time"))
_SUCCESS, _IGNORED = 0, 25
# So that a module that ignores the login does not leave PAM without any answer.
_BEGINNING = "account required pam_permit.so\n"


def render_line(entry: PamEntry) -> str:
    """A stack that asks one module."""
    return _BEGINNING + _render(entry, "required", entry.file)


def render_account(entries: List[PamEntry]) -> str:
    """The account stage without what would change something."""
    lines = [_render(entry, entry.control, "pam_permit.so" if _changes(entry) else entry.file) for entry in entries]
    return _BEGINNING + "".join(lines)


def find_unasked(entries: List[PamEntry]) -> Optional[PamEntry]:
    """The first module that is not asked, although its refusal would count."""
    return next((entry for entry in entries if _changes(entry) and counts(entry.control)), None)


def _changes(entry: PamEntry) -> bool:
    """One that is not installed does nothing, and PAM reports it."""
    return entry.module in CHANGES and not entry.missing


def render_session(entries: List[PamEntry]) -> str:
    """The session stage as one that only judges: what does more is taken for granted; empty where nothing judges."""
    if all(entry.module == "pam_permit" for entry in find_judging(entries)):
        return ""
    lines = [_render(entry, entry.control, entry.file if _judges(entry) else "pam_permit.so") for entry in entries]
    return _BEGINNING + "".join(lines)


def find_judging(entries: List[PamEntry]) -> List[PamEntry]:
    """The modules of the session stage that can be asked: any other is made for sessions alone, and refuses whoever else asks it."""
    return [entry for entry in entries if _judges(entry)]


def _judges(entry: PamEntry) -> bool:
    return entry.missing or entry.module in _JUDGING


def _render(entry: PamEntry, control: str, module: str) -> str:
    words = [word for word in entry.arguments if word != "-"] if module != "pam_permit.so" else []
    return "account %s %s %s\n" % (control, module, " ".join("[%s]" % word if re.search(r"\s", word) else word for word in words))


def find_culprit(entries: List[PamEntry], codes: Mapping[str, int]) -> Optional[PamEntry]:
    """The entry that makes the stack refuse, by what each module answers when it is asked alone."""
    refusing = [entry for entry in entries if codes.get(entry.place, _SUCCESS) not in (_SUCCESS, _IGNORED)]
    for index, entry in enumerate(refusing):
        if counts(entry.control):
            before = [other for other in refusing[:index] if _file(other) == _file(entry)]
            # A pam_deny at the end of a file only says what one before it has decided.
            return before[-1] if entry.module == "pam_deny" and before else entry
    return None


def counts(control: str) -> bool:
    """Whether a refusal by the module refuses the login."""
    if not control.startswith("["):
        return control in ("required", "requisite")
    actions: Dict[str, str] = dict(word.split("=", 1) for word in control.strip("[]").split() if "=" in word)
    return actions.get("default", "bad") in ("bad", "die")


def _file(entry: PamEntry) -> str:
    return entry.place.rpartition(":")[0]
