# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of other users that sshd has not read yet, and that our reload would put in force together with our change.

What was in force before them is written nowhere, so nothing could put it back: such edits have to be right before the reload.

Note that this module util is **PRIVATE** to the collection.
"""

from typing import List, Optional, Sequence

from .._openssh.listening import find_listening_problem
from .._openssh.rules import Effective, admits, suffices
from .._system.sshd import SshdError
from .._system.sshd_service import Service
from .controller import Controller, Session
from .keys import find_key_problem
from .look_candidate import Planner, get_account
from .plan import Plan, Verdict
from .trial import find_trial_problem

# These keep people out whichever way they come.
_LISTS = ("allowusers", "denyusers", "allowgroups", "denygroups")
_DOORS = (("passwordauthentication", "password"), ("kbdinteractiveauthentication", "keyboard-interactive"))


def refuse_pending(service: Service, planner: Planner, plan: Plan, users: Sequence[str], controller: Controller) -> None:
    """SshdError where the user of this connection, or one of I(users), could not log in."""
    problems = _find_problems(service, planner, plan, users, controller)
    if problems:
        raise SshdError(
            "the configuration was edited after %s had last read it, and reloading it now would lock users out: %s; "
            "nothing was changed" % (service.unit, "; ".join(problems))
        )


def _find_problems(service: Service, planner: Planner, plan: Plan, users: Sequence[str], controller: Controller) -> List[str]:
    problems = []
    if controller.session is not None:
        problems += _find_own_problems(service, planner, plan.after, controller.session, controller.by_password)
    if not problems:
        others = [user for user in users if user != planner.connecting]
        problems += [_named(user, find_trial_problem(service.program, plan.after.users[user], user, planner.origin)) for user in others]
    return [problem for problem in problems if problem]


def _find_own_problems(service: Service, planner: Planner, verdict: Verdict, session: Session, by_password: bool) -> List[str]:
    user = session.user
    effective = verdict.users[user]
    problems = planner.find_obstacles(user, verdict, _LISTS)
    if not service.unit.endswith(".socket"):
        problems.append(_named(user, find_listening_problem(effective, *session.reached)))
    if (effective.get("forcecommand") or ["none"])[0] != "none":
        problems.append(_named(user, "ForceCommand is %s, which Ansible cannot work with" % effective["forcecommand"][0]))
    key_problem = _find_way_problem(planner, verdict, user)
    if key_problem and key_problem not in problems and not (by_password and _takes_password(effective, user)):
        problems.append(key_problem)
    found = [problem for problem in problems if problem]
    if found:
        return found
    # What no reading of settings finds, for the account and its session: whichever way they come in.
    trial = dict(effective, pubkeyauthentication=["yes"], authenticationmethods=["any"]) if key_problem else effective
    problem = _named(user, find_trial_problem(service.program, trial, user, planner.origin))
    return [problem] if problem else []


def _named(user: str, problem: Optional[str]) -> str:
    return "%s: %s" % (user, problem) if problem else ""


def _find_way_problem(planner: Planner, verdict: Verdict, user: str) -> str:
    if not verdict.takes_keys(user):
        return _named(user, "PubkeyAuthentication is no")
    obstacles = planner.find_obstacles(user, verdict)
    return obstacles[0] if obstacles else _named(user, find_key_problem(planner.sshd.program, verdict.users[user], user, planner.origin.address))


def _takes_password(effective: Effective, user: str) -> bool:
    account = get_account(user)
    return any(effective.get(door) == ["yes"] and suffices(effective, method) and admits(effective, account, method) for door, method in _DOORS)
