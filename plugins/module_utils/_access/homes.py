# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access to homes whose owners may be hostile: rights of the account, directory descriptors, no link followed.

A link, a FIFO or a swapped directory can then lead us nowhere where the account itself could not go.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import re
import stat
from typing import Any, Callable, List

from .._errors import AccessError
from .._names import temporary_names
from .._system.accounts import Account, AnyAccount
from .._system.files import DIRECTORY, closing, walk
from .._system.rights import acting_as
from .state import Repair


class UnsafePath(AccessError):
    """Why a file must not be touched, as one sentence."""


def as_account_or_root(account: Account, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call with the rights of the account, or with root's where the account has none. On NFS root may have fewer than the account."""
    with acting_as(account.name, account.uid, account.gid), contextlib.suppress(PermissionError):
        return call(*args, **kwargs)
    return call(*args, **kwargs)


def is_in_home(account: AnyAccount, path: str) -> bool:
    """Whether the path lies under the account's home."""
    return path.startswith(account.home.rstrip("/") + "/")


def parts_in_home(account: Account, path: str) -> List[str]:
    """Components of the path below the home."""
    return [part for part in path[len(account.home.rstrip("/")) :].split("/") if part not in ("", ".")]


def open_home(home: str) -> int:
    """Open a home. Links above it are the administrator's and are resolved; the home itself must be a directory."""
    parent, name = os.path.split(home.rstrip("/"))
    if not name:
        raise UnsafePath("the account has no home of its own (%s)" % home)
    with closing(walk(os.path.realpath(parent))) as above:
        status = os.stat(name, dir_fd=above, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            raise UnsafePath("the home %s is a symbolic link; set the real path as the account's home (usermod -d)" % home)
        if not stat.S_ISDIR(status.st_mode):
            raise UnsafePath("the home %s is not a directory" % home)
        return os.open(name, DIRECTORY, dir_fd=above)


def open_central(path: str, create: bool = False) -> int:
    """Open the directory of a key file outside of homes: root's alone all the way down, as sshd demands.

    create: make the directory itself when it is missing, as it is with C(/etc/ssh/keys/%u/authorized_keys) for a new user.
    """
    descriptor = os.open("/", DIRECTORY)
    parts = os.path.realpath(os.path.dirname(path)).split("/")
    for number, part in enumerate([""] + parts):
        if part:
            if create and number == len(parts):
                _make_central(descriptor, part)
            with closing(descriptor) as parent:
                descriptor = os.open(part, DIRECTORY, dir_fd=parent)
        status = os.fstat(descriptor)
        if status.st_uid != 0 or stat.S_IMODE(status.st_mode) & 0o022:
            os.close(descriptor)
            raise UnsafePath("users other than root can write to a directory above %s; sshd refuses it" % path)
    return descriptor


def _make_central(parent: int, name: str) -> None:
    """sshd reads as the account: everybody must be able to enter, from the very first moment."""
    mask = os.umask(0o022)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=parent)
    finally:
        os.umask(mask)


def home_mode(status: os.stat_result) -> int:
    """The mode a home must have for sshd: nobody else writes, the owner can enter."""
    mode = stat.S_IMODE(status.st_mode) & ~0o022
    return mode if mode & 0o100 else mode | 0o700


def check_home(account: Account, status: os.stat_result) -> List[Repair]:
    """Repairs that a home needs; raises UnsafePath when it isn't ours to repair."""
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid not in (0, account.uid):
        raise UnsafePath("the home %s belongs to uid %d and not to the account; fix its owner with chown" % (account.home, status.st_uid))
    if home_mode(status) == mode:
        return [] if status.st_uid == account.uid else _check_entry(account, mode)
    if status.st_uid != account.uid:
        if mode & 0o022:
            raise UnsafePath("the home %s belongs to root and others can write to it (mode %04o); sshd refuses keys in it" % (account.home, mode))
        return _check_entry(account, mode)
    return [mode_repair(account.home, mode, home_mode(status))]


def _check_entry(account: Account, mode: int) -> List[Repair]:
    # Such a home is what a useradd leaves that was killed.
    if not mode & 0o011:
        raise UnsafePath("the home %s belongs to root and the account cannot enter it (mode %04o); fix its owner with chown" % (account.home, mode))
    return []


def check_contents(where: str, descriptor: int, name: str) -> None:
    """Raises UnsafePath unless a directory of root's holds what belongs beside the key file C(name), and nothing else.

    The account could have given another directory of root's this name, to be given it by our repair.
    """
    usual = re.compile(r"(authorized_keys2?|known_hosts(\.old)?|config|environment|rc|id_[\w-]+(\.pub)?)\Z")
    if not all(usual.match(entry) or entry in (name,) + temporary_names(name) for entry in os.listdir(descriptor)):
        raise UnsafePath("%s belongs to root and does not contain SSH files only; check it, then fix its owner with chown" % where)


def check_directory(account: Account, where: str, status: os.stat_result) -> List[Repair]:
    """Repairs that a directory between home and key file needs; raises UnsafePath when it must not be entered."""
    if stat.S_ISLNK(status.st_mode):
        raise UnsafePath("%s is a symbolic link and is not followed" % where)
    if not stat.S_ISDIR(status.st_mode):
        raise UnsafePath("%s is not a directory" % where)
    if status.st_uid not in (0, account.uid):
        raise UnsafePath("%s belongs to uid %d and not to the account; fix its owner with chown" % (where, status.st_uid))
    mode = stat.S_IMODE(status.st_mode)
    repairs = owner_repairs(account, where, status)
    if mode & 0o077 or mode & 0o700 != 0o700:
        repairs.append(mode_repair(where, mode, 0o700))
    return repairs


def mode_repair(path: str, before: int, after: int) -> Repair:
    """The repair of a wrong mode."""
    return Repair("set_mode", path, "%04o -> %04o" % (before, after), opens=bool(before & 0o022 or after & ~before & 0o555))


def owner_repairs(account: Account, where: str, status: os.stat_result) -> List[Repair]:
    """The repair that a wrong owner or group needs."""
    if (status.st_uid, status.st_gid) == (account.uid, account.gid):
        return []
    # sshd reads with the rights of the account.
    readable = status.st_uid == account.uid or status.st_mode & (0o001 if stat.S_ISDIR(status.st_mode) else 0o004)
    change = "%d:%d -> %d:%d" % (status.st_uid, status.st_gid, account.uid, account.gid)
    return [Repair("set_owner", where, change, opens=not readable)]
