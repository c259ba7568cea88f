# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let keys in for sixty seconds."""

DOCUMENTATION = r"""
module: ecs_temp_public_key
short_description: Let SSH public keys into ECS instances for sixty seconds
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Registers public keys with Cloud Assistant for any number of instances. For sixty seconds sshd in these instances accepts
    the keys; sessions that were opened by then go on. Nothing is written into C(authorized_keys).
  - sshd asks for such keys through the vendor's plugin C(config_ecs_instance_connect). With O(prepare=auto) an instance
    that lacks it is prepared once.
  - The vendor's installer edits C(sshd_config) and restarts sshd without a test. Here it runs under guard. The configuration and
    what it will come to for the users is tested before, the effective AuthorizedKeysCommand after; if something is
    wrong, C(sshd_config) is put back byte for byte and sshd reloaded.
  - An instance that can't take the keys says why, and what to do about it. The others are done.
notes:
  - Each run registers the keys anew, so it always reports a change. There is no way to take a registered key back; it ends by itself.
  - The vendor's command puts user names and keys unquoted into a root shell's command line. So names and keys (comments too) with
    anything but harmless characters are refused before anything is sent.
  - sshd in the instance judges by the instance's clock. If that is ahead of the controller's by a minute or more, the keys would be
    expired at once and the instance fails; smaller differences are told.
  - Check mode looks into the instances (RunCommand, as root), which changes nothing, and lets Cloud Assistant check the command
    (InvokeCommand with RepeatMode C(DryRun)). No key is registered or written to a file.
  - What a preparation replaced stays in the instance as C(/etc/ssh/sshd_config.before-temporary-keys).
  - The RAM actions are C(ecs:DescribeInstances), C(ecs:DescribeCloudAssistantStatus), C(ecs:RunCommand), C(ecs:InvokeCommand) and
    C(ecs:DescribeInvocationResults).
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
    support: none
    details: Every registration is a new one of sixty seconds.
  platform:
    platforms: posix
options:
  instance_ids:
    description:
      - The ids of the instances, any number. All are of O(region).
      - An empty list is no error; nothing is done.
    type: list
    elements: str
    required: true
  username:
    description:
      - The account that the key lets in.
      - V(auto) is the image's own user, C(root) or C(ecs-user), as ECS tells it.
    type: str
    default: auto
  public_key:
    description: The public key, one line in OpenSSH form.
    type: str
  public_key_path:
    description: A file on the controller that holds the public key.
    type: path
  private_key_path:
    description:
      - A file on the controller for the private key. If it does not exist (or is empty), a new RSA key is made and
        written there with mode 0600 before anything is registered; otherwise the key in it is used.
      - The folder must exist.
    type: path
  keys:
    description: Several keys and users at once, each for all of O(instance_ids).
    type: list
    elements: dict
    suboptions:
      username:
        description: The account, as for O(username), which is the default.
        type: str
      public_key:
        description: The public key, one line in OpenSSH form.
        type: str
      public_key_path:
        description: A file on the controller that holds the public key.
        type: path
  prepare:
    description:
      - With V(auto) instances whose sshd does not ask for temporary keys yet are prepared.
      - With V(never) such instances fail and nothing in them is changed.
    type: str
    choices: [auto, never]
    default: auto
  wait:
    description:
      - Whether to wait until the keys have arrived, and to see that the instance gets to know them. Otherwise
        RV(instances[].ready) is V(false) and RV(instances[].expires_at) V(null).
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait for the keys to arrive, from 10 to 600.
    type: int
    default: 90
  prepare_timeout:
    description:
      - How many seconds the vendor's installer may take in an instance, from 10 to 3600. (The vendor's own client gives it five,
        in which a download seldom ends.)
    type: int
    default: 120
  fail_on:
    description:
      - Whether the task fails if V(any) instance, or V(all) of them, could not be done; V(never) leaves that to the playbook.
      - What could be done is done in each case.
    type: str
    choices: [any, all, never]
    default: any
seealso:
  - plugin: alicloud.ecs_access.ecs_ssh
    plugin_type: connection
    description: Registers a key by itself whenever a new connection is opened.
  - module: alicloud.ecs_access.ecs_attach_key_pair
  - module: alicloud.ecs_access.ssh_login_check
"""

