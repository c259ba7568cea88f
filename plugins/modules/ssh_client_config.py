# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make ssh NAME work: configuration and host keys of the user who runs this."""

DOCUMENTATION = r"""
module: ssh_client_config
short_description: Configure the SSH client of a person so that instances are reached by name or id
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Writes a configuration file of its own with one block per instance, includes it from the person's SSH configuration, and
    keeps the instances' host keys by instance id, so that C(ssh web-1) works at once and asks nothing.
  - The person's own file gets a marked block of three lines at its top. Everything else in it stays byte for byte, and with
    O(state=absent) the block goes again.
  - A name is only written if it is made of letters, digits, C(_) and C(-), belongs to one instance alone, and is not a host that the
    person's configuration already has. An instance whose name can't be used is reached by its id.
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
      - V(absent) takes out everything that was written under this O(name).
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - Sets of instances with different names are kept apart, for example those of two accounts. An instance belongs into one.
      - The name of the file, in the folder C(ecs_access.d) beside O(config_path).
    type: str
    default: default
  config_path:
    description:
      - The person's SSH configuration. It is made if there is none.
      - If it is a link, the file that it leads to is changed and the link stays. That file must belong to the person.
    type: path
    default: ~/.ssh/config
  known_hosts_path:
    description:
      - The file with the host keys of instances, which are named by their ids. The connection P(alicloud.ecs_access.ecs_ssh#connection)
        uses the same. Lines about other hosts stay.
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
        description: What it is called, apart from its id.
        type: list
        elements: str
        default: []
      address:
        description: The address or host name to connect to. An instance without one is left out, unless O(tunnel) leads to it.
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
        description: The private key to log in with, and no other. If empty, ssh decides.
        type: path
      region:
        description: The region, for O(temporary_key) and O(tunnel). If not set, the environment tells when ssh is run.
        type: str
  host_keys:
    description:
      - Host keys of instances, as in RV(alicloud.ecs_access.ecs_host_key_info#module:instances). Those of an instance take the place
        of all that were known of it.
      - Instances that are not listed here, or without keys, keep those that are known.
    type: list
    elements: dict
    default: []
  host_key_checking:
    description:
      - With V(strict) an instance is only connected to if its host key is known and the same.
      - V(accept_new) also takes the first key of an instance that nothing is known of.
    type: str
    choices: [strict, accept_new]
    default: strict
  temporary_key:
    description:
      - Whether each new connection first registers the public half of O(instances[].identity_file) with Cloud Assistant, which lets it
        in for sixty seconds. Instances need no key of the person then. The public half is expected beside it, in a file C(.pub).
      - The instances must have been prepared once, see M(alicloud.ecs_access.ecs_temp_public_key).
    type: bool
    default: false
  tunnel:
    description:
      - Whether new connections pass through Session Manager, which reaches instances without a public address or an open port.
      - V(auto) does so for instances without an address.
    type: str
    choices: [never, auto, always]
    default: never
  proxy_command:
    description:
      - The program for O(temporary_key) and O(tunnel), as a list of words. The role C(ssh_client) gives the collection's own, which
        takes credentials from the environment or the default chain when ssh is run.
    type: list
    elements: str
    default: []
  dotted_names:
    description: Whether names may have dots. Whoever may name an instance could then redirect C(ssh) from a real host name to it.
    type: bool
    default: false
notes:
  - It works on the files of the user that it runs as, usually on the controller.
  - ssh takes the home folder from the system's user database, not from E(HOME).
seealso:
  - module: alicloud.ecs_access.ecs_host_key_info
"""

EXAMPLES = r"""
- name: Read the host keys
  alicloud.ecs_access.ecs_host_key_info:
    region: eu-central-1
    instance_ids: [i-bp1aaaaaaaaaaaaaaaaa]
  register: keys

- name: Let me type "ssh web-1"
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
  description: The instances that can be reached now, and how they are called.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id:
      description: The id.
      type: str
    names:
      description: Its names.
      type: list
      elements: str
    host_keys_known:
      description: Whether a host key of it is known.
      type: bool
rekeyed:
  description: Ids of instances that had other host keys before.
  returned: always
  type: list
  elements: str
  sample: []
files:
  description: The files that were changed, or would be.
  returned: always
  type: list
  elements: str
  sample: [/home/john/.ssh/config]
"""

