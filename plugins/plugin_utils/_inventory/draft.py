# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for Ansible's inventory while groups and composed variables are worked out.

Ansible keeps hosts and groups in one name space: setting a variable of a host that is called like a group sets it for the
whole group. So hosts go by their instance ids here, which no group name can equal, and get their names when it is known which
groups there will be.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.utils.vars import combine_vars

from .names import find_group_problem


class DraftHost:
    """As much of a host as Ansible's own code asks for."""

    def __init__(self, name: str, facts: dict[str, t.Any]) -> None:
        self.name = name
        self.facts = facts
        self.composed: dict[str, t.Any] = {}

    def get_vars(self) -> dict[str, t.Any]:
        return {**self.facts, **self.composed, "inventory_hostname": self.name}


class InventoryDraft:
    """As much of C(InventoryData) as C(Constructable) uses. Order is kept."""

    def __init__(self) -> None:
        self.hosts: dict[str, DraftHost] = {}
        self.members: dict[str, dict[str, None]] = {}
        self.children: dict[str, dict[str, None]] = {}

    def start_host(self, instance_id: str, name: str, facts: dict[str, t.Any]) -> None:
        self.hosts[instance_id] = DraftHost(name, facts)

    def get_host(self, instance_id: str) -> DraftHost:
        return self.hosts[instance_id]

    def set_variable(self, instance_id: str, name: str, value: t.Any) -> None:
        self.hosts[instance_id].composed[name] = value

    def add_group(self, group: str) -> str:
        self.members.setdefault(group, {})
        return group

    def add_host(self, instance_id: str, group: str) -> None:
        self.members[group][instance_id] = None

    def add_child(self, group: str, child: str) -> None:
        if child in self.hosts:
            self.add_host(child, group)
        elif child != group:
            self.children.setdefault(group, {})[child] = None

    def drop_groups(self, taken: t.Collection[str]) -> list[str]:
        """Leave out those that patterns would take for a host, I(taken) among them; returns sentences about them."""
        warnings = []
        for group in {**self.members, **self.children}:
            problem = find_group_problem(group, taken)
            if problem:
                warnings.append(f"The group {group!r} is left out: {problem}")
                self._drop_group(group)
        return warnings

    def _drop_group(self, group: str) -> None:
        self.members.pop(group, None)
        self.children.pop(group, None)
        for children in self.children.values():
            children.pop(group, None)

    def apply(self, inventory: t.Any, names: t.Mapping[str, str]) -> list[str]:
        """Make the hosts and groups of Ansible's inventory; returns sentences about what could not be made."""
        warnings = []
        for instance_id, host in self.hosts.items():
            name = inventory.add_host(names[instance_id])
            # At once: one by one, thousands of hosts would take seconds. Facts need nothing of what set_variable does.
            real = inventory.hosts[name]
            real.vars = combine_vars(real.vars, host.facts)
            for variable, value in host.composed.items():
                inventory.set_variable(name, variable, value)
        for group, members in self.members.items():
            inventory.add_group(group)
            for instance_id in members:
                inventory.add_child(group, names[instance_id])
        for group, children in self.children.items():
            inventory.add_group(group)
            for child in children:
                try:
                    inventory.add_child(group, child)
                except AnsibleError as exc:
                    # A tag can make any group name, also one that contains the parent.
                    warnings.append(f"group {child} is not made a child of {group}: {exc}")
        return warnings
