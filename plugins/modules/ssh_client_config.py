# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make ssh NAME work: SSH client configuration and host keys of the user who runs this."""

DOCUMENTATION = r"""
module: ssh_client_config
short_description: Configure a user's SSH client to reach instances by name or id
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Writes a separate configuration file with one block per instance, includes it from the user's SSH configuration, and
    stores the instances' host keys by instance id, so that C(ssh web-1) works at once without any prompt.
  - A marked block of three lines is added at the top of the user's own file. Everything else in it is kept byte for byte, and
    O(state=absent) removes the block.
  - A name is only written if it consists of letters, digits, C(_) and C(-), belongs to one instance only, and is not a host that
    the user's configuration already has. An instance whose name cannot be used is reached by its id.
extends_documentation_fragment:
  - alicloud.ecs_access.attributes
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
  state:
    description:
      - V(present) makes the instances of this O(name) exactly O(instances).
      - V(absent) removes everything that was written under this O(name).
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of this set of instances. Sets are kept apart, for example those of two accounts. An instance can be in one set only.
      - Also the name of the file, in the folder C(alicloud-ecs-access.d) next to O(config_path).
    type: str
    default: default
  config_path:
    description:
      - The user's SSH configuration. It is created if it does not exist.
      - If it is a symbolic link, its target is changed and the link stays. The target must belong to the user.
    type: path
    default: ~/.ssh/config
  known_hosts_path:
    description:
      - The file with the host keys of instances, which are named by their ids. The connection P(alicloud.ecs_access.ecs_ssh#connection)
        uses the same file. Lines for other hosts are kept.
    type: path
    default: ~/.ssh/ecs_access_known_hosts
  instances:
    description: The instances.
    type: list
    elements: dict
    default: []
    suboptions:
      instance_id:
        description: The id.
        type: str
        required: true
      names:
        description: Names for the instance, in addition to its id.
        type: list
        elements: str
        default: []
      address:
        description: The address or host name to connect to. An instance without one is left out, unless O(tunnel) reaches it.
        type: str
        default: ''
      port:
        description: The port of the SSH server.
        type: int
        default: 22
      user:
        description: The user to log in as. If empty, ssh decides.
        type: str
        default: ''
      identity_file:
        description: The only private key to log in with. If empty, ssh decides.
        type: path
      region:
        description: The region, for O(temporary_key) and O(tunnel). If not set, it is taken from the environment when ssh is run.
        type: str
  host_keys:
    description:
      - Host keys of instances, as in RV(alicloud.ecs_access.ecs_host_key_info#module:instances). They replace all known keys of
        that instance.
      - Instances that are not listed here, or without keys, keep their known keys.
    type: list
    elements: dict
    default: []
  host_key_checking:
    description:
      - V(strict) connects to an instance only if its host key is known and unchanged.
      - V(accept_new) also accepts the first key of an instance without known keys.
    type: str
    choices: [strict, accept_new]
    default: strict
  temporary_key:
    description:
      - Whether each new connection first registers the public half of O(instances[].identity_file) with Cloud Assistant, so that it is
        accepted for sixty seconds. Instances then need no key of the user. The public half is read from the C(.pub) file next to it.
      - The instances must have been prepared once, see M(alicloud.ecs_access.ecs_temp_public_key).
    type: bool
    default: false
  tunnel:
    description:
      - Whether new connections go through Session Manager, which reaches instances without a public address or an open port.
      - V(auto) does so for instances without an address.
    type: str
    choices: [never, auto, always]
    default: never
  proxy_command:
    description:
      - The program for O(temporary_key) and O(tunnel), as a list of words. The role C(ssh_client) sets the collection's own, which
        takes credentials from the environment or the default chain when ssh is run.
    type: list
    elements: str
    default: []
  dotted_names:
    description: Whether names may contain dots. Anyone who can name an instance could then redirect C(ssh) from a real host name to it.
    type: bool
    default: false
notes:
  - The module changes the files of the user that it runs as, usually on the controller.
  - ssh takes the home directory from the system's user database, not from E(HOME).
seealso:
  - module: alicloud.ecs_access.ecs_host_key_info
"""

EXAMPLES = r"""
- name: Read the host keys
  alicloud.ecs_access.ecs_host_key_info:
    region: eu-central-1
    instance_ids: [i-bp1aaaaaaaaaaaaaaaaa]
  register: keys

- name: Make "ssh web-1" work
  alicloud.ecs_access.ssh_client_config:
    instances:
      - instance_id: i-bp1aaaaaaaaaaaaaaaaa
        names: [web-1]
        address: 203.0.113.10
        user: root
        identity_file: ~/.ssh/team
    host_keys: "{{ keys.instances }}"
"""

RETURN = r"""
hosts:
  description: The instances that can be reached now, with their names.
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: The id.
      type: str
      sample: i-bp1example
    names:
      description: Its names.
      type: list
      elements: str
      sample: [web-1]
    host_keys_known:
      description: Whether a host key of the instance is known.
      type: bool
      sample: true
rekeyed:
  description: Ids of instances that had other host keys before.
  returned: success
  type: list
  elements: str
  sample: []
files:
  description: The files that were changed, or would be.
  returned: success
  type: list
  elements: str
  sample: [/home/john/.ssh/config]
"""

