# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List instances with the details that matter for logins."""

DOCUMENTATION = r"""
module: ecs_instance_info
short_description: List ECS instances with the details that matter for logins
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Lists the instances of a region, all of them or those that match every given option, with their addresses, the image's
    default user, the bound key pair and the state of Cloud Assistant.
  - With O(source_address) it also reports whether the security groups allow that address to reach the SSH port.
extends_documentation_fragment:
  - alicloud.ecs_access.ecs
  - alicloud.ecs_access.attributes
  - alicloud.ecs_access.attributes.info
  - alicloud.ecs_access.attributes.actiongroup_ecs
options:
  instance_ids:
    description: The ids of the instances, any number. Ids that do not exist are named in RV(missing_instance_ids).
    type: list
    elements: str
  names:
    description: The names of the instances. V(*) stands for any text.
    type: list
    elements: str
  tags:
    description: Tags that the instances must have, all of them.
    type: dict
  key_pair_name:
    description: The key pair that the instances must be bound to.
    type: str
  status:
    description: The status that the instances must have.
    type: str
    choices: [Pending, Starting, Running, Stopping, Stopped]
  resource_group_id:
    description: The resource group of the instances.
    type: str
  include_cloud_assistant:
    description: Whether to query the state of Cloud Assistant. Needs the RAM action C(ecs:DescribeCloudAssistantStatus).
    type: bool
    default: true
  source_address:
    description:
      - An address that SSH connections come from, usually the controller's as the instances see it.
      - If given, RV(instances[].ssh_reachable) reports whether the security groups allow it. Needs the RAM action
        C(ecs:DescribeSecurityGroupAttribute).
    type: str
  ssh_port:
    description: The port that is checked for O(source_address).
    type: int
    default: 22
seealso:
  - plugin: alicloud.ecs_access.ecs
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Find web servers that SSH cannot reach from here
  alicloud.ecs_access.ecs_instance_info:
    region: eu-central-1
    tags:
      role: web
    status: Running
    source_address: 198.51.100.7
  register: web

- name: Show their names and the cause
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.ssh_reachable_reason }}"
  loop: "{{ web.instances | rejectattr('ssh_reachable') }}"
  loop_control:
    label: "{{ item.instance_id }}"
"""

RETURN = r"""
instances:
  description: The instances.
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: The id.
      type: str
      sample: i-bp1example
    name:
      description: The name.
      type: str
      sample: web-1
    hostname:
      description: The host name that the instance was given.
      type: str
      sample: web-1
    region:
      description: The region.
      type: str
      sample: eu-central-1
    zone:
      description: The zone.
      type: str
      sample: eu-central-1a
    status:
      description: The status.
      type: str
      sample: Running
    os_type:
      description: V(linux) or V(windows).
      type: str
      sample: linux
    os_name:
      description: The operating system.
      type: str
      sample: Debian 12.11 64-bit
    image_id:
      description: The image.
      type: str
      sample: debian_12_11_x64_20G_alibase_20260101.vhd
    login_user:
      description: The user that gets the key pair on this image, V(root) or V(ecs-user). Empty on Windows.
      type: str
      sample: root
    key_pair_name:
      description: The bound key pair, or empty.
      type: str
      sample: deploy
    public_ip:
      description: The first public address, or empty.
      type: str
      sample: 203.0.113.10
    public_ips:
      description: All public addresses, an elastic one included.
      type: list
      elements: str
      sample: [203.0.113.10]
    private_ip:
      description: The first private address, or empty.
      type: str
      sample: 192.0.2.10
    private_ips:
      description: All private addresses.
      type: list
      elements: str
      sample: [192.0.2.10]
    ipv6_ips:
      description: All IPv6 addresses.
      type: list
      elements: str
      sample: []
    vpc_id:
      description: The VPC.
      type: str
      sample: vpc-bp1example
    security_group_ids:
      description: The security groups.
      type: list
      elements: str
      sample: [sg-bp1example]
    resource_group_id:
      description: The resource group.
      type: str
      sample: rg-aek2example
    tags:
      description: The tags.
      type: dict
      sample: {role: web}
    cloud_assistant:
      description: The Cloud Assistant agent.
      returned: when O(include_cloud_assistant=true)
      type: dict
      contains:
        installed:
          description: Whether it has ever reported.
          type: bool
          sample: true
        online:
          description: Whether it has reported in the last two minutes.
          type: bool
          sample: true
        version:
          description: Its version, or empty.
          type: str
          sample: 2.2.3.578
    ssh_reachable:
      description:
        - Whether O(source_address) can reach O(ssh_port), judged by the security groups and the addresses. V(null) if
          it depends on a rule that names a security group or a prefix list. Firewalls in the guest are not checked.
      returned: when O(source_address) is given
      type: bool
      sample: true
    ssh_reachable_reason:
      description: Why.
      returned: when O(source_address) is given
      type: str
      sample: allowed by a rule of sg-bp1example
missing_instance_ids:
  description: Those of O(instance_ids) that do not exist in this region or do not match the other options.
  returned: success
  type: list
  elements: str
  sample: []
"""

