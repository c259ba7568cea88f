# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes the key of a run when the run has ended, however it ended. Run as a program: FOLDER PID LOCK.

A process of its own, since nothing else outlives a SIGKILL: exit handlers don't run, and a file without a name cannot be shared
by forks that do not descend from its maker. It also clears what older runs left behind whose reaper was killed too.

Note that this plugin util is **PRIVATE** to the collection. Standard library only; it imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import stat
import sys
import time

_PAUSE = 1.0


def wait_for_end(pid: int) -> None:
    """Return when the process is gone."""
    if hasattr(os, "pidfd_open"):
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        except OSError:
            pass  # a kernel or a sandbox without it
        else:
            with contextlib.suppress(InterruptedError):
                poll = select.poll()
                poll.register(handle, select.POLLIN)
                poll.poll()
            os.close(handle)
            return
    while is_alive(pid):
        time.sleep(_PAUSE)


def is_alive(pid: int) -> bool:
    """Whether this user has a process of this number."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def remove_folder(path: str) -> None:
    """Remove the folder's files and the folder; no other folder, and nothing behind a link."""
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        if os.fstat(folder).st_uid != os.geteuid():
            return
        # The key first, the lock that tells others to keep away last.
        for name in sorted(os.listdir(folder), key=lambda name: (name == "reaper", not name.startswith("key"), name)):
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=folder)
    finally:
        os.close(folder)
    with contextlib.suppress(OSError):
        os.rmdir(path)


def find_orphans(folder: str) -> list[str]:
    """Folders like this one of other runs beside ours."""
    run, name = os.path.split(folder)
    runs = os.path.dirname(run)
    try:
        names = os.listdir(runs)
    except OSError:
        return []
    paths = [os.path.join(runs, each, name) for each in names if each.startswith("ansible-local-")]
    return [path for path in paths if path != folder and os.path.isdir(path)]


def clear_orphan(path: str) -> None:
    """Remove a folder whose reaper and whose run are both gone."""
    try:
        lock = os.open(os.path.join(path, "reaper"), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return  # its run is about to make the lock
    try:
        # In a folder for everybody it may be another user's, and no file.
        found = os.fstat(lock)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        watched = os.read(lock, 20).decode("ascii", "replace")
        if watched.isdigit() and not is_alive(int(watched)):
            remove_folder(path)
    except BlockingIOError:
        pass
    finally:
        os.close(lock)


def main() -> None:
    """Clear, watch, clear."""
    folder, pid = sys.argv[1], int(sys.argv[2])
    for path in find_orphans(folder):
        clear_orphan(path)
    wait_for_end(pid)
    remove_folder(folder)


if __name__ == "__main__":
    main()
