# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List who can log in to instances and become root, through Cloud Assistant."""

DOCUMENTATION = r"""
module: ecs_ssh_access_info
short_description: List who can log in to ECS instances, with which keys, and who can become root
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Reads from any number of instances, without SSH, what M(alicloud.ecs_access.ssh_access_info) reads from one - accounts, keys, other ways
    to log in, rights to become root, private keys and last use. Cloud Assistant runs three small scripts as root in each instance. They
    change nothing and use no key bytes, password hashes or real names.
  - An output of Cloud Assistant is limited to 24 KiB. What does not fit is read with further commands in that instance alone.
  - An instance that gives no answer has RV(instances[].seen=false) and the reason in RV(instances[].why). All others are finished.
extends_documentation_fragment:
  - alicloud.ecs_access.ecs
  - alicloud.ecs_access.ecs_instances
  - alicloud.ecs_access.ecs_instances.command_timeout
  - alicloud.ecs_access.ecs_instances.fail_on
  - alicloud.ecs_access.access_info
  - alicloud.ecs_access.attributes
  - alicloud.ecs_access.attributes.info
  - alicloud.ecs_access.attributes.actiongroup_ecs
options:
  daily_quota:
    description:
      - How many commands of Cloud Assistant the account may run in a day, see Quota Center. The API does not show it.
      - The run is refused if it needs more than half of it, because other tasks need commands too. Each command in each instance counts as one.
    type: int
    default: 5000
  exceed_half_quota:
    description: Run even if more than half of O(daily_quota) is needed.
    type: bool
    default: false
  cost_only:
    description: Only return RV(cost), without a call to the API.
    type: bool
    default: false
attributes:
  check_mode:
    details: This module changes nothing. It runs its scripts in check mode too, and writes no files.
notes:
  - The RAM actions are C(ecs:DescribeInstances), C(ecs:DescribeCloudAssistantStatus), C(ecs:RunCommand) and
    C(ecs:DescribeInvocationResults).
  - Scripts and outputs stay in the history of Cloud Assistant for up to a month, for whoever may read it.
seealso:
  - module: alicloud.ecs_access.ssh_access_info
"""

EXAMPLES = r"""
- name: See who can log in to the web servers
  alicloud.ecs_access.ecs_ssh_access_info:
    region: eu-central-1
    instance_ids: [i-bp1aaaaaaaaaaaaaaaaa, i-bp1bbbbbbbbbbbbbbbbb]
  register: access

- name: Read a whole region into files
  alicloud.ecs_access.ecs_ssh_access_info:
    region: eu-central-1
    instance_ids: "{{ all.instances | map(attribute='instance_id') }}"
    dest: "{{ lookup('env', 'HOME') }}/audit"
    return_instances: false
    daily_quota: 50000
    fail_on: never
"""

