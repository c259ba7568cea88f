# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of one instance while a key pair is bound or unbound, and how the result reports it.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, Dict, List, Optional, Sequence

from .._assistant.ask import Reply
from .._ecs.client import BindResult
from .._ecs.instance import Instance, read_instance
from .._ecs.items import Actions, Item, Problem
from . import plan as model
from .guest import Guest


class BoundItem(Item):
    """One instance that a key pair is bound to or unbound from."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(instance_id)
        self.instance = read_instance({})
        self.bound_to = ""
        self.was_bound_to = ""
        self.guest: Optional[Guest] = None
        self.live: Optional[bool] = None
        self.was_live: Optional[bool] = None
        self.pending: Optional[List[str]] = None
        self.steps = model.NOTHING
        self.changed = False
        self.is_rebooted = False
        self.is_foreseen = False
        """Whether the state is that of a run which is not carried out."""
        self.done: List[str] = []

    def meet(self, instance: Instance, wanted: model.Wanted) -> None:
        """ECS knows it."""
        self.instance = instance
        self.name = instance.name
        self.bound_to = self.was_bound_to = instance.key_pair_name
        self._update_pending(wanted)

    def see(self, guest: Guest, wanted: model.Wanted) -> None:
        """Its guest has answered (again)."""
        is_first = self.guest is None and self.was_live is None
        self.guest = guest
        self.live = guest.live if wanted.is_present else any(login.live for login in guest.logins)
        if is_first:
            self.was_live = self.live
        self._update_pending(wanted)

    def forget(self) -> None:
        """The guest was rebooted: its answer is outdated, and nothing is pending any more."""
        self.guest = None
        self.live = None
        self.pending = []
        self.is_rebooted = True

    def rebind(self, key_pair_name: str, wanted: model.Wanted) -> None:
        self.bound_to = key_pair_name
        self.changed = True
        self._update_pending(wanted)

    def stop_by_reply(self, reply: Reply) -> None:
        """The guest gave no answer."""
        if reply.error is not None:
            self.stop_by_error(reply.error)
        else:
            self.stop(Problem("guest", reply.why))

    def stop_by_result(self, action: str, result: BindResult) -> None:
        """ECS refused this instance."""
        if result.error is not None:
            self.stop_by_error(result.error)
        else:
            failure = {"action": action, "code": result.code, "message": result.message, "request_id": "", "hint": ""}
            self.stop_by_api("%s failed: %s [%s]" % (action, result.message.rstrip(". ") or result.code, result.code), failure)

    def _update_pending(self, wanted: model.Wanted) -> None:
        # The boot has taken the previous pair's key away.
        was = self.bound_to if self.is_rebooted else self.was_bound_to
        self.pending = model.find_pending(self.bound_to, was, self.bound_to != was, self.guest, wanted)

    @property
    def msg(self) -> str:
        return super().msg + (self._what_is_new() if self.failed and self.changed else "")

    def _what_is_new(self) -> str:
        """What was changed on an instance before it failed."""
        told = []
        if self.bound_to != self.was_bound_to:
            told.append("%s is bound" % self.bound_to if self.bound_to else "%s is no longer bound" % self.was_bound_to)
        if self.done:
            told.append("changed in it: %s" % ", ".join(self.done))
        return " (%s: %s)" % ("then" if self.is_foreseen else "now", "; ".join(told)) if told else ""

    def to_dict(self, wanted: model.Wanted) -> Dict[str, Any]:
        """The entry of the result."""
        shown: Dict[str, Any] = {
            "instance_id": self.instance_id,
            "name": self.name,
            "bound": self.bound_to == wanted.key_pair_name,
            "bound_key_pair": self.bound_to or None,
            "live": self.live,
            "pending_at_reboot": self.pending,
            "changed": self.changed,
            "failed": self.failed,
            "reason": self.problem.reason if self.problem else None,
            "msg": self.msg or _say_outcome(self, wanted),
            "login_users": self.guest.users if self.guest else [],
            "done": self.done,
        }
        if self.failure:
            shown["failure"] = self.failure
        return shown


def _say_outcome(item: BoundItem, wanted: model.Wanted) -> str:
    name = wanted.key_pair_name
    if wanted.is_present:
        bound = "%s %s" % (name, "is bound" if item.changed else "was bound already")
        if item.live:
            return "%s and works for %s" % (bound, ", ".join(item.guest.users if item.guest else []))
        if wanted.activation == "reboot" and item.changed:
            return "%s and the instance was rebooted" % bound
        return "%s; it works after the next boot" % bound if item.changed else bound
    if item.bound_to:
        bound = "%s is bound, not %s" % (item.bound_to, name)
    else:
        bound = "%s %s" % (name, "is no longer bound" if item.was_bound_to else "was not bound")
    if item.live is False:
        return "%s and its key is not accepted" % bound
    if item.live:
        return "%s, but its key is still accepted" % bound
    return "%s; its key may work until the next boot" % bound if item.changed and wanted.activation == "none" else bound


def render_result(items: Sequence[BoundItem], actions: Actions, wanted: model.Wanted) -> Dict[str, Any]:
    """The module's result. Only what changes is in the diff."""
    changed = [item for item in items if item.changed]
    return {
        "changed": bool(changed),
        "instances": [item.to_dict(wanted) for item in items],
        "actions": actions.to_list(),
        "diff": {
            "before": {item.instance_id: model.to_state(item.was_bound_to, item.was_live) for item in changed},
            "after": {item.instance_id: model.to_state(item.bound_to, item.live) for item in changed},
        },
    }
