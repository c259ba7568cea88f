# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the embedded cloud and the look-ups that every action needs. No HTTP here.

Actions change state between two awaits of one event loop, so nothing needs a lock. The clock is given from outside.
"""

from __future__ import annotations

import hashlib
import ipaddress
import itertools
import time
import uuid
from typing import Callable, Iterable

from ecs_emulator import errors, public_keys
from ecs_emulator.fleet_reader import FleetError
from ecs_emulator.models import FileDelivery, Instance, Invocation, KeptCommand, KeyPair, Region
from ecs_emulator.quota import InvocationQuota
from ecs_emulator.specs import Fleet, InstanceSpec, KeyPairSpec

KEY_PAIR_QUOTA = 500

Clock = Callable[[], float]


class Cloud:
    """Everything that exists, by region."""

    def __init__(self, fleet: Fleet, clock: Clock = time.time) -> None:
        self.fleet = fleet
        self.behaviours = fleet.behaviours
        self.timing = fleet.timing
        self.clock = clock
        self.created = clock()
        self.regions = {region_id: Region(region_id) for region_id in fleet.regions}
        self.resource_groups = dict(fleet.resource_groups)
        self.instances: dict[str, Instance] = {}
        self.invocations: dict[str, Invocation] = {}
        self.commands: dict[str, KeptCommand] = {}
        self.quota = InvocationQuota(fleet.limits.invocations_per_day, self.behaviours.invocation_quota == "instance", clock)
        self.file_deliveries: dict[str, FileDelivery] = {}
        self.client_tokens: dict[tuple[str, str], tuple[str, str]] = {}
        """What was made (command, session) and its ClientToken, to (digest of the request, id)."""
        self._sequence = itertools.count(1)
        for group in fleet.security_groups:
            self.regions[group.region].security_groups[group.security_group_id] = group
        for template in fleet.launch_templates:
            self.regions[template.region].launch_templates[template.launch_template_id] = template
        for pair in fleet.key_pairs:
            self._add_fleet_key_pair(pair)
        for number, spec in enumerate(fleet.instances):
            self._add_instance(spec, number)

    def _add_fleet_key_pair(self, spec: KeyPairSpec) -> None:
        public_key = spec.public_key.strip() or public_keys.make_lost_key()
        blob = public_keys.find_blob(public_key)
        if blob is None:
            raise FleetError("key pair '%s': the public key is not one that ImportKeyPair accepts" % spec.name)
        pair = self.add_key_pair(self.regions[spec.region], spec.name, public_key, public_keys.fingerprint_md5(blob))
        pair.resource_group_id = spec.resource_group_id
        pair.tags = dict(spec.tags)

    def _add_instance(self, spec: InstanceSpec, number: int) -> None:
        now = self.clock()
        instance = Instance(
            spec=spec,
            status=spec.status,
            created=now,
            started=now,
            private_ip=spec.private_ip or str(ipaddress.IPv4Address("10.0.0.10") + number),
            # 198.18.0.0/15 is set aside for tests of network devices: nobody's address.
            public_ip=spec.public_ip if spec.public_ip is not None else str(ipaddress.IPv4Address("198.18.0.10") + number),
            resource_group_id=spec.resource_group_id,
            tags=dict(spec.tags),
            agent_installed=spec.assistant.installed,
            agent_online=spec.assistant.installed and spec.assistant.online,
            key_pair_name=spec.key_pair,
            ever_bound=bool(spec.key_pair),
            offline_since=None if spec.assistant.online else now - 600,
            connect=spec.connect,
        )
        self.instances[spec.instance_id] = instance
        self.regions[spec.region].instances[spec.instance_id] = instance

    def new_id(self, prefix: str) -> str:
        """A fresh id in the form of real ones."""
        return prefix + hashlib.sha256(uuid.uuid4().bytes).hexdigest()[:20]

    def next_sequence(self) -> int:
        """A number that grows with every call: the order of things made in the same second."""
        return next(self._sequence)

    def region(self, region_id: str) -> Region:
        """The region, or InvalidRegionId.NotFound."""
        region = self.regions.get(region_id)
        if region is None:
            raise errors.region_not_found()
        return region

    def instance(self, instance_id: str) -> Instance:
        """The instance in any region, or InvalidInstanceId.NotFound."""
        instance = self.instances.get(instance_id)
        if instance is None:
            raise errors.instance_not_found()
        return instance

    def check_resource_group(self, group_id: str) -> None:
        """InvalidResourceGroup.NotFound unless the group exists; empty means the default group."""
        if group_id and group_id not in self.resource_groups:
            raise errors.resource_group_not_found()

    def key_pair(self, region: Region, name: str) -> KeyPair:
        """The pair, or InvalidKeyPairName.NotFound."""
        pair = region.key_pairs.get(name)
        if pair is None:
            raise errors.key_pair_not_found()
        return pair

    def add_key_pair(self, region: Region, name: str, public_key: str, fingerprint: str) -> KeyPair:
        """Keep a new pair, within the quota and under a new name."""
        if name in region.key_pairs:
            raise errors.ApiError(400, "KeyPair.AlreadyExist", "The key pair already exist.")
        if len(region.key_pairs) >= KEY_PAIR_QUOTA:
            raise errors.ApiError(403, "QuotaExceed.KeyPair", "The key pair quota exceeds.")
        pair = KeyPair(self.new_id("ssh-"), name, public_key, fingerprint, self.clock())
        region.key_pairs[name] = pair
        return pair

    def bound_instances(self, region: Region, name: str) -> list[Instance]:
        """Instances that the pair is bound to."""
        return [instance for instance in region.instances.values() if instance.key_pair_name == name]

    def bind(self, instance: Instance, name: str) -> None:
        """Bind a pair, replacing any other; the guest sees it at its next boot."""
        instance.key_pair_name = name
        instance.ever_bound = True

    def unbind(self, instance: Instance) -> None:
        """Unbind; the guest sees it at its next boot."""
        instance.key_pair_name = ""

    def bound_public_key(self, instance: Instance) -> str | None:
        """The public key line that the next boot injects."""
        pair = self.regions[instance.region].key_pairs.get(instance.key_pair_name)
        return pair.public_key if pair else None

    def recent_invocations(self, region_id: str) -> Iterable[Invocation]:
        """Invocations of a region, newest first."""
        return (item for item in reversed(list(self.invocations.values())) if item.region == region_id)
