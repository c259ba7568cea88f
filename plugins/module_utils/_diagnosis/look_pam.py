# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the PAM stack of sshd and the files that its modules read.

Note that this module util is **PRIVATE** to the collection.
"""

import glob
import os
from typing import Dict, List, NamedTuple, Optional, Tuple

from .._system.nodes import read_quietly
from .._system.server import is_roots
from .facts import PamEntry, PamFacts
from .pam_files import StackLine, parse_stack

_FOLDERS = ("/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d")
_BY_ADDRESS = ("pam_access", "pam_listfile", "pam_succeed_if", "pam_exec", "pam_abl", "pam_sss", "pam_geoip")
_MODULES = ("/lib/security", "/lib64/security", "/usr/lib/security", "/usr/lib64/security", "/lib/*/security", "/usr/lib/*/security")


def read_pam() -> PamFacts:
    """The stack with its includes in place."""
    service = next((name for name in ("sshd", "other") if _find(name)), "")
    if not service:
        return PamFacts(configured=False)
    entries = tuple(_make_entry(item.path, item.line) for item in _Stack(service).lines if item.counts)
    paths = {"/etc/security/access.conf", "/etc/security/limits.conf", "/etc/security/time.conf"}
    paths.update(glob.glob("/etc/security/limits.d/*.conf"))
    for entry in entries:
        paths.update(word.partition("=")[2] for word in entry.arguments if word.startswith(("accessfile=", "file=", "conf=")))
    files: Dict[str, Optional[str]] = {path: read_quietly(path) if os.path.isfile(path) else None for path in paths}
    return PamFacts(True, service, entries, files, frozenset(path for path in paths if is_roots(path)))


def find_unsafe_pam() -> str:
    """The first file of sshd's stack, or module that it loads, that others than root can change; empty when there is none."""
    stack = _Stack("sshd" if _find("sshd") else "other")
    paths = stack.files + [path for item in stack.lines for path in _module_paths(item.line.module)]
    return next((path for path in paths if not is_roots(path)), "")


def find_address_modules() -> str:
    """Modules of sshd's stack that may decide by where a login comes from, for a sentence; empty when there are none."""
    lines = _Stack("sshd" if _find("sshd") else "other").lines
    names = [name for item in lines for name in _BY_ADDRESS if item.counts and name in item.line.module]
    return " and ".join(dict.fromkeys(names))


class _Line(NamedTuple):
    """One line of the stack that names a module; an include takes in the lines of its own kind only, and only they count."""

    path: str
    line: StackLine
    counts: bool


class _Stack:
    """The stack of a service with its includes in place."""

    def __init__(self, service: str) -> None:
        self.files: List[str] = []
        self.lines: List[_Line] = []
        self._read(service, "", True, 0)

    def _read(self, service: str, only: str, counts: bool, depth: int) -> None:
        path = _find(service)
        if path is None or depth > 8:
            return
        self.files.append(path)
        for line in parse_stack(read_quietly(path)):
            included = counts and only in ("", line.kind)
            if line.kind == "@include":
                self._read(line.module, only, counts, depth + 1)
            elif line.control in ("include", "substack"):
                self._read(line.module, line.kind, included, depth + 1)
            else:
                self.lines.append(_Line(path, line, included))


def _module_paths(module: str) -> List[str]:
    patterns = (module,) if module.startswith("/") else tuple("%s/%s" % (folder, module) for folder in _MODULES)
    return [path for pattern in patterns for path in glob.glob(pattern)]


def _find(service: str) -> Optional[str]:
    if service.startswith("/"):
        return service if os.path.isfile(service) else None
    return next((path for path in ("%s/%s" % (folder, service) for folder in _FOLDERS) if os.path.isfile(path)), None)


def _make_entry(path: str, line: StackLine) -> PamEntry:
    name = os.path.basename(line.module)
    name = name[:-3] if name.endswith(".so") else name
    missing = "-" not in line.arguments and not _module_paths(line.module)
    return PamEntry(line.kind, line.control, name, line.arguments, "%s:%d" % (path, line.number), missing, line.module)


def read_tuple(paths: Tuple[str, ...]) -> Tuple[Tuple[str, str], ...]:
    """Those of the files that have text."""
    texts = [(path, read_quietly(path)) for path in paths]
    return tuple(item for item in texts if item[1])
