# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook onboard with nothing to change, against a play that only pings the same hosts; and check_team on 2,000 hosts.

Many hosts are names of six real instances, since it is the controller's work that is measured: its processor time, with that of its
workers and of ssh, and the time that passes. Six are more than ansible-core works on at a time: two workers on one instance would wait
for each other, and start ssh_access twice. Both plays are run by turns.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "tests" / "emulator")]

import yaml
from _table import Row, hand_in
from lab import ssh as lab_ssh
from lab.controller import BIN, Controller
from lab.fleet import Fleet, running_fleet
from lab.verbs import aliases

HOSTS, ROUNDS = (10, 50, 200), 5
CHECKED, CHECKS = 2000, 5
NAMES = tuple(f"web-{number}" for number in range(1, 7))
FLEET = {"instances": [{"name": name, "backend": "container", "image": "debian12"} for name in NAMES]}
PING = [{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.ping": {}}]}]


class Cost(NamedTuple):
    """What one run of ansible-playbook took."""

    cpu: float
    wall: float


def main() -> int:
    sizes = [int(word) for word in sys.argv[1:]] or HOSTS
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        key = lab_ssh.make_key(folder, "controller")
        team = {"ssh_users_accounts": [{"name": "john", "sudo": "nopasswd", "authorized_keys": [lab_ssh.make_key(folder, "john").public]}]}
        (folder / "team.yml").write_text(yaml.safe_dump(team))
        (folder / "ping.yml").write_text(yaml.safe_dump(PING))
        with running_fleet(FLEET, folder / "fleet", key) as fleet:
            lab_ssh.write_known_hosts(folder / "known_hosts", fleet)
            controller = Controller(folder, key, folder / "known_hosts")
            environment = {**controller.environment(), **fleet.environment()}
            # No task's result is looked at.
            del environment["ANSIBLE_CALLBACKS_ENABLED"], environment["ANSIBLE_CALLBACK_PLUGINS"]
            for size in sizes:
                compare(folder, fleet, environment, size)
            controller.close()
        check(folder, environment)
    return 0


def compare(folder: Path, fleet: Fleet, environment: dict[str, str], size: int) -> None:
    inventory = folder / f"hosts-{size}.json"
    hosts: dict[str, Any] = {}
    for place, name in enumerate(NAMES):
        hosts.update(aliases(fleet, name, (f"host-{number:03}" for number in range(place, size, len(NAMES)))))
    common = {"ansible_user": "root", "ansible_ssh_private_key_file": str(folder / "controller"), "ansible_python_interpreter": "/usr/bin/python3"}
    common["ansible_ssh_common_args"] = "-F none -o IdentitiesOnly=yes -o IdentityAgent=none"
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}))
    ping = [str(folder / "ping.yml"), "-e", f"ansible_ssh_extra_args='-o UserKnownHostsFile={folder}/known_hosts'"]
    onboard = ["alicloud.ecs_access.onboard", "-e", f"@{folder}/team.yml", "-l", "all"]
    runs: dict[str, list[Cost]] = {"ping": [], "onboard": []}
    # The first run of each sets up, and opens connections.
    for turn in range(ROUNDS + 1):
        for name, words in (("ping", ping), ("onboard", onboard)):
            cost = measure(words, inventory, environment)
            runs[name] += [cost] if turn else []
    for what, said in (("cpu", "processor"), ("wall", "time")):
        mine, other = ([getattr(cost, what) for cost in runs[name]] for name in ("onboard", "ping"))
        hand_in(Row(f"onboard, nothing to change, {size} hosts: {said}", "s", mine, "ping play", other, most=2.5))


def measure(words: list[str], inventory: Path, environment: dict[str, str]) -> Cost:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [str(BIN / "ansible-playbook"), "-i", str(inventory), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"benchmark: ansible-playbook failed:\n{(done.stdout + done.stderr)[-3000:]}")
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall)


def check(folder: Path, environment: dict[str, str]) -> None:
    """60 people, 8 teams and 12 rules on 2,000 hosts in 40 groups."""
    lines = [f"h-{number:04} ansible_host=192.0.2.1 ecs_region=cn-hangzhou" for number in range(CHECKED)]
    for group in range(40):
        lines += [f"[g{group}]", *(f"h-{number:04}" for number in range(group % 20, CHECKED, 20 if group < 20 else 7))]
    (folder / "hosts.ini").write_text("\n".join(lines) + "\n")
    people = [f"p{number}" for number in range(60)]
    rules = [{"users": [f"t{number % 8}"], "hosts": f"g{number}:&g{number + 20}:!~h-.*9$", "sudo": "nopasswd"} for number in range(12)]
    team = {
        "ssh_users_accounts": [{"name": name, "authorized_keys": [lab_ssh.make_key(folder, name).public]} for name in people],
        "ssh_users_teams": {f"t{number}": people[number::8] for number in range(8)},
        "ssh_users_access": rules,
    }
    (folder / "many.yml").write_text(yaml.safe_dump(team))
    words = ["alicloud.ecs_access.check_team", "-e", f"@{folder}/many.yml", "-l", "all"]
    took = [measure(words, folder / "hosts.ini", dict(os.environ, **environment)).wall for _turn in range(CHECKS)]
    hand_in(Row(f"check_team, 60 people, 12 rules, {CHECKED} hosts", "s", took, judged="value", most=10))


if __name__ == "__main__":
    sys.exit(main())
