# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps bring a key pair to an instance or take it away.

Order matters when a run is interrupted. Binding is written down in ECS before the key works in the guest, and the key is
gone from the guest before ECS forgets the binding. So whatever happens in between, an access that works is one that ECS
shows; the opposite order would leave a working key that nobody can see.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from .guest import Guest

KEY_ADDED = "key_added"
KEY_REMOVED = "key_removed"
PREVIOUS_KEY_REMOVED = "previous_key_removed"
PASSWORD_LOGIN_OFF = "password_login_off"
PASSWORD_LOGIN_ON = "password_login_on"


class Instance(NamedTuple):
    """What ECS shows of one instance."""

    instance_id: str
    name: str
    status: str
    os_type: str
    key_pair_name: str
    login_user: str
    """The image's own user; empty when the API doesn't tell."""


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


class Problem(NamedTuple):
    """Why one instance is left alone or not finished. I(reason) is for programs, I(msg) for people."""

    reason: str
    msg: str


class Steps(NamedTuple):
    """What is to be done to one instance; the order is fixed (see above)."""

    bind: bool = False
    unbind: bool = False
    guest: bool = False
    reboot: bool = False

    @property
    def any(self) -> bool:
        return self.bind or self.unbind or self.guest or self.reboot


NOTHING = Steps()


def read_instance(raw: Mapping[str, Any]) -> Instance:
    """From the API's dictionary."""
    non_root = (raw.get("ImageOptions") or {}).get("LoginAsNonRoot")
    users = {"true": "ecs-user", "false": "root"}
    return Instance(
        instance_id=raw.get("InstanceId") or "",
        name=raw.get("InstanceName") or "",
        status=raw.get("Status") or "",
        os_type=(raw.get("OSType") or "").lower(),
        key_pair_name=raw.get("KeyPairName") or "",
        login_user=users.get(str(non_root).lower(), ""),
    )


def find_problem(instance: Instance, wanted: Wanted) -> Optional[Problem]:
    """What ECS's own view says against it."""
    if instance.os_type == "windows":
        return Problem("windows", "it runs Windows, which has no key pairs")
    other = instance.key_pair_name
    if wanted.is_present and other and other != wanted.key_pair_name and not wanted.replace_bound:
        return Problem("other_pair_bound", "the key pair %s is bound to it; set replace_bound to bind %s instead" % (other, wanted.key_pair_name))
    if instance.status != "Running" and wanted.activation != "none" and _needs_running(instance, wanted):
        return Problem(
            "not_running",
            "it is %s; start it, or use activation=none to %s at its next start"
            % (instance.status or "in an unknown state", "bind the key pair" if wanted.is_present else "unbind the key pair"),
        )
    return None


def _needs_running(instance: Instance, wanted: Wanted) -> bool:
    # What is already bound needs no reboot, and a stopped guest can't be asked.
    is_bound = instance.key_pair_name == wanted.key_pair_name
    return wanted.activation == "live" or is_bound != wanted.is_present


def find_agent_problem(status: Optional[Mapping[str, Any]]) -> Optional[Problem]:
    """What DescribeCloudAssistantStatus says against it. None in I(status): it does not know the instance."""
    hint = "or use activation=reboot"
    if status is None or not status.get("CloudAssistantVersion"):
        return Problem("agent_missing", "the Cloud Assistant agent is not installed; install it (InstallCloudAssistant), %s" % hint)
    if str(status.get("CloudAssistantStatus")).lower() != "true":
        seen = status.get("LastHeartbeatTime")
        last = " (last heard of at %s)" % seen if seen else ""
        return Problem("agent_offline", "the Cloud Assistant agent is offline%s; start it, %s" % (last, hint))
    return None


def find_guest_problem(guest: Guest, wanted: Wanted) -> Optional[Problem]:
    """What the guest itself says against it, before anything is changed."""
    if wanted.is_present:
        if guest.obstacles:
            return Problem("login_refused", "a login with the key would be refused: %s" % "; ".join(guest.obstacles))
        return None
    if guest.unseen:
        return Problem("guest", "the key could not be looked for: %s" % "; ".join(guest.unseen))
    if guest.done and not guest.ways_in and not wanted.allow_lockout:
        return Problem(
            "last_way_in",
            "this key is the last way in: without it nobody who may become root can log in, by another key or a password; "
            "give someone a key first, or set allow_lockout",
        )
    return None


def plan_steps(instance: Instance, guest: Optional[Guest], wanted: Wanted) -> Steps:
    """What has to be done; I(guest) is None when it was not (or could not be) asked."""
    is_bound = instance.key_pair_name == wanted.key_pair_name
    if wanted.is_present:
        steps = Steps(bind=not is_bound)
    else:
        steps = Steps(unbind=is_bound)
    if wanted.activation == "live":
        return steps._replace(guest=guest is not None and bool(guest.done))
    if wanted.activation == "reboot":
        differs = guest is not None and guest.vendor_has_key != wanted.is_present
        return steps._replace(reboot=steps.any or (differs and instance.status == "Running" and not _blocks(instance, wanted)))
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
    """How the guest will be once the step is done: for check mode."""
    state = "present" if wanted.is_present else "absent"
    logins = tuple(login._replace(state=state, done=()) for login in guest.logins)
    served = guest.vendor_user in guest.users
    return guest._replace(logins=logins, vendor_has_key=wanted.is_present if served else guest.vendor_has_key)


def count_failures(failed: int, total: int, fail_on: str) -> bool:
    """Whether the task as a whole fails."""
    return {"any": failed > 0, "all": total > 0 and failed == total, "never": False}[fail_on]


def summarise(problems: List[Tuple[str, str, str]], total: int, shown: int = 5) -> str:
    """One sentence about the instances that could not be done: (id, name, msg) each."""
    parts = ["%s%s: %s" % (instance_id, " (%s)" % name if name else "", msg) for instance_id, name, msg in problems[:shown]]
    rest = "; and %d more" % (len(problems) - shown) if len(problems) > shown else ""
    return "%d of %d instances could not be done. %s%s" % (len(problems), total, "; ".join(parts), rest)


def to_state(bound_to: str, live: Optional[bool]) -> Dict[str, Any]:
    """One instance's side of a diff."""
    return {"key_pair_name": bound_to or None, "live": live}
