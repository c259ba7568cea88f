# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines by which sshd asks the vendor's plugin for temporary keys: which they are, and the text without them.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Set

from .._assistant.programs.prepare import ACCOUNT, HELPER
from .._openssh.sshd_config import parse_directives


def has_plugin_lines(text: str) -> bool:
    """Whether a configuration has one of them."""
    return bool(_numbers(text))


def without_plugin_lines(text: str, before: str) -> str:
    """The text without them; exactly what was I(before) where nothing else has been added since."""
    if text.startswith(before) and not _without(text[len(before) :]).strip():
        return before
    return _without(text)


def _without(text: str) -> str:
    lines, gone = text.split("\n"), _numbers(text)
    # The plugin puts a blank line in front of them.
    blank = {number - 1 for number in gone if number > 1 and number - 1 not in gone and not lines[number - 2].strip()}
    return "\n".join(line for number, line in enumerate(lines, 1) if number not in gone | blank)


def _numbers(text: str) -> Set[int]:
    return {
        directive.line
        for directive in parse_directives("", text)
        if (directive.keyword == "authorizedkeyscommand" and HELPER in directive.arguments)
        or (directive.keyword == "authorizedkeyscommanduser" and directive.arguments == (ACCOUNT,))
    }
