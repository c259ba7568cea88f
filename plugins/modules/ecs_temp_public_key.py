# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accept public keys for sixty seconds."""

DOCUMENTATION = r"""
module: ecs_temp_public_key
short_description: Make ECS instances accept SSH public keys for sixty seconds
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Registers public keys with Cloud Assistant for any number of instances. For sixty seconds sshd in these instances accepts
    the keys; sessions that are open by then stay open. Nothing is written to C(authorized_keys).
  - sshd queries such keys through the vendor's plugin C(config_ecs_instance_connect). With O(prepare=auto) an instance
    without the plugin is prepared once.
  - The vendor's installer edits C(sshd_config) and restarts sshd without a test. This module tests the configuration and its
    effect on the users before the installer runs, and the effective AuthorizedKeysCommand afterwards; if something is
    wrong, C(sshd_config) is restored byte for byte and sshd reloaded.
  - For an instance that cannot accept the keys, the cause and the fix are reported. The other instances are still processed.
notes:
  - Each run registers the keys again, so it always reports a change. A registered key cannot be revoked; it expires by itself.
  - The vendor's command puts user names and keys unquoted into a root shell's command line. So names and keys (including comments)
    with special characters are refused before anything is sent.
  - sshd uses the instance's clock. If it is ahead of the controller's by a minute or more, the keys would be
    expired at once and the instance fails; smaller differences are reported.
  - Check mode runs a command in the instances (RunCommand, as root) that only reads, and lets Cloud Assistant check the registration
    (InvokeCommand with RepeatMode C(DryRun)). No key is registered or written to a file.
  - The configuration from before a preparation is kept in the instance as C(/etc/ssh/sshd_config.before-temporary-keys).
  - The RAM actions are C(ecs:DescribeInstances), C(ecs:DescribeCloudAssistantStatus), C(ecs:RunCommand), C(ecs:InvokeCommand) and
    C(ecs:DescribeInvocationResults).
extends_documentation_fragment:
  - alicloud.ecs_access.ecs
  - alicloud.ecs_access.ecs_instances
  - alicloud.ecs_access.ecs_instances.fail_on
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
options:
  username:
    description:
      - The account that the key is for.
      - V(auto) is the image's default user, C(root) or C(ecs-user), as reported by ECS.
    type: str
    default: auto
  public_key:
    description: The public key, one line in OpenSSH format.
    type: str
  public_key_path:
    description: A file on the controller that holds the public key.
    type: path
  private_key_path:
    description:
      - The private key file on the controller. If it does not exist (or is empty), a new RSA key is generated and
        written to it with mode 0600 before anything is registered; otherwise the key in it is used.
      - The folder must exist.
      - A key that belongs to another user (root excepted) or that others can change is refused, and so is a folder that others can write.
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
        description: The public key, one line in OpenSSH format.
        type: str
      public_key_path:
        description: A file on the controller that holds the public key.
        type: path
  prepare:
    description:
      - With V(auto), instances whose sshd does not query temporary keys yet are prepared.
      - With V(never), such instances fail and nothing in them is changed.
    type: str
    choices: [auto, never]
    default: auto
  wait:
    description:
      - Whether to wait until the keys have been delivered, and to check that the instance receives them. Otherwise
        RV(instances[].ready) is V(false) and RV(instances[].expires_at) V(null).
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait for the delivery of the keys, from 10 to 600.
    type: int
    default: 90
  prepare_timeout:
    description:
      - How many seconds the vendor's installer may take in an instance, from 10 to 3600. (The vendor's own client allows five,
        which is seldom enough for the download.)
    type: int
    default: 120
seealso:
  - plugin: alicloud.ecs_access.ecs_ssh
    plugin_type: connection
    description: Registers a key automatically for each new connection.
  - module: alicloud.ecs_access.ecs_attach_key_pair
  - module: alicloud.ecs_access.ssh_login_check
"""

