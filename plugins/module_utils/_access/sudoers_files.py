# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sudoers files: read the whole set, have a changed copy judged by visudo, put single fragments in place.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import stat
from typing import Dict, Optional, Sequence, Tuple

from .._names import temporary_names
from .._system.files import READABLE_DIRECTORY, closing, flush_folder, replace_file
from .._system.private_folder import private_folder
from .._system.run import HostError, find_tool, run_tool
from .._system.sudoers import parse_rules
from .._system.sudoers_tree import MAIN, SudoersTree, find_includes, replace_includes, resolve_include
from .._text import text_lines
from .look_keys import find_obstacle
from .state import Fragment, SudoSet
from .sudoers import is_fragment

_USUAL_DIR = "/etc/sudoers.d"
_MODE = 0o440


def read_sudo() -> SudoSet:
    """Rules of the whole set, and our own fragments."""
    if find_tool("visudo") is None or not os.path.exists(MAIN):
        return SudoSet(installed=False, fragment_dir=None)
    files = SudoersTree()
    directory = _USUAL_DIR if _USUAL_DIR in files.directories else files.directories[-1] if files.directories else None
    fragments, rules = {}, []
    for path, text in files.texts.items():
        if directory and os.path.dirname(path) == directory and is_fragment(os.path.basename(path)):
            status = os.lstat(path)
            sound = (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (0, 0, _MODE) and stat.S_ISREG(status.st_mode)
            fragments[path] = Fragment(text, sound)
        else:
            rules += parse_rules(path, text)
    return SudoSet(True, directory, fragments, rules, find_obstacle(directory) if directory else None)


def check_fragments(changes: Dict[str, Optional[str]]) -> None:
    """Have visudo judge a private copy of the whole set with the changes in it; raises HostError when it objects."""
    code, said = _judge(changes)
    if code == 0:
        return
    if _judge({})[0] != 0:
        raise HostError("the sudoers files of this host are already broken, so nothing is added to them: %s" % said)
    raise HostError("visudo rejects the sudo rules: %s" % said)


def _judge(changes: Dict[str, Optional[str]]) -> Tuple[int, str]:
    files = SudoersTree()
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
            if path != MAIN and directory in copies:
                copies[path] = os.path.join(copies[directory], os.path.basename(path))
            else:
                copies[path] = os.path.join(folder, "f%d" % number)
        for path, text in texts.items():
            targets = {name: copies.get(resolve_include(path, name), name) for name, _is_directory in find_includes(text)}
            with open(copies[path], "w", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
                stream.write(replace_includes(text, targets))
            os.chmod(copies[path], _MODE)
        code, said = run_tool(["visudo", "-c", "-f", copies[MAIN]], timeout=30)
        for path, copy in sorted(copies.items(), key=lambda item: -len(item[1])):
            said = said.replace(copy, path)
        wrong = [line.lstrip("> ") for line in text_lines(said) if line.strip(" ^~") and "parsed OK" not in line]
        return code, "; ".join(wrong[:4])


def write_fragment(folder: str, names: Sequence[str], text: str) -> None:
    """Put a fragment in place under the first of its names; temporary names have a dot, so sudo never reads half a file.

    One that has another of the names gets the new text first, by one rename, and then the new name, by another: at every moment
    exactly one of old and new is in force.
    """
    try:
        with closing(os.open(folder, READABLE_DIRECTORY)) as directory:
            for name in names:
                _clear(directory, temporary_names(name))
            target = ([name for name in names if name in os.listdir(directory)] or [names[0]])[-1]
            replace_file(directory, target, text.encode("utf-8"), _MODE, (0, 0))
            if target != names[0]:
                os.rename(target, names[0], src_dir_fd=directory, dst_dir_fd=directory)
                flush_folder(directory)
    except OSError as exc:
        raise HostError("%s/%s could not be written: %s" % (folder, names[0], exc.strerror))


def remove_fragment(folder: str, names: Sequence[str]) -> None:
    """Take a fragment away, whichever of its names it has; the one that is in force goes last."""
    try:
        with closing(os.open(folder, READABLE_DIRECTORY)) as directory:
            for name in names:
                _clear(directory, (*temporary_names(name), name))
            flush_folder(directory)
    except OSError as exc:
        raise HostError("%s/%s could not be removed: %s" % (folder, names[0], exc.strerror))


def _clear(directory: int, names: Sequence[str]) -> None:
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=directory)
