# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a change of sshd's files: written before the change, put aside once the change is proven.

Below /var/lib, for root only: C(armed) is a change that is not proven yet, C(last-change) and C(rolled-back) the latest
of each kind, kept so that a person finds the files as they were. A rename of the folder is what arms and what commits.
While a change is armed, a timer and a unit at boot are ready to undo it, even if this process is killed.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
import time
import uuid
from typing import Dict, Iterator, List, NamedTuple, Optional

from .. import _names
from .._system import files
from .._system.lock import locked_sshd
from .._system.run import HostError, describe_error, run_program
from .._system.sshd import SshdError
from .._system.sshd_service import Service
from .._system.sshd_tree import Changes, find_file
from .._text import text_lines
from . import rollback

STATE_DIR = _names.STATE_DIR + "/sshd"


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """The only run that changes sshd; one whose change waits for its proof is waited for: it is soon proven or undone."""
    while True:
        with locked_sshd():
            if not seconds_to_wait():
                yield
                return
        time.sleep(1)


class Move(NamedTuple):
    """A file of ours that gets its new name in one step, so that at every moment exactly one of the two is in force."""

    former: str
    now: str


def find_moves(changes: Changes) -> List[Move]:
    """Which files to rename first, before they get their new content."""
    found = []
    for path, content in sorted(changes.items()):
        folder, name = os.path.split(path)
        now = os.path.join(folder, _names.DROP_IN)
        is_file = os.path.isfile(path) and not os.path.islink(path) and not os.path.lexists(now)
        if content is None and name in _names.FORMER_DROP_INS and is_file and changes.get(now) is not None:
            found.append(Move(path, now))
    return found


def find_armed(state_dir: str = STATE_DIR) -> Optional[str]:
    """Id of the change that is not proven yet, None if there is none."""
    content = find_file(os.path.join(state_dir, "armed", "change"))
    return None if content is None else content.decode("ascii").strip()


def arm(changes: Changes, service: Service, rollback_after: int, state_dir: str = STATE_DIR) -> str:
    """Make sure that I(changes) will be undone unless commit() is called in time; returns the change's id.

    The files are not touched yet. SshdError means that nothing is armed.
    """
    change = uuid.uuid4().hex
    timer = "%s%s.timer" % (_names.TIMERS, change[:12])
    try:
        os.makedirs(state_dir, mode=0o700, exist_ok=True)
        # A run with an open umask may have made it.
        above = os.path.dirname(state_dir)
        os.chmod(above, stat.S_IMODE(os.stat(above).st_mode) & ~0o022)
        os.chmod(state_dir, 0o700)
        _sweep(state_dir)
        files.write_file(os.path.join(state_dir, rollback.SCRIPT_NAME), rollback.SCRIPT.encode("ascii"), 0o700)
        folder = tempfile.mkdtemp(prefix="new-", dir=state_dir)
        _write_entries(folder, changes)
        for name, text in (
            ("change", change),
            ("unit", service.unit),
            ("listener", service.listener),
            ("verb", service.verb),
            ("program", service.program),
            ("config", service.config),
            ("timer", timer),
            ("deadline", "%s %d" % (_boot_id(), time.monotonic() + rollback_after)),
        ):
            _write(os.path.join(folder, name), (text + "\n").encode("utf-8", "surrogateescape"))
        _sync(folder)
        os.rename(folder, os.path.join(state_dir, "armed"))
        _sync(state_dir)
    except OSError as exc:
        raise SshdError("cannot prepare the rollback below %s: %s; nothing was changed" % (state_dir, exc.strerror))
    try:
        _install_boot_unit(service, state_dir)
        _start_timer(timer, change, rollback_after, state_dir)
    except (OSError, HostError) as exc:
        roll_back(change, "the rollback could not be armed", state_dir)
        raise SshdError("cannot arm the rollback: %s; nothing was changed" % describe_error(exc))
    return change


def await_proof(state_dir: str = STATE_DIR) -> None:
    """The change is in force and waits for commit() from here on; without this mark it counts as interrupted."""
    _write(os.path.join(state_dir, "armed", "waiting"), b"")


def seconds_to_wait(state_dir: str = STATE_DIR) -> int:
    """For how long commit() may still be called for the armed change, which is in force and has time left; 0 if there is none."""
    if find_file(os.path.join(state_dir, "armed", "waiting")) is None:
        return 0
    boot, _blank, deadline = (find_file(os.path.join(state_dir, "armed", "deadline")) or b"").decode("ascii").partition(" ")
    # The timer comes first; the margin is what its script may take.
    return max(0, int(int(deadline) + 45 - time.monotonic())) if boot == _boot_id() else 0


def clear_units() -> None:
    """Remove what a run that was killed within commit() has left: its change is proven, and nothing is armed."""
    if not os.path.lexists(_boot_unit()) and not os.path.lexists(_boot_link()):
        return
    for path in (_boot_link(), _boot_unit()):
        files.remove_file(path)
    run_program(["systemctl", "stop", _names.TIMERS + "*.timer"])


def commit(change: str, state_dir: str = STATE_DIR) -> Dict[str, str]:
    """The change is proven: from here on nothing undoes it. SshdError if it was rolled back meanwhile.

    Returns where the former content of each file is kept.
    """
    armed = os.path.join(state_dir, "armed")
    if find_armed(state_dir) != change:
        raise SshdError("the change was rolled back before its proof arrived%s" % describe_rollback(state_dir))
    timer = (find_file(os.path.join(armed, "timer")) or b"").decode("ascii").strip()
    last = os.path.join(state_dir, "last-change")
    shutil.rmtree(last, ignore_errors=True)
    os.rename(armed, last)
    # Whatever happens to the flush, the names have changed.
    with contextlib.suppress(OSError):
        _sync(state_dir)
    # What is left has no effect without the journal: a boot or timer finds nothing to undo. If it can't be removed now, the next run does it.
    with contextlib.suppress(HostError):
        for path in (_boot_link(), _boot_unit()):
            files.remove_file(path)
        run_program(["systemctl", "stop", timer])
    return _find_backups(last)


