# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, import, change and delete key pairs."""

DOCUMENTATION = r"""
module: ecs_key_pair
short_description: Make, import, change and delete ECS key pairs
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - A key pair is a public key that Alibaba Cloud ECS knows by a name and puts into instances.
  - The key is imported (O(public_key), O(public_key_path)), or made where the module runs and imported (the default), or
    made by ECS (O(generate=cloud)).
  - Keys are compared by what they are, never by comment, white space or line ends.
  - A private key is on disk, complete and with mode 0600, before ECS hears of its public half. Whenever a run is
    interrupted, the next one continues with that key. With O(generate=cloud) the answer of ECS is the only copy; if it
    never arrives, the next run says that the key pair has no private key instead of using it.
notes:
  - While a key pair is replaced its name does not exist for a moment. If the new key is refused, the old public key is put
    back with its tags. If the run is killed at that moment, the next one imports the new key.
  - With O(return_private_key) alone the result is the only copy of the private key.
  - The private key file is never removed by this module, with O(state=absent) neither.
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
requirements:
  - cryptography >= 41.0.0 for keys that are made
  - bcrypt >= 4.0.0 for O(passphrase)
options:
  name:
    description:
      - The name of the key pair, 2 to 128 characters. It starts with a letter, and goes on with letters, digits, V(:),
        V(_) and V(-). For keys that are imported or made locally V(.) and letters of all scripts may be used as well.
    type: str
    required: true
  state:
    description: Whether the key pair shall exist.
    type: str
    choices: [present, absent]
    default: present
  public_key:
    description:
      - The public key to import, one line in OpenSSH form. RSA and ECDSA keys can be imported.
      - Mutually exclusive with O(public_key_path) and O(private_key_path).
    type: str
  public_key_path:
    description:
      - A file, where the module runs, that holds the public key to import.
      - Mutually exclusive with O(public_key) and O(private_key_path).
    type: path
  generate:
    description:
      - Who makes the key if none is given to import.
      - V(local) makes it where the module runs. Only the public half leaves the machine.
      - V(cloud) lets ECS make it, an RSA key of 2048 bits, and takes the private key from the answer.
    type: str
    choices: [local, cloud]
    default: local
  private_key_path:
    description:
      - Where the private key is kept on the machine that the module runs on. The folder must exist.
      - A private key that is there already is imported or, with a key pair of this name, compared. It is never
        overwritten. An empty file is taken over. Another mode than 0600 is corrected.
      - Required to make a key, unless O(return_private_key=true).
    type: path
  return_private_key:
    description:
      - Whether RV(private_key) holds the key that was made, in clear text. Use C(no_log) or take care of the output.
      - For AWX and the like, where files vanish after the job.
    type: bool
    default: false
  key_type:
    description:
      - The type of key to make. If not set, V(rsa), and an existing key of either type is right.
      - ECS key pairs do not take ed25519 keys.
    type: str
    choices: [rsa, ecdsa]
  key_size:
    description:
      - The size of the key to make, V(2048), V(3072) or V(4096) for RSA and V(256), V(384) or V(521) for ECDSA.
      - If not set, V(3072) and V(256), and an existing key of any size is right.
    type: int
  passphrase:
    description:
      - Encrypts the private key that is made, and opens one that is at O(private_key_path) if it is not in OpenSSH form.
    type: str
  on_mismatch:
    description:
      - What to do if the key pair exists with another key than the wanted one, or its private key is not at
        O(private_key_path).
      - V(fail) changes nothing and says what differs.
      - V(replace) deletes the key pair and imports or makes the wanted one. Refused while instances are bound to it. ECS has no
        way to do both at once; if the run itself is killed in between, the next one makes the key pair with the tags and the
        resource group that the task names, and those that only ECS knew are lost.
      - V(keep) leaves the key as it is and warns. Tags and resource group are still managed.
    type: str
    choices: [fail, replace, keep]
    default: fail
  tags:
    description:
      - The tags of the key pair. If not set, they are left alone. V({}) removes all, if O(purge_tags=true).
    type: dict
  purge_tags:
    description: Whether tags that O(tags) does not name are removed.
    type: bool
    default: true
  resource_group_id:
    description: The resource group of the key pair. If not set, it is left alone.
    type: str
  force_detach:
    description:
      - With O(state=absent), whether to unbind the key pair from all instances first. If V(false), a key pair in use is
        not deleted and the instances are named.
      - Guests that run keep the key until they are rebooted. M(alicloud.ecs_access.ecs_attach_key_pair) removes it at once.
    type: bool
    default: false
seealso:
  - module: alicloud.ecs_access.ecs_key_pair_info
  - module: alicloud.ecs_access.ecs_attach_key_pair
"""

