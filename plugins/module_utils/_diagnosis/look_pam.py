# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the PAM stack of sshd and the files that its modules read.

Note that this module util is **PRIVATE** to the collection.
"""

import glob
import os
from typing import List, Optional, Tuple

from .._system.nodes import read_quietly
from .._system.server import is_roots
from .facts import PamEntry, PamFacts
from .pam_files import parse_stack

_FOLDERS = ("/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d")
_MODULES = ("/lib/security", "/lib64/security", "/usr/lib/security", "/usr/lib64/security", "/lib/*/security", "/usr/lib/*/security")


def read_pam() -> PamFacts:
    """The stack with its includes in place."""
    service = next((name for name in ("sshd", "other") if _find(name)), "")
    if not service:
        return PamFacts(configured=False)
    entries = tuple(_read_stack(service, "", 0))
    paths = {"/etc/security/access.conf", "/etc/security/limits.conf", "/etc/security/time.conf"}
    paths.update(glob.glob("/etc/security/limits.d/*.conf"))
    for entry in entries:
        paths.update(word.partition("=")[2] for word in entry.arguments if word.startswith(("accessfile=", "file=", "conf=")))
    files = {path: read_quietly(path) if os.path.isfile(path) else None for path in paths}  # type: Dict[str, Optional[str]]
    return PamFacts(True, service, entries, files, frozenset(path for path in paths if is_roots(path)))


def find_unsafe_pam() -> str:
    """The first file of sshd's stack, or module that it loads, that others than root can change; empty when there is none."""
    for path in _stack_paths("sshd" if _find("sshd") else "other", 0):
        if not is_roots(path):
            return path
    return ""


def _stack_paths(service: str, depth: int) -> List[str]:
    path = _find(service)
    if path is None or depth > 8:
        return []
    found = [path]
    for line in parse_stack(read_quietly(path)):
        if line.kind == "@include" or line.control in ("include", "substack"):
            found += _stack_paths(line.module, depth + 1)
        else:
            found += _module_paths(line.module)
    return found


def _module_paths(module: str) -> List[str]:
    patterns = (module,) if module.startswith("/") else tuple("%s/%s" % (folder, module) for folder in _MODULES)
    return [path for pattern in patterns for path in glob.glob(pattern)]


def _find(service: str) -> Optional[str]:
    if service.startswith("/"):
        return service if os.path.isfile(service) else None
    return next((path for path in ("%s/%s" % (folder, service) for folder in _FOLDERS) if os.path.isfile(path)), None)


def _read_stack(service: str, only: str, depth: int) -> List[PamEntry]:
    path = _find(service)
    if path is None or depth > 8:
        return []
    found = []  # type: List[PamEntry]
    for line in parse_stack(read_quietly(path)):
        if line.kind == "@include":
            found += _read_stack(line.module, only, depth + 1)
        elif only and line.kind != only:
            continue
        elif line.control in ("include", "substack"):
            found += _read_stack(line.module, line.kind, depth + 1)
        else:
            name = os.path.basename(line.module)
            name = name[:-3] if name.endswith(".so") else name
            missing = "-" not in line.arguments and not _is_installed(line.module)
            found.append(PamEntry(line.kind, line.control, name, line.arguments, "%s:%d" % (path, line.number), missing))
    return found


def _is_installed(module: str) -> bool:
    return bool(_module_paths(module))


def read_tuple(paths: Tuple[str, ...]) -> Tuple[Tuple[str, str], ...]:
    """Those of the files that have text."""
    texts = [(path, read_quietly(path)) for path in paths]
    return tuple(item for item in texts if item[1])
