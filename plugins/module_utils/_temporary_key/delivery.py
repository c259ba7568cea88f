# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Temporary keys on their way to many instances: each key in as few calls as the API allows.

Note that this module util is **PRIVATE** to the collection.
"""

import time
from typing import Dict, List, NamedTuple, Sequence, Tuple

from .._ecs.client import COMMAND_BATCH, EcsClient
from .._ecs.errors import EcsError, is_about_one_instance
from .._ecs.items import Problem, ids_of
from .item import KeyedItem, WantedKey
from .send import LIFETIME, command_parameters, read_delivery, send_temp_key


class Sent(NamedTuple):
    """One call of InvokeCommand that was accepted."""

    invoke_id: str
    key: WantedKey
    items: List[KeyedItem]
    sent_at: float


class KeyDelivery:
    """Gives the items their keys; an item that cannot get one is stopped with the reason."""

    def __init__(self, client: EcsClient) -> None:
        self._client = client
        self._sent: List[Sent] = []

    def try_out(self, items: Sequence[KeyedItem]) -> None:
        """Have Cloud Assistant check the commands. No key is registered; those that it would take count as sent."""
        for one, batch in _batches(items):
            self._try(one, batch)
        for item in items:
            if not item.failed:
                item.sent = list(item.keys)

    def send(self, items: Sequence[KeyedItem]) -> None:
        """Return when all keys are under way."""
        for one, batch in _batches(items):
            self._send(one, batch)

    def wait(self, timeout: int) -> None:
        """Return when all keys that were sent have arrived or failed, after I(timeout) seconds at the latest."""
        deadline = self._client.clock() + timeout
        for call in self._sent:
            self._receive(call, deadline)

    def _try(self, one: WantedKey, items: List[KeyedItem]) -> None:
        try:
            self._client.call("InvokeCommand", command_parameters(ids_of(items), one.username, one.key, dry_run=True))
        except EcsError as error:
            if error.is_dry_run_success:
                return
            for part in _split(items, error):
                self._try(one, part)

    def _send(self, one: WantedKey, items: List[KeyedItem]) -> None:
        try:
            sent_at = time.time()
            invoke_id = send_temp_key(self._client, ids_of(items), one.username, one.key)
        except EcsError as error:
            for part in _split(items, error):
                self._send(one, part)
            return
        for item in items:
            item.sent.append(one)
        self._sent.append(Sent(invoke_id, one, items, sent_at))

    def _receive(self, call: Sent, deadline: float) -> None:
        try:
            results = self._client.wait_for_invocation(call.invoke_id, ids_of(call.items), deadline)
        except EcsError as error:
            for item in call.items:
                item.stop_by_error(error)
            return
        for item in call.items:
            delivery = read_delivery(results[item.instance_id])
            if delivery.is_done:
                # Without the service's word only the moment of sending is certain.
                item.arrived.append(call.key)
                item.ends.append((delivery.finished_at or call.sent_at) + LIFETIME)
            else:
                item.stop(Problem("delivery", delivery.problem))


def _batches(items: Sequence[KeyedItem]) -> List[Tuple[WantedKey, List[KeyedItem]]]:
    """Each key with at most as many instances as one call takes."""
    groups: Dict[WantedKey, List[KeyedItem]] = {}
    for item in items:
        for one in item.keys:
            groups.setdefault(one, []).append(item)
    return [(one, group[start : start + COMMAND_BATCH]) for one, group in groups.items() for start in range(0, len(group), COMMAND_BATCH)]


def _split(items: List[KeyedItem], error: EcsError) -> List[List[KeyedItem]]:
    """What to try again: halves, if ECS refused the whole batch for one instance in it."""
    if len(items) > 1 and is_about_one_instance(error.code):
        return [items[: len(items) // 2], items[len(items) // 2 :]]
    for item in items:
        item.stop_by_error(error)
    return []
