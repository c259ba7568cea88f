# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask sudo for the outcome of its rules for a user: only the whole set in its order decides what is in force.

Note that this module util is **PRIVATE** to the collection.
"""

import grp
import os
import pwd
from typing import List, Sequence

from .._system.run import find_tool
from .._system.server import is_roots, run
from .sudo_outcome import explain, find_objection, parse_listing
from .sudoers import Rule, rules_for
from .wanted import WantedUser

_SECONDS = 20


def find_objections(users: Sequence[WantedUser], others: Sequence[Rule]) -> List[str]:
    """For each user whose rights by sudo are not what was asked: which of the others' rules overrides it."""
    asked = [user for user in users if user.state == "present" and (user.sudo in ("password", "nopasswd") or user.sudo_rules)]
    program = find_tool("sudo")
    if not asked or program is None:
        return []
    if not is_roots(program):
        return ["%s can be changed by others than root, so it was not asked for the outcome of its rules" % program]
    found = []
    for user in asked:
        ended = run([program, "-n", "-ll", "-U", user.name], seconds=_SECONDS)
        if ended.code != 0:
            found.append("user %s: sudo was asked for the outcome of its rules, and gave no answer: %s" % (user.name, " ".join(ended.err.split())[:200]))
            continue
        objection = find_objection(user, parse_listing(ended.out))
        if objection is not None:
            found.append("user %s: %s" % (user.name, explain(objection, _rules_of(user.name, others))))
    return found


def _rules_of(name: str, others: Sequence[Rule]) -> List[Rule]:
    """Those of the others' rules that are about the user, in order."""
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        return []
    numbers = os.getgrouplist(name, account.pw_gid)
    groups = [entry.gr_name for entry in grp.getgrall() if entry.gr_gid in numbers]
    ids = ["#%d" % account.pw_uid] + ["%%#%d" % number for number in numbers]
    return rules_for(name, groups, others, ids)
