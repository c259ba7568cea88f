# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bind key pairs to instances and put them into effect at once."""

DOCUMENTATION = r"""
module: ecs_attach_key_pair
short_description: Bind an ECS key pair to running instances without a reboot
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Binds a key pair to any number of instances, or unbinds it. With O(activation=live) the change takes effect in the running
    systems, so that the next login works (or is refused) without a reboot.
  - ECS itself only records the binding; the key is added to the system, or removed from it, at the next boot.
  - With O(activation=live) Cloud Assistant runs a small program as root in each instance. It adds the public key to the
    key file that the instance's sshd reads for the login user, with the correct owner and modes. It never changes
    the settings of sshd and needs no private key.
  - An instance is reported as live only if sshd would accept a login of the login user with this key. The check covers the settings
    that sshd applies to that user (C(sshd -T)), the account, the key's algorithm and who can write the files. If a login would
    be refused, the instance is left unbound and RV(instances[].msg) names the cause.
  - Each instance is handled on its own. A failure on one does not stop the others.
notes:
  - ECS records the binding before the key is added to the system, and the key is removed from the system before ECS removes the
    binding. If a run is interrupted, every key that works is one that ECS shows, and the next run continues from there.
  - Settings of sshd that depend on addresses (C(Match Address), C(AllowUsers user@host)) are evaluated for an address that
    no rule names.
  - Check mode runs the same program in the instances (RunCommand, as root); it then only reads.
  - "An instance has at most one bound key pair. ECS replaces it silently; this module only does so with
    O(replace_bound=true)."
  - The RAM actions are C(ecs:DescribeKeyPairs), C(ecs:DescribeInstances), C(ecs:AttachKeyPair) and C(ecs:DetachKeyPair), for
    O(activation=live) also C(ecs:DescribeCloudAssistantStatus), C(ecs:RunCommand) and C(ecs:DescribeInvocationResults), for
    O(activation=reboot) also C(ecs:RebootInstance).
extends_documentation_fragment:
  - alicloud.ecs_access.ecs
  - alicloud.ecs_access.ecs_instances
  - alicloud.ecs_access.ecs_instances.command_timeout
  - alicloud.ecs_access.ecs_instances.fail_on
  - alicloud.ecs_access.attributes
  - alicloud.ecs_access.attributes.actiongroup_ecs
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  key_pair_name:
    description: The name of the key pair. It must exist in the region of the instances.
    type: str
    required: true
  state:
    description:
      - With V(present) the key pair is bound.
      - With V(absent) it is unbound. With O(activation=live) exactly its key is also removed from the key files of
        O(login_users), even from instances where it was unbound before but still works.
    type: str
    choices: [present, absent]
    default: present
  activation:
    description:
      - V(live) puts the binding into effect in the running system through Cloud Assistant. The instance must be Running and its
        agent online, otherwise it is left unchanged.
      - V(reboot) reboots, as the vendor recommends. Each batch of O(reboot_batch_size) is bound, rebooted and waited for before the
        next one starts. Where the agent answers, the module checks whether the key works afterwards.
      - V(none) only changes the binding in ECS, for instances that are stopped or are rebooted by other means.
    type: str
    choices: [live, reboot, none]
    default: live
  replace_bound:
    description: Whether to replace another key pair that is bound to an instance. Otherwise such an instance fails.
    type: bool
    default: false
  previous_key:
    description:
      - What to do in the running system with the key of the key pair that O(replace_bound) replaces.
      - With V(keep) it works until the next boot, when ECS removes it.
      - With V(remove) it is removed in the same step that adds the new key. Only for O(activation=live).
    type: str
    choices: [keep, remove]
    default: keep
  login_users:
    description:
      - The accounts in the instance that log in with the key.
      - V(auto) is the image's default user, C(root) or C(ecs-user), as reported by ECS or found in the instance.
    type: list
    elements: str
    default: [auto]
  allow_lockout:
    description:
      - Whether O(state=absent) may remove the last login with root rights.
      - Another login remains if sshd accepts a user who can become root (root itself, or a user with all commands in sudo) with
        another key in their own key file, or with a password where passwords are accepted. Keys from AuthorizedKeysCommand,
        certificates and the console are not counted.
    type: bool
    default: false
  reboot_batch_size:
    description:
      - How many instances O(activation=reboot) reboots at the same time.
      - If one does not come back, the remaining instances are left unchanged and listed.
    type: int
    default: 1
  reboot_timeout:
    description: How many seconds to wait for a batch to come back, from 10 to 3600.
    type: int
    default: 300
seealso:
  - module: alicloud.ecs_access.ecs_key_pair
  - module: alicloud.ecs_access.ecs_instance_info
  - module: alicloud.ecs_access.sshd_pubkey
"""

