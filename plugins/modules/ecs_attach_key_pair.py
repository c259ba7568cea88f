# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bind key pairs to instances and make them work there at once."""

DOCUMENTATION = r"""
module: ecs_attach_key_pair
short_description: Bind an ECS key pair to running instances without a reboot
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Binds a key pair to any number of instances, or unbinds it, and with O(activation=live) makes that true in the running
    systems, so that the very next login works (or is refused). Nothing reboots.
  - ECS alone only writes the binding down; the key comes into the system, or leaves it, at the next boot.
  - With O(activation=live) Cloud Assistant runs a small program as root in each instance. It puts the public key into the
    key file that the instance's sshd really reads for the login user, with the right owner and modes. It never touches
    the settings of sshd and needs no private key.
  - An instance is called live only if sshd would let the login user in with this key. It looks at the settings that
    sshd applies to that user (C(sshd -T)), the account, the key's algorithm and who may write the files. Where something
    is in the way the instance is left unbound and the item says what.
  - Each instance is judged on its own. One that can't be done does not keep the others from being done.
notes:
  - Binding is written down in ECS before the key comes into the system, and the key leaves the system before ECS forgets the
    binding. When a run breaks off in between, the key that works is always one that ECS shows, and the next run goes on.
  - What the settings of sshd say about addresses (C(Match Address), C(AllowUsers user@host)) is judged for an address that
    no rule names.
  - Check mode runs the same program in the instances (RunCommand, as root); it then only reads.
  - "An instance has at most one bound key pair. ECS replaces it without a word; this module only does so with
    O(replace_bound=true)."
  - The RAM actions are C(ecs:DescribeKeyPairs), C(ecs:DescribeInstances), C(ecs:AttachKeyPair) and C(ecs:DetachKeyPair), for
    O(activation=live) also C(ecs:DescribeCloudAssistantStatus), C(ecs:RunCommand) and C(ecs:DescribeInvocationResults), for
    O(activation=reboot) also C(ecs:RebootInstance).
extends_documentation_fragment:
  - alicloud.ecs_access.ecs
  - alicloud.ecs_access.attributes
  - alicloud.ecs_access.attributes.actiongroup_ecs
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    platforms: posix
options:
  key_pair_name:
    description: The name of the key pair. It must exist in the region of the instances.
    type: str
    required: true
  instance_ids:
    description:
      - The ids of the instances, any number. All are of O(region).
      - An empty list is no error; nothing is done.
    type: list
    elements: str
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
      - V(live) makes the binding true in the running system through Cloud Assistant. The instance must be Running and its
        agent online, otherwise it is left as it is.
      - V(reboot) reboots, the vendor's way. Each batch of O(reboot_batch_size) is bound, rebooted and waited for before the
        next one is touched. Where the agent answers, the module checks whether the key came to work.
      - V(none) only changes the binding in ECS, for instances that are stopped or will be rebooted by someone else.
    type: str
    choices: [live, reboot, none]
    default: live
  replace_bound:
    description: Whether another key pair that is bound to an instance may be replaced. Otherwise such an instance fails.
    type: bool
    default: false
  previous_key:
    description:
      - What becomes of the key of the key pair that O(replace_bound) replaces, in the running system.
      - With V(keep) it goes on working until the next boot, when the vendor's injection removes it.
      - With V(remove) it is removed in the same moment in which the new key comes. Only for O(activation=live).
    type: str
    choices: [keep, remove]
    default: keep
  login_users:
    description:
      - The accounts in the instance that log in with the key.
      - V(auto) is the image's own user, C(root) or C(ecs-user), as ECS tells it or as found in the instance.
    type: list
    elements: str
    default: [auto]
  allow_lockout:
    description:
      - Whether O(state=absent) may take the last way in.
      - There is another way in if sshd lets someone who may become root (root itself, or all commands with sudo) log in with
        another key of their own, or with a password where passwords are accepted. Keys from AuthorizedKeysCommand,
        certificates and the console are not counted.
    type: bool
    default: false
  reboot_batch_size:
    description:
      - How many instances O(activation=reboot) reboots at the same time.
      - If one does not come back, the rest is left as it is and listed.
    type: int
    default: 1
  reboot_timeout:
    description: How many seconds to wait for a batch to come back, from 10 to 3600.
    type: int
    default: 300
  command_timeout:
    description: How many seconds the program may run in an instance, from 10 to 3600.
    type: int
    default: 60
  fail_on:
    description:
      - Whether the task fails if V(any) instance, or V(all) of them, could not be done; V(never) leaves that to the playbook.
      - What could be done is done in each case.
    type: str
    choices: [any, all, never]
    default: any
seealso:
  - module: alicloud.ecs_access.ecs_key_pair
  - module: alicloud.ecs_access.ecs_instance_info
  - module: alicloud.ecs_access.sshd_pubkey
"""

