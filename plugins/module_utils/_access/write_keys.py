# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write key files: beside the old one, flushed, renamed over it, as the account that they belong to.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import stat
from typing import List, Optional

from .._names import temporary_names
from .._system.accounts import Account
from .._system.files import DIRECTORY, READABLE_DIRECTORY, closing, flush_folder, replace_file, restore_labels, walk
from .._system.rights import acting_as
from .._system.run import HostError
from .homes import (
    UnsafePath,
    as_account_or_root,
    check_contents,
    check_directory,
    check_home,
    home_mode,
    is_in_home,
    open_central,
    open_home,
    parts_in_home,
)
from .look_keys import central_mode, read_at, read_central, read_entry


def write_key_file(account: Account, path: str, content: bytes, before: Optional[bytes]) -> None:
    """Bring one file to its planned content, atomically; owners and modes come right on the way.

    before: what was planned on, None for no file. Raises HostError when the file is no longer that.
    """
    try:
        if is_in_home(account, path):
            _write_in_home(account, path, content, before)
        else:
            _write_central(account, path, content, before)
    except UnsafePath as exc:
        raise HostError(str(exc))
    except OSError as exc:
        raise HostError("%s could not be written: %s; it was not changed" % (path, exc.strerror))
    restore_labels(os.path.dirname(path), path)


def write_shared_file(path: str, content: bytes, before: Optional[bytes]) -> None:
    """Change a file of several accounts for all of them: owner and mode stay. Its folder is reached without following a link."""
    try:
        with closing(walk(os.path.realpath(os.path.dirname(path)))) as parent:
            seen = read_at(parent, os.path.basename(path), path)
            _check_unchanged(path, seen.content, before)
            status = seen.status
            replace_file(parent, os.path.basename(path), content, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))
    except UnsafePath as exc:
        raise HostError(str(exc))
    except OSError as exc:
        raise HostError("%s could not be written: %s; it was not changed" % (path, exc.strerror))
    restore_labels(path)


def remove_key_file(account: Account, path: str) -> None:
    """Take a key file away, whatever it is: only the entry goes, never what a link points to.

    Where a link stands in for a directory on the way, the link goes. A directory of that name holds no keys and stays.
    """
    try:
        if is_in_home(account, path):
            _remove_in_home(account, parts_in_home(account, path))
        else:
            with closing(open_central(path)) as parent:
                _unlink(account, parent, os.path.basename(path))
    except FileNotFoundError:
        pass
    except UnsafePath as exc:
        raise HostError(str(exc))
    except OSError as exc:
        raise HostError("%s could not be removed: %s" % (path, exc.strerror))


def _remove_in_home(account: Account, parts: List[str]) -> None:
    with closing(open_home(account.home)) as home:
        descriptor = os.dup(home)
    for name in parts[:-1]:
        with closing(descriptor) as parent:
            status = as_account_or_root(account, os.stat, name, dir_fd=parent, follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode):
                _unlink(account, parent, name)
                return
            descriptor = as_account_or_root(account, os.open, name, DIRECTORY, dir_fd=parent)
    with closing(descriptor) as parent:
        _unlink(account, parent, parts[-1])


def _unlink(account: Account, parent: int, name: str) -> None:
    """As the account, or as root where the account has made its own directory read-only: an entry goes, nothing is followed."""
    with contextlib.suppress(IsADirectoryError):
        if os.fstat(parent).st_uid == account.uid:
            as_account_or_root(account, os.unlink, name, dir_fd=parent)
        else:
            os.unlink(name, dir_fd=parent)
        flush_folder(parent)


