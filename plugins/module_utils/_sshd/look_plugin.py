# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether sshd asks for temporary keys because our preparation has made it so, and how to take that back.

The preparation keeps the configuration as it was. Without that file the lines are of another origin.
Note that this module util is **PRIVATE** to the collection.
"""

import os
import stat
from typing import NamedTuple, Optional

from .._assistant.programs.prepare import BACKUP, CONFIG, FORMER, SAVED
from .._system.server import is_roots
from .._system.sshd import ConfigRefused, SshdError
from .._system.sshd_tree import decode, encode, find_file
from .look_candidate import Planner
from .plan import Plan
from .plan_hardening import NOTHING_CHANGED
from .plugin_lines import has_plugin_lines, without_plugin_lines

_KEYWORDS = ("authorizedkeyscommand", "authorizedkeyscommanduser")


class PluginLines(NamedTuple):
    """C(state): none, ours or others; C(without) is the configuration without lines of ours."""

    state: str
    without: Optional[bytes] = None


def look_at_plugin() -> PluginLines:
    """What the configuration has now."""
    text = decode(find_file(CONFIG) or b"")
    if not has_plugin_lines(text):
        return PluginLines("none")
    for path in (SAVED, FORMER, BACKUP):
        before = _read_saved(path)
        if before is not None and not has_plugin_lines(before):
            return PluginLines("ours", encode(without_plugin_lines(text, before)))
    return PluginLines("others")


def plan_without_plugin(planner: Planner) -> Plan:
    """Take our lines out; nothing but the command that sshd asks for keys may change."""
    before = planner.current()
    settings = planner.own_settings()
    found = look_at_plugin()
    if found.without is None or CONFIG not in planner.tree.files:
        return Plan({}, "none", before, before, settings)
    changes = {CONFIG: found.without}
    try:
        after = planner.judge(changes)
    except ConfigRefused as exc:
        raise SshdError("sshd does not accept its configuration without the lines for temporary keys: %s; %s" % (exc, NOTHING_CHANGED))
    planner.refuse_side_effects(before, after, _KEYWORDS)
    return Plan(changes, "none", before, after, settings)


def _read_saved(path: str) -> Optional[str]:
    if not is_roots(path) or not stat.S_ISREG(os.lstat(path).st_mode):
        return None
    return decode(find_file(path) or b"")
