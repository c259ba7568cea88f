# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: ssh_access_info
short_description: List who can log in to this host, with which keys, and who can become root
version_added: 1.0.0
description:
  - Reads the accounts of a host, the keys that sshd accepts for each, other ways to log in (passwords, certificate authorities, commands
    that serve keys, the bound key pair of ECS), rights to become root, private keys, and when keys were last used. Changes nothing.
  - Programs decide. sshd is asked what it applies to each account, sudo for its rules, and key files are read with the rights of the account.
  - Whatever could not be read is listed in C(unread), with the reason. It is never taken for empty.
  - M(alicloud.ecs_access.ecs_ssh_access_info) reads the same from many instances through Cloud Assistant, without SSH. The results
    of both are equal except for C(via).
author:
  - The alicloud.ecs_access founders (@alicloud)
options:
  instance_id:
    description: The id of the instance, for the result. Needed with O(dest).
    type: str
  name:
    description: The name of the instance, for the result.
    type: str
  region:
    description: The region of the instance, for the result.
    type: str
extends_documentation_fragment:
  - alicloud.ecs_access.access_info
attributes:
  check_mode:
    description: Does the same in either mode, because it changes nothing but the files in O(dest).
    support: full
  diff_mode:
    description: The module changes nothing, so there is nothing to compare.
    support: none
  platform:
    description: Linux with OpenSSH's server.
    support: full
    platforms: posix
notes:
  - Needs root.
seealso:
  - module: alicloud.ecs_access.ecs_ssh_access_info
  - module: alicloud.ecs_access.ssh_login_check
"""

EXAMPLES = r"""
- name: See who can log in
  alicloud.ecs_access.ssh_access_info:
    instance_id: "{{ ecs_instance_id }}"
  become: true
  register: access

- name: Show the accounts that can become root without a password
  ansible.builtin.debug:
    msg: "{{ access.instances[0].root | selectattr('nopasswd') | map(attribute='account') | unique }}"
"""

RETURN = r"""
instances:
  description: One entry, for this host. See M(alicloud.ecs_access.ecs_ssh_access_info) for what it has.
  returned: when O(return_instances=true)
  type: list
  elements: dict
  sample: [{"instance_id": "i-bp1example", "seen": true, "accounts": [{"name": "anna", "uid": 1000, "state": "open"}]}]
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.host import Identity
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.host_files import opened_dest, write_host
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.look import look_at_host
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import check_instance_id
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable_all


def read_access(params: Dict[str, Any], check_mode: bool) -> Dict[str, Any]:
    """The result of the module."""
    if params["instance_id"] is not None:
        check_instance_id(params["instance_id"])
    host = look_at_host(Identity(params["instance_id"], params["name"], params["region"]))
    if params["dest"] is not None and not check_mode:
        with opened_dest(params["dest"]) as folder:
            write_host(folder, host)
    return {"changed": False, "instances": [host]} if params["return_instances"] else {"changed": False}


def argument_spec() -> Dict[str, Any]:
    """The options."""
    return {
        "instance_id": {"type": "str"},
        "name": {"type": "str"},
        "region": {"type": "str"},
        "dest": {"type": "path"},
        "return_instances": {"type": "bool", "default": True},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True, required_by={"dest": ["instance_id"]})
    try:
        result = read_access(module.params, module.check_mode)
    except AccessError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(**printable_all(result))


if __name__ == "__main__":
    main()
