# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and directories as the account and sshd see them. Nothing is changed, and no file of a user's can make us wait.

Note that this module util is **PRIVATE** to the collection.
"""

import grp
import os
import pwd
import stat
from typing import List, Tuple

from .records import Node
from .server import is_roots

_MAX_SIZE = 1024 * 1024
READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""Opens a FIFO or a terminal without waiting for it or being taken over by it."""
_KINDS = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "directory"),
    (stat.S_ISLNK, "link"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


def look_at(path: str, uid: int = 0, follow: bool = True) -> Node:
    """One path, as the account I(uid) is concerned; a link that leads nowhere is of the kind link."""
    try:
        status = os.stat(path) if follow else os.lstat(path)
    except OSError:
        try:
            status = os.lstat(path)
        except OSError:
            return Node(path, fixed=is_roots(os.path.dirname(path)))
    link = os.readlink(path) if os.path.islink(path) else ""
    kind = next((name for test, name in _KINDS if test(status.st_mode)), "device")
    private = bool(uid and status.st_mode & 0o020 and _is_private(status.st_gid, status.st_uid, uid))
    return Node(
        path,
        kind,
        status.st_uid,
        status.st_gid,
        stat.S_IMODE(status.st_mode),
        _user(status.st_uid),
        _group(status.st_gid),
        _has_acl(path),
        private,
        link,
        not link and is_roots(os.path.dirname(path)),
    )


def _has_acl(path: str) -> bool:
    try:
        return "system.posix_acl_access" in os.listxattr(path)
    except OSError:
        return False


def chain(path: str) -> Tuple[Node, ...]:
    """From / to the path; ends early at the first part that is missing or cannot be passed through."""
    found: List[Node] = []
    current = ""
    for part in [""] + [part for part in path.split("/") if part]:
        current = current.rstrip("/") + "/" + part
        node = look_at(current)
        found.append(node)
        if node.kind != "directory":
            break
    return tuple(found)


def read_quietly(path: str, most: int = _MAX_SIZE) -> str:
    """Text of a regular file, empty where there is none that can be read."""
    try:
        return read_regular(path, most).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


class NotRegular(OSError):
    """What lies there is no regular file."""


def read_regular(path: str, most: int = _MAX_SIZE) -> bytes:
    """The first bytes of a regular file; NotRegular where it is none, without waiting for anybody."""
    descriptor = os.open(path, READ)
    try:
        kind = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(kind):
            raise NotRegular(0, "not a regular file")
        parts = []
        size = 0
        while size < most:
            part = os.read(descriptor, min(1 << 16, most - size))
            if not part:
                break
            parts.append(part)
            size += len(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def find_closed(nodes: Tuple[Node, ...]) -> str:
    """The first directory that cannot be searched by whoever we are now, else the last of the nodes."""
    for node in nodes[:-1]:
        # Not os.access: before glibc 2.33 it asks for the real ids, which stay root's.
        try:
            os.stat(node.path.rstrip("/") + "/.")
        except PermissionError:
            return node.path
    return nodes[-1].path


def _is_private(gid: int, owner: int, uid: int) -> bool:
    """The rule of Debian's patch: nobody but the account has the group, by passwd or by group."""
    try:
        group = grp.getgrgid(gid)
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        return False
    primary = [entry.pw_uid for entry in pwd.getpwall() if entry.pw_gid == gid]
    if any(number != uid for number in primary):
        return False
    if group.gr_mem and group.gr_mem != [name]:
        return False
    return bool(primary or group.gr_mem)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""
