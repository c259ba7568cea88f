# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace files as a whole: written beside, flushed, renamed. Whoever reads, and whatever moment a run is killed at, finds the old or the new.

Directories are worked in by descriptor, and no link in a component is followed. Nothing here chooses rights: it runs with those of the caller.
Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import errno
import os
import stat
from typing import Iterator, Optional, Tuple

from .._names import temporary_names
from .run import HostError, find_tool, run_tool

DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READABLE_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_XATTR_SELINUX = "security.selinux"
# There exactly where SELinux is on, permissive included: its labels have to be right for the day it is enforced.
_SELINUX_IS_ON = "/sys/fs/selinux/enforce"
# A directory that the caller may write and not read, and file systems that flush no directories.
_NOT_FLUSHED = (errno.EACCES, errno.EPERM, errno.EINVAL, errno.EOPNOTSUPP)


@contextlib.contextmanager
def closing(descriptor: int) -> Iterator[int]:
    """Close the descriptor in the end."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def walk(path: str) -> int:
    """Open a directory without following a link in any component."""
    descriptor = os.open("/", DIRECTORY)
    for part in path.split("/"):
        if part:
            with closing(descriptor) as parent:
                descriptor = os.open(part, DIRECTORY, dir_fd=parent)
    return descriptor


def replace_file(folder: int, name: str, content: bytes, mode: int, owner: Optional[Tuple[int, int]] = None) -> None:
    """Make I(content) the file I(name) in a directory; one that was there gives it its SELinux label. On OSError nothing has changed."""
    _put_in_place(folder, name, content, mode, owner)
    flush_folder(folder)


def _put_in_place(folder: int, name: str, content: bytes, mode: int, owner: Optional[Tuple[int, int]] = None) -> None:
    temporary = temporary_names(name)[0]
    for left in temporary_names(name):
        with contextlib.suppress(OSError):
            os.unlink(left, dir_fd=folder)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        with closing(descriptor):
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            if owner is not None:
                os.fchown(descriptor, owner[0], owner[1])
            os.fchmod(descriptor, mode)
            _keep_label(folder, name, descriptor)
            os.fsync(descriptor)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def write_file(path: str, content: bytes, mode: int = 0o644) -> None:
    """Replace a file of root's, keeping mode, owner and SELinux label of the one that is there. A link is kept: the file that it names is replaced."""
    folder, name = os.path.split(os.path.realpath(path))
    try:
        with closing(walk(folder)) as parent:
            try:
                present: Optional[os.stat_result] = os.stat(name, dir_fd=parent, follow_symlinks=False)
            except FileNotFoundError:
                present = None
            if present is not None:
                _put_in_place(parent, name, content, stat.S_IMODE(present.st_mode), (present.st_uid, present.st_gid))
            else:
                _put_in_place(parent, name, content, mode)
            sync_folder(parent)
    except OSError as exc:
        raise HostError("cannot write %s: %s" % (path, exc.strerror))
    problem = restore_labels(os.path.join(folder, name)) if present is None else ""
    if problem:
        raise HostError("cannot give %s its SELinux context: %s" % (path, problem))


def rename_file(path: str, now: str) -> None:
    """Give a file another name in its folder, for good and in one step."""
    folder = os.path.realpath(os.path.dirname(path))
    try:
        with closing(walk(folder)) as parent:
            os.rename(os.path.basename(path), os.path.basename(now), src_dir_fd=parent, dst_dir_fd=parent)
            sync_folder(parent)
    except OSError as exc:
        raise HostError("cannot rename %s: %s" % (path, exc.strerror))


def remove_file(path: str) -> None:
    """Remove a file for good; nothing there is no error."""
    folder, name = os.path.split(path)
    try:
        with closing(walk(os.path.realpath(folder))) as parent:
            os.unlink(name, dir_fd=parent)
            sync_folder(parent)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise HostError("cannot remove %s: %s" % (path, exc.strerror))


def sync_folder(folder: int) -> None:
    """Make names in a directory survive a power cut, where the file system can do that."""
    try:
        with closing(os.open(".", READABLE_DIRECTORY, dir_fd=folder)) as readable:
            os.fsync(readable)
    except OSError as exc:
        if exc.errno not in _NOT_FLUSHED:
            raise


def flush_folder(folder: int) -> None:
    """The same where the change of names must not be taken for undone: it has happened, whatever happens to this."""
    with contextlib.suppress(OSError):
        sync_folder(folder)


def restore_labels(*paths: str) -> str:
    """Give files the SELinux labels that the policy has for their paths; returns the reason where it cannot."""
    if find_tool("restorecon") is None or not os.path.exists(_SELINUX_IS_ON):
        return ""
    code, said = run_tool(["restorecon"] + list(paths))
    return "" if code == 0 else " ".join(said.split()) or "status %d" % code


def _keep_label(folder: int, name: str, descriptor: int) -> None:
    if not os.path.exists(_SELINUX_IS_ON):
        return
    label = _find_label("/proc/self/fd/%d/%s" % (folder, name))
    # Where they are the same already, the file system may have one label for all files and take no other.
    if label not in (None, _find_label("/proc/self/fd/%d" % descriptor)):
        os.setxattr(descriptor, _XATTR_SELINUX, label)


def _find_label(path: str) -> Optional[bytes]:
    try:
        return os.getxattr(path, _XATTR_SELINUX)
    except OSError:
        return None
