# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud modules as processes: a key pair for 1,000 instances, the cold start, the memory at 5,000 instances.

The limit of the first is calls x latency / concurrency; what a module needs before its first call is measured in the same run
and taken off. The other two are compared with a process that does nothing but import the SDK's client.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from _cloud import IMPORT_SDK, cold_start, control, emulator, instance_ids, run_module, run_python
from _table import Row, hand_in

ATTACHED, LISTED = 1000, 5000
LATENCY_MS = 1000
ROUNDS, STARTS = 5, 9
CONCURRENCY = 5
PUBLIC_KEY = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCxg+r5qMe/5zF+mawJmZ8WlDOpV9jHuUEs0vrnVrLgM"
    "lJPq/8G/nTgR/ImWzKCa7G6k18fj6wnhFm6mSSk3yEk="
)
# The client with the models of the vendor's package for ECS, as programs written with it begin.
IMPORT_MODELS = "import alibabacloud_ecs20140526.client"


def main() -> int:
    measure_attachment()
    measure_cold_start()
    measure_memory()
    return 0


def measure_attachment() -> None:
    fleet = {"timing": {"latency_ms": LATENCY_MS}, "instances": [{"instance_id": "i-n", "name": "n", "count": ATTACHED}]}
    ids = instance_ids(ATTACHED)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name, emulator(Path(name), fleet) as account:
        os.environ.update(account)
        ours = []
        for turn in range(ROUNDS):
            run_module("ecs_key_pair", name=f"team-{turn}", public_key=PUBLIC_KEY)
            wanted = {"key_pair_name": f"team-{turn}", "activation": "none", "replace_bound": True}
            start = cold_start("ecs_attach_key_pair", instance_ids=ids[:1], **wanted)
            control(account, "DELETE")
            ours.append(run_module("ecs_attach_key_pair", instance_ids=ids, api_concurrency=CONCURRENCY, **wanted).seconds - start)
            calls = control(account, "GET")["by_action"]
    limit = sum(calls.values()) * LATENCY_MS / 1000 / CONCURRENCY
    note = ", ".join(f"{count} {action}" for action, count in sorted(calls.items()))
    hand_in(Row(f"attach a key pair to {ATTACHED} instances", "s", ours, limit_name="calls x latency", limit=limit, most=1.3, note=note))


def measure_cold_start() -> None:
    sdk, models, starts = [], [], []
    for _turn in range(STARTS):
        sdk.append(run_python("-c", IMPORT_SDK).seconds)
        models.append(run_python("-c", IMPORT_MODELS).seconds)
        starts.append(cold_start("ecs_key_pair_info"))
    limit = statistics.median(sdk)
    work = "cold start of a module to its first byte to the API"
    hand_in(Row(work, "s", starts, "import of the ECS client", models, "import of the SDK", limit, most=1.3))


def measure_memory() -> None:
    fleet = {"instances": [{"instance_id": "i-n", "name": "n", "count": LISTED, "tags": {"role": "web", "env": "prod"}}]}
    ids = instance_ids(LISTED)
    works = {
        "ecs_instance_info": {},
        "ecs_attach_key_pair": {"key_pair_name": "team", "instance_ids": ids, "activation": "none"},
        "ecs_key_pair_info": {"include_instances": True},
    }
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name, emulator(Path(name), fleet) as account:
        os.environ.update(account)
        run_module("ecs_key_pair", name="team", public_key=PUBLIC_KEY)
        sdk = [run_python("-c", IMPORT_SDK).peak for _turn in range(ROUNDS)]
        for module, options in works.items():
            peaks = [run_module(module, **options).peak for _turn in range(ROUNDS)]
            work = f"memory of {module}, {LISTED} instances"
            hand_in(Row(work, "MiB", peaks, limit_name="import of the SDK", limit=statistics.median(sdk), judged="more", most=30))


if __name__ == "__main__":
    sys.exit(main())
