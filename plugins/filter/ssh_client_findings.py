# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that reads the output of C(ssh -v)."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_client import judge_client
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import KeyFormatError, parse_public_key

DOCUMENTATION = r"""
name: ssh_client_findings
short_description: Find the cause of a failed login in the output of ssh -v
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Reads what C(ssh -v) wrote to its standard error and returns findings of the form that M(alicloud.ecs_access.ssh_login_check) returns.
  - V(blocks) is a cause on the client, such as a key that was not offered. V(warns) is a sign of a cause elsewhere.
positional: status, public_key
options:
  _input:
    description: The standard error of C(ssh -v).
    type: str
    required: true
  status:
    description: The exit status of ssh. With V(0) there are no findings.
    type: int
    default: 255
  public_key:
    description: The key that should have been offered, one line.
    type: str
"""

EXAMPLES = r"""
- name: Show why the login failed
  ansible.builtin.debug:
    msg: "{{ attempt.stderr | alicloud.ecs_access.ssh_client_findings(attempt.rc) }}"
  # => [{"cause": "connection_refused", "severity": "warns", "evidence": "...", "fix": "..."}]
"""

RETURN = r"""
_value:
  description: The findings, at most one.
  type: list
  elements: dict
"""


def ssh_client_findings(log: str, status: int = 255, public_key: str | None = None) -> list[dict[str, Any]]:
    """The findings as dictionaries."""
    try:
        fingerprint = parse_public_key(public_key).fingerprint_sha256 if public_key else None
    except KeyFormatError as exc:
        raise AnsibleFilterError(str(exc)) from None
    return [finding.to_dict() for finding in judge_client(log, int(status), fingerprint)]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"ssh_client_findings": ssh_client_findings}
