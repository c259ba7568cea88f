# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps add a key pair to an instance or remove it.

Order matters when a run is interrupted. Binding is written down in ECS before the key works in the guest, and the key is
gone from the guest before ECS forgets the binding. So whatever happens in between, an access that works is one that ECS
shows; the opposite order would leave a working key that nobody can see.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, Dict, List, NamedTuple, Optional

from .._ecs.instance import Agent, Instance
from .._ecs.items import Problem
from .guest import Guest

KEY_ADDED = "key_added"
KEY_REMOVED = "key_removed"
PREVIOUS_KEY_REMOVED = "previous_key_removed"
PASSWORD_LOGIN_OFF = "password_login_off"
PASSWORD_LOGIN_ON = "password_login_on"


class Wanted(NamedTuple):
    """What the task asks for."""

    key_pair_name: str
    state: str
    activation: str
    replace_bound: bool = False
    previous_key: str = "keep"
    allow_lockout: bool = False

    @property
    def is_present(self) -> bool:
        return self.state == "present"

    @property
    def is_live(self) -> bool:
        return self.activation == "live"

    @property
    def asks_guests(self) -> bool:
        return self.activation != "none"


class Steps(NamedTuple):
    """The steps for one instance; the order is fixed (see above)."""

    bind: bool = False
    unbind: bool = False
    guest: bool = False
    reboot: bool = False

    @property
    def names(self) -> List[str]:
        return [name for name in ("bind", "guest", "unbind", "reboot") if getattr(self, name)]

    @property
    def any(self) -> bool:
        return bool(self.names)


NOTHING = Steps()


def find_problem(instance: Instance, wanted: Wanted) -> Optional[Problem]:
    """Why the instance cannot be handled, by what ECS reports."""
    if instance.is_windows:
        return Problem("windows", "it runs Windows, which does not support key pairs")
    other = instance.key_pair_name
    if wanted.is_present and other and other != wanted.key_pair_name and not wanted.replace_bound:
        return Problem("other_pair_bound", "the key pair %s is bound to it; set replace_bound to bind %s instead" % (other, wanted.key_pair_name))
    if not instance.is_running and wanted.asks_guests and _needs_running(instance, wanted):
        return Problem(
            "not_running",
            "it is %s; start it, or use activation=none to %s at its next start"
            % (instance.status or "in an unknown state", "bind the key pair" if wanted.is_present else "unbind the key pair"),
        )
    return None


def _needs_running(instance: Instance, wanted: Wanted) -> bool:
    # What is already bound needs no reboot, and a stopped guest cannot be asked.
    is_bound = instance.key_pair_name == wanted.key_pair_name
    return wanted.is_live or is_bound != wanted.is_present


def find_agent_problem(agent: Agent) -> Optional[Problem]:
    """Why the instance cannot be queried."""
    hint = "or use activation=reboot"
    if not agent.installed:
        return Problem("agent_missing", "the Cloud Assistant agent is not installed; install it (InstallCloudAssistant), %s" % hint)
    if not agent.online:
        last = " (last heard of at %s)" % agent.last_heard if agent.last_heard else ""
        return Problem("agent_offline", "the Cloud Assistant agent is offline%s; start it, %s" % (last, hint))
    return None


def find_guest_problem(guest: Guest, wanted: Wanted) -> Optional[Problem]:
    """Why the instance cannot be handled, by what the guest reports, before anything is changed."""
    if wanted.is_present:
        if guest.obstacles:
            return Problem("login_refused", "a login with the key would be refused: %s" % "; ".join(guest.obstacles))
        return None
    if guest.unseen:
        return Problem("guest", "the key could not be looked for: %s" % "; ".join(guest.unseen))
    if guest.done and not guest.ways_in and not wanted.allow_lockout:
        return Problem(
            "last_way_in",
            "this key is the last login with root rights: without it, no user who can become root can log in with another key or a password; "
            "add another key first, or set allow_lockout",
        )
    return None


def plan_steps(instance: Instance, guest: Optional[Guest], wanted: Wanted) -> Steps:
    """What has to be done; I(guest) is None when it was not (or could not be) asked."""
    is_bound = instance.key_pair_name == wanted.key_pair_name
    if wanted.is_present:
        steps = Steps(bind=not is_bound)
    else:
        steps = Steps(unbind=is_bound)
    if wanted.is_live:
        return steps._replace(guest=guest is not None and bool(guest.done))
    if wanted.activation == "reboot":
        differs = guest is not None and guest.vendor_has_key != wanted.is_present
        return steps._replace(reboot=steps.any or (differs and instance.is_running and not _blocks(instance, wanted)))
    return steps


def _blocks(instance: Instance, wanted: Wanted) -> bool:
    # Another pair's boot-time injection is not ours to bring about.
    return not wanted.is_present and bool(instance.key_pair_name)


def find_pending(bound_to: str, was_bound_to: str, changed_binding: bool, guest: Optional[Guest], wanted: Wanted) -> Optional[List[str]]:
    """What the vendor's boot-time injection will still change; None when it isn't known.

    I(guest) is how the guest is now. The injection serves one account only, the image's own.
    """
    if bound_to and bound_to != wanted.key_pair_name:
        return []
    pending = []
    if guest is None:
        if not changed_binding:
            return None
        pending = [KEY_ADDED, PASSWORD_LOGIN_OFF] if bound_to else [KEY_REMOVED, PASSWORD_LOGIN_ON]
    elif bound_to:
        if not guest.vendor_has_key:
            pending.append(KEY_ADDED)
        if guest.password_login:
            pending.append(PASSWORD_LOGIN_OFF)
    else:
        if guest.vendor_has_key:
            pending.append(KEY_REMOVED)
        if not guest.password_login:
            pending.append(PASSWORD_LOGIN_ON)
    if bound_to and was_bound_to not in ("", bound_to) and wanted.previous_key == "keep":
        pending.append(PREVIOUS_KEY_REMOVED)
    return pending


def predict_guest(guest: Guest, wanted: Wanted) -> Guest:
    """How the guest will be once the step is done: for check mode. What ECS does at a boot is for the image's own account only."""
    state = "present" if wanted.is_present else "absent"
    by_boot = wanted.activation == "reboot"
    logins = tuple(login._replace(state=state, done=()) if not by_boot or login.name == guest.vendor_user else login for login in guest.logins)
    served = by_boot or guest.vendor_user in guest.users
    return guest._replace(
        logins=logins,
        vendor_has_key=wanted.is_present if served else guest.vendor_has_key,
        password_login=not wanted.is_present if by_boot else guest.password_login,
    )


def find_reboot_problem(guest: Guest, wanted: Wanted, would: bool = False) -> Optional[Problem]:
    """Why a login with the key does not work after the reboot; with I(would) in check mode."""
    if not wanted.is_present or guest.live:
        return None
    why = "; ".join(guest.obstacles) or "the key is not there for %s" % ", ".join(guest.users)
    return Problem("login_refused", "after the reboot a login with the key %s refused: %s" % ("would be" if would else "is", why))


def to_state(bound_to: str, live: Optional[bool]) -> Dict[str, Any]:
    """One instance's side of a diff."""
    return {"key_pair_name": bound_to or None, "live": live}
