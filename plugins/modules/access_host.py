# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: access_host
short_description: Manage the people of a host, and see whether sshd has to be changed for them
version_added: 1.0.0
description:
  - B(This module is private to the collection.) Only its playbook C(onboard) uses it; it can change in any release.
  - Does what M(alicloud.ecs_access.ssh_access) does, and then looks at sshd as M(alicloud.ecs_access.sshd_pubkey) does in check mode, in the same
    round trip. Nothing of sshd is changed, so where nothing has to be, one program has done all of the work on a host.
extends_documentation_fragment:
  - alicloud.ecs_access.attributes
  - alicloud.ecs_access.users
  - alicloud.ecs_access.users_record
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Keys appear as fingerprint and comment. Password hashes never appear.
  idempotent:
    support: full
  platform:
    platforms: posix
    details:
      - Linux with the shadow utilities.
options:
  sshd:
    description: Options of M(alicloud.ecs_access.sshd_pubkey).
    type: dict
    required: true
author:
  - The alicloud.ecs_access founders (@alicloud)
"""

EXAMPLES = r"""
- name: Give a person access where sshd accepts public keys
  alicloud.ecs_access.access_host:
    users:
      - name: john
        authorized_keys: [ssh-ed25519 AAAAC3Nza...hnC john@laptop]
    sshd:
      users: [john]
  become: true
"""

RETURN = r"""
access:
  description: The result of M(alicloud.ecs_access.ssh_access), failed or not.
  returned: always
  type: dict
  sample:
    changed: true
    actions: ["user john: add key SHA256:6ifxTZDhbMyvZDEUuHcIo6xSmnnG4Vs0YUsrLCbLVXI (john@laptop)"]
sshd:
  description: The result of M(alicloud.ecs_access.sshd_pubkey) in check mode; null where O(users) could not be managed.
  returned: always
  type: dict
  sample:
    changed: false
    actions: []
    warnings: []
"""

import os
from typing import Any, Dict, List

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import apply_task as access_task
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import options
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.session import find_session_user
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd import apply_task as sshd_task
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sockets import find_connection
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable


def find_session() -> Dict[str, Any]:
    """Who this run is logged in as and from where, as the processes that it descends from have it; empty where they do not."""
    user, connection = find_session_user(os.getpid()), find_connection()
    if user is None or connection is None:
        return {}
    return {"user": user, "address": connection.address, "local_address": connection.local_address, "local_port": connection.port}


def look_at_sshd(params: Dict[str, Any]) -> Dict[str, Any]:
    """What sshd_pubkey would do now."""
    controller = params.get("_controller") or {}
    if controller.get("over_ssh"):
        controller = dict(controller, session=find_session())
    validated = ArgumentSpecValidator(sshd_task.argument_spec()).validate(dict(params, _controller=controller))
    if validated.error_messages:
        return {"failed": True, "msg": printable("; ".join(validated.error_messages))}
    warnings: List[str] = []
    return dict(sshd_task.carry_out(validated.validated_parameters, True, warnings.append), warnings=warnings)


def carry_out(params: Dict[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Both results. Where people were not managed, or not in the end, sshd is not looked at."""
    params = dict(params)
    sshd = params.pop("sshd")
    access = access_task.carry_out(params, check_mode)
    settled = not (access.get("failed") or access.get("_waits"))
    return {"changed": bool(access.get("changed")), "access": access, "sshd": look_at_sshd(sshd) if settled else None}


def argument_spec() -> Dict[str, Any]:
    """Options of the module."""
    return dict(options.argument_spec(), sshd=dict(type="dict", required=True))


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    module.exit_json(**carry_out(module.params, module.check_mode))


if __name__ == "__main__":
    main()
