# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading 2,000 and 5,000 instances through Cloud Assistant for the audit: API calls, time, memory.

The instances exist on the API only and answer what a real one answered. The limit of the time is calls x latency / concurrency.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from _cloud import IMPORT_SDK, ROOT, control, emulator, instance_ids, run_module, run_python
from _table import Row, hand_in

COUNTS = {2000: 5, 5000: 5}
"""Instances, and rounds."""
LATENCY_MS = 1000
CONCURRENCY = 8
BATCH, CHAPTERS, PAGE, POLLS = 50, 3, 100, 6
RECORDING = ROOT / "tests" / "unit" / "plugins" / "module_utils" / "_audit" / "samples" / "debian12.recording.json"


def main() -> int:
    for count in [int(word) for word in sys.argv[1:]] or COUNTS:
        measure(count, COUNTS.get(count, 5))
    return 0


def measure(count: int, rounds: int) -> None:
    guest = {"instance_id": "i-n", "name": "n", "count": count, "assistant": {"replay": str(RECORDING)}}
    options = {"instance_ids": instance_ids(count), "daily_quota": 10 * count, "fail_on": "never"}
    took, peaks, sdk = [], [], []
    fleet = {"timing": {"latency_ms": LATENCY_MS}, "instances": [guest]}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name, emulator(Path(name), fleet) as account:
        os.environ.update(account)
        for turn in range(rounds):
            folder = Path(name, f"facts-{turn}")
            control(account, "DELETE")
            run = run_module("ecs_ssh_access_info", dest=str(folder), return_instances=False, api_concurrency=CONCURRENCY, **options)
            calls = control(account, "GET")["by_action"]
            assert run.answer["seen"] == count, run.answer["seen"]
            sdk.append(run_python("-c", IMPORT_SDK))
            took.append(run.seconds - sdk[-1].seconds)
            peaks.append(run.peak)
    total = sum(calls.values())
    batches = -(-count // BATCH) * CHAPTERS
    allowed = batches + batches * POLLS + 2 * -(-count // PAGE)
    note = ", ".join(f"{calls} {action}" for action, calls in sorted(calls.items()))
    work = f"audit of {count} instances"
    hand_in(
        Row(f"{work}: API calls", "calls", [total], limit_name="batches, polls, pages", limit=allowed, most=1, note=note),
        Row(f"{work}: time", "s", took, limit_name="calls x latency", limit=total * LATENCY_MS / 1000 / CONCURRENCY, most=1.3, note=note),
        Row(f"{work}: memory", "MiB", peaks, limit_name="import of the SDK", limit=statistics.median(one.peak for one in sdk), judged="more", most=60),
    )


if __name__ == "__main__":
    sys.exit(main())