def create_home(account: Account) -> None:
    """Make the missing home of an existing account, its owner's alone."""
    parent, name = os.path.split(account.home.rstrip("/"))
    try:
        with closing(walk(os.path.realpath(parent))) as above:
            status = os.fstat(above)
            if status.st_uid != 0 or stat.S_IMODE(status.st_mode) & 0o022:
                raise HostError("the home %s is not created, because users other than root can write to %s" % (account.home, parent))
            temporary = temporary_names(name)[0]
            for left in temporary_names(name):
                with contextlib.suppress(FileNotFoundError):
                    os.rmdir(left, dir_fd=above)
            os.mkdir(temporary, 0o700, dir_fd=above)
            try:
                with closing(os.open(temporary, READABLE_DIRECTORY, dir_fd=above)) as home:
                    os.fchown(home, account.uid, account.gid)
                # A home that has its name belongs to its owner: a run that is killed leaves none that only root can enter.
                os.rename(temporary, name, src_dir_fd=above, dst_dir_fd=above)
            except OSError:
                with contextlib.suppress(OSError):
                    os.rmdir(temporary, dir_fd=above)
                raise
            flush_folder(above)
    except OSError as exc:
        raise HostError("the home %s could not be created: %s" % (account.home, exc.strerror))
    restore_labels(account.home)


def _write_in_home(account: Account, path: str, content: bytes, before: Optional[bytes]) -> None:
    parts = parts_in_home(account, path)
    with closing(open_home(account.home)) as home:
        if check_home(account, os.fstat(home)):
            as_account_or_root(account, os.chmod, ".", home_mode(os.fstat(home)), dir_fd=home)
        descriptor = os.dup(home)
        for index, name in enumerate(parts[:-1]):
            where = "/".join([account.home.rstrip("/")] + parts[: index + 1])
            with closing(descriptor) as parent:
                descriptor = _ensure_directory(account, parent, name, where, parts[-1])
        with closing(descriptor) as parent:
            try:
                present: Optional[bytes] = read_entry(account, parent, parts[-1], path).content
            except FileNotFoundError:
                present = None
            _check_unchanged(path, present, before)
            with acting_as(account.name, account.uid, account.gid):
                replace_file(parent, parts[-1], content, 0o600)


def _write_central(account: Account, path: str, content: bytes, before: Optional[bytes]) -> None:
    with closing(open_central(path, create=True)) as parent:
        owner, mode = (0, 0), 0o644
        present: Optional[bytes] = None
        with contextlib.suppress(FileNotFoundError):
            seen = read_central(parent, path)
            owner, mode, present = (seen.status.st_uid, seen.status.st_gid), central_mode(account, seen.status), seen.content
        _check_unchanged(path, present, before)
        replace_file(parent, os.path.basename(path), content, mode, owner)


def _check_unchanged(path: str, present: Optional[bytes], before: Optional[bytes]) -> None:
    if present != before:
        raise UnsafePath("%s was changed by another process during this run; run it again" % path)


def _ensure_directory(account: Account, parent: int, name: str, where: str, key_file: str) -> int:
    """Open the directory of a key file in parent; make it or put it right first."""
    try:
        status = as_account_or_root(account, os.stat, name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        owner = os.fstat(parent).st_uid
        with acting_as(account.name, account.uid if owner == account.uid else 0, account.gid):
            os.mkdir(name, 0o700, dir_fd=parent)
        status = as_account_or_root(account, os.stat, name, dir_fd=parent, follow_symlinks=False)
    if check_directory(account, where, status):
        if status.st_uid != account.uid:
            with closing(os.open(name, READABLE_DIRECTORY, dir_fd=parent)) as descriptor:
                if os.fstat(descriptor).st_uid != 0:
                    raise UnsafePath("%s was replaced by another process during this run" % where)
                check_contents(where, descriptor, key_file)
                os.fchown(descriptor, account.uid, account.gid)
        with acting_as(account.name, account.uid, account.gid):
            # As the account: were the entry exchanged for a link, its owner could do no more by it than without us.
            if status.st_gid != account.gid:
                os.chown(name, -1, account.gid, dir_fd=parent, follow_symlinks=False)
            os.chmod(name, 0o700, dir_fd=parent)
    return as_account_or_root(account, os.open, name, DIRECTORY, dir_fd=parent)