EXAMPLES = r"""
- name: Have a key pair whose private half never leaves this machine
  alicloud.ecs_access.ecs_key_pair:
    region: eu-central-1
    name: deploy
    private_key_path: ~/.ssh/ecs-deploy
    tags:
      team: web

- name: Publish the public key of an existing key
  alicloud.ecs_access.ecs_key_pair:
    region: eu-central-1
    name: deploy
    public_key_path: ~/.ssh/id_rsa.pub

- name: Put a new key in the place of the old one, which no instance uses any more
  alicloud.ecs_access.ecs_key_pair:
    region: eu-central-1
    name: deploy
    public_key: ssh-rsa AAAAB3NzaC1yc2E... deploy@ci
    on_mismatch: replace

- name: Make a key in a job whose files vanish
  alicloud.ecs_access.ecs_key_pair:
    region: eu-central-1
    name: one-off
    key_type: ecdsa
    return_private_key: true
  no_log: true
  register: one_off

- name: Delete a key pair, whoever still uses it
  alicloud.ecs_access.ecs_key_pair:
    region: eu-central-1
    name: deploy
    state: absent
    force_detach: true
"""

RETURN = r"""
key_pair:
  description: The key pair afterwards. Empty if there is none.
  returned: success
  type: dict
  contains:
    name:
      description: The name.
      type: str
      sample: deploy
    fingerprint:
      description: What ECS calls the fingerprint, MD5 in lower case without colons.
      type: str
      sample: 883aff9af03f3ee5dd0e186099a2e173
    key_type:
      description: The type of the public key.
      type: str
      sample: ssh-rsa
    public_key:
      description: The public key as one line.
      type: str
      sample: ssh-rsa AAAAB3NzaC1yc2E... deploy
    tags:
      description: The tags.
      type: dict
      sample: {team: web}
    resource_group_id:
      description: The resource group.
      type: str
      sample: rg-aek2example
    creation_time:
      description: When it was made or imported, in UTC. Not known in check mode.
      type: str
      sample: "2026-01-31T08:00Z"
previous_key_pair:
  description: The key pair that was replaced, in the form of RV(key_pair).
  returned: when a key pair is replaced
  type: dict
private_key:
  description: The private key.
  returned: when a key was made and O(return_private_key=true)
  type: str
private_key_path:
  description: Where the private key is.
  returned: when O(private_key_path) is given and the key is there
  type: str
  sample: /home/ops/.ssh/ecs-deploy
actions:
  description:
    - What was done, or would be done in check mode, in this order. After a failure, what had been done before it.
  returned: success, and on failure once changes had begun
  type: list
  elements: str
  sample: [write_private_key, import_key_pair]
failure:
  description: What the API refused.
  returned: when the API refused a call
  type: dict
  contains:
    action:
      description: The call.
      type: str
      sample: ImportKeyPair
    code:
      description: The error code.
      type: str
      sample: QuotaExceed.KeyPair
    message:
      description: The error in words.
      type: str
    request_id:
      description: What the vendor's support asks for.
      type: str
    hint:
      description: What to do about it.
      type: str
"""

import os
from typing import Any, Dict, List, Optional

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.module import EcsModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import PUBLIC_KEY
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.tags import find_tag_problem, normalize_tags
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import ModuleFailure
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair import plan as model
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.apply import KeyPairApply
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key import SIZES, check_passphrase
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key_file import look_at_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.public_key import read_given_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.steps import Delete, Import
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import PublicKey


