# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks of the cloud share: the embedded cloud as a process, a clock, a verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COLLECTIONS = ROOT / ".work" / "collections"


@contextmanager
def emulator(folder: Path, fleet: dict[str, Any]) -> Iterator[dict[str, str]]:
    """The embedded cloud as a process of its own, since its work must not slow ours down; gives the variables that point to it."""
    description, ready = folder / "fleet.yml", folder / "ready.json"
    description.write_text(json.dumps(fleet), encoding="utf-8")
    command = [sys.executable, "-m", "ecs_emulator", "serve", "--listen", "127.0.0.1:0", "--fleet", description]
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "tests" / "emulator"))
    server = subprocess.Popen([*command, "--state", folder / "state", "--ready-file", ready], env=environment, stdout=subprocess.DEVNULL)
    try:
        give_up = time.monotonic() + 60
        while not ready.exists():
            if server.poll() is not None or time.monotonic() > give_up:
                sys.exit("benchmark: the embedded cloud did not start")
            time.sleep(0.1)
        account = json.loads(ready.read_text(encoding="utf-8"))
        yield {
            "ALIBABA_CLOUD_ECS_ENDPOINT": account["endpoint"],
            "ALIBABA_CLOUD_ACCESS_KEY_ID": account["access_key_id"],
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": account["access_key_secret"],
            "ALIBABA_CLOUD_REGION_ID": account["region"],
        }
    finally:
        server.terminate()
        server.wait(10)


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def verdict(kept: bool) -> str:
    return "kept" if kept else "EXCEEDED"
