# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of cloud modules that do something to each of many instances."""


class ModuleDocFragment:
    """Which instances, how long a command may run in them, and when the task fails."""

    DOCUMENTATION = r"""
options:
  instance_ids:
    description:
      - The ids of the instances, any number. All must be in O(region).
      - With an empty list, nothing is done.
    type: list
    elements: str
    required: true
"""

    COMMAND_TIMEOUT = r"""
options:
  command_timeout:
    description: How many seconds the command may run in an instance, from 10 to 3600.
    type: int
    default: 60
"""

    FAIL_ON = r"""
options:
  fail_on:
    description:
      - Whether the task fails if V(any) instance failed, or V(all) of them; with V(never) the playbook decides.
      - In each case, the other instances are processed.
    type: str
    choices: [any, all, never]
    default: any
"""
