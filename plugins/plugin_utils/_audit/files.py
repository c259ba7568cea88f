# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an audit: written whole, with mode 0600, in a folder by its descriptor; earlier ones read within limits.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator

from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.files import closing, replace_file, walk
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.nodes import NotRegular, read_regular

from .csv_table import render_csv
from .document import Audit, render_document
from .document_read import MOST_BYTES, DocumentRefused, read_document
from .page import render_page
from .picture import Picture

PAGE = "access.html"


class FilesRefused(ValueError):
    """A folder or a file of an audit cannot be used. The message is one sentence."""


def check_folder(path: str, variable: str = "ecs_access_audit_dir") -> None:
    """Have the folder that a variable names, before anything is asked of any instance; raises FilesRefused."""
    try:
        with closing(_open_folder(path)) as folder:
            status = os.fstat(folder)
            if not os.access(f"/proc/self/fd/{folder}" if os.path.isdir("/proc/self/fd") else path, os.W_OK | os.X_OK):
                raise FilesRefused(f"The folder {path} cannot be written to.")
            if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
                raise FilesRefused(f"Everybody may write to the folder {path} and replace what is in it. Choose another one for {variable}.")
    except OSError as exc:
        raise FilesRefused(f"The folder {path} cannot be used: {exc.strerror}.") from None


def write_audit(path: str, audit: Audit) -> None:
    """Write access.json, access.csv and access.html; raises FilesRefused."""
    try:
        with closing(_open_folder(path)) as folder:
            for name, content in _render(audit):
                replace_file(folder, name, content, 0o600)
    except OSError as exc:
        raise FilesRefused(f"The audit cannot be written to {path}: {exc.strerror}.") from None


def write_in_folder(path: str, name: str, content: bytes) -> None:
    """Write one file; raises FilesRefused."""
    try:
        with closing(_open_folder(path)) as folder:
            replace_file(folder, name, content, 0o600)
    except OSError as exc:
        raise FilesRefused(f"{name} cannot be written to {path}: {exc.strerror}.") from None


def read_audit(path: str) -> Picture:
    """An access.json; raises FilesRefused."""
    try:
        content = read_regular(path, MOST_BYTES + 1)
    except NotRegular:
        raise FilesRefused(f"{path} is not a file.") from None
    except (OSError, ValueError) as exc:
        raise FilesRefused(f"The audit {path} cannot be read: {getattr(exc, 'strerror', None) or exc}.") from None
    try:
        return read_document(content)
    except DocumentRefused as exc:
        raise FilesRefused(f"The file {path} {exc}.") from None


def _render(audit: Audit) -> Iterator[tuple[str, bytes]]:
    """One after the other, so that only one is in memory."""
    yield "access.json", (json.dumps(render_document(audit), indent=1, ensure_ascii=True) + "\n").encode()
    yield "access.csv", render_csv(audit.picture).encode()
    yield PAGE, render_page(audit).encode()


def _open_folder(path: str) -> int:
    real = os.path.realpath(path)
    if not os.path.lexists(real):
        os.mkdir(real, 0o700)
    return walk(real)
