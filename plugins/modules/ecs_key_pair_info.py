# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List key pairs."""

DOCUMENTATION = r"""
module: ecs_key_pair_info
short_description: List ECS key pairs
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Lists the key pairs of a region, all of them or those that match every given option.
notes:
  - The RAM action is C(ecs:DescribeKeyPairs), with O(include_instances) also C(ecs:DescribeInstances), with O(include_launch_templates)
    also C(ecs:DescribeLaunchTemplates) and C(ecs:DescribeLaunchTemplateVersions).
extends_documentation_fragment:
  - alicloud.ecs_access.ecs
  - alicloud.ecs_access.attributes
  - alicloud.ecs_access.attributes.info
  - alicloud.ecs_access.attributes.actiongroup_ecs
options:
  names:
    description:
      - The names of the key pairs. V(*) matches any text. A name that does not exist is ignored.
    type: list
    elements: str
    aliases: [name]
  fingerprint:
    description: The MD5 fingerprint of the public key, with or without colons.
    type: str
  tags:
    description: Tags that the key pairs must have, all of them.
    type: dict
  resource_group_id:
    description: The resource group of the key pairs.
    type: str
  include_public_key:
    description: Whether to return the public keys too.
    type: bool
    default: false
  include_instances:
    description: Whether to return which instances are bound to each key pair.
    type: bool
    default: false
  include_launch_templates:
    description:
      - Whether to return which launch templates name each key pair, in any of their versions. Every launch template of the region is read.
      - Scaling configurations and images are not looked at.
    version_added: 1.0.0
    type: bool
    default: false
seealso:
  - module: alicloud.ecs_access.ecs_key_pair
"""

EXAMPLES = r"""
- name: List the key pairs of a team with the instances that use them
  alicloud.ecs_access.ecs_key_pair_info:
    region: eu-central-1
    tags:
      team: web
    include_instances: true
  register: web

- name: Show key pairs that no instance uses
  ansible.builtin.debug:
    msg: "{{ web.key_pairs | rejectattr('instance_ids') | map(attribute='name') }}"
"""

RETURN = r"""
key_pairs:
  description: The key pairs, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: deploy
    fingerprint:
      description: What ECS calls the fingerprint, in lower case without colons.
      type: str
      sample: 883aff9af03f3ee5dd0e186099a2e173
    key_type:
      description: The type of the public key; V(null) if ECS does not show the key, or one that cannot be read.
      returned: when O(include_public_key=true)
      type: str
      sample: ssh-rsa
    public_key:
      description: The public key as one line; V(null) if ECS does not show it, or one that cannot be read.
      returned: when O(include_public_key=true)
      type: str
      sample: ssh-rsa AAAAB3NzaC1yc2EAAAADAQ... deploy
    tags:
      description: The tags.
      type: dict
      sample: {team: web}
    resource_group_id:
      description: The resource group.
      type: str
      sample: rg-aek2example
    creation_time:
      description: When it was created or imported, in UTC.
      type: str
      sample: "2026-01-31T08:00Z"
    instance_ids:
      description: The instances that are bound to the key pair.
      returned: when O(include_instances=true)
      type: list
      elements: str
      sample: [i-bp1example]
    launch_templates:
      description: The launch templates that name the key pair, each as its id and its name.
      returned: when O(include_launch_templates=true)
      type: list
      elements: str
      sample: [lt-bp1example web]
"""

from typing import Any, Dict, List

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.answer import mapping_of, text_of
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.module import CloudTask, EcsModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.tags import normalize_tags
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.plan import KeyPair, read_key_pair
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable

# Up to here it is cheaper to ask for each key pair's instances than to read all instances.
_FEW = 10


class KeyPairInfoModule:
    """Only looks."""

    def __init__(self, module: CloudTask) -> None:
        self._module = module
        self._params = module.params

    def run(self) -> Dict[str, Any]:
        pairs = self._find()
        bound = self._find_bound([pair.name for pair in pairs]) if self._params["include_instances"] else {}
        named = self._find_templates() if self._params["include_launch_templates"] and pairs else {}
        return {"changed": False, "key_pairs": [self._show(pair, bound, named) for pair in pairs]}

    def _find(self) -> List[KeyPair]:
        params = self._params
        fingerprint = (params["fingerprint"] or "").strip().lower().replace("md5:", "").replace(":", "")
        found = {}
        names = params["names"] if params["names"] is not None else [None]
        for name in dict.fromkeys(names):
            raw_pairs = self._module.client.describe_key_pairs(
                name=name,
                fingerprint=fingerprint or None,
                tags=normalize_tags(params["tags"]),
                resource_group_id=params["resource_group_id"],
                include_public_key=params["include_public_key"],
            )
            found.update({raw["KeyPairName"]: read_key_pair(raw) for raw in raw_pairs})
        return [found[name] for name in sorted(found)]

    def _find_bound(self, names: List[str]) -> Dict[str, List[str]]:
        bound: Dict[str, List[str]] = {name: [] for name in names}
        filters: List[Dict[str, Any]] = [{"KeyPairName": name} for name in names] if len(names) <= _FEW else [{}]
        for chosen in filters:
            for instance in self._module.client.describe_instances(**chosen):
                if instance.key_pair_name in bound:
                    bound[instance.key_pair_name].append(instance.instance_id)
        return bound

    def _find_templates(self) -> Dict[str, List[str]]:
        named: Dict[str, List[str]] = {}
        for version in self._module.client.describe_launch_template_versions():
            pair = text_of(mapping_of(version.get("LaunchTemplateData")).get("KeyPairName"))
            template = "%s %s" % (text_of(version.get("LaunchTemplateId")), text_of(version.get("LaunchTemplateName")))
            named.setdefault(pair, []).append(printable(template).strip())
        return named

    def _show(self, pair: KeyPair, bound: Dict[str, List[str]], named: Dict[str, List[str]]) -> Dict[str, Any]:
        shown = pair.to_dict()
        if not self._params["include_public_key"]:
            del shown["public_key"], shown["key_type"]
        if self._params["include_instances"]:
            shown["instance_ids"] = sorted(bound[pair.name])
        if self._params["include_launch_templates"]:
            shown["launch_templates"] = sorted(set(named.get(pair.name, [])))
        return shown


def argument_spec() -> Dict[str, Any]:
    return dict(
        names={"type": "list", "elements": "str", "aliases": ["name"]},
        fingerprint={"type": "str"},
        tags={"type": "dict"},
        resource_group_id={"type": "str"},
        include_public_key={"type": "bool", "default": False, "no_log": False},
        include_instances={"type": "bool", "default": False},
        include_launch_templates={"type": "bool", "default": False},
    )


def look(task: CloudTask) -> Dict[str, Any]:
    """All that the module does."""
    return KeyPairInfoModule(task).run()


def main() -> None:
    EcsModule(argument_spec(), supports_check_mode=True).run(look)


if __name__ == "__main__":
    main()