EXAMPLES = r"""
- name: Log in with my key for a minute
  alicloud.ecs_access.ecs_temp_public_key:
    region: cn-hangzhou
    instance_ids: [i-bp1aaaaaaaaaaaaaaaaa]
    username: root
    public_key_path: ~/.ssh/id_ed25519.pub

- name: Prepare all web servers and register a new key
  alicloud.ecs_access.ecs_temp_public_key:
    region: cn-hangzhou
    instance_ids: "{{ groups['web'] | map('extract', hostvars, 'ecs_instance_id') | list }}"
    private_key_path: "{{ lookup('ansible.builtin.env', 'XDG_RUNTIME_DIR') }}/minute-key"

- name: Register keys of two people without changing sshd's configuration
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
    usernames:
      description: The accounts that the keys are for.
      type: list
      elements: str
      returned: always
      sample: [root]
    ready:
      description:
        - Whether all keys can be used for logins now. Cloud Assistant has accepted them, sshd's settings for the accounts query such
          keys, and the program that sshd queries was run in the instance and returned them. A login itself is not tried.
        - V(null) in check mode if they could be sent.
      type: bool
      returned: always
      sample: true
    why:
      description: The cause of a failure; V(null) unless RV(instances[].failed).
      type: str
      returned: always
      sample: null
    remedy:
      description: How to fix it and which log to read, or V(null).
      type: str
      returned: always
      sample: null
    expires_at:
      description: When the keys expire (UTC), sixty seconds after their delivery; V(null) unless RV(instances[].ready).
      type: str
      returned: always
      sample: "2026-01-31T09:30:00Z"
    changed:
      description: Whether keys were registered or the instance was prepared.
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
        - The cause, as a fixed word for programs. One of V(unknown_instance), V(windows), V(not_running), V(agent_missing), V(agent_offline),
          V(agent_too_old), V(sshd_broken), V(sshd_down), V(not_prepared), V(plugin_failed), V(foreign_command),
          V(command_not_in_force), V(pubkey_off), V(user_missing), V(login_refused), V(clock), V(guest), V(delivery), V(key_server) and
          V(api).
        - V(null) unless RV(instances[].failed).
      type: str
      returned: always
      sample: null
    msg:
      description: The result in one sentence.
      type: str
      returned: always
      sample: root can log in until 2026-01-31T09:30:00Z
    prepared:
      description: What the preparation changed in the instance.
      type: list
      elements: str
      returned: always
      sample: []
    clock_ahead:
      description: By how many seconds (at least) the instance's clock is ahead of the controller's, negative if it is behind.
      type: int
      returned: always
      sample: 0
    failure:
      description: The error of the API, if that was the cause.
      type: dict
      returned: when RV(instances[].reason) is V(api)
      sample:
        action: InvokeCommand
        code: InstanceNotRunning
        message: the instance is not running
        request_id: 0C2F4A1E
        hint: ""
registered_keys:
  description: The keys, with V(auto) replaced by the accounts that were used.
  returned: always, unless the task failed before an instance was looked at
  type: list
  elements: dict
  contains:
    username:
      description: The account.
      type: str
      sample: root
    public_key:
      description: The line.
      type: str
      sample: ssh-ed25519 AAAAC3Nza... ann@laptop
    fingerprint:
      description: As C(ssh-keygen -l) prints it.
      type: str
      sample: SHA256:jXC5...
private_key_path:
  description: The file that holds the private key.
  returned: when O(private_key_path) is given
  type: str
  sample: /run/user/1000/ecs-access-temporary-key
actions:
  description:
    - What was done, in order. One entry for each kind of step with the instances it was done to.
    - The steps are V(write_private_key), V(prepare) and V(register).
  returned: always, unless the task failed before an instance was looked at
  type: list
  elements: dict
  contains:
    action:
      description: The step.
      type: str
      sample: register
    instance_ids:
      description: The instances.
      type: list
      elements: str
      sample: [i-bp1example]
"""