EXAMPLES = r"""
- name: Let my key in for a minute
  alicloud.ecs_access.ecs_temp_public_key:
    region: cn-hangzhou
    instance_ids: [i-bp1aaaaaaaaaaaaaaaaa]
    username: root
    public_key_path: ~/.ssh/id_ed25519.pub

- name: Prepare all web servers and let a new key in
  alicloud.ecs_access.ecs_temp_public_key:
    region: cn-hangzhou
    instance_ids: "{{ groups['web'] | map('extract', hostvars, 'ecs_instance_id') | list }}"
    private_key_path: "{{ lookup('ansible.builtin.env', 'XDG_RUNTIME_DIR') }}/minute-key"

- name: Two people, without touching sshd's configuration
  alicloud.ecs_access.ecs_temp_public_key:
    region: cn-hangzhou
    instance_ids: [i-bp1aaaaaaaaaaaaaaaaa, i-bp1bbbbbbbbbbbbbbbbb]
    prepare: never
    keys:
      - username: john
        public_key: ssh-ed25519 AAAAC3Nza...john john@example.com
      - username: mary
        public_key: ssh-ed25519 AAAAC3Nza...mary mary@example.com
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
    usernames:
      description: The accounts that the keys are for.
      type: list
      elements: str
      returned: always
    ready:
      description:
        - Whether all keys let someone in now. Cloud Assistant has taken them, sshd's settings for the accounts ask for such keys, and
          the program that sshd asks was run in the instance and told them. A login itself is not tried.
        - V(null) in check mode if they could be sent.
      type: bool
      returned: always
    why:
      description: Why not; V(null) unless RV(instances[].failed).
      type: str
      returned: always
    remedy:
      description: What to do about it and which log to read, or V(null).
      type: str
      returned: always
    expires_at:
      description: Until when the keys let someone in (UTC), sixty seconds after their delivery ended; V(null) unless RV(instances[].ready).
      type: str
      returned: always
      sample: "2026-01-31T09:30:00Z"
    changed:
      description: Whether keys were registered or the instance was prepared.
      type: bool
      returned: always
    failed:
      description: Whether it could not be done.
      type: bool
      returned: always
    reason:
      description:
        - Why not, for programs. One of V(unknown_instance), V(windows), V(not_running), V(agent_missing), V(agent_offline),
          V(agent_too_old), V(sshd_broken), V(sshd_down), V(not_prepared), V(plugin_failed), V(foreign_command),
          V(command_not_in_force), V(pubkey_off), V(user_missing), V(login_refused), V(clock), V(guest), V(delivery), V(key_server) and
          V(api).
        - V(null) unless RV(instances[].failed).
      type: str
      returned: always
    msg:
      description: One sentence on what became of it.
      type: str
      returned: always
    prepared:
      description: What the preparation changed in the instance.
      type: list
      elements: str
      returned: always
    clock_ahead:
      description: By how many seconds (at least) the instance's clock is ahead of the controller's, negative if it is behind.
      type: int
      returned: always
    failure:
      description: The refusal of the API, if that was the reason.
      type: dict
      returned: when RV(instances[].reason) is V(api)
registered_keys:
  description: The keys, with V(auto) replaced by the accounts that it stood for.
  returned: always
  type: list
  elements: dict
  contains:
    username:
      description: The account.
      type: str
    public_key:
      description: The line.
      type: str
    fingerprint:
      description: As C(ssh-keygen -l) prints it.
      type: str
private_key_path:
  description: The file that holds the private key.
  returned: when O(private_key_path) is given
  type: str
actions:
  description:
    - What was done, in order. One entry for each kind of step with the instances it was done to.
    - The steps are V(write_private_key), V(prepare) and V(register).
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

import os
import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional

from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.ask import Reply, ask_guests
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.plan import count_failures, summarise
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.instance import read_assistant, read_instance
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.module import EcsModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import ModuleFailure
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import check_instance_id, check_user_name
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key import make_private_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key_file import (
    look_at_key_file,
    reserved_key_file,
    restrict_key_file,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import PublicKey, parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key import readiness as model
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.delivery import KeyDelivery
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.item import AUTO, Item, WantedKey, render_result
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.prepare_command import (
    TESTS_SECONDS,
    PrepareRequest,
    render_prepare,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.send import (
    LIFETIME,
    render_key,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.served_command import (
    SERVED_SECONDS,
    ServedRequest,
    render_served,
)

_KEY_SIZE = 3072
_SOURCES = ("public_key", "public_key_path", "private_key_path", "keys")


class TempKeyModule:
    """Look at all instances (and prepare them on the way), then send every key to all that can take it."""

    def __init__(self, module: EcsModule) -> None:
        self._module = module
        self._params = module.params
        self._items = [Item(instance_id) for instance_id in dict.fromkeys(self._params["instance_ids"])]
        self._actions: Dict[str, List[str]] = {}

    @property
    def _client(self) -> EcsClient:
        return self._module.client

    def run(self) -> Dict[str, Any]:
        wanted = self._check_arguments()
        if self._items:
            self._read_instances(wanted)
            self._read_agents(self._open_items())
            self._read_guests(self._open_items())
            self._deliver(self._open_items())
        return self._result()

    # -- what is asked for ----------------------------------------------------------------------------------------

    def _check_arguments(self) -> List[WantedKey]:
        for name, low, high in (("wait_timeout", 10, 600), ("prepare_timeout", 10, 3600)):
            if not low <= self._params[name] <= high:
                raise ModuleFailure("%s is %d; it can be from %d to %d" % (name, self._params[name], low, high))
        for item in self._items:
            check_instance_id(item.instance_id)
        wanted = self._read_keys()
        for one in wanted:
            check_user_name(one.username)
            render_key(one.key)
        return wanted

    def _read_keys(self) -> List[WantedKey]:
        params = self._params
        if params["private_key_path"]:
            check_user_name(params["username"])
            return [WantedKey(params["username"], self._get_own_key(os.path.abspath(params["private_key_path"])))]
        if params["keys"] is None:
            return [WantedKey(params["username"], _read_public_key(params, ""))]
        if not params["keys"]:
            raise ModuleFailure("keys is empty; give at least one key")
        found = [
            WantedKey(entry["username"] or params["username"], _read_public_key(entry, "keys[%d]." % number)) for number, entry in enumerate(params["keys"])
        ]
        return list(dict.fromkeys(found))

    def _get_own_key(self, path: str) -> PublicKey:
        """The public half of the file at I(path), which is made if it does not exist."""
        found = look_at_key_file(path, None)
        if found.public_key is not None and found.state == "key":
            if not self._module.check_mode and found.mode != 0o600:
                restrict_key_file(path)
            return found.public_key
        made = make_private_key("rsa", _KEY_SIZE, None, "")
        if self._module.check_mode or not self._items:
            return made.public_key
        with reserved_key_file(path) as place:
            place.fill(made.content)
        self._actions["write_private_key"] = []
        return made.public_key

    # -- look -----------------------------------------------------------------------------------------------------

    def _read_instances(self, wanted: List[WantedKey]) -> None:
        found = {raw["InstanceId"]: read_instance(raw) for raw in self._client.describe_instances(self._ids(self._items))}
        for item in self._items:
            instance = found.get(item.instance_id)
            if instance is None:
                why = "there is no such instance in region %s" % self._client.region
                item.stop(model.Problem("unknown_instance", why, "check the id and the region"))
                continue
            item.meet(instance["name"], instance["login_user"], wanted)
            item.stop(model.find_instance_problem(instance))

    def _read_agents(self, items: List[Item]) -> None:
        if items:
            known = {raw.get("InstanceId"): raw for raw in self._client.describe_cloud_assistant_status(self._ids(items))}
            for item in items:
                item.stop(model.find_agent_problem(read_assistant(known.get(item.instance_id))))

    def _read_guests(self, items: List[Item]) -> None:
        """Ask the guests, and in the same command prepare those that need it."""
        if not items:
            return
        may_prepare = self._params["prepare"] == "auto"
        write, seconds = may_prepare and not self._module.check_mode, self._params["prepare_timeout"]
        requests = {item.instance_id: PrepareRequest(item.users, write, seconds) for item in items}
        sent = time.time()
        replies = ask_guests(self._client, requests, TESTS_SECONDS + (seconds if write else 0), render_prepare)
        received = time.time()
        for item in items:
            self._read_guest(item, replies[item.instance_id], sent, received)
            if item.done:
                self._actions.setdefault("prepare", []).append(item.instance_id)

    def _read_guest(self, item: Item, reply: Reply, sent: float, received: float) -> None:
        answer = _take_answer(item, reply)
        if answer is None:
            return
        may_prepare = self._params["prepare"] == "auto"
        with _sense_in_answer_of(item):
            item.clock = model.read_clock(float(answer["clock"]), sent, received)
            item.done = model.list_done(answer)
            item.stop(model.find_guest_problem(answer, may_prepare))
            if self._module.check_mode and may_prepare and answer["wanted"] and not item.failed:
                item.done = ["plugin to be installed"]
        item.stop(item.clock.find_problem(LIFETIME))
        if item.clock.told and not item.failed:
            self._module.warn("%s: %s. Set its clock." % (item.instance_id, item.clock.told))

    # -- apply ----------------------------------------------------------------------------------------------------

    def _deliver(self, items: List[Item]) -> None:
        delivery = KeyDelivery(self._client)
        if self._module.check_mode:
            delivery.try_out(items)
        else:
            delivery.send(items)
        sent = [item.instance_id for item in items if item.sent]
        if sent:
            self._actions["register"] = sent
        if self._params["wait"] and not self._module.check_mode:
            delivery.wait(self._params["wait_timeout"])
            self._prove([item for item in items if item.is_ready])

    def _prove(self, items: List[Item]) -> None:
        """Have the guests ask for the keys as sshd will: that a key was taken does not mean that they get to know it."""
        requests = {item.instance_id: ServedRequest(tuple((one.username, one.key.base64, one.key.fingerprint_sha256) for one in item.keys)) for item in items}
        replies = ask_guests(self._client, requests, SERVED_SECONDS, render_served) if items else {}
        for item in items:
            answer = _take_answer(item, replies[item.instance_id])
            if answer is not None:
                with _sense_in_answer_of(item):
                    item.stop(model.find_served_problem(answer))

    # -- helpers --------------------------------------------------------------------------------------------------

    def _open_items(self) -> List[Item]:
        return [item for item in self._items if not item.failed]

    @staticmethod
    def _ids(items: List[Item]) -> List[str]:
        return [item.instance_id for item in items]

    def _result(self) -> Dict[str, Any]:
        result = render_result(self._items, self._actions, self._module.check_mode)
        if self._params["private_key_path"]:
            result["private_key_path"] = os.path.abspath(self._params["private_key_path"])
        failed = [item for item in self._items if item.problem]
        if count_failures(len(failed), len(self._items), self._params["fail_on"]):
            problems = [(item.instance_id, item.name or "", item.problem.msg if item.problem else "") for item in failed]
            failures = [item.failure for item in failed if item.failure]
            if failures:
                result["failure"] = failures[0]
            raise ModuleFailure(summarise(problems, len(self._items)), **result)
        return result


def _take_answer(item: Item, reply: Reply) -> Optional[Dict[str, Any]]:
    """The guest's answer; without one the item is stopped."""
    if reply.error is not None:
        item.stop_by_error(reply.error)
    elif reply.answer is None:
        item.stop(model.Problem("guest", reply.why, "its agent's log is %s" % model.AGENT_LOG))
    return reply.answer


