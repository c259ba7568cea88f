# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of one instance while temporary keys are registered, and how the result reports it.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import time
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .._ecs.instance import Instance
from .._ecs.items import Actions, Item
from .._openssh.keys import PublicKey
from .readiness import Clock
from .send import LIFETIME

AUTO = "auto"
"""Stands for the image's default user."""


class WantedKey(NamedTuple):
    """One key for one account; the account may be C(auto)."""

    username: str
    key: PublicKey

    def for_user(self, login_user: str) -> "WantedKey":
        return self._replace(username=login_user) if self.username == AUTO else self


class KeyedItem(Item):
    """One instance that temporary keys are registered for."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(instance_id)
        self.keys: Tuple[WantedKey, ...] = ()
        self.clock = Clock()
        self.done: List[str] = []
        self.sent: List[WantedKey] = []
        self.arrived: List[WantedKey] = []
        self.ends: List[float] = []
        """For each key that has arrived, until when it is valid; epoch seconds."""

    @property
    def users(self) -> Tuple[str, ...]:
        return tuple(dict.fromkeys(wanted.username for wanted in self.keys))

    @property
    def msg(self) -> str:
        """Why it failed, and which keys can be used all the same."""
        users = ", ".join(dict.fromkeys(one.username for one in self.arrived)) if len(self.arrived) < len(self.keys) else ""
        return super().msg + (" (now: a key for %s is registered, for %d seconds)" % (users, LIFETIME) if self.failed and users else "")

    @property
    def changed(self) -> bool:
        return bool(self.done or self.sent)

    @property
    def is_ready(self) -> bool:
        return not self.failed and len(self.ends) == len(self.keys) > 0

    @property
    def expires_at(self) -> Optional[float]:
        """When the first of the keys ends, by the instance's judgement if its clock is ahead."""
        return min(self.ends) - max(0.0, self.clock.ahead) if self.is_ready else None

    def meet(self, instance: Instance, wanted: Sequence[WantedKey]) -> None:
        """ECS knows it."""
        self.name = instance.name
        self.keys = tuple(dict.fromkeys(one.for_user(instance.login_user) for one in wanted))

    def to_dict(self, is_dry: bool) -> Dict[str, Any]:
        """The entry of the result."""
        shown: Dict[str, Any] = {
            "instance_id": self.instance_id,
            "name": self.name,
            "usernames": list(self.users),
            "ready": None if is_dry and not self.failed else self.is_ready,
            "why": self.problem.why if self.problem else None,
            "remedy": (self.problem.remedy or None) if self.problem else None,
            "expires_at": format_time(self.expires_at),
            "changed": self.changed,
            "failed": self.failed,
            "reason": self.problem.reason if self.problem else None,
            "msg": self.msg or self._say_outcome(is_dry),
            "prepared": self.done,
            "clock_ahead": int(self.clock.ahead),
        }
        if self.failure:
            shown["failure"] = self.failure
        return shown

    def _say_outcome(self, is_dry: bool) -> str:
        who = ", ".join(self.users)
        note = "; " + self.clock.told if self.clock.told else ""
        if is_dry:
            return "%s could log in%s" % (who, note)
        if not self.is_ready:
            return "sent; result not awaited"
        return "%s can log in until %s%s" % (who, format_time(self.expires_at), note)


def format_time(seconds: Optional[float]) -> Optional[str]:
    """As the API writes times."""
    return None if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def render_result(items: Sequence[KeyedItem], actions: Actions, is_dry: bool) -> Dict[str, Any]:
    """The module's result. The diff shows who can log in where, and what is changed in the instances."""
    changed = [item for item in items if item.changed]
    keys = {one for item in items for one in item.keys}
    return {
        "changed": bool(changed),
        "instances": [item.to_dict(is_dry) for item in items],
        "registered_keys": [
            {"username": one.username, "public_key": one.key.line, "fingerprint": one.key.fingerprint_sha256}
            for one in sorted(keys, key=lambda one: (one.username, one.key.blob))
        ],
        "actions": actions.to_list(),
        "diff": {
            "before": {item.instance_id: {"temporary_keys": [], "prepared": []} for item in changed},
            "after": {
                item.instance_id: {
                    "temporary_keys": ["%s %s" % (one.username, one.key.fingerprint_sha256) for one in item.sent],
                    "prepared": item.done,
                }
                for item in changed
            },
        },
    }
