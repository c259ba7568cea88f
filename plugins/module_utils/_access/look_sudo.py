# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask sudo for the outcome of its rules for a user: only the whole set in its order decides what is in force.

Note that this module util is **PRIVATE** to the collection.
"""

import grp
import os
import pwd
import re
import uuid
from typing import Dict, List, Sequence

from .._system.run import find_tool
from .._system.server import is_roots, run
from .._system.sudo_listing import parse_listing
from .._system.sudoers import Rule, rules_for
from .sudo_outcome import explain, find_objection
from .wanted import WantedUser

_SECONDS = 20
_AT_ONCE = 50
_ASK = 'sudo=$1 mark=$2; shift 2; for user do "$sudo" -n -ll -U "$user"; echo "$mark $?"; done'


def find_objections(users: Sequence[WantedUser], others: Sequence[Rule]) -> List[str]:
    """For each user whose rights by sudo are not what was asked: which of the others' rules overrides it."""
    asked = [user for user in users if user.state == "present" and (user.sudo in ("password", "nopasswd") or user.sudo_rules)]
    program = find_tool("sudo")
    if not asked or program is None:
        return []
    if not is_roots(program):
        return ["%s can be changed by others than root, so it was not asked for the outcome of its rules" % program]
    found = []
    listings = _list_all(program, [user.name for user in asked])
    for user in asked:
        if user.name not in listings:
            ended = run([program, "-n", "-ll", "-U", user.name], seconds=_SECONDS)
            if ended.code != 0:
                found.append("user %s: sudo was asked for the outcome of its rules, and gave no answer: %s" % (user.name, " ".join(ended.err.split())[:200]))
                continue
            listings[user.name] = ended.out
        objection = find_objection(user, parse_listing(listings[user.name]))
        if objection is not None:
            found.append("user %s: %s" % (user.name, explain(objection, _rules_of(user.name, others))))
    return found


def _list_all(program: str, names: Sequence[str]) -> Dict[str, str]:
    """What sudo lists, for each of these users that it answers for. One shell starts it for many: from here each start takes as long again."""
    shell = find_tool("sh")
    found: Dict[str, str] = {}
    for start in range(0, len(names) if shell is not None and is_roots(shell) else 0, _AT_ONCE):
        some, mark = names[start : start + _AT_ONCE], uuid.uuid4().hex
        said = re.split(mark + r" ([0-9]+)\n", run([str(shell), "-c", _ASK, "sh", program, mark] + list(some), seconds=_SECONDS).out)
        found.update((name, text) for name, text, code in zip(some, said[::2], said[1::2]) if code == "0")
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
