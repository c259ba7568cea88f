# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the SSH host keys of instances through Cloud Assistant."""

DOCUMENTATION = r"""
module: ecs_host_key_info
short_description: Read the SSH host keys of ECS instances through Cloud Assistant
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Reads the public host keys of any number of instances, without connecting to an address. Cloud Assistant runs a small script as
    root in each instance, and the cloud guarantees which instance an answer is from. So there is no need to compare fingerprints.
  - Only types and keys are taken from an instance's answer. An attacker with root rights in an instance can make it report other keys
    as its own, and nothing else. Markers, host patterns, certificates, unusual types and damaged keys are dropped and reported.
extends_documentation_fragment:
  - alicloud.ecs_access.ecs
  - alicloud.ecs_access.ecs_instances
  - alicloud.ecs_access.ecs_instances.command_timeout
  - alicloud.ecs_access.ecs_instances.fail_on
  - alicloud.ecs_access.attributes
  - alicloud.ecs_access.attributes.info
  - alicloud.ecs_access.attributes.actiongroup_ecs
attributes:
  check_mode:
    details: This module changes nothing. It runs its script in check mode too.
notes:
  - The RAM actions are C(ecs:DescribeInstances), C(ecs:DescribeCloudAssistantStatus), C(ecs:RunCommand) and
    C(ecs:DescribeInvocationResults).
seealso:
  - module: alicloud.ecs_access.ssh_client_config
"""

EXAMPLES = r"""
- name: Read the host keys of the web servers
  alicloud.ecs_access.ecs_host_key_info:
    region: eu-central-1
    instance_ids: [i-bp1aaaaaaaaaaaaaaaaa, i-bp1bbbbbbbbbbbbbbbbb]
  register: web

- name: Show the fingerprints
  ansible.builtin.debug:
    msg: "{{ item.host_keys | map(attribute='fingerprint') }}"
  loop: "{{ web.instances }}"
  loop_control:
    label: "{{ item.instance_id }}"
"""

RETURN = r"""
instances:
  description: One entry for each of O(instance_ids), in their order.
  returned: always, unless the task failed before an instance was looked at
  type: list
  elements: dict
  contains:
    instance_id:
      description: The id.
      type: str
      sample: i-bp1example
    host_keys:
      description: Its host keys.
      type: list
      elements: dict
      contains:
        type:
          description: The type, one of V(ssh-ed25519), V(ecdsa-sha2-nistp256), V(ecdsa-sha2-nistp384), V(ecdsa-sha2-nistp521)
            and V(ssh-rsa).
          type: str
          sample: ssh-ed25519
        key:
          description: The key in base64.
          type: str
          sample: AAAAC3Nza...
        fingerprint:
          description: What C(ssh) and C(ssh-keygen -l) show of it.
          type: str
          sample: SHA256:jXC5...
    dropped:
      description: Why lines of its answer were not taken.
      type: list
      elements: str
      sample: []
    failed:
      description: Whether no key could be read.
      type: bool
      sample: false
    msg:
      description: One sentence on what came of it.
      type: str
      sample: 3 host keys read
"""

from typing import Any, Dict, List

from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.host_keys import HostKeysReply, ask_host_keys
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.items import fails
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.module import CloudTask, EcsModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import COMMAND_TIMEOUT, FAIL_ON, INSTANCE_IDS
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import ModuleFailure


class HostKeyInfoModule:
    """Only looks."""

    def __init__(self, module: CloudTask) -> None:
        self._module = module
        self._params = module.params

    def run(self) -> Dict[str, Any]:
        self._module.check_range("command_timeout", 10, 3600)
        instance_ids = list(dict.fromkeys(self._params["instance_ids"]))
        replies = self._find_problems(instance_ids) if instance_ids else {}
        asked = [instance_id for instance_id in instance_ids if instance_id not in replies]
        if asked:
            replies.update(ask_host_keys(self._module.client, asked, self._params["command_timeout"]))
        result = {"changed": False, "instances": [_render(instance_id, replies[instance_id]) for instance_id in instance_ids]}
        self._judge(result)
        return result

    def _find_problems(self, instance_ids: List[str]) -> Dict[str, HostKeysReply]:
        """Those who cannot be asked, and why; RunCommand would refuse the others along with them."""
        client = self._module.client
        found = {instance.instance_id: instance for instance in client.describe_instances(instance_ids)}
        agents = client.describe_cloud_assistant_status([name for name, one in found.items() if one.is_running and not one.is_windows])
        problems = {}
        for instance_id in instance_ids:
            instance = found.get(instance_id)
            if instance is None:
                why = "there is no such instance in region %s" % client.region
            elif instance.is_windows:
                why = "it runs Windows"
            elif not instance.is_running:
                why = "it is %s, not Running" % instance.status
            elif not agents[instance_id].online:
                why = "its Cloud Assistant agent is not online"
            else:
                continue
            problems[instance_id] = HostKeysReply(why=why)
        return problems

    def _judge(self, result: Dict[str, Any]) -> None:
        entries = result["instances"]
        failed = [entry for entry in entries if entry["failed"]]
        if fails(len(failed), len(entries), self._params["fail_on"]):
            shown = "; ".join("%s: %s" % (entry["instance_id"], entry["msg"]) for entry in failed[:5])
            more = "; and so on" if len(failed) > 5 else ""
            raise ModuleFailure("the host keys of %d of %d instances could not be read: %s%s" % (len(failed), len(entries), shown, more), **result)


def _render(instance_id: str, reply: HostKeysReply) -> Dict[str, Any]:
    keys = reply.reading.keys
    msg = reply.why
    if not msg:
        msg = "%d host key%s read" % (len(keys), "" if len(keys) == 1 else "s")
    if reply.reading.dropped:
        msg += "; %d of its lines were dropped" % len(reply.reading.dropped)
    return {
        "instance_id": instance_id,
        "host_keys": [{"type": key.key_type, "key": key.base64, "fingerprint": key.fingerprint_sha256} for key in keys],
        "dropped": list(reply.reading.dropped),
        "failed": not keys,
        "msg": msg,
    }


def argument_spec() -> Dict[str, Any]:
    return dict(INSTANCE_IDS, **COMMAND_TIMEOUT, **FAIL_ON)


def look(task: CloudTask) -> Dict[str, Any]:
    """All that the module does."""
    return HostKeyInfoModule(task).run()


def main() -> None:
    EcsModule(argument_spec(), supports_check_mode=True).run(look)


if __name__ == "__main__":
    main()
