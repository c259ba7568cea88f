# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of sshd_pubkey on a host, from its options to its result.

Note that this module util is **PRIVATE** to the collection.
"""

import os
import re
from typing import Any, Callable, Dict, List

from .._errors import AccessError
from .._system.private_folder import clear_folders
from .._system.run import describe_error
from .._system.sshd import Sshd, SshdError
from .._system.sshd_service import Service, get_service
from .._system.sshd_tree import SshdTree
from .._text import printable, printable_all
from . import journal
from .apply import apply_plan, reload_only, settle, undo_interrupted
from .controller import read_controller
from .hardening import ROOT_CHOICES, Hardening, describe
from .look_candidate import Planner, diff_of, get_account
from .look_revoked import make_list, parse_revoked, plan_revoked
from .plan import SWITCH, Plan, plan_actions, second_changes
from .plan_hardening import plan_hardening, refuse_unprovable


class SshdTask:
    """One run on one host.

    What most runs do not need is imported where it is needed: each file that is imported is compiled on the host in every run.
    """

    def __init__(self, params: Dict[str, Any], check_mode: bool, warn: Callable[[str], None]) -> None:
        self._params = params
        self._check_mode = check_mode
        self._warn: Callable[[str], None] = lambda text: warn(printable(text))
        self._users = list(dict.fromkeys(params["users"]))
        self._asked = Hardening(params["password_authentication"], params["permit_root_login"])
        self._revoked = parse_revoked(params["revoked_keys"])
        self._controller = read_controller(params["_controller"])
        self._wants_trial = params["proof"] == "required" and params["state"] == "present"

    def run(self) -> Dict[str, Any]:
        """Read, plan, apply; the result for Ansible."""
        if os.geteuid() != 0:
            raise SshdError("sshd's configuration belongs to root; run this task with become: true")
        self._check_users()
        if self._controller.settlement is not None:
            return settle(self._controller.settlement)
        refuse_unprovable(self._asked, self._params["proof"], self._controller.connecting, self._controller.over_ssh)
        if self._check_mode:
            if journal.find_armed() is not None:
                self._warn("A change of sshd on this host has not been proven yet; it may still be undone.")
            return self._run()
        seconds = journal.seconds_to_wait() if self._controller.announces else 0
        if seconds:
            return {"changed": False, "_waits": seconds}
        with journal.turn():
            undone = undo_interrupted()
            if undone:
                self._warn("An earlier change of sshd was interrupted and has been undone first: %s." % undone)
            clear_folders()
            return self._run()

    def _run(self) -> Dict[str, Any]:
        service = get_service(self._params["service"])
        tree = SshdTree(service.config)
        planner = Planner(Sshd(service.program, service.options), tree, self._users, self._controller.connecting, self._controller.origin)
        if self._revoked:
            keys = plan_revoked(planner, self._revoked)
        elif self._params["without_temporary_keys"]:
            from .look_plugin import plan_without_plugin

            keys = plan_without_plugin(planner)
        else:
            keys = planner.plan_present() if self._params["state"] == "present" else planner.plan_absent()
        last = keys
        if self._asked.is_asked:
            last = plan_hardening(planner, self._asked, keys, self._params["proof_user"], self._warn if self._check_mode else None)
        stale = service.loaded_at is not None and int(tree.latest_change().at) > service.loaded_at
        if stale:
            from .pending import refuse_pending

            refuse_pending(service, planner, keys, self._users if self._wants_trial else [], self._controller)
            self._warn("The configuration was edited after %s had last read it; the reload puts those edits into effect too." % service.unit)
        result = self._describe(service, keys, last)
        if self._check_mode:
            second = second_changes(keys, last) if last is not keys else {}
            actions = plan_actions(keys.changes, service, stale) + plan_actions(second, service)
        elif not self._controller.harden:
            actions = plan_actions(keys.changes, service, stale)
            result.update(self._apply(service, planner, keys, self._users, stale))
            # The action plugin calls again for it, once a login by key has been proven.
            result["_harden"] = last is not keys and bool(last.changes)
        elif keys.changes or stale:
            raise SshdError("the configuration was edited by another process in the meantime; hardening was not applied, run the task again")
        else:
            actions = plan_actions(last.changes, service)
            result.update(self._apply(service, planner, last, planner.identities, False))
        return dict(result, changed=bool(actions), actions=[action.text for action in actions])

    def _describe(self, service: Service, keys: Plan, last: Plan) -> Dict[str, Any]:
        result: Dict[str, Any] = {
            "place": last.place,
            "service": service.unit,
            "effective": {user: {"before": keys.before.users[user][SWITCH][0], "after": last.after.users[user][SWITCH][0]} for user in self._users},
            "diff": diff_of(last.changes or keys.changes),
        }
        if self._asked.is_asked:
            rows = zip(keys.before.rows("*"), last.after.rows("*"))
            result["hardening"] = {who: describe(before, after) for (who, before), (_same, after) in rows}
        return result

    def _apply(self, service: Service, planner: Planner, plan: Plan, users: List[str], stale: bool) -> Dict[str, Any]:
        """Carry out one plan; its rollback stays armed if a proof follows."""
        if not plan.changes:
            if stale:
                reload_only(service, planner)
            return {"_reloaded": True} if stale else {}
        told: Dict[str, Any] = {}
        if self._wants_trial:
            from .trial import try_logins

            told["trial"] = try_logins(service.program, plan.after, users, self._controller.origin)
        if self._revoked:
            make_list()
        change = apply_plan(service, planner, plan, self._params["rollback_after"])
        if self._controller.prove:
            return dict(told, _armed=change)
        return dict(told, backups=journal.commit(change))

    def _check_users(self) -> None:
        for name in self._users:
            if not re.match(r"^[^\s,\"]+$", name):
                raise SshdError("users has %r, which is not a user name" % name)
            if get_account(name).uid >= 0 or self._params["state"] == "absent":
                continue
            if not self._check_mode:
                raise SshdError("user %s does not exist on this host; create the account first, nothing was changed" % name)
            self._warn("User %s does not exist yet; settings that depend on groups could not be checked." % name)


def argument_spec() -> Dict[str, Any]:
    """The options of the module."""
    return {
        "users": {"type": "list", "elements": "str", "default": []},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "service": {"type": "str", "default": "auto"},
        "password_authentication": {"type": "bool", "no_log": False},
        "permit_root_login": {"type": "str", "choices": list(reversed(ROOT_CHOICES))},
        "proof": {"type": "str", "choices": ["required", "skip"], "default": "required"},
        "proof_user": {"type": "str"},
        "proof_private_key_file": {"type": "path", "no_log": False},
        "rollback_after": {"type": "int", "default": 120},
        "revoked_keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
        "without_temporary_keys": {"type": "bool", "default": False},
        "_controller": {"type": "dict"},
    }


def carry_out(params: Dict[str, Any], check_mode: bool, warn: Callable[[str], None]) -> Dict[str, Any]:
    """The result for Ansible, failed or not."""
    # Whatever the run was started with: nobody else may write what is made here.
    os.umask(0o022)
    try:
        _refuse_options(params)
        return printable_all(SshdTask(params, check_mode, warn).run())
    except AccessError as exc:
        return {"failed": True, "msg": printable(str(exc))}
    except OSError as exc:
        return {"failed": True, "msg": printable("the host refused: %s; a change that is not proven will be undone by itself" % describe_error(exc))}


def _refuse_options(params: Dict[str, Any]) -> None:
    hardens = Hardening(params["password_authentication"], params["permit_root_login"]).is_asked
    alone = [name for name in ("revoked_keys", "without_temporary_keys") if params[name]]
    if alone:
        if params["users"] or params["state"] == "absent" or hardens or alone[1:]:
            raise SshdError("%s is a change of its own; put it in a task without users, state: absent and hardening" % " and ".join(alone))
    elif params["state"] == "present" and not params["users"]:
        raise SshdError("users is empty; name at least one user for whom public-key logins must work")
    if params["state"] == "absent" and hardens:
        raise SshdError("state: absent removes all settings of this module; remove password_authentication and permit_root_login from the task")
    if not 30 <= params["rollback_after"] <= 3600:
        raise SshdError("rollback_after must be between 30 and 3600 seconds")