RETURN = r"""
cost:
  description: What the run needs at least, known before it starts.
  returned: always, except for wrong options and errors of the API
  type: dict
  contains:
    calls:
      description: Calls of RunCommand.
      type: int
      sample: 3
    executions:
      description: Commands in instances.
      type: int
      sample: 6
    daily_quota:
      description: As given.
      type: int
      sample: 5000
  sample: {"calls": 3, "executions": 6, "daily_quota": 5000}
seen:
  description: How many instances answered.
  returned: when O(cost_only=false)
  type: int
  sample: 2
failed_instances:
  description: The instances that gave no answer.
  returned: when O(cost_only=false)
  type: list
  elements: dict
  contains:
    instance_id:
      description: The id.
      type: str
      sample: i-bp1other
    why:
      description: The reason.
      type: str
      sample: it is not running
  sample: []
instances:
  description: One entry for each of O(instance_ids), in their order.
  returned: when O(cost_only=false) and O(return_instances=true)
  type: list
  elements: dict
  contains:
    schema:
      description: The form of the entry, C(alicloud.ecs_access/host/1).
      type: str
      sample: alicloud.ecs_access/host/1
    instance_id:
      description: The id.
      type: str
      sample: i-bp1example
    name:
      description: The name of the instance; V(null) if ECS does not know it in this region.
      type: str
      sample: web-1
    region:
      description: The region.
      type: str
      sample: cn-hangzhou
    via:
      description: How it was read, V(assistant) or V(ssh).
      type: str
      sample: assistant
    seen:
      description: Whether it answered. If not, all lists are empty.
      type: bool
      sample: true
    why:
      description: Why it did not answer; V(null) if it did.
      type: str
      sample: ""
    accounts:
      description: The accounts of the host.
      type: list
      elements: dict
      contains:
        name:
          description: The name.
          type: str
          sample: john
        uid:
          description: The user id.
          type: int
          sample: 1001
        shell:
          description: The shell.
          type: str
          sample: /bin/bash
        home:
          description: The home directory.
          type: str
          sample: /home/john
        state:
          description:
            - V(open), V(locked), V(expired) or V(nologin). A locked password alone does not make an account V(locked), because keys still work,
              unless C(UsePAM) is C(no).
          type: str
          sample: open
        password:
          description: V(set), V(locked) (there is one, behind a lock) or V(none).
          type: str
          sample: none
        expires:
          description: The first day on which the account has expired; V(null) if it does not expire.
          type: str
          sample: "2027-01-31"
        system:
          description: Whether its user id is below C(UID_MIN), or that of C(nobody).
          type: bool
          sample: false
        record:
          description: What M(alicloud.ecs_access.ssh_access) recorded, with C(owner), C(since) and C(keys) (fingerprints); V(null) if nothing.
          type: dict
          sample: {owner: default, since: "2026-01-31T09:30:00Z", keys: ["SHA256:6ifx..."]}
    login_methods:
      description: Ways to log in, whether they work or not.
      type: list
      elements: dict
      contains:
        account:
          description: The account.
          type: str
          sample: john
        kind:
          description: V(key), V(command), V(certificate_authority), V(password) or V(bound_pair).
          type: str
          sample: key
        fingerprint:
          description: The SHA256 fingerprint of the key.
          type: str
          sample: SHA256:6ifx...
        type:
          description: The type of the key.
          type: str
          sample: ssh-ed25519
        bits:
          description: The size of the key.
          type: int
          sample: 256
        comment:
          description: The comment of the key.
          type: str
          sample: john@laptop
        options:
          description: The options of the key.
          type: list
          elements: str
          sample: []
        source:
          description: The file and line, or a description.
          type: str
          sample: /home/john/.ssh/authorized_keys:1
        effective:
          description: V(yes), V(no) or V(unknown).
          type: str
          sample: "yes"
        why:
          description: Why it is not V(yes).
          type: str
          sample: ""
        last_used:
          description: When it was last used, in UTC; V(null) if no log shows it.
          type: str
          sample: "2026-01-31T09:30:00Z"
    root:
      description: Who can become root.
      type: list
      elements: dict
      contains:
        account:
          description: The account.
          type: str
          sample: john
        by:
          description: The file and line of the rule, C(group NAME), or C(direct) for user id 0.
          type: str
          sample: /etc/sudoers.d/95-alicloud-ecs-access-john:1
        nopasswd:
          description: Whether no password is asked for.
          type: bool
          sample: true
        commands:
          description: The commands that are allowed, or not (with C(!)). Empty for all.
          type: list
          elements: str
          sample: []
    private_keys:
      description: Private keys in C(~/.ssh), C(/etc/ssh) (except host keys) and C(/root).
      type: list
      elements: dict
      contains:
        path:
          description: The file.
          type: str
          sample: /home/john/.ssh/id_ed25519
        account:
          description: Whose home it is in.
          type: str
          sample: john
        fingerprint:
          description: The fingerprint, if it could be read.
          type: str
          sample: SHA256:jXC5...
        encrypted:
          description: Whether it has a passphrase; null if that is not known.
          type: bool
          sample: true
    sshd:
      description: Settings of sshd, C(ports), C(permit_root_login), C(password_authentication), C(authorized_keys_files), C(authorized_keys_command)
        and C(trusted_user_ca_keys). V(null) if it did not answer.
      type: dict
      sample: {ports: [22], permit_root_login: prohibit-password}
    at_next_boot:
      description: What the next boot will change, as sentences.
      type: list
      elements: str
      sample: []
    unread:
      description: What could not be read (C(what)), and C(why).
      type: list
      elements: dict
      sample: []
    log_since:
      description: How far back the logs of logins reach, in UTC; V(null) if that is not known.
      type: str
      sample: "2026-01-01T00:00:00Z"
"""

from typing import Any, Dict, Iterator, List, Tuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.ask import BATCH, CHAPTERS, ask_hosts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.host import Host, Identity, unseen_host
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.host_files import opened_dest, write_host
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.items import fails
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.module import EcsModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import COMMAND_TIMEOUT, FAIL_ON, INSTANCE_IDS
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import ModuleFailure
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import check_instance_id


