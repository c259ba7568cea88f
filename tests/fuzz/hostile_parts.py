# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hostile guest and a forged API against the real modules, inventory and connections: no traceback, no hang, nothing run, nothing raw, and no other
instance suffers.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import tempfile
from pathlib import Path
from random import Random
from typing import Any, Callable

from ansible.errors import AnsibleError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh import cloud
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._tunnel.socket import check_url
from batch import Batch
from cloud_runs import call, canary_problems, environment, hurried, run_module
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from ecs_emulator.testing import running
from forged_api import ForgedApi
from guests import EVIL, FLEET, IDS, Guests
from inventory_run import find_problems, read_inventory

_CASES = 8
_Case = Callable[[Random], list[str]]


class World:
    """One cloud for all batches."""

    def __init__(self) -> None:
        stack = contextlib.ExitStack()
        atexit.register(stack.close)
        emulator = stack.enter_context(running(FLEET))
        self.guests = Guests(emulator)
        self.api = ForgedApi(emulator.endpoint)
        stack.callback(self.api.close)
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.variables = {**emulator.environment, "ALIBABA_CLOUD_ECS_ENDPOINT": self.api.endpoint}
        public = rsa.generate_private_key(65537, 2048).public_key()
        self.key = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
        emulator.call("DeleteKeyPairs", KeyPairNames='["team"]')
        emulator.call("ImportKeyPair", KeyPairName="team", PublicKeyBody=self.key)


@functools.cache
def world() -> World:
    return World()


def _module(random: Random) -> tuple[str, dict[str, Any]]:
    """A module about all three instances, with options."""
    common = {"instance_ids": IDS, "fail_on": "never", "api_retries": random.choice((0, 1))}
    return random.choice([
        (
            "ecs_attach_key_pair",
            {**common, "key_pair_name": "team", "state": random.choice(("present", "absent")), "login_users": ["auto", "ops"], "allow_lockout": True},
        ),
        ("ecs_temp_public_key", {**common, "public_key": world().key, "prepare": random.choice(("auto", "never"))}),
        ("ecs_host_key_info", common),
    ])  # fmt: skip


def _others_are_fine(result: dict[str, Any]) -> list[str]:
    entries = {entry["instance_id"]: entry for entry in result.get("instances", ())}
    others = [entries.get(one) for one in IDS if one != "i-" + EVIL]
    return [f"another instance suffers: {entry or result}" for entry in others if not entry or entry["failed"]]


def _run(random: Random, only: str = "") -> list[str]:
    name, options = _module(random)
    outcome = run_module(name, options, check_mode=random.random() < 0.4)
    problems = outcome.problems + (_others_are_fine(outcome.result) if only else [])
    return [f"{name} {options.get('state', '')}: {problem}" for problem in problems]


def hostile_guest(_tools: Any, random: Random) -> Batch:
    """One of three instances answers what it likes."""
    found: list[str] = []
    with environment(world().variables):
        for _number in range(_CASES):
            world().guests.random = random
            found += _run(random, EVIL)
        world().guests.random = None
    return Batch(_CASES, _CASES, found + canary_problems())


def forged_api(_tools: Any, random: Random) -> Batch:
    """The API lies, about one instance or about everything."""
    found: list[str] = []
    cases: list[_Case] = [_run, _run_info, _read_inventory, _connect]
    with environment(world().variables):
        for _number in range(_CASES):
            world().api.item = "i-" + EVIL if random.random() < 0.4 else ""
            world().api.random = random
            found += random.choice(cases)(random)
        world().api.random = None
    return Batch(_CASES, _CASES, found + canary_problems())


def _run_info(random: Random) -> list[str]:
    name, options = random.choice([
        ("ecs_instance_info", {"source_address": "203.0.113.1"}),
        ("ecs_instance_info", {"names": ["good-*", "evil"]}),
        ("ecs_key_pair_info", {"include_public_key": True}),
        ("ecs_key_pair_info", {"include_instances": True}), ("ecs_key_pair", {"name": "team", "public_key": world().key, "tags": {"a": "b"}}),
        ("ecs_key_pair", {"name": "team", "state": "absent"}),
    ])  # fmt: skip
    outcome = run_module(name, {**options, "api_retries": 0}, check_mode=name == "ecs_key_pair")
    return [f"{name} {options.get('state', '')}: {problem}" for problem in outcome.problems]


def _read_inventory(_random: Random) -> list[str]:
    problems: list[str] = []
    said = call(lambda: problems.extend(find_problems(read_inventory(world().folder))), (AnsibleError,))
    return [f"inventory: {problem}" for problem in said + problems]


def _connect(random: Random) -> list[str]:
    def work() -> None:
        client = cloud.make_client({name: None for name in cloud.OPTIONS})
        if random.random() < 0.5:
            cloud.deliver(client, IDS[0], "root", parse_public_key(world().key))
        else:
            check_url(cloud.open_session(client, IDS[0], 22)["url"])

    with hurried():
        return call(work, (AccessError,))


HOSTILE_PARTS = {"hostile_guest": hostile_guest, "forged_api": forged_api}
