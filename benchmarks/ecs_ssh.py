# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection ecs_ssh against plain ssh with a standing key: directly on the same real instance, and through tunnels.

Both take turns. Per task: the median of the times between the starts of tasks, in Ansible's own log, so that neither start-up nor
the first connection counts, nor what else the machine did now and then.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "emulator"), str(ROOT / "tests" / "system")]

from _table import Row, hand_in
from lab import ssh as lab_ssh
from lab.fleet import let_in, running_fleet
from lab.temporary import PING, Runner, running_cloud

TASKS = 42
ROUNDS = 5
TUNNEL_ROUNDS = 5
OPEN, HIDDEN = ["x", "y", "z"], ["a", "b", "c"]
TRUSTING = "-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"

LONG_PLAY = (
    "    - ansible.builtin.copy: {src: payload, dest: /tmp/payload}\n"
    "    - ansible.builtin.raw: echo {{ item }}\n      changed_when: false\n      loop: [1, 2, 3]\n"
    + "    - ansible.builtin.raw: 'true'\n      changed_when: false\n"
    * 38
)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        key = lab_ssh.make_key(folder, "standing")
        with running_cloud(lambda fleet: running_fleet(fleet, folder / "fleet", key), ["web", *OPEN], HIDDEN) as cloud:
            for open_one in ("web", *OPEN):
                let_in(cloud[open_one], key)
            (folder / "run").mkdir()
            with Runner.open(cloud, folder / "run") as runner:
                against_plain(runner, key)
                through_tunnels(runner, key)
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
    plain = {"ansible_connection": "ssh", "ansible_ssh_private_key_file": str(key.path), "ansible_ssh_common_args": TRUSTING}
    ours = {"ansible_connection": "alicloud.ecs_access.ecs_ssh"}
    pairs = {"the inventory ecs": inventory, "a file as inventory": static}
    ways = {(name, kind): (path, plain if kind == "plain" else ours) for name, path in pairs.items() for kind in ("plain", "ours")}
    first, later, calls = {name: [] for name in ways}, {name: [] for name in ways}, {}
    for _round in range(ROUNDS):
        for name, way in ways.items():
            took, calls[name] = measure(runner, PING * (TASKS + 1), ["web"], *way)
            first[name].append(took[0])
            later[name] += took[1:]
    for name in pairs:
        note = f"API calls of a run: {show(calls[name, 'ours'])}; plain: {show(calls[name, 'plain'])}"
        hand_in(
            Row(f"ecs_ssh, a task, {name}", "s", later[name, "ours"], "plain ssh", later[name, "plain"], most=1.02, note=note),
            # No budget of its own: making the key, loading the SDK, and what the API takes.
            Row(f"ecs_ssh, the first task, {name}", "s", first[name, "ours"], "plain ssh", first[name, "plain"], judged="more"),
        )


def measure(runner: Runner, tasks: str, names: list[str], inventory: Path, variables: dict) -> tuple[list[float], dict[str, int]]:
    """Seconds of each task but the last, and the API calls of the run, which begins without any connection."""
    runner.hang_up()
    runner.control("DELETE", "requests")
    text = f"---\n- hosts: {','.join(names)}\n  gather_facts: false\n  tasks:\n{tasks}"
    log = runner.folder / "ansible.log"
    log.write_text("")
    run = runner.controller.playbook(text, inventory, extra_vars=variables, environment={**runner.environment(), "ANSIBLE_LOG_PATH": str(log)})
    assert run.returncode == 0, run.output
    starts = [time.mktime(time.strptime(line[:19], "%Y-%m-%d %H:%M:%S")) + int(line[20:23]) / 1000 for line in log.read_text().splitlines() if "TASK [" in line]
    assert len(run.results) == len(starts) * len(names), run.output
    return [after - before for before, after in zip(starts, starts[1:])], runner.calls(())


def show(calls: dict[str, int]) -> str:
    """API calls by action."""
    return ", ".join(f"{count} {action}" for action, count in sorted(calls.items())) or "none"


def through_tunnels(runner: Runner, key: lab_ssh.KeyFile) -> None:
    """Forty tasks with a loop and a file copy: three instances that nothing but Session Manager reaches, and three that ssh reaches."""
    (runner.folder / "payload").write_bytes(bytes(range(256)) * 200)
    plain = {"ansible_connection": "ssh", "ansible_ssh_private_key_file": str(key.path), "ansible_ssh_common_args": TRUSTING}
    ways = {
        "plain": (OPEN, runner.inventory(OPEN), plain),
        "tunnel": (HIDDEN, runner.inventory(HIDDEN), {"ecs_access_tunnel": "always"}),
    }
    took, copy, calls = {name: [] for name in ways}, {name: [] for name in ways}, {}
    for _round in range(TUNNEL_ROUNDS):
        for name, way in ways.items():
            seconds, calls[name] = measure(runner, LONG_PLAY, *way)
            copy[name].append(seconds[0])
            took[name] += seconds[1:]
    note = f"API calls of a run: {show(calls['tunnel'])}; plain: {show(calls['plain'])}"
    hand_in(
        Row("three tunnels, a task", "s", took["tunnel"], "plain ssh", took["plain"], note=note),
        # Key, session, and 51,200 bytes at the protocol's 24 KiB/s.
        Row("three tunnels, the first task, which copies a file", "s", copy["tunnel"], "plain ssh", copy["plain"], judged="more"),
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.TimeoutExpired:
        sys.exit("benchmark: it took too long")