class AccessInfoModule:
    """Only looks."""

    def __init__(self, module: EcsModule) -> None:
        self._module = module
        self._params = module.params
        self._failure: Dict[str, Any] = {}
        self._ids = list(dict.fromkeys(check_instance_id(instance_id) for instance_id in self._params["instance_ids"]))

    def run(self) -> Dict[str, Any]:
        self._module.check_range("command_timeout", 10, 3600)
        self._module.check_range("daily_quota", 1, 10**9)
        cost = {
            "calls": -(-len(self._ids) // BATCH) * len(CHAPTERS),
            "executions": len(self._ids) * len(CHAPTERS),
            "daily_quota": self._params["daily_quota"],
        }
        result: Dict[str, Any] = {"changed": False, "cost": cost}
        if self._params["cost_only"]:
            return result
        if cost["executions"] * 2 > cost["daily_quota"] and not self._params["exceed_half_quota"]:
            text = "%(executions)d commands in instances (%(calls)d calls) are needed, more than half of the daily quota of %(daily_quota)d" % cost
            raise ModuleFailure("%s; give the account's daily_quota, fewer instances, or exceed_half_quota" % text, **result)
        if self._params["dest"] is not None and not self._module.check_mode:
            with opened_dest(self._params["dest"]) as folder:
                return self._read(result, folder)
        return self._read(result, -1)

    def _read(self, result: Dict[str, Any], folder: int) -> Dict[str, Any]:
        failed: Dict[str, str] = {}
        kept: Dict[str, Host] = {}
        for host in self._hosts() if self._ids else ():
            if folder >= 0:
                write_host(folder, host)
            if self._params["return_instances"]:
                kept[host["instance_id"]] = host
            if not host["seen"]:
                failed[host["instance_id"]] = host["why"]
        result.update(self._failure)
        result["seen"] = len(self._ids) - len(failed)
        result["failed_instances"] = [{"instance_id": name, "why": failed[name]} for name in self._ids if name in failed]
        if self._params["return_instances"]:
            result["instances"] = [kept[name] for name in self._ids]
        if fails(len(failed), len(self._ids), self._params["fail_on"]):
            shown = "; ".join("%(instance_id)s: %(why)s" % entry for entry in result["failed_instances"][:5])
            more = "; and so on" if len(failed) > 5 else ""
            raise ModuleFailure("%d of %d instances could not be read: %s%s" % (len(failed), len(self._ids), shown, more), **result)
        return result

    def _hosts(self) -> Iterator[Host]:
        """One by one, so that only those of a few calls are in memory, and others are asked while one is judged."""
        client = self._module.client
        identities: Dict[str, Identity] = {name: Identity(name, None, client.region) for name in self._ids}
        try:
            identities, problems = self._find_problems()
        except EcsError as exc:
            # A region that cannot be asked is an audit's result, too.
            self._failure = {"failure": exc.to_dict()}
            problems = dict.fromkeys(self._ids, exc.text)
        for instance_id, why in problems.items():
            yield unseen_host(identities[instance_id], "assistant", why)
        asked = [instance_id for instance_id in self._ids if instance_id not in problems]
        batches = [asked[start : start + BATCH] for start in range(0, len(asked), BATCH)]
        for readers in client.one_by_one(lambda ids: ask_hosts(client, ids, self._params["command_timeout"]), batches):
            for instance_id, reader in readers.items():
                yield reader.host(identities[instance_id])

    def _find_problems(self) -> Tuple[Dict[str, Identity], Dict[str, str]]:
        """Who the instances are, and which of them cannot be asked: RunCommand would refuse the others along with them."""
        client = self._module.client
        found = {instance.instance_id: instance for instance in client.describe_instances(self._ids)}
        agents = client.describe_cloud_assistant_status(_askable(found.values()))
        identities, problems = {}, {}
        for instance_id in self._ids:
            instance = found.get(instance_id)
            identities[instance_id] = Identity(instance_id, instance.name if instance else None, client.region)
            if instance is None:
                problems[instance_id] = "there is no such instance in region %s" % client.region
            elif instance.is_windows:
                problems[instance_id] = "it runs Windows"
            elif not instance.is_running:
                problems[instance_id] = "it is %s, not Running" % instance.status
            elif not agents[instance_id].online:
                problems[instance_id] = "its Cloud Assistant agent is not online"
        return identities, problems


def _askable(instances: Any) -> List[str]:
    return [one.instance_id for one in instances if one.is_running and not one.is_windows]


def argument_spec() -> Dict[str, Any]:
    own: Dict[str, Any] = {
        "dest": {"type": "path"},
        "return_instances": {"type": "bool", "default": True},
        "daily_quota": {"type": "int", "default": 5000},
        "exceed_half_quota": {"type": "bool", "default": False},
        "cost_only": {"type": "bool", "default": False},
    }
    return dict(INSTANCE_IDS, **COMMAND_TIMEOUT, **FAIL_ON, **own)


def main() -> None:
    EcsModule(argument_spec(), supports_check_mode=True).run(lambda ecs: AccessInfoModule(ecs).run())


if __name__ == "__main__":
    main()
