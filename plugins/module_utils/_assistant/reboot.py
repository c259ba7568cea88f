# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until instances have really booted, not only until ECS calls them Running.

RebootInstance returns before anything happens, and ECS may show the old Running for a while. So a boot counts only when
ECS has shown another state in between, or when the guest reports another boot id than before.

Note that this module util is **PRIVATE** to the collection.
"""

import time
from typing import Any, Callable, Dict, Iterable, List

from .._ecs.errors import EcsError

FIRST_POLL_SECONDS = 0.2
POLL_SECONDS = 2.0
# The agent needs a moment after the system is up.
AGENT_SECONDS = 120.0


class Rebooter:
    """Reboots instances of one region. I(sleep) can be replaced by tests."""

    def __init__(self, client: Any, timeout: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._timeout = timeout
        self._sleep = sleep

    def reboot(self, instance_ids: Iterable[str], read_boots: Callable[[List[str]], Dict[str, str]], before: Dict[str, str]) -> Dict[str, str]:
        """Reboot all at the same time and wait; returns why an instance did not come back (missing: it did).

        I(before) holds the boot ids of those whose guest answers; I(read_boots) asks for today's.
        """
        failed = {}
        waiting = {}
        for instance_id in instance_ids:
            try:
                self._client.reboot_instance(instance_id)
            except EcsError as exc:
                # A lost answer may mean that it reboots: then it is waited for like the others.
                if not exc.is_answer_lost:
                    failed[instance_id] = str(exc)
                    continue
            waiting[instance_id] = False
        deadline = self._client.clock() + self._timeout
        delay = FIRST_POLL_SECONDS
        while waiting:
            for instance_id in self._find_booted(waiting, read_boots, before):
                del waiting[instance_id]
            if not waiting:
                break
            if self._client.clock() >= deadline:
                for instance_id, seen_down in waiting.items():
                    state = "went down and was not Running again" if seen_down else "was not seen to reboot"
                    failed[instance_id] = "it %s within %d seconds" % (state, self._timeout)
                break
            # Close together at first, so that a short absence is seen.
            self._sleep(delay)
            delay = min(POLL_SECONDS, delay * 1.5)
        return failed

    def _find_booted(self, waiting: Dict[str, bool], read_boots: Callable[[List[str]], Dict[str, str]], before: Dict[str, str]) -> List[str]:
        """Marks in I(waiting) the instances that were seen in another state than Running."""
        status = {one.instance_id: one.status for one in self._client.describe_instances(list(waiting))}
        for instance_id in waiting:
            waiting[instance_id] = waiting[instance_id] or status.get(instance_id) != "Running"
        running = [instance_id for instance_id in waiting if status.get(instance_id) == "Running"]
        booted = [instance_id for instance_id in running if waiting[instance_id]]
        unsure = [instance_id for instance_id in running if not waiting[instance_id] and instance_id in before]
        boots = read_boots(unsure) if unsure else {}
        return booted + [instance_id for instance_id in unsure if boots.get(instance_id, before[instance_id]) != before[instance_id]]

    def wait_for_agents(self, instance_ids: Iterable[str]) -> List[str]:
        """Those of I(instance_ids) whose agent is online again; waits for them a while."""
        wanted = list(instance_ids)
        deadline = self._client.clock() + min(self._timeout, AGENT_SECONDS)
        while wanted:
            found = {instance_id for instance_id, agent in self._client.describe_cloud_assistant_status(wanted).items() if agent.online}
            if found >= set(wanted) or self._client.clock() >= deadline:
                return [instance_id for instance_id in wanted if instance_id in found]
            self._sleep(POLL_SECONDS)
        return []
