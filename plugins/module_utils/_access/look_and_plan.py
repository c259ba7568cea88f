# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for this host, as it is now.

Note that this module util is **PRIVATE** to the collection.
"""

import time
from typing import FrozenSet

from .guard import Login, refuse_lockout
from .look import KeyLook, read_snapshot
from .plan import plan_access, settle_accounts
from .state import InTheWay, Plan, Snapshot
from .wanted import Wanted


def look_and_plan(wanted: Wanted, login: Login, allow_self_lockout: bool) -> Plan:
    """Read the host and plan on it; raises Conflict when it does not fit, or when the plan would lock this run out."""
    snapshot = read_snapshot(wanted)
    wanted = wanted._replace(users=tuple(user for user in wanted.users if user.create or snapshot.find_account(user.name)))
    users = frozenset(login.users)
    keys = KeyLook(snapshot, users)
    try:
        plan = _plan(wanted, snapshot, keys, users)
    except InTheWay as exc:
        if not wanted.takes:
            raise
        # What one account puts in the way must not keep another one's access.
        plan = _plan(wanted.taking, snapshot, keys, users)
        plan = plan._replace(failures=(str(exc),) + plan.failures)
    if not allow_self_lockout:
        refuse_lockout(login, plan, snapshot, time.strftime("%Y-%m-%d"))
    return plan


def _plan(wanted: Wanted, snapshot: Snapshot, keys: KeyLook, users: FrozenSet[str]) -> Plan:
    settled = settle_accounts(snapshot, wanted)
    return plan_access(keys.look(wanted, settled.after), wanted, settled, users)
