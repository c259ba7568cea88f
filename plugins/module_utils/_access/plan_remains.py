# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan to take away what else acts in the name of users who lose their access: their own lines, jobs, processes and private keys.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from .remains import AT_JOB, CRON_LINE, PRIVATE_KEY, PROCESSES, SUDO, Remain
from .state import Snapshot
from .steps import PHASE_REMAINS, PHASE_SESSIONS, PHASE_STRIP, Action, EditFile, EndSessions, RemoveFile, RemoveKeyFile, Step
from .wanted import Wanted


class RemainsPlan(NamedTuple):
    """Steps, the files of sudo as they will be, and what is taken away by them."""

    steps: Tuple[Step, ...] = ()
    sudo_files: Dict[str, Optional[str]] = {}
    removes: Tuple[Remain, ...] = ()


def plan_remains(wanted: Wanted, snapshot: Snapshot, ended: Set[str]) -> RemainsPlan:
    """I(ended): users whose processes end anyhow."""
    names = {user.name for user in wanted.users if user.removes_remains}
    removes = [remain for remain in snapshot.remains if remain.user in names and _may_go(remain, snapshot)]
    steps: List[Step] = []
    lines: Dict[str, List[Remain]] = {}
    for remain in removes:
        if remain.kind in (SUDO, CRON_LINE):
            lines.setdefault(remain.path, []).append(remain)
        elif remain.kind == PROCESSES:
            steps += [] if remain.user in ended else [EndSessions(PHASE_SESSIONS, (Action("end_processes", remain.user),), remain.user)]
        elif remain.kind == PRIVATE_KEY:
            steps.append(RemoveKeyFile(PHASE_REMAINS, (Action("remove_private_key", remain.user, remain.path),), remain.user, remain.path))
        else:
            steps.append(RemoveFile(PHASE_REMAINS, (Action("remove_" + remain.kind, remain.user, remain.path),), remain.path))
    sudo_files: Dict[str, Optional[str]] = {}
    for path, some in sorted(lines.items()):
        before = snapshot.edited[path]
        content = without_lines(before, {remain.number for remain in some})
        actions = tuple(Action("remove_" + remain.kind, remain.user, "%s:%d" % (path, remain.number)) for remain in some)
        about_sudo = some[0].kind == SUDO
        steps.append(EditFile(PHASE_STRIP if about_sudo else PHASE_REMAINS, actions, path, content, before))
        if about_sudo:
            sudo_files[path] = content.decode("utf-8", "surrogateescape")
    return RemainsPlan(tuple(steps), sudo_files, tuple(removes))


def without_lines(content: bytes, numbers: Set[int]) -> bytes:
    """The text without the lines that begin at these numbers, each with those that continue it."""
    kept: List[bytes] = []
    goes = continued = False
    for number, line in enumerate(content.split(b"\n"), 1):
        goes = number in numbers or (goes and continued)
        continued = line.endswith(b"\\")
        if not goes:
            kept.append(line)
    return b"\n".join(kept)


def _may_go(remain: Remain, snapshot: Snapshot) -> bool:
    account = snapshot.find_account(remain.user)
    shares_number = account is not None and bool(snapshot.namesakes(account))
    by_number = remain.kind == AT_JOB or (remain.kind == SUDO and remain.text.startswith("#"))
    if remain.path and remain.kind in (SUDO, CRON_LINE) and remain.path not in snapshot.edited:
        return False
    return remain.removable and not (shares_number and by_number)