EXAMPLES = r"""
- name: Let the team's key into the web servers, now
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

- name: Bind at the next start, the instances are stopped
  alicloud.ecs_access.ecs_attach_key_pair:
    region: cn-hangzhou
    key_pair_name: team
    instance_ids: [i-bp1ccccccccccccccccc]
    activation: none

- name: Take the bootstrap key away, people have keys of their own now
  alicloud.ecs_access.ecs_attach_key_pair:
    region: cn-hangzhou
    key_pair_name: bootstrap
    instance_ids: [i-bp1aaaaaaaaaaaaaaaaa]
    state: absent
    login_users: [auto, deploy]
"""

RETURN = r"""
instances:
  description: One entry for each of O(instance_ids), in their order. In check mode, how it would be.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id:
      description: The id.
      type: str
      returned: always
    name:
      description: The instance's name; V(null) if ECS does not know the instance in this region.
      type: str
      returned: always
    bound:
      description: Whether O(key_pair_name) is bound to it.
      type: bool
      returned: always
    bound_key_pair:
      description: The name of the key pair that is bound to it, or V(null).
      type: str
      returned: always
    live:
      description:
        - Whether every login user is let in with the key now. After O(state=absent), whether one still is.
        - V(null) if the system was not asked.
      type: bool
      returned: always
    pending_at_reboot:
      description:
        - What the vendor's injection will still change at the next boot, for the image's own user. A list of V(key_added),
          V(key_removed), V(previous_key_removed), V(password_login_off) and V(password_login_on).
        - V(null) if it is not known.
      type: list
      elements: str
      returned: always
    changed:
      description: Whether something was changed.
      type: bool
      returned: always
    failed:
      description: Whether it could not be done.
      type: bool
      returned: always
    reason:
      description:
        - Why not, for programs. One of V(unknown_instance), V(other_region), V(windows), V(not_running), V(agent_missing),
          V(agent_offline), V(other_pair_bound), V(login_refused), V(last_way_in), V(guest), V(api), V(not_back) and
          V(not_reached).
        - V(null) unless RV(instances[].failed).
      type: str
      returned: always
    msg:
      description: One sentence on what became of it.
      type: str
      returned: always
    login_users:
      description: The accounts that were looked at.
      type: list
      elements: str
      returned: always
    done:
      description: What was done to key files, as C(account:\ what).
      type: list
      elements: str
      returned: always
    failure:
      description: The refusal of the API, if that was the reason.
      type: dict
      returned: when RV(instances[].reason) is V(api)
actions:
  description:
    - What was done, in order. One entry for each kind of step with the instances it was done to.
    - The steps are V(bind), V(unbind), V(guest) (files in the system) and V(reboot).
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: The step.
      type: str
    instance_ids:
      description: The instances.
      type: list
      elements: str
"""

import time
from typing import Any, Dict, List, Optional

