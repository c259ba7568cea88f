# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How costs grow, as processor seconds of a process: people of a team, lines of a key file, hosts, instances.

Each cost is the median of five processes. The exponent is that of what comes on top of the smallest size.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from _cloud import COLLECTIONS, emulator, run_module, run_python
from _table import Growth, hand_in

ROUNDS = 5
PEOPLE = (1, 50, 100, 250, 500)
LINES = (1, 1000, 2500, 5000, 10000)
INSTANCES = (1, 500, 1000, 2500, 5000)

# Keys that differ by number. None is a point of the curve, which nobody checks.
_START = r"""
import base64, sys
size = int(sys.argv[1])
def line(number):
    blob = (11).to_bytes(4, "big") + b"ssh-ed25519" + (32).to_bytes(4, "big") + number.to_bytes(32, "big")
    return "ssh-ed25519 " + base64.b64encode(blob).decode() + " key-%d" % number
"""
KEY_FILE = (
    _START
    + r"""
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import Revoked, WantedKey, parse_key_file, plan_key_file
lines = parse_key_file("".join(line(number) + "\n" for number in range(size)).encode())
wanted = [WantedKey(one.key) for one in lines]
assert len(wanted) == size and not plan_key_file(lines, wanted, True, Revoked()).changes
"""
)
TEAM = (
    _START
    + r"""
import datetime
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.answer import describe_people
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.source import TeamReader
variables = {
    "ssh_users_accounts": [{"name": "p%d" % number, "authorized_keys": [line(number)]} for number in range(size)],
    "ssh_users_access": [{"users": ["p%d" % number], "hosts": "all", "sudo": "nopasswd"} for number in range(size)],
    "inventory_hostname": "web-1", "group_names": [], "groups": {"all": ["web-1"]},
}
answer = describe_people(TeamReader().read(variables, lambda value, *_rest, **_more: value), variables, datetime.date(2026, 1, 1))
assert len(answer["present"]) == size
"""
)


def main() -> int:
    grow("people and rules of a team, judged for one host", "people", PEOPLE, lambda size: run_python("-c", TEAM, str(size)).cpu)
    grow("a key file, read and planned", "lines", LINES, lambda size: run_python("-c", KEY_FILE, str(size)).cpu)
    grow_instances()
    return 0


def grow(work: str, of: str, sizes: tuple[int, ...], cost: Callable[[int], float]) -> None:
    costs: dict[int, list[float]] = {size: [] for size in sizes}
    # By turns, so that a busy moment does not meet one size alone.
    for _turn in range(ROUNDS):
        for size in sizes:
            costs[size].append(cost(size))
    hand_in(Growth(work, "processor seconds", of, sizes, [statistics.median(costs[size]) for size in sizes]))


def grow_instances() -> None:
    """Modules and the inventory read as many instances as the filter of the name leaves of one fleet."""
    fleet = {"instances": [{"instance_id": f"i-{size}n", "name": f"of-{size}", "count": size, "tags": {"of": f"of-{size}"}} for size in INSTANCES]}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name, emulator(Path(name), fleet) as account:
        os.environ.update(account)
        grow("ecs_instance_info", "instances", INSTANCES, lambda size: run_module("ecs_instance_info", tags={"of": f"of-{size}"}).cpu)
        folder = Path(name)
        for size in INSTANCES:
            text = {"plugin": "alicloud.ecs_access.ecs", "filters": {"tags": {"of": f"of-{size}"}}}
            (folder / f"{size}.ecs.yml").write_text(json.dumps(text))
        grow("inventory", "instances", INSTANCES, lambda size: read_inventory(folder / f"{size}.ecs.yml", size))


READ_INVENTORY = """
import sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader([sys.argv[1]])
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
assert len(InventoryManager(DataLoader(), [sys.argv[2]]).hosts) == int(sys.argv[3])
"""


def read_inventory(path: Path, size: int) -> float:
    os.environ.update(ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS), ANSIBLE_CONFIG="")
    return run_python("-c", READ_INVENTORY, str(COLLECTIONS), str(path), str(size)).cpu


if __name__ == "__main__":
    sys.exit(main())
