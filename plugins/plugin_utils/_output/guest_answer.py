# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module on a host answers is a report, and no order to the controller.

A host that somebody else rules can answer whatever it likes. Ansible takes some keys of any answer for more than a report:
variables of the host (which instance it is, say), hosts and groups to add, statistics that a job hands to the next one.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from typing import Any

_ORDERS = ("ansible_facts", "ansible_stats", "add_host", "add_group")


def without_orders(result: dict[str, Any]) -> dict[str, Any]:
    """The answer without the keys by which Ansible would be told to do something."""
    return {key: value for key, value in result.items() if key not in _ORDERS}
