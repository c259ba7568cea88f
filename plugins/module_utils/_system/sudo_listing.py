# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What C(sudo -ll -U USER) lists: the rules that are about the user on this host, aliases and groups resolved, in order: the last match counts.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import List, NamedTuple, Tuple

from .._text import text_lines


class Entry(NamedTuple):
    """One rule of the listing."""

    path: str
    """Its file, where this version of sudo shows it."""
    as_root: bool
    asks: bool
    """Whether it asks for a password."""
    commands: Tuple[str, ...]
    password_of: str = ""
    """The setting by which sudo asks for the password of another account than the user's own."""


def parse_listing(text: str) -> List[Entry]:
    """The rules of C(sudo -ll -U USER), in order."""
    head, *blocks = re.split(r"(?m)^Sudoers entry:", text)
    asks = not re.search(r"(?:^|[\s,])!authenticate(?:,|\s|\Z)", head)
    another = re.findall(r"(?:^|[\s,])((?:root|target|runas)pw)(?=,|\s|\Z)", head)
    return [_parse_entry(block, asks)._replace(password_of=another[-1] if another else "") for block in blocks]


def _parse_entry(block: str, asks: bool) -> Entry:
    lines = text_lines(block)
    fields = dict(re.findall(r"(?m)^    (\w+): (.*)$", block))
    options = [word.strip() for word in fields.get("Options", "").split(",")]
    users = [word.strip() for word in fields.get("RunAsUsers", "root").split(",")]
    if "!authenticate" in options or "authenticate" in options:
        asks = "authenticate" in options
    commands = tuple(line.strip() for line in lines if line.startswith("\t"))
    return Entry(lines[0].strip(), bool({"ALL", "root", "#0"} & set(users)) and not {"!root", "!#0"} & set(users), asks, commands)
