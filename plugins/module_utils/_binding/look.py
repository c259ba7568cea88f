# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ECS and the guests report about the instances that a key pair is bound to or unbound from, before anything is changed.

Note that this module util is **PRIVATE** to the collection.
"""

from typing import Any, Dict, List, Optional, Sequence

from .._ecs.answer import text_of
from .._ecs.client import EcsClient
from .._ecs.errors import EcsError
from .._ecs.items import Problem, ids_of, open_items
from .._errors import ModuleFailure
from .._ids import is_region
from .._openssh.keys import KeyFormatError, PublicKey, parse_public_key
from . import plan as model
from .ask import Questions
from .item import BoundItem


class BindingLook:
    """Fills the items; those that cannot be done are stopped."""

    def __init__(self, client: EcsClient, wanted: model.Wanted, items: Sequence[BoundItem]) -> None:
        self._client = client
        self._wanted = wanted
        self._items = items

    def look(self, users: Sequence[str], timeout: int) -> Optional[Questions]:
        """The queries to the guests; None if there is no key or no query is wanted. I(timeout) is for each guest, in seconds."""
        key = self._find_key()
        questions = Questions(self._client, self._wanted, key, users, timeout) if key else None
        self._read_instances()
        if questions is not None:
            self._read_guests(questions, self._find_agents())
        return questions

    def _find_key(self) -> Optional[PublicKey]:
        name = self._wanted.key_pair_name
        pair = self._client.find_key_pair(name, include_public_key=self._wanted.asks_guests)
        if pair is None and self._wanted.is_present:
            raise ModuleFailure("there is no key pair %s in region %s" % (name, self._client.region))
        return self._parse_key(pair) if pair and self._wanted.asks_guests else None

    def _parse_key(self, pair: Dict[str, Any]) -> Optional[PublicKey]:
        try:
            return parse_public_key(text_of(pair.get("PublicKey")), "the public key of key pair %s" % pair["KeyPairName"])
        except KeyFormatError as exc:
            if self._wanted.is_live:
                raise ModuleFailure("%s; ECS returned no usable one. Use activation=reboot or none" % exc.text)
            return None

    def _read_instances(self) -> None:
        found = {instance.instance_id: instance for instance in self._client.describe_instances(ids_of(self._items))}
        missing = [item for item in self._items if item.instance_id not in found]
        for item in self._items:
            if item.instance_id in found:
                item.meet(found[item.instance_id], self._wanted)
                item.stop(model.find_problem(item.instance, self._wanted))
        elsewhere = self._find_regions(ids_of(missing)) if missing else {}
        for item in missing:
            region = elsewhere.get(item.instance_id)
            item.stop(
                Problem("other_region", "it is in region %s, not in %s; run for that region" % (region, self._client.region))
                if region
                else Problem("unknown_instance", "there is no such instance in region %s" % self._client.region)
            )

    def _find_regions(self, instance_ids: List[str]) -> Dict[str, str]:
        """The regions of instances that are not here. Only a hint, so what cannot be found out is left out."""
        try:
            regions = [text_of(entry.get("RegionId")) for entry in self._client.describe_regions()]
        except EcsError:
            return {}
        found: Dict[str, str] = {}
        for region in regions:
            if is_region(region) and region != self._client.region and len(found) < len(instance_ids):
                try:
                    there = self._client.in_region(region).describe_instances(instance_ids)
                    found.update((instance.instance_id, region) for instance in there)
                except EcsError:
                    continue
        return found

    def _find_agents(self) -> List[BoundItem]:
        """Those whose guest can be asked; for O(activation=live) the others cannot be done."""
        running = [item for item in open_items(self._items) if item.instance.is_running]
        try:
            agents = self._client.describe_cloud_assistant_status(ids_of(running))
        except EcsError:
            if self._wanted.is_live:
                raise
            return []
        problems = {item: model.find_agent_problem(agents[item.instance_id]) for item in running}
        for item, problem in problems.items():
            if self._wanted.is_live:
                item.stop(problem)
        return [item for item in running if problems[item] is None]

    def _read_guests(self, questions: Questions, items: List[BoundItem]) -> None:
        if self._wanted.previous_key == "remove":
            self._read_previous(questions, items)
        for item, guest, reply in questions.ask(items, write=False):
            if guest is not None:
                item.see(guest, self._wanted)
                if self._wanted.is_live:
                    item.stop(model.find_guest_problem(guest, self._wanted))
            elif self._wanted.is_live:
                item.stop_by_reply(reply)

    def _read_previous(self, questions: Questions, items: List[BoundItem]) -> None:
        """The keys of the key pairs that are going to be replaced."""
        for name in sorted({item.was_bound_to for item in items} - {"", self._wanted.key_pair_name}):
            pair = self._client.find_key_pair(name, include_public_key=True)
            key = self._parse_key(pair) if pair else None
            if key is not None:
                questions.drop_key_of(name, key)