def roll_back(change: str, why: str, state_dir: str = STATE_DIR) -> str:
    """Undo an armed change (V(any) for whichever it is), under the caller's lock; returns what was done to each file."""
    script = os.path.join(state_dir, rollback.SCRIPT_NAME)
    code, _out, err = run_program(["/bin/sh", script, change, why, "--locked"], timeout=150)
    if code != 0 or find_armed(state_dir) is not None:
        raise SshdError(
            "the former sshd configuration could not be put back (%s); its files are in %s"
            % (" ".join(err.split()) or "status %d" % code, os.path.join(state_dir, "armed"))
        )
    outcome = find_file(os.path.join(state_dir, "rolled-back", "outcome")) or b""
    return "; ".join(text_lines(outcome.decode("utf-8", "replace"))) or "no file had changed"


def describe_rollback(state_dir: str = STATE_DIR) -> str:
    """Why the latest rollback happened, as the end of a sentence; empty if there was none."""
    why = find_file(os.path.join(state_dir, "rolled-back", "why"))
    return "" if why is None else ": " + why.decode("utf-8", "replace").strip()


def _find_backups(folder: str) -> Dict[str, str]:
    backups = {}
    for name in sorted(os.listdir(folder)):
        backup = os.path.join(folder, name)
        if name.endswith(".before"):
            path = find_file(backup[: -len(".before")] + ".path") or b""
            backups[path.decode("utf-8", "surrogateescape").rstrip("\n")] = backup
    return backups


def _boot_unit() -> str:
    return os.path.join(_names.UNIT_DIR, _names.BOOT_UNIT)


def _boot_link() -> str:
    return os.path.join(_names.UNIT_DIR, "sysinit.target.wants", _names.BOOT_UNIT)


def _install_boot_unit(service: Service, state_dir: str) -> None:
    # systemd reads it at the next boot, which is what it is for: no daemon-reload, which would read other people's edits too.
    text = rollback.BOOT_UNIT_TEXT.format(state=state_dir, units=" ".join(filter(None, {service.unit, service.listener})))
    files.write_file(_boot_unit(), text.encode("utf-8"))
    os.makedirs(os.path.dirname(_boot_link()), exist_ok=True)
    if not os.path.islink(_boot_link()):
        os.symlink(os.path.join("..", _names.BOOT_UNIT), _boot_link())
    _sync(os.path.dirname(_boot_link()))


def _start_timer(timer: str, change: str, rollback_after: int, state_dir: str) -> None:
    script = os.path.join(state_dir, rollback.SCRIPT_NAME)
    why = "no proof of login arrived within %d seconds" % rollback_after
    code, _out, err = run_program(
        [
            "systemd-run",
            "--quiet",
            "--unit=" + timer[: -len(".timer")],
            "--on-active=%d" % rollback_after,
            "--timer-property=AccuracySec=1s",
            "--description=Undo a change of sshd that is not proven",
            "/bin/sh",
            script,
            change,
            why,
        ]
    )
    if code != 0:
        raise SshdError("systemd-run failed: %s" % " ".join(err.split()))


def _boot_id() -> str:
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as handle:
        return handle.read().strip()


def _write_entries(folder: str, changes: Changes) -> None:
    moves = {move.former: move.now for move in find_moves(changes)}
    renamed = {now: former for former, now in moves.items()}
    for number, (path, content) in enumerate(sorted(changes.items())):
        if "\n" in path:
            raise SshdError("%r has a line break in its name; nothing was changed" % path)
        real = os.path.realpath(path)
        before = find_file(real)
        prefix = os.path.join(folder, str(number))
        _write(prefix + ".path", (real + "\n").encode("utf-8", "surrogateescape"))
        _write(prefix + ".hash", _hash(before))
        # What a file may be once we are at work: all of it is put back. One that is renamed has its old content for a moment.
        after = _hash(content)
        if path in renamed:
            after += _hash(find_file(renamed[path]))
        if path in moves:
            after += _hash(changes[moves[path]])
            _write(prefix + ".moved", (os.path.join(os.path.dirname(real), _names.DROP_IN) + "\n").encode("utf-8", "surrogateescape"))
        _write(prefix + ".after", after)
        if before is not None:
            # cp keeps what Python's shutil may not: SELinux context, ACLs.
            code, _out, err = run_program(["cp", "-a", "--", real, prefix + ".before"])
            if code != 0:
                raise SshdError("cannot keep a copy of %s: %s; nothing was changed" % (path, " ".join(err.split())))
            with open(prefix + ".before", "rb") as handle:
                os.fsync(handle.fileno())


def _hash(content: Optional[bytes]) -> bytes:
    return b"absent\n" if content is None else hashlib.sha256(content).hexdigest().encode("ascii") + b"\n"


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())


def _sync(path: str) -> None:
    with files.closing(os.open(path, files.READABLE_DIRECTORY)) as folder:
        files.sync_folder(folder)


def _sweep(state_dir: str) -> None:
    # Left by a run that was killed while it wrote: never armed, so never a change.
    for name in os.listdir(state_dir):
        if name.startswith("new-"):
            shutil.rmtree(os.path.join(state_dir, name), ignore_errors=True)
