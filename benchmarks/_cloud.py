# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks of the cloud share: the embedded cloud as a process, its request log, a clock, modules as processes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "emulator")]

from ecs_emulator.variables import variables_of

COLLECTIONS = ROOT / ".work" / "collections"
MODULE = "ansible_collections.alicloud.ecs_access.plugins.modules."
IMPORT_SDK = "import alibabacloud_tea_openapi.client"
"""The client that every call goes through, alone."""


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
        yield variables_of(json.loads(ready.read_text(encoding="utf-8")))
    finally:
        server.terminate()
        server.wait(10)


def instance_ids(count: int) -> list[str]:
    """The ids of an entry C(i-n) of the fleet that stands for so many."""
    return [f"i-n{number:0{len(str(count))}d}" for number in range(1, count + 1)]


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class Run(NamedTuple):
    """One process: C(cpu) has the time in user mode and in the kernel, C(peak) is the largest resident size in MiB."""

    seconds: float
    cpu: float
    peak: float
    answer: dict[str, Any]


def run_module(module: str, **options: Any) -> Run:
    """A module as a process; a benchmark of one that failed would be fast."""
    run = run_python("-m", MODULE + module, text=json.dumps({"ANSIBLE_MODULE_ARGS": options}))
    if run.answer.get("failed", True):
        sys.exit(f"benchmark: {module} failed: {str(run.answer)[:2000]}")
    return run


def run_python(*arguments: str, text: str = "{}") -> Run:
    """One process, its time and its memory."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(text.encode())
        given.seek(0)
        begin = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], stdin=given, stdout=said, env=dict(os.environ, PYTHONPATH=str(COLLECTIONS)))
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        taken = time.perf_counter() - begin
        said.seek(0)
        answer = said.read().decode().strip()
    if process.returncode and not answer.startswith("{"):
        sys.exit(f"benchmark: {' '.join(arguments)[:2000]} ended with {process.returncode}")
    parsed = json.loads(answer) if answer.startswith("{") else {}
    return Run(taken, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, dict({"failed": False}, **parsed) if parsed else {})


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
