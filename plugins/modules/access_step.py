# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: access_step
short_description: One step of a playbook of this collection
version_added: 1.0.0
description:
  - B(This module is private to the collection.) Only its playbooks use it; it can change in any release.
  - Runs on the controller. The step V(host) runs the modules of the collection on the host, and fails if the host was not done.
author:
  - The alicloud.ecs_access founders (@alicloud)
options:
  playbook:
    description: The playbook.
    type: str
    required: true
    choices: [adopt, audit, bind_key_pair, check_team, diagnose, leave, offboard, onboard, recover_access, rotate_key_pair, temporary_login]
  step:
    description: The step.
    type: str
    required: true
    choices: [check, cloud, ask, host, write, plan, bind, add, judge, follow, decide, prove, remove, delete, result, trouble, summary, matrix, verdict]
  chunk:
    description: The instances of the steps V(cloud), V(ask) and V(bind).
    type: dict
    default: {}
attributes:
  check_mode:
    description: Reports what would change without changing it.
    support: full
  diff_mode:
    description: Diffs are printed once for all hosts that have the same one.
    support: full
"""

EXAMPLES = r"""
- name: Show the summary
  alicloud.ecs_access.access_step:
    playbook: onboard
    step: summary
  run_once: true
"""

RETURN = r"""
msg:
  description: Why the host was not done, in short.
  returned: failure
  type: str
  sample: another key pair is bound
"""