@contextmanager
def _sense_in_answer_of(item: Item) -> Iterator[None]:
    """A guest may answer anything; what can't be read stops the item."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError):
        item.stop(model.Problem("guest", "the instance's answer makes no sense"))


def _read_public_key(given: Dict[str, Any], place: str) -> PublicKey:
    if given["public_key_path"] is None:
        return parse_public_key(given["public_key"] or "", place + "public_key")
    return parse_public_key(_read_text(given["public_key_path"], place), given["public_key_path"])


def _read_text(path: str, place: str) -> str:
    try:
        with open(path, "rb") as stream:
            return stream.read(65536).decode("utf-8", "replace")
    except OSError as exc:
        raise ModuleFailure("%spublic_key_path: cannot read %s: %s" % (place, path, exc.strerror)) from None


def argument_spec() -> Dict[str, Any]:
    key = {"public_key": {"type": "str", "no_log": False}, "public_key_path": {"type": "path"}}
    return {
        "instance_ids": {"type": "list", "elements": "str", "required": True},
        "username": {"type": "str", "default": AUTO},
        "public_key": {"type": "str", "no_log": False},
        "public_key_path": {"type": "path"},
        "private_key_path": {"type": "path"},
        "keys": {
            "type": "list",
            "elements": "dict",
            "no_log": False,
            "options": dict(key, username={"type": "str"}),
            "required_one_of": [("public_key", "public_key_path")],
            "mutually_exclusive": [("public_key", "public_key_path")],
        },
        "prepare": {"type": "str", "choices": ["auto", "never"], "default": "auto"},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 90},
        "prepare_timeout": {"type": "int", "default": 120},
        "fail_on": {"type": "str", "choices": ["any", "all", "never"], "default": "any"},
    }


def main() -> None:
    module = EcsModule(
        argument_spec(),
        supports_check_mode=True,
        required_one_of=[_SOURCES],
        mutually_exclusive=[_SOURCES],
    )
    module.run(lambda ecs: TempKeyModule(ecs).run())


if __name__ == "__main__":
    main()
