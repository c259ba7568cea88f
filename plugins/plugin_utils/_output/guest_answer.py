# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answer of a module on a host is data, and never an instruction to the controller.

A host under the control of an attacker can answer anything. Ansible acts on some keys of every answer: variables of the host (such as
its instance id), hosts and groups to add, statistics that one job gives to the next.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable_all

_ORDERS = ("ansible_facts", "ansible_stats", "add_host", "add_group")


def without_orders(result: dict[str, Any]) -> dict[str, Any]:
    """The answer without the keys that Ansible acts on, and with texts that a terminal can be shown: the module's own care is the host's to leave out."""
    try:
        return printable_all({key: value for key, value in result.items() if key not in _ORDERS})
    except RecursionError:
        return {"failed": True, "changed": False, "msg": "the answer of the host is nested too deeply to be read"}
