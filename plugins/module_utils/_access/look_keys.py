# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at homes and key files: content, what is wrong with owners and modes, why a file must not be touched.

Note that this module util is **PRIVATE** to the collection.
"""

import array
import contextlib
import errno
import fcntl
import os
import stat
from typing import List, NamedTuple, Optional, Tuple

from .._names import temporary_names
from .._openssh.authorized_keys import KeyLine, parse_key_file
from .._system.accounts import Account, AnyAccount
from .._system.files import DIRECTORY, READABLE_DIRECTORY, closing
from .._system.nodes import READ
from .._system.rights import acting_as
from .homes import (
    UnsafePath,
    as_account_or_root,
    check_contents,
    check_directory,
    check_home,
    is_in_home,
    mode_repair,
    open_central,
    open_home,
    owner_repairs,
    parts_in_home,
)
from .state import HomeState, KeyFile, Repair

_MAX_SIZE = 4 * 1024 * 1024
# Each line costs memory, and others wait for this run.
_MAX_LINES = 100000
_FS_IOC_GETFLAGS = 0x80086601
_IMMUTABLE_OR_APPEND = 0x10 | 0x20


class SeenFile(NamedTuple):
    """A file as opened: its bytes, status and why it could not be written."""

    content: bytes
    status: os.stat_result
    obstacle: Optional[str]


def read_home(home: str) -> HomeState:
    """State of a home directory; never fails."""
    try:
        with closing(open_home(home)) as descriptor:
            return HomeState(True, os.fstat(descriptor).st_uid)
    except FileNotFoundError:
        return HomeState(False)
    except UnsafePath as exc:
        return HomeState(True, problem=str(exc))
    except OSError as exc:
        return HomeState(True, problem="the home %s cannot be opened: %s" % (home, exc.strerror))


def read_key_file(account: AnyAccount, path: str) -> KeyFile:
    """Look at one key file of an account; never fails, what is wrong is in the answer."""
    try:
        if not is_in_home(account, path):
            return _read_central(account, path)
        # A home that does not exist yet is empty.
        return _read_in_home(account, path) if isinstance(account, Account) else KeyFile(path)
    except FileNotFoundError:
        return KeyFile(path)
    except UnsafePath as exc:
        return KeyFile(path, os.path.lexists(path), _read_followed(account, path), problem=str(exc))
    except OSError as exc:
        return KeyFile(path, True, _read_followed(account, path), problem="%s cannot be read: %s" % (path, exc.strerror))


def read_entry(account: Account, parent: int, name: str, path: str) -> SeenFile:
    """Read a file in a home as the account, or as root where the account cannot and it is safe."""
    with acting_as(account.name, account.uid, account.gid), contextlib.suppress(PermissionError):
        return read_at(parent, name, path)
    try:
        seen = read_at(parent, name, path)
    except PermissionError:
        raise UnsafePath("%s cannot be read, not even by root; is this home on a network file system?" % path)
    if seen.status.st_uid not in (0, account.uid):
        raise UnsafePath("%s belongs to uid %d; fix its owner with chown" % (path, seen.status.st_uid))
    if seen.status.st_uid == 0 and account.uid != 0 and not _holds_only_keys(seen.content):
        # The account could have put some secret of root's here, to be given it by our repair.
        raise UnsafePath("%s belongs to root and does not contain keys only; check it, then fix its owner with chown" % path)
    return seen


def read_central(parent: int, path: str) -> SeenFile:
    """Read a key file outside of homes."""
    seen = read_at(parent, os.path.basename(path), path)
    if stat.S_IMODE(seen.status.st_mode) & 0o022:
        raise UnsafePath("others can write to %s; sshd refuses it" % path)
    return seen


def _read_in_home(account: Account, path: str) -> KeyFile:
    parts = parts_in_home(account, path)
    where = account.home.rstrip("/")
    with closing(open_home(account.home)) as home:
        repairs = check_home(account, os.fstat(home))
        descriptor = os.dup(home)
        for name in parts[:-1]:
            with closing(descriptor) as parent:
                try:
                    status = as_account_or_root(account, os.stat, name, dir_fd=parent, follow_symlinks=False)
                except FileNotFoundError:
                    return KeyFile(path, False, (), tuple(repairs), obstacle=_directory_obstacle(account, parent, where))
                where += "/" + name
                repairs += check_directory(account, where, status)
                if status.st_uid != account.uid:
                    with closing(os.open(name, READABLE_DIRECTORY, dir_fd=parent)) as folder:
                        check_contents(where, folder, parts[-1])
                descriptor = as_account_or_root(account, os.open, name, DIRECTORY, dir_fd=parent)
        with closing(descriptor) as parent:
            obstacle = _directory_obstacle(account, parent, where) or _temporary_obstacle(account, parent, path)
            try:
                seen = read_entry(account, parent, parts[-1], path)
            except FileNotFoundError:
                return KeyFile(path, False, (), tuple(repairs), obstacle=obstacle)
    repairs += _file_repairs(account, path, seen.status)
    return KeyFile(path, True, _parse(seen.content), tuple(repairs), obstacle=seen.obstacle or obstacle)


def _read_central(account: AnyAccount, path: str) -> KeyFile:
    folder = os.path.dirname(path)
    try:
        parent = open_central(path)
    except FileNotFoundError:
        above = os.path.dirname(folder)
        if not os.path.isdir(above):
            return KeyFile(path, obstacle="%s, where sshd reads keys, cannot be created: the directory %s does not exist" % (path, above))
        return KeyFile(path, obstacle=find_obstacle(above))
    with closing(parent):
        obstacle = find_obstacle(folder)
        try:
            seen = read_central(parent, path)
        except FileNotFoundError:
            return KeyFile(path, obstacle=obstacle)
    if seen.status.st_uid not in (0, account.uid):
        raise UnsafePath("%s belongs to uid %d; sshd refuses it" % (path, seen.status.st_uid))
    return KeyFile(path, True, _parse(seen.content), _central_repairs(account, path, seen.status), obstacle=seen.obstacle or obstacle)


def _central_repairs(account: AnyAccount, path: str, status: os.stat_result) -> Tuple[Repair, ...]:
    """sshd reads as the account, and so must it be able to."""
    mode = stat.S_IMODE(status.st_mode)
    if central_mode(account, status) == mode:
        return ()
    return (mode_repair(path, mode, central_mode(account, status)),)


def central_mode(account: AnyAccount, status: os.stat_result) -> int:
    """The mode that a key file outside of homes must have for sshd to read it as the account."""
    mode = stat.S_IMODE(status.st_mode)
    if account.uid in (0, status.st_uid):
        return mode | 0o400
    return mode if mode & 0o004 or (mode & 0o040 and status.st_gid == account.gid) else mode | 0o044


def _read_followed(account: AnyAccount, path: str) -> Optional[Tuple[KeyLine, ...]]:
    """What sshd would read there, links followed: with the rights of the account, only to search it for revoked keys."""
    if not isinstance(account, Account):
        return None
    try:
        with acting_as(account.name, account.uid, account.gid):
            with closing(os.open(path, READ)) as descriptor:
                return _parse(_read_all(descriptor, path)) if stat.S_ISREG(os.fstat(descriptor).st_mode) else ()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, UnsafePath):
        return None


def _parse(content: bytes) -> Tuple[KeyLine, ...]:
    return tuple(parse_key_file(content))


def _check_lines(content: bytes, path: str) -> bytes:
    if content.count(b"\n") > _MAX_LINES:
        raise UnsafePath("%s has more than %d lines" % (path, _MAX_LINES))
    return content


def _file_repairs(account: Account, path: str, status: os.stat_result) -> List[Repair]:
    mode = stat.S_IMODE(status.st_mode)
    repairs = owner_repairs(account, path, status)
    if mode & 0o177 or not mode & 0o400:
        repairs.append(mode_repair(path, mode, 0o600))
    return repairs


def _holds_only_keys(content: bytes) -> bool:
    kinds = [line.kind for line in parse_key_file(content)]
    return not content.strip() or ("key" in kinds and "unknown" not in kinds)


def read_at(parent: int, name: str, path: str) -> SeenFile:
    """Read a regular file with one name, with whatever rights we have now; no link is followed."""
    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        raise UnsafePath("%s is a symbolic link and is not followed" % path)
    if not stat.S_ISREG(status.st_mode):
        raise UnsafePath("%s is not a regular file" % path)
    try:
        descriptor = os.open(name, READ | os.O_NOFOLLOW, dir_fd=parent)
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise UnsafePath("%s is a symbolic link and is not followed" % path)
        raise
    with closing(descriptor):
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnsafePath("%s is not a regular file" % path)
        if status.st_nlink > 1:
            raise UnsafePath("%s has %d hard links; it also has other paths and is not changed" % (path, status.st_nlink))
        return SeenFile(_read_all(descriptor, path), status, _find_obstacle(descriptor, path))


def _read_all(descriptor: int, path: str) -> bytes:
    parts: List[bytes] = []
    size = 0
    while True:
        part = os.read(descriptor, 1 << 16)
        if not part:
            return _check_lines(b"".join(parts), path)
        parts.append(part)
        size += len(part)
        if size > _MAX_SIZE:
            raise UnsafePath("%s is larger than %d MiB" % (path, _MAX_SIZE >> 20))


def find_obstacle(path: str) -> Optional[str]:
    """Why nothing could be written to a file or directory of root's; None for one that does not exist."""
    try:
        with closing(os.open(path, READ)) as descriptor:
            return _find_obstacle(descriptor, path)
    except OSError:
        return None


