# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory of 5,000 instances: reading them, and reading them from the cache.

The floor of the first is pages x latency / concurrency, with the latency of one page as measured in the same run.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from _cloud import COLLECTIONS, emulator, seconds
from _table import Row, hand_in

INSTANCES = 5000
PAGES = INSTANCES // 100
LATENCY_MS = 1000
ROUNDS = 5

FLEET = {
    "timing": {"latency_ms": LATENCY_MS},
    "instances": [{"name": "node", "count": INSTANCES, "tags": {"role": "web", "env": "prod"}}],
}
INVENTORY = """
plugin: alicloud.ecs_access.ecs
keyed_groups:
  - key: ecs_tags
    prefix: tag
"""
CACHED = """
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: {folder}/cache
"""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        (folder / "bench.ecs.yml").write_text(INVENTORY, encoding="utf-8")
        (folder / "cached.ecs.yml").write_text(INVENTORY + CACHED.format(folder=folder), encoding="utf-8")
        with emulator(folder, FLEET) as account:
            os.environ.update(account, ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS), ANSIBLE_CONFIG="")
            measure(str(folder / "bench.ecs.yml"), str(folder / "cached.ecs.yml"))
    return 0


def measure(inventory: str, with_cache: str) -> None:
    """Read it again and again in one process, without and with the cache."""
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader([os.environ["ANSIBLE_COLLECTIONS_PATH"]])
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
    from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings

    # Loads the SDK too, so that its import counts neither for the floor nor against the plugin: "cold start" has a line of its own.
    settings = read_settings({})
    client = EcsClient(settings)
    pages = [seconds(lambda: client.call("DescribeInstances", {"PageNumber": 1, "PageSize": 100})) for _repeat in range(6)]
    latency = statistics.median(pages[1:])
    floor = PAGES * latency / settings.api_concurrency

    read = [seconds(lambda: expect(InventoryManager(DataLoader(), [inventory]))) for _turn in range(ROUNDS)]
    expect(InventoryManager(DataLoader(), [with_cache]))
    cached = [seconds(lambda: expect(InventoryManager(DataLoader(), [with_cache]))) for _turn in range(ROUNDS)]
    hand_in(
        Row(f"inventory of {INSTANCES} instances", "s", read, limit_name="pages x latency", limit=floor, most=1.3),
        Row("the same from the cache", "s", cached, judged="value", most=1),
    )


def expect(manager) -> None:
    """A benchmark of an inventory that failed would be fast."""
    assert len(manager.hosts) == INSTANCES, f"{len(manager.hosts)} hosts"
    assert len(manager.groups["tag_role_web"].get_hosts()) == INSTANCES


if __name__ == "__main__":
    sys.exit(main())
