# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does what was planned for the instances that a key pair is bound to or unbound from.

Note that this module util is **PRIVATE** to the collection.
"""

from typing import Dict, List, Optional, Sequence

from .._assistant.reboot import Rebooter
from .._ecs.client import BindResult, EcsClient
from .._ecs.errors import is_about_one_instance
from .._ecs.items import Actions, Problem, ids_of, open_items
from . import plan as model
from .ask import Answer, Questions
from .item import BoundItem


class Binder:
    """Each step over all items, in the order of the plan; an item that cannot go on is stopped."""

    def __init__(self, client: EcsClient, wanted: model.Wanted, questions: Optional[Questions], actions: Actions) -> None:
        self._client = client
        self._wanted = wanted
        self._questions = questions
        self._actions = actions

    def predict(self, items: Sequence[BoundItem]) -> None:
        """How it would be: for check mode."""
        for item in items:
            item.changed = item.is_foreseen = True
            for action in item.steps.names:
                self._actions.add(action, item.instance_id)
            guest = item.guest
            if guest is not None:
                item.done = guest.done if item.steps.guest else []
            if item.steps.bind or item.steps.unbind:
                self._rebind(item)
            if item.steps.reboot:
                item.forget()
            if guest is not None and (item.steps.guest or item.steps.reboot):
                guest = model.predict_guest(guest, self._wanted)
                item.see(guest, self._wanted)
                item.stop(model.find_reboot_problem(guest, self._wanted, would=True) if item.steps.reboot else None)

    def apply(self, items: Sequence[BoundItem]) -> None:
        """Bind, guest, unbind."""
        self._bind([item for item in items if item.steps.bind], "bind")
        self._settle([item for item in items if item.steps.guest and not item.failed])
        self._bind([item for item in items if item.steps.unbind and not item.failed], "unbind")

    def apply_and_reboot(self, items: Sequence[BoundItem], size: int, timeout: int) -> None:
        """The same, batch by batch: what is not reached stays wholly as it was."""
        for start in range(0, len(items), size):
            batch = items[start : start + size]
            self.apply(batch)
            lost = self._reboot(open_items(batch), timeout)
            if lost:
                for item in items[start + size :]:
                    item.stop(Problem("not_reached", "it was not touched, because %s" % lost))
                return

    def _bind(self, items: List[BoundItem], action: str) -> None:
        by_id = {item.instance_id: item for item in items}
        for result in self._call_bind(action, ids_of(items)):
            item = by_id[result.instance_id]
            if result.is_done:
                self._rebind(item)
                self._actions.add(action, item.instance_id)
            else:
                item.stop_by_result("AttachKeyPair" if action == "bind" else "DetachKeyPair", result)

    def _call_bind(self, action: str, instance_ids: List[str]) -> List[BindResult]:
        call = self._client.attach_key_pair if action == "bind" else self._client.detach_key_pair
        results = call(self._wanted.key_pair_name, instance_ids)
        spoiled = [one.instance_id for one in results if one.error and is_about_one_instance(one.error.code)]
        if len(spoiled) < 2:
            return results
        # ECS refused a whole batch for one instance in it: halve until the others are through.
        half = len(spoiled) // 2
        again = self._call_bind(action, spoiled[:half]) + self._call_bind(action, spoiled[half:])
        return [one for one in results if one.instance_id not in spoiled] + again

    def _rebind(self, item: BoundItem) -> None:
        item.rebind(self._wanted.key_pair_name if item.steps.bind else "", self._wanted)

    def _settle(self, items: List[BoundItem]) -> None:
        """Make it true in the guests, and look whether it is."""
        for item, guest, reply in self._ask(items, write=True):
            if guest is None:
                item.stop_by_reply(reply)
                continue
            if guest.done:
                item.done = guest.done
                item.changed = True
                self._actions.add("guest", item.instance_id)
            item.see(guest, self._wanted)
            if self._wanted.is_present and not guest.live:
                item.stop(Problem("login_refused", "a login with the key is refused: %s" % "; ".join(guest.obstacles)))
            elif not self._wanted.is_present and guest.unseen:
                item.stop(Problem("guest", "the key could not be removed: %s" % "; ".join(guest.unseen)))

    def _reboot(self, batch: List[BoundItem], timeout: int) -> str:
        """Returns which one of them is lost and how, empty if none is."""
        rebooter = Rebooter(self._client, timeout)
        by_id = {item.instance_id: item for item in batch}

        def read_boots(instance_ids: List[str]) -> Dict[str, str]:
            answers = self._ask([by_id[instance_id] for instance_id in instance_ids])
            return {item.instance_id: guest.boot for item, guest, _reply in answers if guest is not None}

        failed = rebooter.reboot(by_id, read_boots, {item.instance_id: item.guest.boot for item in batch if item.guest is not None})
        for item in batch:
            if item.instance_id in failed:
                item.guest = None
                item.stop(Problem("not_back", failed[item.instance_id]))
            else:
                item.changed = True
                self._actions.add("reboot", item.instance_id)
        self._look_after_reboot(rebooter, open_items(batch))
        lost = [item for item in batch if item.problem]
        return "%s %s" % (lost[0].instance_id, _how(lost[0])) if lost else ""

    def _look_after_reboot(self, rebooter: Rebooter, items: List[BoundItem]) -> None:
        answering = set(rebooter.wait_for_agents(item.instance_id for item in items if item.guest is not None))
        for item in items:
            item.forget()
        for item, guest, _reply in self._ask([item for item in items if item.instance_id in answering]):
            if guest is None:
                continue
            item.see(guest, self._wanted)
            item.stop(model.find_reboot_problem(guest, self._wanted))

    def _ask(self, items: List[BoundItem], write: bool = False) -> List[Answer]:
        return self._questions.ask(items, write) if self._questions else []


def _how(item: BoundItem) -> str:
    return "did not come back" if item.problem and item.problem.reason == "not_back" else "refuses the key after its reboot"