EXAMPLES = r"""
- name: Add the team's key to the web servers, effective at once
  alicloud.ecs_access.ecs_attach_key_pair:
    region: cn-hangzhou
    key_pair_name: team
    instance_ids: "{{ groups['web'] | map('extract', hostvars, 'ecs_instance_id') | list }}"

- name: Rotate the key pair without losing access
  alicloud.ecs_access.ecs_attach_key_pair:
    region: cn-hangzhou
    key_pair_name: team-2027
    instance_ids: [i-bp1aaaaaaaaaaaaaaaaa, i-bp1bbbbbbbbbbbbbbbbb]
    replace_bound: true
    previous_key: remove

- name: Bind stopped instances; the key works after their next start
  alicloud.ecs_access.ecs_attach_key_pair:
    region: cn-hangzhou
    key_pair_name: team
    instance_ids: [i-bp1ccccccccccccccccc]
    activation: none

- name: Remove the bootstrap key once the users have their own keys
  alicloud.ecs_access.ecs_attach_key_pair:
    region: cn-hangzhou
    key_pair_name: bootstrap
    instance_ids: [i-bp1aaaaaaaaaaaaaaaaa]
    state: absent
    login_users: [auto, deploy]
"""

RETURN = r"""
instances:
  description: One entry for each of O(instance_ids), in their order. In check mode, the expected state.
  returned: always, unless the task failed before an instance was looked at
  type: list
  elements: dict
  contains:
    instance_id:
      description: The id.
      type: str
      returned: always
      sample: i-bp1example
    name:
      description: The instance's name; V(null) if ECS does not know the instance in this region.
      type: str
      returned: always
      sample: web-1
    bound:
      description: Whether O(key_pair_name) is bound to it.
      type: bool
      returned: always
      sample: true
    bound_key_pair:
      description: The name of the key pair that is bound to it, or V(null).
      type: str
      returned: always
      sample: team
    live:
      description:
        - Whether every login user can log in with the key now. After O(state=absent), whether any of them still can.
        - V(null) if the system was not checked.
      type: bool
      returned: always
      sample: true
    pending_at_reboot:
      description:
        - What ECS will still change at the next boot for the image's default user. A list of V(key_added),
          V(key_removed), V(previous_key_removed), V(password_login_off) and V(password_login_on).
        - V(null) if it is not known.
      type: list
      elements: str
      returned: always
      sample: [password_login_off]
    changed:
      description: Whether something was changed.
      type: bool
      returned: always
      sample: true
    failed:
      description: Whether the task failed for this instance.
      type: bool
      returned: always
      sample: false
    reason:
      description:
        - The cause, as a fixed word for programs. One of V(unknown_instance), V(other_region), V(windows), V(not_running), V(agent_missing),
          V(agent_offline), V(other_pair_bound), V(login_refused), V(last_way_in), V(guest), V(api), V(not_back) and
          V(not_reached).
        - V(null) unless RV(instances[].failed).
      type: str
      returned: always
      sample: null
    msg:
      description: The result in one sentence.
      type: str
      returned: always
      sample: team is bound and works for root
    login_users:
      description: The accounts that were checked.
      type: list
      elements: str
      returned: always
      sample: [root]
    done:
      description: What was done to key files, as C(account:\ what).
      type: list
      elements: str
      returned: always
      sample: ["root: key added to /root/.ssh/authorized_keys"]
    failure:
      description: The error of the API, if that was the cause.
      type: dict
      returned: when RV(instances[].reason) is V(api)
      sample:
        action: AttachKeyPair
        code: InvalidInstance.NotFound
        message: the instance does not exist
        request_id: 0C2F4A1E
        hint: Check the instance id and the region.
actions:
  description:
    - What was done, in order. One entry for each kind of step with the instances it was done to.
    - The steps are V(bind), V(unbind), V(guest) (files in the system) and V(reboot).
  returned: always, unless the task failed before an instance was looked at
  type: list
  elements: dict
  contains:
    action:
      description: The step.
      type: str
      sample: bind
    instance_ids:
      description: The instances.
      type: list
      elements: str
      sample: [i-bp1example]
"""

