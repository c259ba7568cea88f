# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sudoers: name and text of our own fragments, and who else is granted what.

Whether a text is valid is for visudo to say; this is only enough reading to find include lines, admin groups and foreign rules.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import Dict, List, NamedTuple, Sequence, Tuple

# The last matching rule wins in sudoers and fragments are read in lexical order: ours come late.
FRAGMENT_PREFIX = "95-ecs_access-"

_INCLUDE = re.compile(r"^(\s*[#@](?:include|includedir)\s+)(\"[^\"]+\"|(?:\\.|\S)+)(\s*)$")
_ADMIN = re.compile(r"^%(\S+)\s+ALL\s*=\s*(?:\(\s*(?:ALL|root)\s*(?::[^)]*)?\)\s*)?(?:[A-Z_]+:\s*)*ALL$")
_NOT_RULES = re.compile(r"^(Defaults|User_Alias|Runas_Alias|Host_Alias|Cmnd_Alias|Cmd_Alias)\b")


class Rule(NamedTuple):
    """One rule of the whole set: the file, its line, the first word list and the logical line."""

    path: str
    number: int
    who: Tuple[str, ...]
    text: str


def fragment_name(user: str) -> str:
    """File name of a user's fragment: never a dot or tilde, which sudo ignores, and no two users share one."""
    return FRAGMENT_PREFIX + "".join(
        char if (char.isalnum() and ord(char) < 128) or char == "-" else "_%02x_" % ord(char) for char in user)


def render_fragment(user: str, nopasswd: bool, commands: Sequence[str], runas: str) -> str:
    """The one rule of a user's fragment."""
    who = user if re.match(r"^[A-Za-z0-9_.-]+$", user) else '"%s"' % user
    tag = "NOPASSWD: " if nopasswd else ""
    return "# Managed by alicloud.ecs_access.ssh_access; changes here are overwritten.\n%s ALL=(%s) %s%s\n" % (
        who, runas, tag, ", ".join(commands) or "ALL")


def find_includes(text: str) -> List[Tuple[str, bool]]:
    """Paths named by include lines, in order: (path, is_directory)."""
    found = []
    for line in text.splitlines():
        match = _INCLUDE.match(line)
        if match:
            found.append((_unquote(match.group(2)), "includedir" in match.group(1)))
    return found


def replace_includes(text: str, copies: Dict[str, str]) -> str:
    """The text with every include path exchanged for its copy."""
    lines = []
    for line in text.splitlines():
        match = _INCLUDE.match(line)
        if match and _unquote(match.group(2)) in copies:
            line = match.group(1) + copies[_unquote(match.group(2))] + match.group(3)
        lines.append(line)
    return "\n".join(lines) + "\n"


def parse_rules(path: str, text: str) -> List[Rule]:
    """The user specifications of one file; Defaults, aliases and comments are passed over."""
    rules = []
    for number, line in _logical_lines(text):
        if _NOT_RULES.match(line) or "=" not in line:
            continue
        who = re.split(r"\s", re.sub(r"\s*,\s*", ",", line), maxsplit=1)[0]
        rules.append(Rule(path, number, tuple(who.split(",")), line))
    return rules


def admin_groups(rules: List[Rule]) -> List[str]:
    """Groups whose members may run everything as root, the platform's usual names first."""
    found = []
    for rule in rules:
        match = _ADMIN.match(rule.text)
        if match and match.group(1) not in found:
            found.append(match.group(1))
    return sorted(found, key=lambda name: (name != "sudo", name != "wheel"))


def rules_for(user: str, groups: Sequence[str], rules: List[Rule]) -> List[Rule]:
    """Rules that name the user, one of the groups, or everybody."""
    names = {user, '"%s"' % user, "ALL"} | {"%" + group for group in groups}
    return [rule for rule in rules if names.intersection(rule.who)]


def _logical_lines(text: str) -> List[Tuple[int, str]]:
    lines = []  # type: List[Tuple[int, str]]
    held = None  # type: Optional[Tuple[int, str]]
    for number, line in enumerate(text.splitlines(), 1):
        start, before = held or (number, "")
        if line.endswith("\\"):
            held = (start, before + line[:-1])
            continue
        held = None
        whole = before + line
        if not re.match(r"^\s*#\d", whole):
            whole = re.sub(r"(?<!\\)#.*$", "", whole)
        if whole.strip() and not whole.lstrip().startswith("@"):
            lines.append((start, whole.strip()))
    return lines


def _unquote(path: str) -> str:
    if path.startswith('"'):
        return path[1:-1]
    return re.sub(r"\\(.)", r"\1", path)
