# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sudoers files as sudo reads them: the main one and all that its include lines lead to.

Note that this module util is **PRIVATE** to the collection.
"""

import os
import re
import socket
from typing import Dict, FrozenSet, List, Tuple

from .._text import text_lines
from .run import find_tool

MAIN = "/etc/sudoers"
_INCLUDE = re.compile(r"^(\s*[#@](?:include|includedir)\s+)(\"[^\"]+\"|(?:\\.|[^\s\\])+)(\s*)$")


class SudoersTree:
    """The set as files: path to text, and for each directory the names that sudo would read."""

    def __init__(self) -> None:
        self.texts: Dict[str, str] = {}
        self.directories: List[str] = []
        self._read(MAIN, 0)

    def _read(self, path: str, depth: int) -> None:
        if path in self.texts or depth > 20:
            return
        try:
            with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
                self.texts[path] = stream.read()
        except OSError:
            return
        for name, is_directory in find_includes(self.texts[path]):
            target = resolve_include(path, name)
            if not is_directory:
                self._read(target, depth + 1)
                continue
            if target not in self.directories:
                self.directories.append(target)
            for entry in names_in(target):
                self._read(os.path.join(target, entry), depth + 1)


def resolve_include(path: str, name: str) -> str:
    """Where an include line points: %h is the short host name, a relative path starts beside the including file."""
    return os.path.join(os.path.dirname(path), name.replace("%h", socket.gethostname().split(".")[0]))


def names_in(directory: str) -> List[str]:
    """Names that sudo reads in an included directory: none with a dot or with a tilde at the end."""
    try:
        return sorted(name for name in os.listdir(directory) if "." not in name and not name.endswith("~"))
    except OSError:
        return []


def find_includes(text: str) -> List[Tuple[str, bool]]:
    """Paths named by include lines, in order: (path, is_directory)."""
    found = []
    for line in text_lines(text):
        match = _INCLUDE.match(line)
        if match:
            found.append((_unquote(match.group(2)), "includedir" in match.group(1)))
    return found


def replace_includes(text: str, copies: Dict[str, str]) -> str:
    """The text with every include path exchanged for its copy."""
    lines = []
    for line in text_lines(text):
        match = _INCLUDE.match(line)
        if match and _unquote(match.group(2)) in copies:
            line = match.group(1) + copies[_unquote(match.group(2))] + match.group(3)
        lines.append(line)
    return "\n".join(lines) + "\n"


def find_named_groups() -> FrozenSet[str]:
    """Groups, by name or number, that any line mentions: in a rule, an alias or wherever else a right may come from."""
    if find_tool("visudo") is None or not os.path.exists(MAIN):
        return frozenset()
    return frozenset(word for text in SudoersTree().texts.values() for word in re.findall(r"%:?#?([^\s,=:!()\\]+)", text))


def _unquote(path: str) -> str:
    if path.startswith('"'):
        return path[1:-1]
    return re.sub(r"\\(.)", r"\1", path)