import os
from typing import Any, Dict, List

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.items import Actions, conclude, ids_of, open_items
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.module import EcsModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import FAIL_ON, INSTANCE_IDS, PUBLIC_KEY
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import ModuleFailure
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import check_instance_id, check_user_name
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key import make_private_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key_file import look_at_key_file, reserved_key_file, restrict_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.public_key import read_given_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import PublicKey
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.delivery import KeyDelivery
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.item import AUTO, KeyedItem, WantedKey, render_result
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.look import ReadinessLook
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.send import render_key

_KEY_SIZE = 3072
_SOURCES = ("public_key", "public_key_path", "private_key_path", "keys")


class TempKeyModule:
    """Look at all instances (and prepare them on the way), then send every key to all that can take it."""

    def __init__(self, module: EcsModule) -> None:
        self._module = module
        self._params = module.params
        self._items = [KeyedItem(instance_id) for instance_id in dict.fromkeys(self._params["instance_ids"])]
        self._actions = Actions()

    def run(self) -> Dict[str, Any]:
        wanted = self._check_arguments()
        if self._items:
            look = ReadinessLook(self._module.client, self._items, self._module.warn)
            look.look(wanted, self._params["prepare"] == "auto", self._module.check_mode, self._params["prepare_timeout"])
            prepared = [item for item in self._items if item.done]
            if prepared:
                self._actions.add("prepare", *ids_of(prepared))
            self._deliver(look, open_items(self._items))
        result = render_result(self._items, self._actions, self._module.check_mode)
        if self._params["private_key_path"]:
            result["private_key_path"] = os.path.abspath(self._params["private_key_path"])
        return conclude(self._items, self._params["fail_on"], result)

    # -- what is asked for ----------------------------------------------------------------------------------------

    def _check_arguments(self) -> List[WantedKey]:
        self._module.check_range("wait_timeout", 10, 600)
        self._module.check_range("prepare_timeout", 10, 3600)
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
            return [WantedKey(params["username"], read_given_key(params))]
        if not params["keys"]:
            raise ModuleFailure("keys is empty; give at least one key")
        found = [WantedKey(one["username"] or params["username"], read_given_key(one, "keys[%d]." % number)) for number, one in enumerate(params["keys"])]
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
        self._actions.add("write_private_key")
        return made.public_key

    # -- apply ----------------------------------------------------------------------------------------------------

    def _deliver(self, look: ReadinessLook, items: List[KeyedItem]) -> None:
        delivery = KeyDelivery(self._module.client)
        if self._module.check_mode:
            delivery.try_out(items)
        else:
            delivery.send(items)
        sent = [item for item in items if item.sent]
        if sent:
            self._actions.add("register", *ids_of(sent))
        if self._params["wait"] and not self._module.check_mode:
            delivery.wait(self._params["wait_timeout"])
            look.prove([item for item in items if item.is_ready])


def argument_spec() -> Dict[str, Any]:
    one_key = {
        "type": "list",
        "elements": "dict",
        "no_log": False,
        "options": dict(PUBLIC_KEY, username={"type": "str"}),
        "required_one_of": [("public_key", "public_key_path")],
        "mutually_exclusive": [("public_key", "public_key_path")],
    }
    return dict(
        INSTANCE_IDS,
        username={"type": "str", "default": AUTO},
        private_key_path={"type": "path", "no_log": False},
        keys=one_key,
        prepare={"type": "str", "choices": ["auto", "never"], "default": "auto"},
        wait={"type": "bool", "default": True},
        wait_timeout={"type": "int", "default": 90},
        prepare_timeout={"type": "int", "default": 120},
        **PUBLIC_KEY,
        **FAIL_ON,
    )


def main() -> None:
    module = EcsModule(argument_spec(), supports_check_mode=True, required_one_of=[_SOURCES], mutually_exclusive=[_SOURCES])
    module.run(lambda ecs: TempKeyModule(ecs).run())


if __name__ == "__main__":
    main()
