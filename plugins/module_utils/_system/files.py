# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Crash-safe writes of root's own files: temporary file, fsync, rename, fsync of the folder.

Note that this module util is **PRIVATE** to the collection.
"""

import os
from typing import Optional

from .run import find_tool
from .sshd import SshdError, run

_XATTR_SELINUX = "security.selinux"
# There exactly where SELinux is on, permissive included: its labels have to be right for the day it is enforced.
_SELINUX_IS_ON = "/sys/fs/selinux/enforce"


def write_file(path: str, content: bytes, mode: int = 0o644) -> None:
    """Replace a file as a whole, keeping mode, owner and SELinux context of the one that is there.

    A link is kept: the file that it names is replaced. On an error nothing has changed.
    """
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    # The leading dot keeps it out of sshd's wildcards. Always the same name (callers hold a lock, the folder is root's), so
    # that what a kill has left is found: by the next write, or by the rollback.
    temporary = os.path.join(folder, ".%s.ecs-access" % name)
    written = False
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            is_new = _copy_attributes(target, stream.fileno(), mode)
            os.fsync(stream.fileno())
        os.rename(temporary, target)
        written = True
        sync_folder(folder)
    except OSError as exc:
        raise SshdError("cannot write %s: %s" % (path, exc.strerror))
    finally:
        if not written and os.path.lexists(temporary):
            os.unlink(temporary)
    if is_new:
        _restore_context(target)


def remove_file(path: str) -> None:
    """Remove a file for good; nothing there is no error."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise SshdError("cannot remove %s: %s" % (path, exc.strerror))
    sync_folder(os.path.dirname(path))


def sync_folder(folder: str) -> None:
    """Make names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy_attributes(source: str, handle: int, mode: int) -> bool:
    try:
        info = os.stat(source)
    except FileNotFoundError:
        os.fchmod(handle, mode)
        return True
    os.fchown(handle, info.st_uid, info.st_gid)
    os.fchmod(handle, info.st_mode & 0o7777)
    context = _find_context(source)
    if context is not None:
        os.setxattr(handle, _XATTR_SELINUX, context)
    return False


def _restore_context(path: str) -> None:
    """Give a new file the label that the policy has for its place; a file that was there keeps the one it had."""
    restorecon = find_tool("restorecon")
    if restorecon is None or not os.path.exists(_SELINUX_IS_ON):
        return
    code, _out, err = run([restorecon, path])
    if code != 0:
        raise SshdError("cannot give %s its SELinux context: %s" % (path, " ".join(err.split()) or "status %d" % code))


def _find_context(path: str) -> Optional[bytes]:
    if not os.path.exists(_SELINUX_IS_ON):
        return None
    try:
        return os.getxattr(path, _XATTR_SELINUX)
    except OSError:
        return None
