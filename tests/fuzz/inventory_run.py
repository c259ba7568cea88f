# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin in this process. Its options come from here, because its documentation can only be read where Ansible loads collections."""

from __future__ import annotations

import os
from typing import Any, Mapping
from unittest import mock

from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.alicloud.ecs_access.plugins.inventory import ecs
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_address, is_instance_id
from hostile import raw_characters

DEFAULTS = {
    "regions": [], "strict_regions": False, "filters": {}, "include_filters": [], "exclude_filters": [], "connect_with": ["public", "private"], "strict": False,
    "hostvars_prefix": "ecs_", "hostvars_suffix": "", "cache": False, "use_extra_vars": False, "leading_separator": True,
}  # fmt: skip
OPTIONS = {
    "hostnames": ["name", "tag:Name", "ecs_name ~ ecs_hostname"],
    "keyed_groups": [{"key": "ecs_tags", "prefix": "tag"}, {"key": "ecs_zone", "separator": ""}, {"key": "ecs_status", "prefix": "", "separator": ""}],
    "groups": {"described": "ecs_description"},
    "compose": {"composed": "ecs_name ~ ecs_description"},
}


class _Inventory(ecs.InventoryModule):
    def __init__(self) -> None:
        super().__init__()
        self.given: Mapping[str, Any] = OPTIONS

    def get_option(self, option: str, hostvars: Any = None) -> Any:
        return {**DEFAULTS, **self.given}.get(option)

    def _read_config_data(self, path: str) -> Any:
        self.templar = Templar(loader=self.loader)
        self._vars: dict[str, Any] = {}
        return {"plugin": self.NAME, **self.given}

    @property
    def option_definitions(self) -> Any:
        return {"plugin": {}, **DEFAULTS, **OPTIONS}


def read_inventory(folder: Any) -> InventoryData:
    """Hosts and groups; raises AnsibleError."""
    inventory = InventoryData()
    with mock.patch.object(ecs, "connection_loader", mock.Mock()):
        _Inventory().parse(inventory, DataLoader(), str(folder / "fuzz.ecs.yml"), cache=False)
    return inventory


def find_problems(inventory: InventoryData) -> list[str]:
    """Names that mean something else to Ansible, a file system or a terminal, and addresses that are none."""
    found = []
    for name, host in inventory.hosts.items():
        address = str(host.vars.get("ansible_host"))
        is_odd = raw_characters(name) or name.lower() in ("localhost", "all", "ungrouped", "127.0.0.1") or name in inventory.groups
        # Not where it begins and nowhere else.
        if is_odd or name[0] in "-@!&.~" or set(name) & set("/*?[]:\n") or not _stays(name) or not (is_address(address) or is_instance_id(address)):
            found.append(f"host {name!r} at {address!r}")
    found += [f"group {name!r}" for name in inventory.groups if raw_characters(name) or not _stays(name) or set(name) & set("/*?[]:\n") or name[:1] in "-@!&.~"]
    return found


def _stays(name: str) -> bool:
    return os.path.dirname(os.path.normpath(f"/x/host_vars/{name}.yml")) == "/x/host_vars"
