# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and directories as the account and sshd see them. Nothing is changed, and no file of a user's can make us wait.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import grp
import os
import pwd
import stat
from typing import Iterator, Optional, Tuple

from .._diagnosis.facts import AccountFacts, KeyFileFacts, Node
from .._openssh.authorized_keys import parse_key_file
from .._openssh.keys import PublicKey
from .server import is_roots

_MAX_SIZE = 1024 * 1024
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "directory"),
    (stat.S_ISLNK, "link"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


@contextlib.contextmanager
def as_account(name: str, uid: int, gid: int) -> Iterator[None]:
    """The rights that sshd takes on before it opens a key file, supplementary groups included."""
    if os.geteuid() != 0 or uid in (0, -1):
        yield
        return
    before = os.getgroups()
    os.setgroups(os.getgrouplist(name, gid))
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)


def look_at(path: str, account: Optional[AccountFacts] = None, follow: bool = True) -> Node:
    """One path; a link that leads nowhere is of the kind link."""
    try:
        status = os.stat(path) if follow else os.lstat(path)
    except OSError:
        try:
            status = os.lstat(path)
        except OSError:
            return Node(path, fixed=is_roots(os.path.dirname(path)))
    link = os.readlink(path) if os.path.islink(path) else ""
    kind = next((name for test, name in _KINDS if test(status.st_mode)), "device")
    private = bool(account and status.st_mode & 0o020 and _is_private(status.st_gid, status.st_uid, account.uid))
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
    """From / to the path; ends early at the first part that is missing or can't be passed through."""
    found = []  # type: List[Node]
    current = ""
    for part in [""] + [part for part in path.split("/") if part]:
        current = current.rstrip("/") + "/" + part
        node = look_at(current)
        found.append(node)
        if node.kind != "directory":
            break
    return tuple(found)


def look_at_key_file(account: AccountFacts, name: str, path: str, key: Optional[PublicKey] = None) -> KeyFileFacts:
    """Open the file the way sshd does, and find out which step fails where one does."""
    nodes = chain(path)
    status, error = "ok", ""
    content = b""
    with as_account(name, account.uid, account.gid):
        try:
            content = _read(path)
        except IsADirectoryError:
            status = "not_regular"
        except (FileNotFoundError, NotADirectoryError):
            status = "missing"
        except PermissionError:
            status = "denied"
        except _NotRegular:
            status = "not_regular"
        except OSError as exc:
            # A socket, or a device without a driver, can't be opened at all.
            status, error = ("not_regular" if nodes[-1].kind in ("socket", "device") else "error"), exc.strerror or ""
        blocked = find_closed(nodes) if status == "denied" else ""
    if status == "denied" and key is not None:
        # What the account can't read may be anything, of anybody: it is compared and not shown.
        with contextlib.suppress(OSError):
            lines = parse_key_file(_read(path))
            content = key.line.encode() if any(line.key and line.key.same_key(key) for line in lines) else b""
    secured = () if status in ("missing", "not_regular") else _secured(account, path)
    return KeyFileFacts(path, status, nodes, secured, blocked, content, error)


def read_quietly(path: str, most: int = _MAX_SIZE) -> str:
    """Text of a regular file, empty where there is none that can be read."""
    try:
        return _read(path, most).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


class _NotRegular(OSError):
    pass


def _read(path: str, most: int = _MAX_SIZE) -> bytes:
    descriptor = os.open(path, _READ)
    try:
        kind = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(kind):
            raise _NotRegular(0, "not a regular file")
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
    """The first directory that can't be searched by whoever we are now, else the last of the nodes."""
    for node in nodes[:-1]:
        # Not os.access: before glibc 2.33 it asks for the real ids, which stay root's.
        try:
            os.stat(node.path.rstrip("/") + "/.")
        except PermissionError:
            return node.path
    return nodes[-1].path


def _secured(account: AccountFacts, path: str) -> Tuple[Node, ...]:
    current = os.path.realpath(path)
    home = os.path.realpath(account.home)
    found = [look_at(current, account)]
    while True:
        current = os.path.dirname(current)
        node = look_at(current, account)
        # Named as the account names it, so that the judge knows it again.
        named = account.home.rstrip("/")
        found.append(node._replace(path=named, fixed=node.fixed and current == named) if current == home else node)
        if current in (home, "/"):
            return tuple(found)


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
