# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of sudoers, whoever wrote them, in the form that ssh_access writes its own in.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import Iterable, List, Optional, Sequence, Tuple

from .._system.sudoers import Rule, list_users
from .sudoers import SudoLine, is_command, is_runas

# What stands behind the users: every host, whom one may become, and the commands.
_REST = re.compile(r"\s*ALL\s*=\s*(?:\(([^()]*)\)\s*)?(.*)\Z")
_TAG = re.compile(r"\s*(NOPASSWD|PASSWD)\s*:\s*")
_ALIAS = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_COMMA = re.compile(r"(?<!\\),")


def read_lines(rule: Rule) -> Optional[Tuple[SudoLine, ...]]:
    """The lines that give the same to one user; None for what they cannot express, such as other tags, some hosts only, or a list of rules."""
    found = _REST.match(rule.text[list_users(rule.text)[1] :])
    if found is None or not found.group(2):
        return None
    runas = found.group(1)
    # sudo's own default is root; an empty list of users stands for the user.
    runas = "root" if runas is None else re.sub(r"\s*([:,])\s*", r"\1", runas.strip())
    if not is_runas(runas) or runas.startswith(":"):
        return None
    lines: List[SudoLine] = []
    nopasswd = False
    for text in _COMMA.split(found.group(2)):
        tag = _TAG.match(text)
        if tag:
            nopasswd, text = tag.group(1) == "NOPASSWD", text[tag.end() :]
        command = text.strip()
        if not is_command(command):
            return None
        if lines and lines[-1].nopasswd == nopasswd:
            lines[-1] = lines[-1]._replace(commands=lines[-1].commands + (command,))
        else:
            lines.append(SudoLine(nopasswd, (command,), runas))
    return tuple(line._replace(commands=()) if line.commands == ("ALL",) else line for line in lines)


def read_all(rules: Iterable[Rule]) -> Optional[Tuple[SudoLine, ...]]:
    """The lines of several rules, in their order, without repetitions; None if one of the rules has none."""
    lines: List[SudoLine] = []
    for rule in rules:
        found = read_lines(rule)
        if found is None:
            return None
        lines += found
    return last_of_each(lines)


def alias_names(lines: Iterable[SudoLine]) -> List[str]:
    """Names that only a definition of the same host gives a meaning to, instead of commands or users."""
    words = {word.strip(" !") for line in lines for word in line.commands + tuple(re.split("[,:]", line.runas))}
    return sorted(word for word in words if _ALIAS.match(word) and word != "ALL")


def last_of_each(lines: Sequence[SudoLine]) -> Tuple[SudoLine, ...]:
    """Lines without those that stand there again further down: of equal ones sudo uses the last."""
    return tuple(line for index, line in enumerate(lines) if line not in lines[index + 1 :])
