# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that finds the causes in the cloud that block logins to an instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_cloud import judge_cloud

DOCUMENTATION = r"""
name: ecs_login_findings
short_description: List cloud-side causes that block SSH to an instance
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Reads one instance as M(alicloud.ecs_access.ecs_instance_info) returns it, and returns findings of the form that
    M(alicloud.ecs_access.ssh_login_check) returns, about its status, addresses, security groups and Cloud Assistant.
options:
  _input:
    description: The instance.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: List what blocks SSH
  ansible.builtin.debug:
    msg: "{{ found.instances[0] | alicloud.ecs_access.ecs_login_findings }}"
  # => [{"cause": "instance_not_running", "severity": "blocks", "evidence": "i-bp1example is Stopped", "fix": "start it"}]
"""

RETURN = r"""
_value:
  description: The findings.
  type: list
  elements: dict
"""


def ecs_login_findings(instance: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The findings as dictionaries."""
    if not isinstance(instance, Mapping):
        raise AnsibleFilterError(f"ecs_login_findings takes an instance, a dictionary, not {type(instance).__name__}")
    return [finding.to_dict() for finding in judge_cloud(instance)]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"ecs_login_findings": ecs_login_findings}
