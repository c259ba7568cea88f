# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sudoers files: read the whole set, have a changed copy judged by visudo, put single fragments in place.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import re
import socket
import stat
from typing import Dict, FrozenSet, List, Optional, Tuple

from .._system.private_folder import private_folder
from .._system.run import HostError, find_tool, run_tool
from .._text import text_lines
from .homes import READABLE_DIRECTORY, closing
from .look_keys import find_obstacle
from .state import Fragment, SudoSet
from .sudoers import FRAGMENT_PREFIX, find_includes, parse_rules, replace_includes
from .write_keys import flush, replace_file

_MAIN = "/etc/sudoers"
_USUAL_DIR = "/etc/sudoers.d"
_MODE = 0o440


class _Files:
    """The set as files: path to text, and for each directory the names that sudo would read."""

    def __init__(self) -> None:
        self.texts = {}  # type: Dict[str, str]
        self.directories = []  # type: List[str]
        self._read(_MAIN, 0)

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


def read_sudo() -> SudoSet:
    """Rules of the whole set, and our own fragments."""
    if find_tool("visudo") is None or not os.path.exists(_MAIN):
        return SudoSet(installed=False, fragment_dir=None)
    files = _Files()
    directory = _USUAL_DIR if _USUAL_DIR in files.directories else files.directories[-1] if files.directories else None
    fragments, rules = {}, []
    for path, text in files.texts.items():
        if directory and os.path.dirname(path) == directory and os.path.basename(path).startswith(FRAGMENT_PREFIX):
            status = os.lstat(path)
            sound = (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (0, 0, _MODE) and stat.S_ISREG(status.st_mode)
            fragments[path] = Fragment(text, sound)
        else:
            rules += parse_rules(path, text)
    return SudoSet(True, directory, fragments, rules, find_obstacle(directory) if directory else None)


def find_named_groups() -> FrozenSet[str]:
    """Groups, by name or number, that any line mentions: in a rule, an alias or wherever else a right may come from."""
    if find_tool("visudo") is None or not os.path.exists(_MAIN):
        return frozenset()
    return frozenset(word for text in _Files().texts.values() for word in re.findall(r"%:?#?([^\s,=:!()\\]+)", text))


def check_fragments(changes: Dict[str, Optional[str]]) -> None:
    """Have visudo judge a private copy of the whole set with the changes in it; raises HostError when it objects."""
    code, said = _judge(changes)
    if code == 0:
        return
    if _judge({})[0] != 0:
        raise HostError("the sudoers files of this host are already broken, so nothing is added to them: %s" % said)
    raise HostError("visudo rejects the sudo rules: %s" % said)


def _judge(changes: Dict[str, Optional[str]]) -> Tuple[int, str]:
    files = _Files()
    texts = dict(files.texts)
    for path, text in changes.items():
        texts.pop(path, None)
        if text is not None:
            texts[path] = text
    with private_folder() as folder:
        copies = {path: os.path.join(folder, "d%d" % number) for number, path in enumerate(files.directories)}
        for copy in copies.values():
            os.mkdir(copy, 0o700)
        for number, path in enumerate(texts):
            directory = os.path.dirname(path)
            if path != _MAIN and directory in copies:
                copies[path] = os.path.join(copies[directory], os.path.basename(path))
            else:
                copies[path] = os.path.join(folder, "f%d" % number)
        for path, text in texts.items():
            targets = {name: copies.get(resolve_include(path, name), name) for name, _is_directory in find_includes(text)}
            with open(copies[path], "w", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
                stream.write(replace_includes(text, targets))
            os.chmod(copies[path], _MODE)
        code, said = run_tool(["visudo", "-c", "-f", copies[_MAIN]], timeout=30)
        for path, copy in sorted(copies.items(), key=lambda item: -len(item[1])):
            said = said.replace(copy, path)
        wrong = [line.lstrip("> ") for line in text_lines(said) if line.strip(" ^~") and "parsed OK" not in line]
        return code, "; ".join(wrong[:4])


def write_fragment(path: str, text: str) -> None:
    """Put a fragment in place; its temporary name has a dot, so sudo never reads half a file."""
    try:
        with closing(os.open(os.path.dirname(path), READABLE_DIRECTORY)) as directory:
            replace_file(directory, os.path.basename(path), text.encode("utf-8"), (0, 0), _MODE)
    except OSError as exc:
        raise HostError("%s could not be written: %s" % (path, exc.strerror))


def remove_fragment(path: str) -> None:
    """Take a fragment away."""
    try:
        with closing(os.open(os.path.dirname(path), READABLE_DIRECTORY)) as directory:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.basename(path), dir_fd=directory)
            flush(directory)
    except OSError as exc:
        raise HostError("%s could not be removed: %s" % (path, exc.strerror))
