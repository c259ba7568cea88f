# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The team file on the controller: written whole, with mode 0600, by the descriptor of its folder, and never over one that is there unasked.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import os
import stat

from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.files import closing, replace_file, walk

_MOST_BYTES = 64 * 1024 * 1024


class FileRefused(ValueError):
    """The file cannot be written there. The message is one sentence."""


def check_target(path: str, replace: bool) -> None:
    """Raises FileRefused, before any host is asked."""
    try:
        with closing(_open_folder(path)) as folder:
            status = os.fstat(folder)
            place = f"/proc/self/fd/{folder}" if os.path.isdir("/proc/self/fd") else os.path.dirname(path)
            if not os.access(place, os.W_OK | os.X_OK):
                raise FileRefused(f"The team file {path} cannot be written: you may not write to its folder.")
            if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
                raise FileRefused(f"Everybody may write to the folder of {path} and replace the team file. Choose another place for it.")
            _check_present(folder, path, replace)
    except OSError as exc:
        raise FileRefused(f"The team file {path} cannot be written: {exc.strerror}.") from None


def read_present(path: str) -> str:
    """The text that is there; empty if there is none, or if it is not a file that we would replace."""
    try:
        with closing(_open_folder(path)) as folder:
            descriptor = os.open(os.path.basename(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as stream:
                regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
                return stream.read(_MOST_BYTES).decode("utf-8", "replace") if regular else ""
    except OSError:
        return ""


def write_target(path: str, text: str, replace: bool) -> None:
    """Put it there; raises FileRefused."""
    try:
        with closing(_open_folder(path)) as folder:
            _check_present(folder, path, replace)
            replace_file(folder, os.path.basename(path), text.encode("utf-8"), 0o600)
    except OSError as exc:
        raise FileRefused(f"The team file {path} cannot be written: {exc.strerror}.") from None


def _check_present(folder: int, path: str, replace: bool) -> None:
    try:
        status = os.stat(os.path.basename(path), dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise FileRefused(f"{path} is a link or a folder, and is not replaced. Choose another place for the team file.")
    if not replace:
        raise FileRefused(f"There is a file {path} already. Choose another place for the team file, or set ecs_access_replace_team_file=true.")


def _open_folder(path: str) -> int:
    return walk(os.path.realpath(os.path.dirname(path)))
