# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of ssh_access on a host, from its options to its result.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import sys
from typing import Any, Dict

from .._errors import AccessError
from .._system.lock import accounts_are_locked, locked_accounts
from .._system.private_folder import clear_folders
from .._system.run import describe_error
from .._text import printable, printable_all
from .apply import Outcome, apply_plan, with_uids
from .look_and_plan import look_and_plan
from .look_record import Ledger
from .look_remains import Gone, find_remains
from .look_sudo import find_objections
from .remains import describe_remain
from .report import failure_text, render_diff, sentences, unremoved_keys, user_results
from .session import find_login
from .sudoers_files import check_fragments, read_sudo
from .wanted import parse_wanted


class AccessTask:
    """Look, plan, apply; one run at a time."""

    def __init__(self, params: Dict[str, Any], check_mode: bool) -> None:
        self.params = params
        self.check_mode = check_mode
        reported = params["_login"] or {}
        self.voids, self.announces = bool(reported.get("voids")), bool(reported.get("announces"))

    def run(self) -> Dict[str, Any]:
        """The module's result."""
        wanted = parse_wanted(self.params)
        login = find_login(self.params["_login"] or {})
        if self.announces and not self.check_mode and accounts_are_locked():
            return {"changed": False, "warnings": [], "_waits": True}
        with contextlib.ExitStack() as stack:
            if not self.check_mode:
                stack.enter_context(locked_accounts())
                clear_folders()
            ledger = Ledger(self.params, login) if self.params["owner"] else None
            settled = ledger.extend(wanted) if ledger else wanted
            plan = look_and_plan(settled, login, self.params["allow_self_lockout"])
            if ledger:
                ledger.check(plan)
            if plan.fragments:
                check_fragments(plan.fragments)
            after = plan.after
            outcome = Outcome(tuple(plan.actions))
            if ledger and not self.check_mode:
                ledger.open(plan)
            if plan.changed and not self.check_mode:
                outcome = apply_plan(plan)
                after = with_uids(after)
            # Others' rules may come later than ours: what is in force is asked of sudo itself, once nothing is left to be done.
            against = [] if outcome.failures or (plan.changed and self.check_mode) else find_objections(wanted.users, plan.others_rules)
            if ledger and not self.check_mode and not outcome.failures and not plan.failures:
                ledger.close(plan, after)
        result: Dict[str, Any] = {
            "changed": bool(outcome.done),
            "actions": sentences(outcome.done),
            "guard": login.to_dict(),
            "diff": render_diff(plan),
            "users": user_results(after, [user.name for user in wanted.users if user.name in after]),
            "warnings": list(plan.warnings) + (ledger.notes if ledger else []),
        }
        planned = plan.failures + tuple(against)
        if ledger:
            result["record"] = ledger.answer()
        unremoved = plan.unremoved + outcome.unremoved
        gone = [
            Gone(
                user.name,
                plan.before[user.name].uid,
                plan.before[user.name].home,
                removed=user.state == "absent",
                groups=plan.sudo_groups.get(user.name, ()),
            )
            for user in settled.users
            if user.state != "present" or user.removes_remains
        ]
        rules = plan.others_rules if self.check_mode or not plan.removes else read_sudo().rules
        remains = find_remains(gone, rules)
        left = [describe_remain(remain) for remain in remains if not (self.check_mode and remain in plan.removes)]
        result["remains"] = list(unremoved) + left
        result["warnings"] += left
        if outcome.failures:
            result = {name: result[name] for name in ("changed", "actions", "warnings", "remains")}
        changed = bool(outcome.done) and not self.check_mode
        if planned or outcome.failures or unremoved:
            result.update(failed=True, msg=failure_text(planned + unremoved, outcome.failures, changed))
        if unremoved and self.voids:
            stay = unremoved_keys(plan, wanted.revoked, unremoved)
            planned += tuple(stay.pop("unknown"))
            stay["rest"] = failure_text(planned, outcome.failures, changed) if planned or outcome.failures else ""
            result["_unremoved"] = stay
        return result


def carry_out(params: Dict[str, Any], check_mode: bool) -> Dict[str, Any]:
    """The result for Ansible, failed or not; its warnings are a list in it."""
    if not sys.platform.startswith("linux"):
        return {"failed": True, "msg": "ssh_access works on Linux only, not on %s" % sys.platform}
    if os.geteuid() != 0:
        return {"failed": True, "msg": "ssh_access needs root on the host; set become: true"}
    # Whatever the run was started with: nobody else may write what is made here.
    os.umask(0o022)
    try:
        return printable_all(AccessTask(params, check_mode).run())
    except AccessError as exc:
        return {"failed": True, "msg": printable(exc.text)}
    except OSError as exc:
        # Looking and planning only: steps that fail are in the outcome.
        return {"failed": True, "msg": printable("nothing was changed, because the host refused: " + describe_error(exc))}
