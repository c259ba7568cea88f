# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder that all forks of one run share: locks, the key, and when it was registered where.

It lies inside the folder for temporary files that ansible-core makes for each run and removes at its end. For the end that
never comes (SIGKILL) there is the reaper, a process of its own, which holds the lock C(reaper) for as long as it lives; so
a run that finds the lock free knows that nobody watches, be it over this folder or over one that an older run left behind.

Note that this plugin util is **PRIVATE** to the collection. Imports stay few: every task of every host pays for them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import multiprocessing
import os
import stat
import subprocess
import sys
import typing as t

from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError

NAME = "ecs_ssh"
KEY = "key"
_REAPER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reaper.py")


class FolderError(AccessError):
    """The folder cannot be trusted or used."""

    code = "folder"


class CloudProblem(AccessError):
    """No way to an instance, though no call failed."""

    code = "cloud"


class RunFolder:
    """One folder per run, mode 0700, ours. Nothing in it has a name that anybody else could choose."""

    def __init__(self, path: str) -> None:
        self.path = path

    @classmethod
    def of(cls, local_tmp: str) -> RunFolder:
        """The folder of this run, which may not exist yet."""
        return cls(os.path.join(local_tmp, NAME))

    def make(self) -> None:
        """Make the folder when it is missing, and have it watched by a reaper; raises FolderError."""
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self.path, 0o700)
            found = os.lstat(self.path)
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
                raise FolderError(f"{self.path} is not a folder of this user with mode 0700; remove it")
            self._ensure_reaper()
        except OSError as exc:
            raise FolderError(f"{self.path} cannot be used: {exc.strerror}") from exc

    def file(self, name: str, *about: object) -> str:
        """A path; I(about) distinguishes files of the same kind, whatever text it holds."""
        return os.path.join(self.path, f"{name}-{digest(*about)}" if about else name)

    @contextlib.contextmanager
    def locked(self, name: str, *about: object) -> t.Iterator[None]:
        """Hold a lock that ends with this process at the latest."""
        handle = os.open(self.file(name, *about) + ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def write(self, path: str, content: str) -> None:
        """Make a file of mode 0600 appear whole."""
        scratch = f"{path}.new-{os.getpid()}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(scratch)
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(content)
        os.rename(scratch, path)

    def remove(self, path: str) -> None:
        """Remove a file if it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def _ensure_reaper(self) -> None:
        handle = os.open(self.file("reaper"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            if is_lock_free(handle):
                start_reaper(self.path, run_process(), handle)
        finally:
            os.close(handle)


def read_word(path: str) -> str | None:
    """The text of a file, None if there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return None


def read_time(path: str) -> float | None:
    """The time that a file holds, if it does."""
    try:
        return float(read_word(path) or "")
    except ValueError:
        return None


def digest(*about: object) -> str:
    """A short name for I(about)."""
    return hashlib.sha256("\0".join(map(str, about)).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def is_lock_free(handle: int) -> bool:
    """Take the lock of an open file if nobody has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def run_process() -> int:
    """The process whose end is the end of the run: a task's plugins live in a worker that multiprocessing forked."""
    parent = multiprocessing.parent_process()
    return os.getpid() if parent is None or parent.pid is None else parent.pid


def start_reaper(folder: str, watched: int, lock: int) -> None:
    """Start it; the lock is taken already, and is the reaper's from here on because it inherits the open file."""
    os.ftruncate(lock, 0)
    os.write(lock, str(watched).encode())
    # A session of its own: what kills the run's process group or hangs up its terminal does not reach it.
    subprocess.Popen(
        [sys.executable, "-I", "-S", _REAPER, folder, str(watched), str(lock)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[lock], start_new_session=True, cwd="/",
    )  # fmt: skip
