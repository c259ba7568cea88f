# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of accounts: find them, end them.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import signal
import time
from typing import Dict, List

from .._text import printable
from .nodes import read_quietly
from .run import HostError, find_tool, run_tool


def end_processes(uid: int, gid: int, name: str, wait_seconds: float = 5.0) -> None:
    """End every process of an account, and those of root's that run in its sessions; HostError that names what is left."""
    strays = find_strays(uid)
    if find_tool("loginctl") and os.path.isdir("/run/systemd/system"):
        run_tool(["loginctl", "terminate-user", name], timeout=30)
    deadline = time.monotonic() + wait_seconds
    while True:
        _kill_all(uid, gid)
        inside = [pid for pid, is_inside in strays.items() if is_inside and _goes_on(pid, uid)]
        for pid in inside:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        processes = find_processes(uid) + inside
        if not processes:
            break
        if time.monotonic() > deadline:
            raise HostError("processes %s of user %s cannot be ended" % (", ".join(str(pid) for pid in processes), name))
        time.sleep(0.1)
    left = ["%d (%s)" % (pid, printable(read_status(pid).get("Name", ""))) for pid in strays if _goes_on(pid, uid)]
    if left:
        raise HostError("processes of other accounts that user %s has started are still running: %s; check them" % (name, ", ".join(left)))


def _kill_all(uid: int, gid: int) -> None:
    """Every process of the account at once, by the kernel: one that forks and ends in a loop is never seen in a list."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def find_strays(uid: int) -> Dict[int, bool]:
    """Processes of other accounts, root's mostly, that this one has started (with C(sudo -i), for example), and whether they are in a session of it."""
    found = {}
    for pid in [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]:
        mine = str(uid) in read_status(pid).get("Uid", "").split()[:3]
        if not mine and _belongs_to(pid, uid):
            inside = _in_slice(pid, uid) or any(status.get("Name", "").startswith("sshd") for status in ancestors(pid)[1:])
            found[pid] = inside
    return found


def _goes_on(pid: int, uid: int) -> bool:
    return read_status(pid).get("State", "Z")[:1] != "Z" and _belongs_to(pid, uid)


def _belongs_to(pid: int, uid: int) -> bool:
    """By what the kernel or sudo noted when it began, or by the control group of the account's sessions."""
    if read_quietly("/proc/%d/loginuid" % pid) == str(uid) or _in_slice(pid, uid):
        return True
    # Of other accounts it is their own word: what they note would keep anybody's removal from ever being done.
    is_roots = read_status(pid).get("Uid", "").split()[:1] == ["0"]
    return is_roots and "SUDO_UID=%d" % uid in read_quietly("/proc/%d/environ" % pid).split("\0")


def _in_slice(pid: int, uid: int) -> bool:
    return "/user-%d.slice/" % uid in read_quietly("/proc/%d/cgroup" % pid)


def ancestors(pid: int) -> List[Dict[str, str]]:
    """The status of the process and of those that it descends from, itself first."""
    found = []
    for _step in range(64):
        status = read_status(pid)
        if not status:
            break
        found.append(status)
        pid = int(status.get("PPid", "0"))
        if pid <= 0:
            break
    return found


def find_processes(uid: int) -> List[int]:
    """Living processes that run under this uid, by real, effective or saved id."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            status = read_status(int(entry))
            if status.get("State", "Z")[:1] != "Z" and str(uid) in status.get("Uid", "").split()[:3]:
                found.append(int(entry))
    return found


def read_status(pid: int) -> Dict[str, str]:
    """/proc/PID/status as a dictionary, empty when the process is gone."""
    return dict(line.split(":\t", 1) for line in read_quietly("/proc/%d/status" % pid).split("\n") if ":\t" in line)


def read_stat(pid: int) -> List[str]:
    """The fields of /proc/PID/stat behind the name, the state first; empty when the process is gone."""
    return read_quietly("/proc/%d/stat" % pid).rpartition(")")[2].split()
