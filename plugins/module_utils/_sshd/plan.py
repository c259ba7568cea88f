# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned change of sshd's files, what sshd applies with and without it, and the steps that it takes.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Dict, List, NamedTuple, Tuple

from .._openssh.rules import Effective
from .._openssh.sshd_config import Settings
from .._system.sshd_service import Service
from .._system.sshd_tree import Changes

SWITCH = "pubkeyauthentication"


class Verdict(NamedTuple):
    """What sshd applies."""

    general: Effective
    """Apart from every Match block."""
    users: Dict[str, Effective]

    def rows(self, everybody: str) -> List[Tuple[str, Effective]]:
        """All of it, what is general first and under the name that is given."""
        return [(everybody, self.general)] + list(self.users.items())

    def takes_keys(self, user: str) -> bool:
        """Whether the user may come by key, as far as this one setting goes."""
        return self.users[user].get(SWITCH) == ["yes"]


class Plan(NamedTuple):
    """The files to change (none: nothing to do) and what sshd applies with and without them."""

    changes: Changes
    place: str
    """V(drop_in), V(main_file) or V(none)."""
    before: Verdict
    after: Verdict
    settings: Settings
    """What stands in our place afterwards."""


class Action(NamedTuple):
    """One step that is seen from outside."""

    kind: str
    """V(write), V(remove), V(reload) or V(stop)."""
    subject: str
    """A file or a unit."""

    @property
    def text(self) -> str:
        """As the module's result has it."""
        return "%s %s" % self


def plan_actions(changes: Changes, service: Service, stale: bool = False) -> List[Action]:
    """What is done to files, and to the listener that reads them: also where other users' edits have made it I(stale)."""
    actions = [Action("remove" if content is None else "write", path) for path, content in sorted(changes.items())]
    if (changes or stale) and service.verb != "none":
        actions.append(Action(service.verb, service.listener))
    return actions


def second_changes(keys: Plan, last: Plan) -> Changes:
    """What the second of two plans that were made from the same files does to them as the first one leaves them."""
    gone = {path for path, content in keys.changes.items() if content is None}
    changes = {path: content for path, content in last.changes.items() if content is not None or path not in gone}
    if last.changes:
        changes.update((path, None) for path, content in keys.changes.items() if content is not None and path not in changes)
    return changes