from typing import Any, Dict, Optional

from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding import plan as model
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.apply import Binder
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.ask import Questions
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.item import BoundItem, render_result
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.look import BindingLook
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.items import Actions, conclude, open_items
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.module import EcsModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import COMMAND_TIMEOUT, FAIL_ON, INSTANCE_IDS
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import ModuleFailure
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import check_user_name


class AttachModule:
    """Look at all instances, plan each, apply step by step over all of them."""

    def __init__(self, module: EcsModule) -> None:
        params = module.params
        self._module = module
        self._params = params
        self._wanted = model.Wanted(
            params["key_pair_name"],
            params["state"],
            params["activation"],
            params["replace_bound"],
            params["previous_key"],
            params["allow_lockout"],
        )
        self._items = [BoundItem(instance_id) for instance_id in dict.fromkeys(params["instance_ids"])]
        self._actions = Actions()

    def run(self) -> Dict[str, Any]:
        self._check_arguments()
        if self._items:
            questions = self._look()
            for item in open_items(self._items):
                item.steps = model.plan_steps(item.instance, item.guest, self._wanted)
            self._apply(Binder(self._module.client, self._wanted, questions, self._actions))
        return conclude(self._items, self._params["fail_on"], render_result(self._items, self._actions, self._wanted))

    def _check_arguments(self) -> None:
        self._module.check_range("reboot_batch_size", 1, 100)
        self._module.check_range("reboot_timeout", 10, 3600)
        self._module.check_range("command_timeout", 10, 3600)
        if not self._params["login_users"]:
            raise ModuleFailure("login_users is empty; name at least one account, or auto")
        for name in self._params["login_users"]:
            check_user_name(name)
        if self._wanted.previous_key == "remove" and not (self._wanted.is_live and self._wanted.is_present):
            raise ModuleFailure("previous_key=remove is only possible with state=present and activation=live")

    def _look(self) -> Optional[Questions]:
        look = BindingLook(self._module.client, self._wanted, self._items)
        questions = look.look(self._params["login_users"], self._params["command_timeout"])
        if questions is None and self._wanted.asks_guests:
            # Unbinding a key pair that no longer exists: nothing can be bound to it, and nobody knows its key.
            self._module.warn("There is no key pair %s, so its key could not be looked for in the instances." % self._wanted.key_pair_name)
        return questions

    def _apply(self, binder: Binder) -> None:
        todo = [item for item in open_items(self._items) if item.steps.any]
        if self._module.check_mode:
            binder.predict(todo)
        elif self._wanted.activation == "reboot":
            binder.apply_and_reboot(todo, self._params["reboot_batch_size"], self._params["reboot_timeout"])
        else:
            binder.apply(todo)


def argument_spec() -> Dict[str, Any]:
    return dict(
        INSTANCE_IDS,
        key_pair_name={"type": "str", "required": True, "no_log": False},
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        activation={"type": "str", "choices": ["live", "reboot", "none"], "default": "live"},
        replace_bound={"type": "bool", "default": False},
        previous_key={"type": "str", "choices": ["keep", "remove"], "default": "keep", "no_log": False},
        login_users={"type": "list", "elements": "str", "default": ["auto"]},
        allow_lockout={"type": "bool", "default": False},
        reboot_batch_size={"type": "int", "default": 1},
        reboot_timeout={"type": "int", "default": 300},
        **COMMAND_TIMEOUT,
        **FAIL_ON,
    )


def main() -> None:
    EcsModule(argument_spec(), supports_check_mode=True).run(lambda ecs: AttachModule(ecs).run())


if __name__ == "__main__":
    main()