import os
import re
from typing import Any, Dict, List, NamedTuple, Optional

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._client import config as model
from ansible_collections.alicloud.ecs_access.plugins.module_utils._client import files
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh import known_hosts as hosts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import KeyFormatError, PublicKey
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.run import HostError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import text_lines


class Change(NamedTuple):
    """A file and what it shall be; I(after) is None when there shall be none."""

    file: files.ClientFile
    after: Optional[bytes]
    mode: int

    @property
    def is_needed(self) -> bool:
        return self.after != self.file.content or (self.after is not None and self.mode != self.file.mode)


class ClientConfigModule:
    """Looks at three files, plans their contents, writes them in an order in which every moment is sound."""

    def __init__(self, module: AnsibleModule) -> None:
        params = module.params
        self._module = module
        self._params = params
        self._is_present = params["state"] == "present"
        self._mark = "alicloud.ecs_access/%s" % params["name"]
        self._home = os.path.dirname(params["config_path"])
        self._folder = os.path.join(self._home, "ecs_access.d")
        self._common = model.Common(
            params["known_hosts_path"],
            params["host_key_checking"] == "strict",
            tuple(params["proxy_command"]),
            params["temporary_key"],
            params["tunnel"],
        )
        self._entries: List[model.Entry] = []
        self._names: Dict[str, Any] = {}
        self._rekeyed: List[str] = []
        self._known: List[str] = []

    def run(self) -> Dict[str, Any]:
        self._check()
        if self._is_present and not self._module.check_mode:
            files.make_folder(self._home)
        with files.locked_folders([self._home, os.path.dirname(self._params["known_hosts_path"])]):
            changes = [change for change in self._plan() if change.is_needed]
            if not self._module.check_mode:
                self._apply(changes)
        return {
            "changed": bool(changes),
            "diff": [_render_diff(change) for change in changes],
            "files": [change.file.path for change in changes],
            "rekeyed": self._rekeyed,
            "hosts": [
                {
                    "instance_id": entry.instance_id,
                    "names": list(self._names[entry.instance_id]),
                    "host_keys_known": entry.instance_id in self._known,
                }
                for entry in self._entries
            ],
        }

    # -- look and plan --------------------------------------------------------------------------------------------

    def _check(self) -> None:
        if not re.match(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z", self._params["name"]):
            raise model.ConfigError("name: %r must be made of letters, digits, _ and -" % self._params["name"])
        for option in ("config_path", "known_hosts_path"):
            model.check_path(self._params[option], option)
        needs_proxy = self._common.temporary_key or self._common.tunnel != "never"
        if self._is_present and needs_proxy and not self._common.proxy:
            raise model.ConfigError("temporary_key and tunnel need proxy_command; the role ssh_client sets it")
        seen = set()
        for given in self._params["instances"] if self._is_present else []:
            entry = _read_entry(given)
            model.check_entry(entry)
            if entry.instance_id in seen:
                raise model.ConfigError("instance %s is listed twice" % entry.instance_id)
            seen.add(entry.instance_id)
            if self._common.temporary_key and not entry.identity_file:
                raise model.ConfigError("instance %s: temporary_key needs identity_file" % entry.instance_id)
            if entry.address or self._common.needs_tunnel(entry):
                self._entries.append(entry)
            else:
                self._module.warn("%s has no address, so ssh can't reach it; it is left out." % entry.instance_id)

    def _plan(self) -> List[Change]:
        """In the order in which they are to be written."""
        config = files.look_at_file(self._params["config_path"])
        own = files.look_at_file(os.path.join(self._folder, self._params["name"] + ".conf"))
        changes = [self._plan_known_hosts(), Change(own, self._render_own(config), 0o600), self._plan_config(config, own)]
        return changes if self._is_present else changes[::-1]

    def _render_own(self, config: files.ClientFile) -> Optional[bytes]:
        taken = model.find_hosts(model.remove_include(config.content) or b"")
        self._names, refused = model.choose_names(self._entries, taken, self._params["dotted_names"])
        for reason, names in sorted(refused.items()):
            shown = ", ".join(names[:10]) + (" and %d more" % (len(names) - 10) if len(names) > 10 else "")
            self._module.warn("Reached by id only, because %s: %s" % (reason, shown))
        if not self._is_present:
            return None
        return model.render_config(self._entries, self._names, self._common).encode("utf-8")

    def _plan_config(self, config: files.ClientFile, own: files.ClientFile) -> Change:
        mode = config.mode & ~0o022  # ssh reads no file that others can write
        if self._is_present:
            return Change(config, model.add_include(config.content, self._folder), mode)
        if self._other_names(os.path.basename(own.path)):
            return Change(config, config.content, config.mode)
        return Change(config, model.remove_include(config.content), config.mode)

    def _other_names(self, own: str) -> List[str]:
        try:
            return [name for name in os.listdir(self._folder) if name.endswith(".conf") and name != own]
        except OSError:
            return []

    def _plan_known_hosts(self) -> Change:
        known = files.look_at_file(self._params["known_hosts_path"])
        text = (known.content or b"").decode("latin-1")
        listed = [entry.instance_id for entry in self._entries]
        wanted = self._read_host_keys(set(listed))
        edit = hosts.edit_known_hosts(text, wanted, self._mark, keep=listed)
        self._rekeyed = list(edit.replaced)
        self._known = hosts.find_known(edit.text, listed)
        unknown = [instance_id for instance_id in listed if instance_id not in self._known]
        if unknown and self._params["host_key_checking"] == "strict":
            self._module.warn("ssh will refuse these until their host keys could be read: %s" % ", ".join(unknown[:10]))
        mode = known.mode & ~0o022
        if edit.text == text:
            return Change(known, known.content, mode)
        return Change(known, edit.text.encode("latin-1") if edit.text or not self._mark_was_alone(text) else None, mode)

    def _mark_was_alone(self, text: str) -> bool:
        return all(line.endswith(" " + self._mark) for line in text_lines(text))

    def _read_host_keys(self, listed: set) -> Dict[str, List[PublicKey]]:
        wanted: Dict[str, List[PublicKey]] = {}
        for given in self._params["host_keys"]:
            instance_id = given.get("instance_id")
            if instance_id not in listed or not given.get("host_keys"):
                continue
            keys = [hosts.parse_host_key("%s %s" % (key.get("type"), key.get("key"))) for key in given["host_keys"]]
            wanted[instance_id] = keys
        return wanted

    # -- apply ----------------------------------------------------------------------------------------------------

    def _apply(self, changes: List[Change]) -> None:
        if self._is_present:
            files.make_folder(self._folder)
        for change in changes:
            if change.after is None:
                files.remove_file(change.file.path)
            else:
                files.write_file(change.file.path, change.after, change.mode)
        if not self._is_present:
            files.remove_folder(self._folder)


def _read_entry(given: Dict[str, Any]) -> model.Entry:
    return model.Entry(
        given["instance_id"],
        tuple(given["names"]),
        given["address"],
        given["port"],
        given["user"],
        given["identity_file"] or "",
        given["region"] or "",
    )


def _render_diff(change: Change) -> Dict[str, str]:
    def text(content: Optional[bytes]) -> str:
        return (content or b"").decode("utf-8", "backslashreplace")

    path = change.file.path
    modes = "" if change.after is None or not change.file.exists or change.mode == change.file.mode else " (mode %04o)"
    return {
        "before_header": path + (modes % change.file.mode if modes else ""),
        "after_header": path + (modes % change.mode if modes else ""),
        "before": text(change.file.content),
        "after": text(change.after),
    }


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
    except (model.ConfigError, HostError, KeyFormatError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
