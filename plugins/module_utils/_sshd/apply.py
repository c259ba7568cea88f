# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out a plan: write, test what was written, reload, see that the server lives; or put everything back.

Note that this module util is **PRIVATE** to the collection.
"""

import os
from typing import Any, Dict, Sequence

from .._system import files
from .._system.lock import locked_sshd
from .._system.run import HostError, describe_error
from .._system.sshd import SshdError
from .._system.sshd_service import Service, answering, check_alive, listen_addresses, reload_service
from .._system.sshd_tree import Changes
from . import journal
from .controller import Settlement
from .look_candidate import Planner
from .plan import Plan


def apply_plan(service: Service, planner: Planner, plan: Plan, rollback_after: int) -> str:
    """Make the planned change and leave it armed; returns the change's id for the journal's commit() or roll_back().

    SshdError means that the former configuration is in force again, or its text names what a person has to do.
    """
    addresses = answering(listen_addresses(planner.general(), service))
    moves = journal.find_moves(plan.changes)
    change = journal.arm(plan.changes, service, rollback_after)
    try:
        _write(plan.changes, moves, service.config)
        if planner.current() != plan.after:
            raise SshdError("sshd reads the written files differently from the tested copy")
        reload_service(service)
        check_alive(service, addresses)
        journal.await_proof()
    except (HostError, OSError) as exc:
        why = describe_error(exc)
        outcome = journal.roll_back(change, why)
        raise SshdError("%s; the former configuration was put back (%s)" % (why, outcome))
    return change


def settle(settlement: Settlement) -> Dict[str, Any]:
    """Keep the armed change that has been proven, or put back what was before it."""
    with locked_sshd():
        if settlement.proven:
            return {"backups": journal.commit(settlement.change)}
        return {"msg": "the former configuration was put back (%s)" % journal.roll_back(settlement.change, settlement.why)}


def undo_interrupted() -> str:
    """Undo the change of a run that was killed, for a caller who holds the lock, so that no other run is active; returns what was done."""
    if journal.find_armed() is None:
        journal.clear_units()
        return ""
    return journal.roll_back("any", "the run that made the change was interrupted")


def reload_only(service: Service, planner: Planner) -> None:
    """Make sshd read files that another user has edited. They were tested, and there is nothing of ours to put back."""
    try:
        reload_service(service)
        check_alive(service, listen_addresses(planner.general(), service))
    except HostError as exc:
        raise SshdError("%s; no file was changed by this run, check the latest edits" % exc)


def _write(changes: Changes, moves: Sequence[journal.Move], main: str) -> None:
    for move in moves:
        files.rename_file(move.former, move.now)
    # A new file is as readable as the main one: some distributions keep sshd's files from other eyes.
    mode = os.stat(main).st_mode & 0o644
    for path, content in sorted(changes.items()):
        if content is None:
            files.remove_file(path)
        else:
            files.write_file(path, content, mode)
