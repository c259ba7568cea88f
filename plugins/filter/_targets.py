# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for the key C(hosts) of the playbooks: a pattern that matches something, or a sentence."""

from __future__ import annotations

from typing import Any

from ansible import context
from ansible.errors import AnsibleFilterError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.utils.display import Display
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.targets import NOBODY, Request, no_hosts_named, nothing_left, read_pattern
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.variables import is_on, wrong_batches
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.parts import prepare
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.texts import help_text
from jinja2 import pass_context

DOCUMENTATION = r"""
name: _targets
short_description: Choose the hosts of a playbook of this collection
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - B(This filter is private to the collection.) Only its playbooks use it; it can change in any release.
  - Fails with one sentence if neither a pattern nor a limit is given, if no host is left, and if the hosts cannot be divided as was asked for.
  - If the variable C(ecs_access_help) is true, the help of the playbook is printed and no host is chosen.
positional: playbook
options:
  _input:
    description: The host pattern, empty if there is only a limit.
    type: raw
    required: true
  playbook:
    description: The name of the playbook.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Work on the chosen hosts
  hosts: "{{ ecs_access_hosts | default('') | alicloud.ecs_access._targets('onboard') }}"
  gather_facts: false
  tasks: []
"""

RETURN = r"""
_value:
  description: The host pattern.
  type: str
"""

_SHOWN: set[str] = set()


@pass_context
def targets(variables: Any, value: Any, playbook: str) -> str:
    """The pattern to use in C(hosts)."""
    arguments = context.CLIARGS
    if arguments.get("syntax"):
        return NOBODY
    try:
        if is_on(variables.get("ecs_access_help", False), "ecs_access_help"):
            _show_help(playbook)
            return NOBODY
        request = Request(playbook, read_pattern(value), str(arguments.get("subset") or ""))
    except ValueError as exc:
        raise AnsibleFilterError(str(exc)) from None
    if not request.pattern and not request.limit and playbook == "audit" and variables.get("ecs_access_merge"):
        # Parts are put together; there is nothing to ask.
        return "localhost"
    if not request.pattern and not request.limit:
        raise AnsibleFilterError(no_hosts_named(playbook))
    if arguments.get("start_at_task"):
        raise AnsibleFilterError(f"The playbook {playbook} cannot be started in the middle. Leave out --start-at-task; --tags chooses parts of it.")
    pattern = request.pattern or "all"
    problem = wrong_batches(variables) or _find_problem(request, pattern, variables.get("groups") or {})
    if problem:
        raise AnsibleFilterError(problem)
    prepare(playbook)
    return pattern


def _find_problem(request: Request, pattern: str, groups: dict[str, list[str]]) -> str:
    inventory = InventoryManager(loader=DataLoader(), parse=False)
    for group, hosts in groups.items():
        inventory.add_group(group)
        for host in hosts:
            inventory.add_host(host, group=group)
    every = [host.name for host in inventory.get_hosts(pattern)]
    inventory.subset(request.limit or None)
    if inventory.get_hosts(pattern):
        return ""
    names = [*groups, *inventory.hosts]
    return nothing_left(request, [name for name in names if name in groups], [name for name in names if name not in groups], every)


def _show_help(playbook: str) -> None:
    # The key is templated more than once.
    if playbook not in _SHOWN:
        _SHOWN.add(playbook)
        Display().display(help_text(playbook))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"_targets": targets}