def _directory_obstacle(account: Account, parent: int, path: str) -> Optional[str]:
    try:
        with closing(as_account_or_root(account, os.open, ".", READABLE_DIRECTORY, dir_fd=parent)) as descriptor:
            return _find_obstacle(descriptor, path)
    except OSError:
        return None


def _temporary_obstacle(account: Account, parent: int, path: str) -> Optional[str]:
    name = temporary_names(os.path.basename(path))[0]
    try:
        status = as_account_or_root(account, os.stat, name, dir_fd=parent, follow_symlinks=False)
    except OSError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return "the directory %s/%s is in the way of a new key file; remove it" % (os.path.dirname(path), name)
    return None


def _find_obstacle(descriptor: int, path: str) -> Optional[str]:
    flags = array.array("l", [0])
    with contextlib.suppress(OSError):
        fcntl.ioctl(descriptor, _FS_IOC_GETFLAGS, flags, True)
    if flags[0] & _IMMUTABLE_OR_APPEND:
        return "%s is immutable or append-only (chattr -ia %s)" % (path, path)
    system = os.fstatvfs(descriptor)
    if system.f_flag & os.ST_RDONLY:
        return "%s lies on a file system that is mounted read-only (mount -o remount,rw)" % path
    if system.f_blocks and not system.f_bavail:
        return "%s lies on a file system that is full (df %s)" % (path, path)
    return None
