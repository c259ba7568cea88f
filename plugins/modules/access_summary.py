# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: access_summary
short_description: Print one closing table of what each host came to
version_added: 1.0.0
description:
  - Collects what earlier tasks noted about each host and prints it as one table that a person can read.
  - Fails after printing when any row failed, so that a run in which something went wrong never ends with exit code 0.
  - Runs on the controller and connects to nothing.
author:
  - The alicloud.ecs_access founders (@alicloud)
options:
  title:
    description: The line above the table.
    type: str
    required: true
  hosts:
    description:
      - Inventory names, in the order in which they are to be shown.
      - A host of this list for which nothing was noted is shown as failed.
    type: list
    elements: str
    required: true
  outcome:
    description:
      - Name of the host variable that holds what was noted, a dictionary.
      - Its keys are column names; V(failed) and V(why) have a meaning of their own. A row with a true V(failed) makes the task fail.
    type: str
    default: ecs_access_outcome
  columns:
    description: Keys of O(outcome) to be shown between the host's name and the V(why) column.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Prints the same table and changes nothing in either mode.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: alicloud.ecs_access.ssh_access
"""

EXAMPLES = r"""
- name: Show what each host came to
  alicloud.ecs_access.access_summary:
    title: Team onboarded
    hosts: "{{ query('inventory_hostnames', 'web') }}"
    columns: [bound, live, login, sudo]
"""

RETURN = r"""
table:
  description: The lines of the table.
  returned: always
  type: list
  elements: str
failed_hosts:
  description: Names of the hosts whose row failed.
  returned: always
  type: list
  elements: str
"""