from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.reboot import Rebooter
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding import plan as model
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.ask import Answer, Questions
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.item import Item, render_result
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError, is_about_one_instance
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.module import EcsModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import ModuleFailure
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import check_user_name
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import KeyFormatError, PublicKey, parse_public_key


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
        self._items = [Item(instance_id) for instance_id in dict.fromkeys(params["instance_ids"])]
        self._actions: Dict[str, List[str]] = {}
        self._questions: Optional[Questions] = None
        """None when the guests can't be asked: no key, or they shall not be."""

    @property
    def _client(self) -> EcsClient:
        return self._module.client

    def run(self) -> Dict[str, Any]:
        self._check_arguments()
        if self._items:
            self._look()
            for item in self._open_items():
                item.steps = model.plan_steps(item.instance, item.guest, self._wanted)
            if self._module.check_mode:
                self._predict()
            elif self._wanted.activation == "reboot":
                self._apply_reboot()
            else:
                self._apply([item for item in self._open_items() if item.steps.any])
        return self._result()

    # -- look -----------------------------------------------------------------------------------------------------

    def _check_arguments(self) -> None:
        for name, low, high in (("reboot_batch_size", 1, 100), ("reboot_timeout", 10, 3600), ("command_timeout", 10, 3600)):
            if not low <= self._params[name] <= high:
                raise ModuleFailure("%s is %d; it can be from %d to %d" % (name, self._params[name], low, high))
        if not self._params["login_users"]:
            raise ModuleFailure("login_users is empty; name at least one account, or auto")
        for name in self._params["login_users"]:
            check_user_name(name)
        if self._wanted.previous_key == "remove" and (self._wanted.activation != "live" or not self._wanted.is_present):
            raise ModuleFailure("previous_key=remove is only possible with state=present and activation=live")

    def _look(self) -> None:
        self._read_key_pair()
        self._read_instances()
        if self._wanted.activation == "none":
            return
        if self._questions is None:
            # Unbinding a key pair that no longer exists: nothing can be bound to it, and nobody knows its key.
            self._module.warn("There is no key pair %s, so its key could not be looked for in the instances." % self._wanted.key_pair_name)
            return
        self._read_guests(self._questions, self._find_agents(self._open_items()))

    def _read_key_pair(self) -> None:
        name = self._wanted.key_pair_name
        pair = self._client.find_key_pair(name, include_public_key=self._wanted.activation != "none")
        if pair is None:
            if self._wanted.is_present:
                raise ModuleFailure("there is no key pair %s in region %s" % (name, self._client.region))
            return
        key = self._parse_key(pair) if self._wanted.activation != "none" else None
        if key is not None:
            users, timeout = self._params["login_users"], self._params["command_timeout"]
            self._questions = Questions(self._client, self._wanted, key, users, timeout)

    def _parse_key(self, pair: Dict[str, Any]) -> Optional[PublicKey]:
        name = pair["KeyPairName"]
        try:
            return parse_public_key(pair.get("PublicKey") or "", "the public key of key pair %s" % name)
        except KeyFormatError as exc:
            if self._wanted.activation == "live":
                raise ModuleFailure("%s; ECS did not give a usable one. Use activation=reboot or none" % exc)
            return None

    def _read_instances(self) -> None:
        instances = self._client.describe_instances(self._ids(self._items), read=model.read_instance)
        found = {instance.instance_id: instance for instance in instances}
        for item in self._items:
            if item.instance_id in found:
                item.meet(found[item.instance_id], self._wanted)
                item.stop(model.find_problem(found[item.instance_id], self._wanted))
        missing = [item for item in self._items if item.instance_id not in found]
        elsewhere = self._find_regions(self._ids(missing)) if missing else {}
        for item in missing:
            region = elsewhere.get(item.instance_id)
            item.stop(
                model.Problem("other_region", "it is in region %s, not in %s; run for that region" % (region, self._client.region))
                if region
                else model.Problem("unknown_instance", "there is no such instance in region %s" % self._client.region)
            )

    def _find_regions(self, instance_ids: List[str]) -> Dict[str, str]:
        """Where those are that are not here. Only a hint, so what can't be found out is left out."""
        try:
            regions = [entry.get("RegionId") for entry in self._client.describe_regions()]
        except EcsError:
            return {}
        found: Dict[str, str] = {}
        for region in regions:
            if region and region != self._client.region and len(found) < len(instance_ids):
                try:
                    client = self._client.in_region(region)
                    found.update((raw["InstanceId"], region) for raw in client.describe_instances(instance_ids))
                except EcsError:
                    continue
        return found

    def _find_agents(self, items: List[Item]) -> List[Item]:
        """Those whose guest can be asked; for O(activation=live) the others can't be done."""
        is_live = self._wanted.activation == "live"
        running = [item for item in items if item.instance.status == "Running"]
        try:
            statuses = self._client.describe_cloud_assistant_status(self._ids(running))
        except EcsError:
            if is_live:
                raise
            return []
        known = {status.get("InstanceId"): status for status in statuses}
        asked = []
        for item in running:
            problem = model.find_agent_problem(known.get(item.instance_id))
            if problem is None:
                asked.append(item)
            elif is_live:
                item.stop(problem)
        return asked

    def _read_guests(self, questions: Questions, items: List[Item]) -> None:
        if self._wanted.previous_key == "remove":
            self._read_previous(questions, items)
        is_live = self._wanted.activation == "live"
        for item, guest, reply in questions.ask(items, write=False):
            if guest is not None:
                item.see(guest, self._wanted)
                if is_live:
                    item.stop(model.find_guest_problem(guest, self._wanted))
            elif is_live:
                item.stop_by_reply(reply)

    def _read_previous(self, questions: Questions, items: List[Item]) -> None:
        """The keys of the key pairs that are going to be replaced."""
        for name in sorted({item.was_bound_to for item in items} - {"", self._wanted.key_pair_name}):
            pair = self._client.find_key_pair(name, include_public_key=True)
            key = self._parse_key(pair) if pair else None
            if key is not None:
                questions.drop_key_of(name, key)

    # -- apply ----------------------------------------------------------------------------------------------------

    def _apply(self, items: List[Item]) -> None:
        """The order is the model's: bind, guest, unbind."""
        self._bind([item for item in items if item.steps.bind], "bind")
        self._settle([item for item in items if item.steps.guest and not item.failed])
        self._bind([item for item in items if item.steps.unbind and not item.failed], "unbind")

    def _bind(self, items: List[Item], action: str) -> None:
        if not items:
            return
        by_id = {item.instance_id: item for item in items}
        for entry in self._call_bind(action, self._ids(items)):
            item = by_id[entry["InstanceId"]]
            if entry["Success"]:
                item.rebind(self._wanted.key_pair_name if action == "bind" else "", self._wanted)
                self._did(action, item)
            else:
                item.stop_by_api("AttachKeyPair" if action == "bind" else "DetachKeyPair", entry)

    def _call_bind(self, action: str, instance_ids: List[str]) -> List[Any]:
        call = self._client.attach_key_pair if action == "bind" else self._client.detach_key_pair
        results = call(self._wanted.key_pair_name, instance_ids)
        spoiled = [entry["InstanceId"] for entry in results if entry.error and is_about_one_instance(entry.error.code)]
        if len(spoiled) < 2:
            return results
        # ECS refused a whole batch for one instance in it: halve until the others are through.
        half = len(spoiled) // 2
        again = self._call_bind(action, spoiled[:half]) + self._call_bind(action, spoiled[half:])
        return [entry for entry in results if entry["InstanceId"] not in spoiled] + again

    def _settle(self, items: List[Item]) -> None:
        """Make it true in the guests, and look whether it is."""
        for item, guest, reply in self._ask(items, write=True):
            if guest is None:
                item.stop_by_reply(reply)
                continue
            if guest.done:
                item.done = guest.done
                item.changed = True
                self._did("guest", item)
            item.see(guest, self._wanted)
            if self._wanted.is_present and not guest.live:
                item.stop(model.Problem("login_refused", "a login with the key is refused: %s" % "; ".join(guest.obstacles)))
            elif not self._wanted.is_present and guest.unseen:
                item.stop(model.Problem("guest", "the key could not be removed: %s" % "; ".join(guest.unseen)))

    def _apply_reboot(self) -> None:
        todo = [item for item in self._open_items() if item.steps.any]
        size = self._params["reboot_batch_size"]
        for start in range(0, len(todo), size):
            batch = todo[start : start + size]
            # Bound batch by batch: what is not reached stays wholly as it was.
            self._apply(batch)
            batch = [item for item in batch if not item.failed]
            lost = self._reboot(batch)
            if lost:
                for item in todo[start + size :]:
                    item.stop(model.Problem("not_reached", "it was not touched, because %s did not come back" % lost[0]))
                return

    def _reboot(self, batch: List[Item]) -> List[str]:
        rebooter = Rebooter(self._client, self._params["reboot_timeout"], time.sleep)
        before = {item.instance_id: item.guest.boot for item in batch if item.guest is not None}
        failed = rebooter.reboot(self._ids(batch), self._read_boots, before)
        for item in batch:
            if item.instance_id in failed:
                item.guest = None
                item.stop(model.Problem("not_back", failed[item.instance_id]))
            else:
                item.changed = True
                self._did("reboot", item)
        back = [item for item in batch if not item.failed]
        self._look_after_reboot(rebooter, back)
        return [item.instance_id for item in batch if item.failed]

    def _look_after_reboot(self, rebooter: Rebooter, items: List[Item]) -> None:
        answering = set(rebooter.wait_for_agents(item.instance_id for item in items if item.guest is not None))
        for item in items:
            item.forget()
        for item, guest, _reply in self._ask([item for item in items if item.instance_id in answering]):
            if guest is None:
                continue
            item.see(guest, self._wanted)
            if self._wanted.is_present and not guest.live:
                why = "; ".join(guest.obstacles) or "the key is not there for %s" % ", ".join(guest.users)
                item.stop(model.Problem("login_refused", "after the reboot a login with the key is refused: %s" % why))

    def _read_boots(self, instance_ids: List[str]) -> Dict[str, str]:
        answers = self._ask([item for item in self._items if item.instance_id in instance_ids])
        return {item.instance_id: guest.boot for item, guest, _reply in answers if guest is not None}

    def _ask(self, items: List[Item], write: bool = False) -> List[Answer]:
        return self._questions.ask(items, write) if self._questions else []

    def _predict(self) -> None:
        for item in self._open_items():
            if not item.steps.any:
                continue
            item.changed = True
            for action in ("bind", "guest", "unbind", "reboot"):
                if getattr(item.steps, action):
                    self._did(action, item)
            if item.guest is not None:
                item.done = item.guest.done if item.steps.guest else []
            if item.steps.bind or item.steps.unbind:
                item.rebind(self._wanted.key_pair_name if item.steps.bind else "", self._wanted)
            if item.guest is not None and (item.steps.guest or item.steps.reboot):
                item.see(model.predict_guest(item.guest, self._wanted), self._wanted)

    # -- helpers --------------------------------------------------------------------------------------------------

    def _did(self, action: str, item: Item) -> None:
        self._actions.setdefault(action, []).append(item.instance_id)

    def _open_items(self) -> List[Item]:
        return [item for item in self._items if not item.failed]

    @staticmethod
    def _ids(items: List[Item]) -> List[str]:
        return [item.instance_id for item in items]

    def _result(self) -> Dict[str, Any]:
        result = render_result(self._items, self._actions, self._wanted)
        failed = [item for item in self._items if item.failed]
        if model.count_failures(len(failed), len(self._items), self._params["fail_on"]):
            problems = [(item.instance_id, item.name or "", item.msg) for item in failed]
            failures = [item.failure for item in failed if item.failure]
            if failures:
                result["failure"] = failures[0]
            raise ModuleFailure(model.summarise(problems, len(self._items)), **result)
        return result


def argument_spec() -> Dict[str, Any]:
    return {
        "key_pair_name": {"type": "str", "required": True, "no_log": False},
        "instance_ids": {"type": "list", "elements": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "activation": {"type": "str", "choices": ["live", "reboot", "none"], "default": "live"},
        "replace_bound": {"type": "bool", "default": False},
        "previous_key": {"type": "str", "choices": ["keep", "remove"], "default": "keep", "no_log": False},
        "login_users": {"type": "list", "elements": "str", "default": ["auto"]},
        "allow_lockout": {"type": "bool", "default": False},
        "reboot_batch_size": {"type": "int", "default": 1},
        "reboot_timeout": {"type": "int", "default": 300},
        "command_timeout": {"type": "int", "default": 60},
        "fail_on": {"type": "str", "choices": ["any", "all", "never"], "default": "any"},
    }


def main() -> None:
    module = EcsModule(argument_spec(), supports_check_mode=True)
    module.run(lambda ecs: AttachModule(ecs).run())


if __name__ == "__main__":
    main()
