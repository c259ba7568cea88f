# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: access_summary
short_description: Print a summary table with the outcome of each host
version_added: 1.0.0
description:
  - Collects the outcome that earlier tasks recorded for each host and prints one table.
  - Fails after printing if any row failed, so that a run with a failed host never ends with exit code 0.
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
      - Inventory names, in the order of the table.
      - A host of this list without a recorded outcome is shown as failed.
    type: list
    elements: str
    required: true
  outcome:
    description:
      - Name of the host variable with the outcome, a dictionary.
      - Its keys are column names. V(why) is always the last column. A row with a true V(failed) makes the task fail.
    type: str
    default: ecs_access_outcome
  columns:
    description: Keys of O(outcome) to show between the host's name and the V(why) column.
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
- name: Show the summary
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
