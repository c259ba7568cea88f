# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this collection leaves on a host and what grants nobody anything: where it lies, and how it is removed.

Only what is root's, of the kind that we make and in folders that root alone can change is removed; the rest is named. The record goes
last but for locks: it is needed until then.
Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import shutil
import stat
from typing import Callable, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Set, Tuple

from .. import _names
from .._assistant.programs import prepare
from .._system.files import remove_file
from .._system.run import HostError, run_program
from .._system.server import is_roots

_SETTINGS = ("/etc/ssh", "/etc/ssh/sshd_config.d", "/etc/sudoers.d", _names.UNIT_DIR)
_TRANSIENT = "/run/systemd/transient"
_RUN = "/run"
_JOURNAL = _names.STATE_DIR + "/sshd"
_RECORD = "people.json"
_NOT_EMPTY = "it is not empty"
_SAVED = (prepare.SAVED, prepare.FORMER, prepare.CANDIDATE, prepare.BACKUP)


class Entry(NamedTuple):
    """Something of ours. C(kind): file, link, folder (with what is in it), empty (a folder without anything), timer or lock."""

    path: str
    kind: str


class Kept(NamedTuple):
    """Something that has a name of ours and is not removed."""

    path: str
    why: str


class Left(NamedTuple):
    """What can be removed, in this order, and what cannot."""

    entries: Tuple[Entry, ...] = ()
    kept: Tuple[Kept, ...] = ()


def find_left(keep: Mapping[str, str]) -> Left:
    """All of it as it is now; I(keep): paths that must stay, and why. Nothing is changed."""
    entries: List[Entry] = []
    kept: Dict[str, str] = {}
    gone: Set[str] = set()
    for entry in _candidates():
        if entry.kind != "timer" and not os.path.lexists(entry.path):
            continue
        problem = "" if entry.kind == "timer" else keep.get(entry.path) or _find_problem(entry, gone)
        if not problem:
            entries.append(entry)
            gone.add(entry.path)
        elif problem != _NOT_EMPTY or not any(path.startswith(entry.path + "/") for path in kept):
            # What is in the way of a folder has been named.
            kept[entry.path] = problem
    return Left(tuple(entries), tuple(Kept(path, why) for path, why in kept.items()))


def remove_left(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Remove them one by one; HostError where that is not possible. The caller holds the locks."""
    for entry in entries:
        try:
            _REMOVERS[entry.kind](entry.path)
        except OSError as exc:
            raise HostError("cannot remove %s: %s" % (entry.path, exc.strerror))
        yield entry


def look_at(path: str) -> os.stat_result:
    """The path itself, never what it leads to."""
    return os.lstat(path)


def _candidates() -> Iterator[Entry]:
    yield Entry(os.path.join(_names.UNIT_DIR, "sysinit.target.wants", _names.BOOT_UNIT), "link")
    yield Entry(os.path.join(_names.UNIT_DIR, _names.BOOT_UNIT), "file")
    for name in _listed(_TRANSIENT):
        if name.startswith(_names.TIMERS) and name.endswith(".timer"):
            yield Entry(name, "timer")
    for path in _SAVED:
        yield Entry(path, "file")
    for folder in _SETTINGS:
        for name in _listed(folder):
            path = os.path.join(folder, name)
            if _is_temporary(name) and path not in _SAVED:
                yield Entry(path, "file")
    for name in _listed(_RUN):
        if name.startswith((_names.COPIES,) + _names.FORMER_COPIES):
            yield Entry(os.path.join(_RUN, name), "folder")
    # A folder in the way is named once, by its own name.
    for name in _listed(_JOURNAL) if _listed(_names.STATE_DIR) else ():
        yield Entry(os.path.join(_JOURNAL, name), "folder" if name.startswith(("new-", "last-change", "rolled-back")) else "file")
    if _listed(_names.STATE_DIR):
        yield Entry(_JOURNAL, "empty")
    for name in sorted(_listed(_names.STATE_DIR), key=_RECORD.__eq__):
        if name != os.path.basename(_JOURNAL):
            yield Entry(os.path.join(_names.STATE_DIR, name), "file")
    yield Entry(_names.STATE_DIR, "empty")
    for path in _names.ACCOUNTS_LOCKS + (_names.SSHD_LOCK,):
        yield Entry(path, "lock")


def _is_temporary(name: str) -> bool:
    """Whether this is the name of a file of ours that was being written when a run was killed."""
    return name.startswith(".") and name.endswith(("." + _names.PRODUCT, ".ecs-access", ".ecs_access-new"))


def _is_ours(path: str) -> bool:
    folder, name = os.path.split(path)
    if folder == _names.STATE_DIR:
        return name in (_RECORD, _RECORD + ".set-aside", os.path.basename(_JOURNAL)) or _is_temporary(name)
    if folder == _JOURNAL:
        return name in ("rollback.sh", "last-change", "rolled-back") or name.startswith("new-") or _is_temporary(name)
    return True


def _find_problem(entry: Entry, gone: Set[str]) -> str:
    """Why it is not removed; empty if it can be."""
    status = look_at(entry.path)
    parent = os.path.dirname(entry.path)
    if os.path.islink(parent) or not is_roots(parent):
        return "its folder is a link, or can be changed by others than root"
    if not _is_ours(entry.path):
        return "it has no name that this collection gives"
    if status.st_uid != 0:
        return "it belongs to uid %d" % status.st_uid
    if entry.kind == "link":
        return "" if stat.S_ISLNK(status.st_mode) else "it is not a symbolic link"
    if stat.S_ISLNK(status.st_mode):
        return "it is a symbolic link"
    if entry.kind in ("file", "lock"):
        return "" if stat.S_ISREG(status.st_mode) else "it is not a regular file"
    if not stat.S_ISDIR(status.st_mode):
        return "it is not a folder"
    if status.st_mode & 0o022:
        return "it can be changed by others than root"
    if entry.kind == "empty":
        rest = [name for name in _listed(entry.path) if os.path.join(entry.path, name) not in gone]
        return _NOT_EMPTY if rest else ""
    return "the process that uses it may be at work" if _is_alive(os.path.basename(entry.path)) else ""


def _is_alive(name: str) -> bool:
    for prefix in (_names.COPIES,) + _names.FORMER_COPIES:
        number = name[len(prefix) :].partition("-")[0]
        if name.startswith(prefix):
            return not number.isdigit() or os.path.exists("/proc/" + number)
    return False


def _listed(folder: str) -> List[str]:
    """What is in a folder of root's, not a link to one."""
    if os.path.islink(folder) or not is_roots(folder):
        return []
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _stop_timer(name: str) -> None:
    run_program(["systemctl", "stop", name])


def _remove_lock(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


_REMOVERS: Dict[str, Callable[[str], None]] = {
    "file": remove_file,
    "link": remove_file,
    "folder": shutil.rmtree,
    "empty": os.rmdir,
    "timer": _stop_timer,
    "lock": _remove_lock,
}
