# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection ecs_ssh against plain ssh with a standing key, on the same real instance in turns.

Per task: the median of the times between the starts of tasks, in Ansible's own log, so that neither start-up nor the first
connection counts, nor what else the machine did now and then.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "emulator"), str(ROOT / "tests" / "system")]

from lab import ssh as lab_ssh
from lab.fleet import let_in, running_fleet
from lab.temporary import PING, Runner, running_cloud

TASKS = 42
ROUNDS = 4
BUDGET = 1.02

LONG_PLAY = (
    "    - ansible.builtin.copy: {src: payload, dest: /tmp/payload}\n"
    "    - ansible.builtin.raw: echo {{ item }}\n      changed_when: false\n      loop: [1, 2, 3]\n"
    + "    - ansible.builtin.raw: 'true'\n      changed_when: false\n" * 38
)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        key = lab_ssh.make_key(folder, "standing")
        with running_cloud(lambda fleet: running_fleet(fleet, folder / "fleet", key), ["web"], ["a", "b", "c"]) as cloud:
            let_in(cloud["web"], key)
            (folder / "run").mkdir()
            with Runner.open(cloud, folder / "run") as runner:
                against_plain(runner, key)
                through_tunnels(runner)
    return 0


INVENTORY = """
plugin: alicloud.ecs_access.ecs
filters: {name: web}
compose: {ansible_user: "'root'", ansible_python_interpreter: "'/usr/bin/python3'", ansible_ssh_common_args: "'-F none'"}
"""


def against_plain(runner: Runner, key: lab_ssh.KeyFile) -> None:
    """Steady state per task, and what comes before the first."""
    inventory = runner.folder / "bench.ecs.yml"
    inventory.write_text(INVENTORY)
    static = runner.inventory(["web"])
    trusting = "-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    plain = {"ansible_connection": "ssh", "ansible_ssh_private_key_file": str(key.path), "ansible_ssh_common_args": trusting}
    ours = {"ansible_connection": "alicloud.ecs_access.ecs_ssh"}
    pairs = {"the inventory ecs": inventory, "a file as inventory": static}
    ways = {(name, kind): (path, plain if kind == "plain" else ours) for name, path in pairs.items() for kind in ("plain", "ours")}
    first, later = {name: [] for name in ways}, {name: [] for name in ways}
    for _round in range(ROUNDS):
        for name, way in ways.items():
            runner.hang_up()
            took = measure(runner, *way)
            first[name].append(took[0])
            later[name] += took[1:]
    print(f"{TASKS} tasks, {ROUNDS} rounds in turns with plain ssh")
    for name in pairs:
        each = {kind: statistics.median(later[name, kind]) for kind in ("plain", "ours")}
        ratio = each["ours"] / each["plain"]
        verdict = "kept" if ratio <= BUDGET else "EXCEEDED"
        print(f"  {name:20} {each['ours']:6.3f} s, plain {each['plain']:6.3f} s = {ratio:5.3f} x   budget {BUDGET} x   {verdict}")
        extra = statistics.median(first[name, "ours"]) - statistics.median(first[name, "plain"])
        print(f"  {'':20} the first task takes {extra:4.2f} s more: making the key, loading the SDK, registering")


def measure(runner: Runner, inventory: Path, variables: dict) -> list[float]:
    """Seconds of each task."""
    text = f"---\n- hosts: web\n  gather_facts: false\n  tasks:\n{PING * (TASKS + 1)}"
    log = runner.folder / "ansible.log"
    log.write_text("")
    run = runner.controller.playbook(
        text, inventory, extra_vars=variables, environment={**runner.environment(), "ANSIBLE_LOG_PATH": str(log)}
    )
    assert run.returncode == 0, run.output
    starts = [
        time.mktime(time.strptime(line[:19], "%Y-%m-%d %H:%M:%S")) + int(line[20:23]) / 1000
        for line in log.read_text().splitlines()
        if "TASK [" in line
    ]
    assert len(starts) == TASKS + 1, run.output
    return [after - before for before, after in zip(starts, starts[1:])]


def through_tunnels(runner: Runner) -> None:
    """Forty tasks with a loop and a file copy, on three instances that nothing but Session Manager reaches."""
    (runner.folder / "payload").write_bytes(bytes(range(256)) * 200)
    runner.control("DELETE", "requests")
    start = time.perf_counter()
    run = runner.play(LONG_PLAY, ["a", "b", "c"], tunnel="always")
    took = time.perf_counter() - start
    assert run.returncode == 0, run.output
    assert len(run.results) == 120, len(run.results)
    print(f"tunnel: 40 tasks, a loop and a copy of 51,200 bytes on three hidden instances: {took:5.1f} s, {took / 40:5.2f} s per task")
    print(f"  API calls: {runner.calls(())}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.TimeoutExpired:
        sys.exit("benchmark: it took too long")