import ipaddress
from typing import Any, Dict, Optional

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.module import CloudTask, EcsModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.security_group import Verdict, judge_access
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.tags import normalize_tags
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import ModuleFailure
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import shorten


class InstanceInfoModule:
    """Reads only."""

    def __init__(self, module: CloudTask) -> None:
        self._module = module
        self._params = module.params

    def run(self) -> Dict[str, Any]:
        self._check()
        instances = self._find()
        if self._params["include_cloud_assistant"]:
            self._add_assistant(instances)
        if self._params["source_address"]:
            self._add_reachability(instances)
        missing = [instance_id for instance_id in dict.fromkeys(self._params["instance_ids"] or []) if instance_id not in instances]
        return {"changed": False, "instances": list(instances.values()), "missing_instance_ids": missing}

    def _check(self) -> None:
        port, source = self._params["ssh_port"], self._params["source_address"]
        if not 1 <= port <= 65535:
            raise ModuleFailure("ssh_port must be from 1 to 65535, not %d" % port)
        if source:
            try:
                ipaddress.ip_address(source)
            except ValueError:
                raise ModuleFailure("source_address %r is not one IPv4 or IPv6 address" % source) from None

    def _find(self) -> Dict[str, Dict[str, Any]]:
        """What is shown of each instance, by its id."""
        params = self._params
        filters = {
            "KeyPairName": params["key_pair_name"],
            "Status": params["status"],
            "ResourceGroupId": params["resource_group_id"],
        }
        found = {}
        for name in dict.fromkeys(params["names"] if params["names"] is not None else [None]):
            instances = self._module.client.describe_instances(params["instance_ids"], tags=normalize_tags(params["tags"]), InstanceName=name, **filters)
            found.update({instance.instance_id: instance.to_dict() for instance in instances})
        return found

    def _add_assistant(self, instances: Dict[str, Dict[str, Any]]) -> None:
        agents = self._module.client.describe_cloud_assistant_status(list(instances))
        for instance_id, shown in instances.items():
            shown["cloud_assistant"] = agents[instance_id].to_dict()

    def _add_reachability(self, instances: Dict[str, Dict[str, Any]]) -> None:
        ids = dict.fromkeys(group for instance in instances.values() for group in instance["security_group_ids"])
        groups = {group: self._read_group(group) for group in ids}
        for instance in instances.values():
            unknown = [group for group in instance["security_group_ids"] if groups[group] is None]
            verdict = Verdict(None, "there is no security group %s in this region" % shorten(unknown[0], 64)) if unknown else self._judge(instance, groups)
            instance["ssh_reachable"] = verdict.allowed
            instance["ssh_reachable_reason"] = verdict.reason

    def _read_group(self, group_id: str) -> Optional[Dict[str, Any]]:
        """The group with its rules; None where the API does not know the group that it named itself."""
        try:
            return self._module.client.describe_security_group_attribute(group_id)
        except EcsError as error:
            if error.is_not_found:
                return None
            raise

    def _judge(self, instance: Dict[str, Any], groups: Dict[str, Any]) -> Verdict:
        source = self._params["source_address"]
        address = ipaddress.ip_address(source)
        addresses = instance["ipv6_ips"] if address.version == 6 else instance["public_ips"]
        if address.is_global and not addresses:
            return Verdict(False, "it has no public address that %s could reach" % source)
        return judge_access([groups[group] for group in instance["security_group_ids"]], source, self._params["ssh_port"])


def argument_spec() -> Dict[str, Any]:
    return dict(
        instance_ids={"type": "list", "elements": "str"},
        names={"type": "list", "elements": "str"},
        tags={"type": "dict"},
        key_pair_name={"type": "str"},
        status={"type": "str", "choices": ["Pending", "Starting", "Running", "Stopping", "Stopped"]},
        resource_group_id={"type": "str"},
        include_cloud_assistant={"type": "bool", "default": True},
        source_address={"type": "str"},
        ssh_port={"type": "int", "default": 22},
    )


def look(task: CloudTask) -> Dict[str, Any]:
    """All that the module does."""
    return InstanceInfoModule(task).run()


def main() -> None:
    EcsModule(argument_spec(), supports_check_mode=True).run(look)


if __name__ == "__main__":
    main()
