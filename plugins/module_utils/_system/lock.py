# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take turns with other runs.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import fcntl
import os
import time
from typing import Iterator

from .._names import ACCOUNTS_LOCKS, SSHD_LOCK
from .run import HostError


@contextlib.contextmanager
def locked_accounts() -> Iterator[None]:
    """Let one run at a time look at accounts and change them."""
    with contextlib.ExitStack() as stack:
        for path in ACCOUNTS_LOCKS:
            stack.enter_context(_locked_file(path, 300, "another run has been at work on this host for 300 seconds; try again later"))
        yield


def accounts_are_locked() -> bool:
    """Whether another run is at work on them now."""
    for path in ACCOUNTS_LOCKS:
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


@contextlib.contextmanager
def locked_sshd() -> Iterator[None]:
    """One change of sshd at a time on this host, rollbacks and what Cloud Assistant runs included."""
    with _locked_file(SSHD_LOCK, 120, "another run has been changing sshd on this host for 120 seconds; try again when it has ended"):
        yield


def lock(descriptor: int, seconds: int, late: str) -> None:
    """Lock the file or folder until it is closed; HostError with the text I(late) when another process keeps the lock."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise HostError(late)
            time.sleep(0.1)


@contextlib.contextmanager
def _locked_file(path: str, seconds: int, late: str) -> Iterator[None]:
    while True:
        # It lies in /run, where nobody but root can get in the way.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            lock(descriptor, seconds, late)
            if _is_in_place(descriptor, path):
                yield
                return
        finally:
            os.close(descriptor)


def _is_in_place(descriptor: int, path: str) -> bool:
    """Whether it still has its name: a run that leaves the host removes the file, and the next ones lock another."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False
