# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of the collection, called as people call them: with an empty home, an inventory of the cloud, and texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lab.controller import Controller, Run
from lab.fleet import Fleet
from lab.ssh import write_known_hosts

NAME = "alicloud.ecs_access."
STATE = "cat /etc/passwd /etc/shadow; find /root/.ssh /home /etc/ssh /etc/sudoers.d -type f -exec sha256sum {} +"


class Caller:
    """One account of the cloud, and somebody who calls playbooks on it."""

    def __init__(self, fleet: Fleet, folder: Path, controller: Controller) -> None:
        self.fleet, self.controller, self.home = fleet, controller, folder / "home"
        self.home.mkdir()
        self.inventory = folder / "my.ecs.yml"
        self.inventory.write_text("plugin: alicloud.ecs_access.ecs\nhostnames: [name]\n")

    def run(self, playbook: str, *options: str, inventory: Path | None = None, variables: Mapping[str, Any] | None = None, **environment: str) -> Run:
        # An empty home: ssh and Ansible know no host, and host keys are checked.
        full = {**self.fleet.environment(), "HOME": str(self.home), "COLUMNS": "80", **environment}
        return self.controller.playbook(playbook, inventory or self.inventory, extra_vars=variables, options=options, environment=full)

    def calls(self) -> dict[str, int]:
        """API calls since the last time, without those that only wait."""
        log = self.fleet.control("GET", "requests")
        self.fleet.control("DELETE", "requests")
        counts = {action: count for action, count in log["by_action"].items() if action != "DescribeInvocationResults"}
        # On a busy machine the inventory asks for a second page ahead of time.
        ahead = sum(one["action"] == "DescribeInstances" and one["parameters"].get("PageNumber", "1") != "1" for one in log["requests"])
        return {action: count - ahead * (action == "DescribeInstances") for action, count in counts.items()}

    def state(self, name: str) -> str:
        return self.fleet[name].exec(STATE, check=False)


def known_inventory(fleet: Fleet, folder: Path) -> tuple[Path, Path]:
    """An inventory of the cloud whose hosts are known and reached with nothing of the person's, and the file with their host keys."""
    inventory, known_hosts = folder / "my.ecs.yml", folder / "known_hosts"
    write_known_hosts(known_hosts, fleet)
    inventory.write_text(
        "plugin: alicloud.ecs_access.ecs\n"
        "hostnames: [name]\n"
        f"compose:\n  ansible_port: {next(iter(fleet)).ssh_port}\n"
        f"""  ansible_ssh_common_args: "'-F none -o IdentityAgent=none -o UserKnownHostsFile={known_hosts}'"\n"""
    )
    return inventory, known_hosts


def texts(variables: Mapping[str, str]) -> list[str]:
    """Variables as words of the command line; each value arrives as text."""
    return [word for name, value in variables.items() for word in ("-e", f"{name}='{value}'" if " " in value else f"{name}={value}")]


def table(run: Run) -> list[str]:
    """The last table of a run, with its notes."""
    lines = run.stdout.splitlines()
    start = [index for index, line in enumerate(lines) if re.match(r"  host +", line)][-1]
    return lines[start : lines.index("", start)]


def recap(run: Run) -> dict[str, bool]:
    """Host to whether it failed."""
    lines = run.stdout.partition("PLAY RECAP")[2].splitlines()[1:]
    found = [re.match(r"(\S+)\s*: ok=\d+ .*unreachable=(\d+)\s+failed=(\d+)", line) for line in lines]
    return {match[1]: (match[2], match[3]) != ("0", "0") for match in found if match}


def aliases(fleet: Fleet, name: str, hosts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Entries of an inventory: other names of one instance with a system."""
    real = {"ansible_host": fleet[name].ssh_host, "ansible_port": fleet[name].ssh_port, "ecs_instance_id": fleet.ids[name], "ecs_region": fleet.region}
    return {host: dict(real) for host in hosts}
