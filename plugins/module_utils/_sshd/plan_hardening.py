# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the hardening once keys work, and refuses what would lock a user out.

It is a change of its own, made after the one that enables keys has been proven and while passwords still work: at no moment is
a configuration in force in which no login method has been proven.

Note that this module util is **PRIVATE** to the collection.
"""

from typing import Callable, Optional

from .._openssh.sshd_config import Directive
from .._system.sshd import SshdError
from . import hardening
from .hardening import Hardening
from .look_candidate import Planner, get_account
from .plan import Plan, Verdict

NOTHING_CHANGED = "nothing was changed"


def refuse_unprovable(asked: Hardening, proof: str, connecting: Optional[str], over_ssh: bool) -> None:
    """SshdError where there is no login to prove that no user is locked out."""
    if not asked.closes:
        return
    if proof == "skip":
        raise SshdError(
            "password_authentication and permit_root_login remove login methods and are never applied without a proof of login; "
            "remove proof: skip, %s" % NOTHING_CHANGED
        )
    if not over_ssh or connecting is None:
        why = "the host does not report who this run is logged in as" if over_ssh else "this run is not connected by ssh"
        raise SshdError("password_authentication and permit_root_login need an SSH login that proves them, but %s; %s" % (why, NOTHING_CHANGED))


def plan_hardening(planner: Planner, asked: Hardening, keys: Plan, proof_user: Optional[str], warn: Optional[Callable[[str], None]]) -> Plan:
    """What to change once I(keys) is in force. SshdError if a user would be locked out, or if a Match block overrides it.

    I(warn) is given in check mode, where a user without a key may get one from an earlier task.
    """
    _refuse_root(planner, asked, proof_user)
    exceptions = hardening.find_exceptions(asked, planner.tree.directives())
    if exceptions:
        raise SshdError(
            "%s overrides the requested setting (Match blocks take precedence); change or remove it first, %s"
            % (", ".join(_describe(exception) for exception in exceptions), NOTHING_CHANGED)
        )
    general = keys.after.general
    wanted = hardening.wanted_settings(asked, keys.settings, general)
    if wanted == keys.settings and _holds(planner, asked, keys.after):
        return Plan({}, keys.place, keys.after, keys.after, keys.settings)
    plan = planner.find_candidate(keys.after, wanted, lambda after: _holds(planner, asked, after))
    if not _holds(planner, asked, plan.after):
        raise SshdError(
            "the settings do not take effect, although no Match block overrides them; check the options that sshd is started with, %s" % NOTHING_CHANGED
        )
    planner.refuse_side_effects(keys.after, plan.after, [name.lower() for name in hardening.keywords(general)])
    if asked.closes:
        _refuse_keyless(planner, asked, plan.after, warn)
    return plan


def _holds(planner: Planner, asked: Hardening, verdict: Verdict) -> bool:
    return planner.is_on(verdict) and hardening.is_met(asked, verdict.general, [verdict.users[user] for user in planner.identities])


def _refuse_root(planner: Planner, asked: Hardening, proof_user: Optional[str]) -> None:
    if not asked.bars_root:
        return
    concerned = [(planner.connecting, "this run is logged in as %s"), (proof_user, "the proof logs in as %s")]
    concerned += [(user, "%s is one of the users") for user in planner.identities]
    for name, sentence in concerned:
        if name and get_account(name).uid == 0:
            raise SshdError(
                "permit_root_login: %s would keep %s out, but %s; use prohibit-password, or connect as another user who may become "
                "root and leave %s out; %s" % (asked.permit_root_login, name, sentence % name, name, NOTHING_CHANGED)
            )


def _refuse_keyless(planner: Planner, asked: Hardening, verdict: Verdict, warn: Optional[Callable[[str], None]]) -> None:
    """Every user who is left without a password must be able to log in with a key."""
    # Compiled on the host with all that it imports, so only where it is needed.
    from .keys import find_key_problem

    users = [name for name in planner.identities if asked.password_authentication is False or get_account(name).uid == 0]
    off = [name for name in users if not verdict.takes_keys(name)]
    if off:
        raise SshdError("PubkeyAuthentication is off for %s, who could not log in any more; name them among the users, %s" % (", ".join(off), NOTHING_CHANGED))
    planner.refuse_obstacles(users, verdict)
    for name in users:
        if get_account(name).uid < 0:
            continue
        problem = find_key_problem(planner.sshd.program, verdict.users[name], name, planner.origin.address if name == planner.connecting else None)
        if problem is None:
            continue
        sentence = "%s could not log in any more, having no public key that works: %s" % (name, problem)
        if warn is None or name == planner.connecting:
            raise SshdError("%s; %s" % (sentence, NOTHING_CHANGED))
        warn("%s. A real run is refused unless an earlier task adds one." % sentence)


def _describe(exception: Directive) -> str:
    return "%s in the block Match %s (%s)" % (" ".join([exception.keyword] + list(exception.arguments)), exception.match, exception.place)