class KeyPairModule:
    """Looks, plans, applies."""

    def __init__(self, module: EcsModule) -> None:
        self._module = module
        self._params = module.params
        self._name = module.params["name"]

    @property
    def _client(self) -> EcsClient:
        return self._module.client

    def run(self) -> Dict[str, Any]:
        return self._have() if self._params["state"] == "present" else self._remove()

    def _have(self) -> Dict[str, Any]:
        wanted = self._wanted()
        work = KeyPairApply(self._client, self._name, self._params["passphrase"])
        current = work.find()
        plan = model.plan_present(current, wanted)
        self._look_twice(plan)
        if self._module.check_mode:
            return self._result(plan, current, plan.after, work)
        work.apply(plan, current, wanted)
        # Reads may lag behind writes; what was written is known.
        found = work.find() if plan.changed else None
        after = dict(plan.after, **found.to_dict()) if found else plan.after
        result = self._result(plan, current, after, work)
        if work.made is not None and self._params["return_private_key"]:
            result["private_key"] = work.made.content.decode("ascii")
        return result

    def _remove(self) -> Dict[str, Any]:
        _refuse(model.find_name_problem(self._name, imported=True))
        work = KeyPairApply(self._client, self._name, None)
        current = work.find()
        plan = model.plan_absent(current, self._find_bound() if current else [], self._params["force_detach"])
        if not self._module.check_mode:
            work.remove(plan)
        return self._result(plan, current, {}, work)

    # -- what is wanted -------------------------------------------------------------------------------------------

    def _wanted(self) -> model.Wanted:
        params = self._params
        source = "given" if params["public_key"] is not None or params["public_key_path"] else params["generate"]
        _refuse(model.find_name_problem(self._name, imported=source != "cloud"))
        tags = normalize_tags(params["tags"])
        _refuse(find_tag_problem(tags))
        wanted = model.Wanted(
            self._name,
            source,
            return_private_key=params["return_private_key"],
            on_mismatch=params["on_mismatch"],
            tags=tags,
            purge_tags=params["purge_tags"],
            resource_group_id=params["resource_group_id"] or None,
        )
        if source == "given":
            return wanted._replace(public_key=self._read_given_key())
        self._check_making()
        wanted = wanted._replace(key_type=params["key_type"], key_size=params["key_size"])
        if not params["private_key_path"]:
            return wanted
        key_file = look_at_key_file(os.path.abspath(params["private_key_path"]), params["passphrase"])
        if key_file.public_key is not None:
            model.check_importable(key_file.public_key, key_file.path)
        return wanted._replace(key_file=key_file)

    def _read_given_key(self) -> PublicKey:
        params = self._params
        if params["generate"] == "cloud" or params["return_private_key"]:
            raise ModuleFailure("public_key and public_key_path import a key: generate=cloud and return_private_key do not apply")
        return model.check_importable(read_given_key(params), params["public_key_path"] or "public_key")

    def _check_making(self) -> None:
        key_type, size = self._params["key_type"] or "rsa", self._params["key_size"]
        if size is not None and size not in SIZES[key_type]:
            sizes = ", ".join(str(known) for known in SIZES[key_type])
            raise ModuleFailure("key_size %d does not fit key_type %s; choose one of %s" % (size, key_type, sizes))
        if self._params["generate"] == "cloud" and (key_type, size or 2048) != ("rsa", 2048):
            raise ModuleFailure("generate=cloud makes RSA keys of 2048 bits only; choose generate=local for others")
        # Now, because afterwards a key that cannot be written the way it is wanted would be lost.
        check_passphrase(self._params["passphrase"])

    # -- what only matters if something is going to be made or replaced -------------------------------------------

    def _look_twice(self, plan: model.Plan) -> None:
        bound = self._find_bound() if plan.find(Delete) else []
        if bound:
            raise model.KeyPairConflict(
                model.describe_bound(self._name, bound) + " and cannot be replaced; bind another key pair to them first (ecs_attach_key_pair)"
            )
        importing = plan.find(Import)
        if importing and importing.key is not None:
            found = self._client.describe_key_pairs(fingerprint=importing.key.fingerprint_md5)
            others = sorted(entry["KeyPairName"] for entry in found if entry["KeyPairName"] != self._name)
            if others:
                self._module.warn("the same key is also known as key pair %s" % ", ".join(others))
        for warning in plan.warnings:
            self._module.warn(warning)

    def _find_bound(self) -> List[str]:
        return [instance.instance_id for instance in self._client.describe_instances(KeyPairName=self._name)]

    # -- answer ---------------------------------------------------------------------------------------------------

    def _result(self, plan: model.Plan, current: Optional[model.KeyPair], after: Dict[str, Any], work: KeyPairApply) -> Dict[str, Any]:
        result: Dict[str, Any] = {
            "changed": plan.changed,
            "actions": plan.actions if self._module.check_mode else work.done,
            "key_pair": {key: value for key, value in after.items() if key != "private_key_mode"},
            "diff": {"before": plan.before, "after": after},
        }
        if plan.find(Delete) and after and current is not None:
            result["previous_key_pair"] = current.to_dict()
        path = self._params["private_key_path"]
        if path and self._params["state"] == "present" and os.path.exists(os.path.abspath(path)):
            result["private_key_path"] = os.path.abspath(path)
        return result


def _refuse(problem: Optional[str]) -> None:
    if problem:
        raise ModuleFailure(problem)


def argument_spec() -> Dict[str, Any]:
    return dict(
        PUBLIC_KEY,
        name={"type": "str", "required": True},
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        generate={"type": "str", "choices": ["local", "cloud"], "default": "local"},
        private_key_path={"type": "path", "no_log": False},
        return_private_key={"type": "bool", "default": False, "no_log": False},
        key_type={"type": "str", "choices": ["rsa", "ecdsa"], "no_log": False},
        key_size={"type": "int", "no_log": False},
        passphrase={"type": "str", "no_log": True},
        on_mismatch={"type": "str", "choices": ["fail", "replace", "keep"], "default": "fail"},
        tags={"type": "dict"},
        purge_tags={"type": "bool", "default": True},
        resource_group_id={"type": "str"},
        force_detach={"type": "bool", "default": False},
    )


def main() -> None:
    exclusive = [("public_key", "public_key_path", "private_key_path")]
    EcsModule(argument_spec(), supports_check_mode=True, mutually_exclusive=exclusive).run(lambda ecs: KeyPairModule(ecs).run())


if __name__ == "__main__":
    main()
