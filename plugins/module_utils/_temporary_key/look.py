# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks with ECS, agents and guests whether the instances can accept temporary keys, and has them prepared on the way.

Note that this module util is **PRIVATE** to the collection.
"""

import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

from .._assistant.ask import Reply, ask_guests, judging
from .._assistant.shape import GuestError
from .._ecs.client import EcsClient
from .._ecs.items import Problem, ids_of, open_items
from . import readiness as model
from .item import KeyedItem, WantedKey
from .prepare_command import TESTS_SECONDS, PrepareRequest, render_prepare
from .send import LIFETIME
from .served_command import SERVED_SECONDS, ServedRequest, render_served


class ReadinessLook:
    """Fills the items; those that cannot take the keys are stopped."""

    def __init__(self, client: EcsClient, items: Sequence[KeyedItem], warn: Callable[[str], None]) -> None:
        self._client = client
        self._items = items
        self._warn = warn

    def look(self, wanted: Sequence[WantedKey], may_prepare: bool, check_mode: bool, seconds: int) -> None:
        """With I(may_prepare) those that need it are prepared, in check mode only in the result; I(seconds) are for the vendor's installer."""
        self._read_instances(wanted)
        self._read_agents(open_items(self._items))
        self._read_guests(open_items(self._items), may_prepare, check_mode, seconds)

    def prove(self, items: Sequence[KeyedItem]) -> None:
        """Have the guests query the keys as sshd will: a key that Cloud Assistant accepted may still not reach them."""
        requests = {item.instance_id: ServedRequest(tuple((one.username, one.key.base64, one.key.fingerprint_sha256) for one in item.keys)) for item in items}
        replies = ask_guests(self._client, requests, SERVED_SECONDS, model.SERVED_ANSWER, render_served)
        for item in items:
            answer = _take_answer(item, replies[item.instance_id])
            if answer is not None:
                with _sense_in_answer_of(item):
                    item.stop(model.find_served_problem(answer))

    def _read_instances(self, wanted: Sequence[WantedKey]) -> None:
        found = {instance.instance_id: instance for instance in self._client.describe_instances(ids_of(self._items))}
        for item in self._items:
            instance = found.get(item.instance_id)
            if instance is None:
                why = "there is no such instance in region %s" % self._client.region
                item.stop(Problem("unknown_instance", why, "check the id and the region"))
                continue
            item.meet(instance, wanted)
            item.stop(model.find_instance_problem(instance))

    def _read_agents(self, items: List[KeyedItem]) -> None:
        agents = self._client.describe_cloud_assistant_status(ids_of(items))
        for item in items:
            item.stop(model.find_agent_problem(agents[item.instance_id]))

    def _read_guests(self, items: List[KeyedItem], may_prepare: bool, check_mode: bool, seconds: int) -> None:
        """Ask the guests, and in the same command prepare those that need it."""
        write = may_prepare and not check_mode
        requests = {item.instance_id: PrepareRequest(item.users, write, seconds) for item in items}
        sent = time.time()
        replies = ask_guests(self._client, requests, TESTS_SECONDS + (seconds if write else 0), model.PREPARE_ANSWER, render_prepare)
        received = time.time()
        for item in items:
            answer = _take_answer(item, replies[item.instance_id])
            if answer is None:
                continue
            with _sense_in_answer_of(item):
                item.clock = model.read_clock(answer["clock"], sent, received)
                item.done = model.list_done(answer)
                item.stop(model.find_guest_problem(answer, may_prepare))
                if check_mode and may_prepare and answer["wanted"] and not item.failed:
                    item.done = ["plugin to be installed"]
            item.stop(item.clock.find_problem(LIFETIME))
            if item.clock.told and not item.failed:
                self._warn("%s: %s. Set its clock." % (item.instance_id, item.clock.told))


def _take_answer(item: KeyedItem, reply: Reply) -> Optional[Dict[str, Any]]:
    """The guest's answer; without one the item is stopped."""
    if reply.error is not None:
        item.stop_by_error(reply.error)
    elif reply.answer is None:
        item.stop(Problem("guest", reply.why, "its agent's log is %s" % model.AGENT_LOG))
    return reply.answer


@contextmanager
def _sense_in_answer_of(item: KeyedItem) -> Iterator[None]:
    """A guest may answer anything; what cannot be read stops the item."""
    try:
        with judging():
            yield
    except GuestError as exc:
        item.stop(Problem("guest", exc.text))
