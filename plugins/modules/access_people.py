# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: access_people
short_description: Check a team file and print who may log in where
version_added: 1.0.0
description:
  - Reads the variables of the role C(ssh_users) for each host, as the role does, and prints a matrix of people and hosts. Hosts on which
    everybody has the same access share a column.
  - Reports everything that is wrong with the team at once, and fails then.
  - Runs on the controller and connects to nothing.
author:
  - The alicloud.ecs_access founders (@alicloud)
options:
  hosts:
    description: Inventory names.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    description: Prints the same matrix and changes nothing in either mode.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: alicloud.ecs_access.ssh_access
"""

EXAMPLES = r"""
- name: Show who may log in where
  alicloud.ecs_access.access_people:
    hosts: "{{ ansible_play_hosts_all }}"
  run_once: true
"""

RETURN = r"""
people:
  description: Names of all people of the team.
  returned: always
  type: list
  elements: str
columns:
  description: Hosts on which everybody has the same access.
  returned: always
  type: list
  elements: dict
  contains:
    hosts:
      description: Names of the hosts.
      returned: always
      type: list
      elements: str
    cells:
      description:
        - Access by the names of the people who have any. V(R) can become root, V(S) has some rights of sudo, V(L) can log in; with the last
          day, if there is one. V(locked), V(absent) and V(ended) have no access.
      returned: always
      type: dict
errors:
  description: What is wrong with the team, a sentence each.
  returned: always
  type: list
  elements: str
warnings_of_team:
  description: Rules that match no host.
  returned: always
  type: list
  elements: str
notes:
  description: People whose access has ended, and entries that change a person whom no list has.
  returned: always
  type: list
  elements: str
"""
