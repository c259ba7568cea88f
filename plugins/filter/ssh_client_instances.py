# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that describes inventory hosts for the SSH client."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: ssh_client_instances
short_description: Inventory hosts as instances for the SSH client
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Turns names of inventory hosts into what the options O(alicloud.ecs_access.ssh_client_config#module:instances) takes, with the
    C(region) of each in addition.
  - Hosts without C(ecs_instance_id) are not ECS instances and are left out.
positional: hostvars
options:
  _input:
    description: Names of inventory hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variable C(hostvars).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show how ssh would reach the web servers
  ansible.builtin.debug:
    msg: "{{ groups['web'] | alicloud.ecs_access.ssh_client_instances(hostvars) }}"
  # => [{"instance_id": "i-bp1example", "region": "cn-hangzhou", "names": ["web-1"], "address": "203.0.113.10", "port": 22,
  #      "user": "root", "identity_file": null}]
"""

RETURN = r"""
_value:
  description: One entry for each instance, in the order of the hosts.
  type: list
  elements: dict
"""


def ssh_client_instances(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each host that is an instance; the first host counts when several stand for one instance."""
    if isinstance(hosts, (str, Mapping)) or not isinstance(hosts, Iterable):
        raise AnsibleFilterError("ssh_client_instances takes a list of host names")
    found: dict[str, dict[str, Any]] = {}
    for host in hosts:
        if host not in hostvars:
            raise AnsibleFilterError(f"there is no host {host} in the inventory")
        variables = hostvars[host]
        instance_id = variables.get("ecs_instance_id")
        if not instance_id:
            continue
        entry = found.setdefault(instance_id, _render(instance_id, variables))
        entry["names"] += [name for name in (host, variables.get("ecs_name")) if name and name not in entry["names"]]
    return list(found.values())


def _render(instance_id: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    address = _first(variables, "ansible_ssh_host", "ansible_host")
    return {
        "instance_id": instance_id,
        "region": variables.get("ecs_region"),
        "names": [],
        # The inventory gives the id where there is no address.
        "address": "" if address in (None, instance_id) else address,
        "port": int(_first(variables, "ansible_ssh_port", "ansible_port") or 22),
        "user": _first(variables, "ansible_ssh_user", "ansible_user", "ecs_login_user") or "",
        "identity_file": _first(variables, "ansible_ssh_private_key_file", "ansible_private_key_file"),
    }


def _first(variables: Mapping[str, Any], *names: str) -> Any:
    return next((variables[name] for name in names if variables.get(name)), None)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"ssh_client_instances": ssh_client_instances}