import os
from typing import Any, Dict, Set

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._client import files
from ansible_collections.alicloud.ecs_access.plugins.module_utils._client.config import add_include, remove_include
from ansible_collections.alicloud.ecs_access.plugins.module_utils._client.look_names import find_taken
from ansible_collections.alicloud.ecs_access.plugins.module_utils._client.plan import Found, Plan, plan_client, read_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._names import CLIENT_FOLDER, FORMER_CLIENT_FOLDER
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable, printable_all


class ClientConfigModule:
    """Reads three files, plans their contents and writes them in an order that keeps the configuration valid at every moment."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self._wanted, self._warnings = read_wanted(module.params)
        self._home = os.path.dirname(self._wanted.config_path)
        self._folder = os.path.join(self._home, CLIENT_FOLDER)
        self._former = os.path.join(self._home, FORMER_CLIENT_FOLDER)

    def run(self) -> Dict[str, Any]:
        """The result for Ansible."""
        if self._wanted.is_present and not self._module.check_mode:
            files.make_folder(self._home)
        with files.locked_folders([self._home, os.path.dirname(self._wanted.common.known_hosts)]):
            found = self._look()
            if not self._module.check_mode:
                files.clear_temporaries(file.path for file in (found.config, found.own, found.known_hosts))
            former = files.find_configs(self._former)
            if former and not self._module.check_mode:
                self._take_over(former, found.config)
                found = found._replace(own=files.look_at_file(self._own_path(self._folder)))
            plan = plan_client(self._wanted, found, self._folder)
            for warning in self._warnings + list(plan.warnings):
                self._module.warn(printable(warning))
            changes = [change for change in plan.changes if change.is_needed]
            if not self._module.check_mode:
                self._apply(plan, bool(former))
        return {
            "changed": bool(changes or former),
            "diff": [change.to_diff() for change in changes],
            "files": [change.file.path for change in changes],
            "rekeyed": list(plan.rekeyed),
            "hosts": [{"instance_id": one, "names": list(plan.names[one]), "host_keys_known": one in plan.known} for one in self._wanted.ids],
        }

    def _look(self) -> Found:
        names = files.find_configs(self._folder) | files.find_configs(self._former)
        own, former = (files.look_at_file(self._own_path(folder)) for folder in (self._folder, self._former))
        config = files.look_at_file(self._wanted.config_path)
        wanted = [name for entry in self._wanted.entries for name in entry.names]
        return Found(
            config,
            former if former.exists and not own.exists else own,
            files.look_at_file(self._wanted.common.known_hosts),
            bool(names - {self._wanted.name + ".conf"}),
            find_taken(remove_include(config.content) or b"", wanted, os.environ.get("HOME", "")),
        )

    def _own_path(self, folder: str) -> str:
        return os.path.join(folder, self._wanted.name + ".conf")

    def _take_over(self, names: Set[str], config: files.ClientFile) -> None:
        """Move files out of the folder of earlier versions, while the configuration includes both: each is in force at every moment."""
        files.make_folder(self._folder)
        files.write_file(config.path, add_include(config.content, self._folder, self._former), config.mode & ~0o022)
        for name in sorted(names - files.find_configs(self._folder)):
            files.move_file(os.path.join(self._former, name), os.path.join(self._folder, name))
        for name in files.find_configs(self._former):
            files.remove_file(os.path.join(self._former, name))
        files.remove_folder(self._former)

    def _apply(self, plan: Plan, is_taken_over: bool) -> None:
        if self._wanted.is_present:
            files.make_folder(self._folder)
        for change in plan.changes:
            if change.after is None:
                files.remove_file(change.file.path)
            elif change.is_needed or is_taken_over:
                files.write_file(change.file.path, change.after, change.mode)
        if not self._wanted.is_present:
            files.remove_folder(self._folder)


def argument_spec() -> Dict[str, Any]:
    instance = {
        "instance_id": {"type": "str", "required": True},
        "names": {"type": "list", "elements": "str", "default": []},
        "address": {"type": "str", "default": ""},
        "port": {"type": "int", "default": 22},
        "user": {"type": "str", "default": ""},
        "identity_file": {"type": "path"},
        "region": {"type": "str"},
    }
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str", "default": "default"},
        "config_path": {"type": "path", "default": "~/.ssh/config"},
        "known_hosts_path": {"type": "path", "default": "~/.ssh/ecs_access_known_hosts"},
        "instances": {"type": "list", "elements": "dict", "default": [], "options": instance},
        "host_keys": {"type": "list", "elements": "dict", "default": [], "no_log": False},
        "host_key_checking": {"type": "str", "choices": ["strict", "accept_new"], "default": "strict"},
        "temporary_key": {"type": "bool", "default": False, "no_log": False},
        "tunnel": {"type": "str", "choices": ["never", "auto", "always"], "default": "never"},
        "proxy_command": {"type": "list", "elements": "str", "default": []},
        "dotted_names": {"type": "bool", "default": False},
    }


def main() -> None:
    module = AnsibleModule(argument_spec(), supports_check_mode=True)
    try:
        result = ClientConfigModule(module).run()
    except AccessError as exc:
        module.fail_json(msg=printable(str(exc)))
    module.exit_json(**printable_all(result))


if __name__ == "__main__":
    main()
