# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud modules as processes: a key pair for 1,000 instances, the cold start, the memory at 5,000 instances.

The floor of the first is calls x latency / concurrency; what a module needs before its first call is measured in the same run
and taken off. The other two are compared with a process that does nothing but import the SDK's client.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

from _cloud import COLLECTIONS, emulator, verdict

ATTACHED, LISTED = 1000, 5000
LATENCY_MS = 1000
ROUNDS = 7
CONCURRENCY = 5
MODULE = "ansible_collections.alicloud.ecs_access.plugins.modules."
IMPORT_SDK = "import alibabacloud_ecs20140526.client"
PUBLIC_KEY = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCxg+r5qMe/5zF+mawJmZ8WlDOpV9jHuUEs0vrnVrLgM"
    "lJPq/8G/nTgR/ImWzKCa7G6k18fj6wnhFm6mSSk3yEk="
)
WALL_BUDGET, START_BUDGET, MEMORY_BUDGET = 1.3, 1.3, 30


class Run(NamedTuple):
    """C(peak) is the largest resident size in MiB."""

    seconds: float
    peak: float
    answer: dict[str, Any]


def main() -> int:
    os.environ["PYTHONPATH"] = str(COLLECTIONS)
    measure_attachment()
    measure_cold_start()
    measure_memory()
    return 0


def measure_attachment() -> None:
    fleet = {"timing": {"latency_ms": LATENCY_MS}, "instances": [{"instance_id": "i-n", "name": "n", "count": ATTACHED}]}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name, emulator(Path(name), fleet) as account:
        os.environ.update(account)
        run_module("ecs_key_pair", name="team", public_key=PUBLIC_KEY)
        start = cold_start("ecs_attach_key_pair", key_pair_name="team", instance_ids=["i-n0001"], activation="none")
        control(account, "DELETE")
        ids = [f"i-n{number:04d}" for number in range(1, ATTACHED + 1)]
        run = run_module("ecs_attach_key_pair", key_pair_name="team", instance_ids=ids, activation="none", api_concurrency=CONCURRENCY)
        calls = control(account, "GET")["by_action"]
    floor = sum(calls.values()) * LATENCY_MS / 1000 / CONCURRENCY
    ratio = (run.seconds - start) / floor
    print(f"a key pair attached to {ATTACHED} instances, {LATENCY_MS} ms a call, {CONCURRENCY} at a time: {calls}")
    print(f"  {run.seconds - start:.2f} s after a start of {start:.2f} s = {ratio:.2f} x floor", end="")
    print(f"   budget {WALL_BUDGET} x   {verdict(ratio <= WALL_BUDGET)}")


def measure_cold_start() -> None:
    imports, starts = [], []
    for _round in range(ROUNDS):
        imports.append(run_python("-c", IMPORT_SDK).seconds)
        starts.append(cold_start("ecs_key_pair_info"))
    ratio = statistics.median(starts) / statistics.median(imports)
    print(f"cold start of a module to its first byte to the API: {statistics.median(starts):.2f} s", end="")
    print(f" = {ratio:.2f} x importing the SDK's client   budget {START_BUDGET} x   {verdict(ratio <= START_BUDGET)}")


def measure_memory() -> None:
    fleet = {"instances": [{"instance_id": "i-n", "name": "n", "count": LISTED, "tags": {"role": "web", "env": "prod"}}]}
    ids = [f"i-n{number:04d}" for number in range(1, LISTED + 1)]
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name, emulator(Path(name), fleet) as account:
        os.environ.update(account)
        run_module("ecs_key_pair", name="team", public_key=PUBLIC_KEY)
        base = run_python("-c", IMPORT_SDK).peak
        peaks = {
            "ecs_instance_info": run_module("ecs_instance_info").peak,
            "ecs_attach_key_pair": run_module("ecs_attach_key_pair", key_pair_name="team", instance_ids=ids, activation="none").peak,
            "ecs_key_pair_info": run_module("ecs_key_pair_info", include_instances=True).peak,
        }
    for module, peak in peaks.items():
        more = peak - base
        print(f"memory of {module} at {LISTED} instances: {more:.0f} MiB more than the SDK's client", end="")
        print(f"   budget {MEMORY_BUDGET} MiB   {verdict(more <= MEMORY_BUDGET)}")


def run_module(module: str, **options: Any) -> Run:
    run = run_python("-m", MODULE + module, text=json.dumps({"ANSIBLE_MODULE_ARGS": options}))
    if run.answer.get("failed", True):
        sys.exit(f"benchmark: {module} failed: {run.answer}")
    return run


def run_python(*arguments: str, text: str = "{}") -> Run:
    """One process, its time and its memory."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(text.encode())
        given.seek(0)
        begin = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], stdin=given, stdout=said)
        _pid, _status, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        taken = time.perf_counter() - begin
        said.seek(0)
        answer = said.read().decode().strip()
    parsed = json.loads(answer) if answer.startswith("{") else {}
    return Run(taken, usage.ru_maxrss / 1024, dict({"failed": False}, **parsed) if parsed else {})


def cold_start(module: str, **options: Any) -> float:
    """Seconds until the module has sent its first byte: to a server that takes it and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        arrived: list[float] = []

        def wait_for_byte() -> None:
            connection, _address = server.accept()
            with connection:
                connection.recv(1)
                arrived.append(time.perf_counter())

        waiting = threading.Thread(target=wait_for_byte)
        waiting.start()
        address = {"endpoint": f"http://127.0.0.1:{server.getsockname()[1]}", "api_retries": 0}
        account = {"access_key_id": "none", "access_key_secret": "none", "region": "cn-hangzhou"}
        begin = time.perf_counter()
        run_python("-m", MODULE + module, text=json.dumps({"ANSIBLE_MODULE_ARGS": {**options, **account, **address}}))
        waiting.join(10)
    return arrived[0] - begin


def control(account: dict[str, str], method: str) -> dict[str, Any]:
    """The request log of the embedded cloud: read or cleared."""
    request = urllib.request.Request(account["ALIBABA_CLOUD_ECS_ENDPOINT"] + "/_emulator/requests", method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"{}")


if __name__ == "__main__":
    sys.exit(main())
