# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""25 users with 3 keys each and sudo on one host, over SSH: against one ping, and against the usual loops.

The loops are made of modules that come with ansible-core: user, file and lineinfile (for each key) and copy (for each sudo rule).
Everything is measured by turns within one play over one connection, so that a busy machine slows all of it down alike.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "tests" / "emulator")]

from _table import Row, hand_in
from lab import ssh as lab_ssh
from lab.controller import Controller
from lab.fleet import running_fleet

USERS, KEYS, ROUNDS = 25, 3, 7
LOOPS = 5
FLEET = {"instances": [{"name": "debian12", "backend": "container", "image": "debian12"}]}


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        controller_key = lab_ssh.make_key(folder, "controller")
        with running_fleet(FLEET, folder / "fleet", controller_key) as fleet:
            lab_ssh.write_known_hosts(folder / "known_hosts", fleet)
            controller = Controller(folder, controller_key, folder / "known_hosts")
            keys = [lab_ssh.make_key(folder, f"key{number}").public for number in range(USERS * KEYS)]
            run = controller.playbook(json.dumps(play(keys), indent=1), [fleet["debian12"]])
            controller.close()
    if run.returncode:
        print(run.output[-2000:])
        return 1
    seconds = measured(run.results)
    work = f"ssh_access, {USERS} users x {KEYS} keys x sudo, no change"
    hand_in(
        Row(work, "s", seconds["access"], "ping", seconds["ping"], most=2),
        Row(f"{work}, against loops", "s", seconds["access"], "user, file, lineinfile, copy", seconds["loops"], most=1 / 20),
    )
    return 0


def play(keys: list[str]) -> list[dict]:
    """Once with changes, then by turns: ping, ours; in the end the loops."""
    names = [f"person{number}" for number in range(USERS)]
    owned = [(name, key) for number, name in enumerate(names) for key in keys[number * KEYS : (number + 1) * KEYS]]
    access = {
        "alicloud.ecs_access.ssh_access": {
            "users": [{"name": name, "sudo": "nopasswd", "authorized_keys": [key for owner, key in owned if owner == name]} for name in names]
        }
    }
    loops = [
        {"ansible.builtin.user": {"name": "{{ item }}", "shell": "/bin/bash"}, "loop": names},
        {
            "ansible.builtin.file": {"path": "/home/{{ item }}/.ssh", "state": "directory", "owner": "{{ item }}", "mode": "0700"},
            "loop": names,
        },
        {
            "ansible.builtin.lineinfile": {"path": "/home/{{ item.0 }}/.ssh/authorized_keys", "line": "{{ item.1 }}"},
            "loop": [list(pair) for pair in owned],
        },
        {
            "ansible.builtin.copy": {
                "dest": "/etc/sudoers.d/95-alicloud-ecs-access-{{ item }}",
                "content": "{{ item }} ALL=(ALL) NOPASSWD: ALL\n",
                "mode": "0440",
                "validate": "visudo -cf %s",
            },
            "loop": names,
        },
    ]
    tasks = [access, *([mark("start"), {"ansible.builtin.ping": {}}, mark("ping"), access, mark("access")] * ROUNDS), *loops]
    tasks += [mark("start"), *([*loops, mark("loops")] * LOOPS)]
    return [{"hosts": "all", "gather_facts": False, "tasks": tasks}]


def mark(name: str) -> dict:
    """A task that notes the time on this side."""
    return {"name": name, "ansible.builtin.set_fact": {"clock": "{{ now().timestamp() }}"}}


def measured(results) -> dict[str, list[float]]:
    """Seconds between each mark and the one before it, by name."""
    seconds: dict[str, list[float]] = {}
    before = 0.0
    for entry in results:
        if entry.action.endswith("set_fact"):
            now = float(entry.result["ansible_facts"]["clock"])
            seconds.setdefault(entry.task, []).append(now - before)
            before = now
    return seconds


if __name__ == "__main__":
    sys.exit(main())
