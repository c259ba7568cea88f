# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: access_rotation
short_description: Find keys on a host and record when one takes the place of another
version_added: 1.0.0
description:
  - B(This module is private to the collection.) Only its playbooks C(rotate_key_pair) and C(offboard) use it; it can change in any release.
  - Keys are added and removed by M(alicloud.ecs_access.ssh_access). This module finds them, and writes into the record of the host since
    when both work, and when the old one left.
author:
  - The alicloud.ecs_access founders (@alicloud)
options:
  step:
    description: V(look) changes nothing, V(start) and V(end) write into the record.
    type: str
    choices: [look, start, end]
    default: look
  keys:
    description: The keys to look for, as lines or fingerprints.
    type: list
    elements: str
    default: []
  users:
    description: Users all of whose keys are reported, too.
    type: list
    elements: str
    default: []
  old_fingerprint:
    description: The fingerprint of the key that leaves, empty if it is not known.
    type: str
    default: ""
  new_fingerprint:
    description: The fingerprint of the key that takes its place, empty if there is none yet.
    type: str
    default: ""
  pair:
    description: The name of the key pair that leaves.
    type: str
    default: ""
  at:
    description: The time to write down, in UTC, for example V(2026-11-27T09:30:00Z). Required for V(start) and V(end).
    type: str
    default: ""
  instance_id:
    description: The id of the instance.
    type: str
attributes:
  check_mode:
    description: Reports what would change without changing it.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Find a key in all accounts
  alicloud.ecs_access.access_rotation:
    keys: [SHA256:6ifxTZDhbMyvZDEUuHcIo6xSmnnG4Vs0YUsrLCbLVXI]
  become: true
"""

RETURN = r"""
places:
  description: Every line of a key file that has one of the keys of O(keys), or is in a key file of O(users).
  returned: with O(step=look)
  type: list
  elements: dict
  contains:
    user:
      description: The account.
      type: str
      returned: always
      sample: anna
    path:
      description: The file.
      type: str
      returned: always
      sample: /home/anna/.ssh/authorized_keys
    fingerprint:
      description: The fingerprint of the key.
      type: str
      returned: always
      sample: SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU
    public_key:
      description: The key, without its comment.
      type: str
      returned: always
      sample: ssh-rsa AAAAB3Nza...
    options:
      description: The options of the line.
      type: str
      returned: always
      sample: 'from="10.0.0.0/8"'
    read:
      description: Whether sshd reads that file now.
      type: bool
      returned: always
      sample: true
    shared:
      description: Whether sshd reads that file for other accounts too.
      type: bool
      returned: always
      sample: false
unsearched:
  description: What could not be searched.
  returned: with O(step=look)
  type: list
  elements: str
  sample: ['/home/ben: its file system does not answer']
users:
  description: Those of O(users) that the host has.
  returned: with O(step=look)
  type: list
  elements: dict
  contains:
    name:
      description: The user.
      type: str
      returned: always
      sample: anna
    uid:
      description: The numeric id.
      type: int
      returned: always
      sample: 1000
    local:
      description: Whether the account is in C(/etc/passwd).
      type: bool
      returned: always
      sample: true
rotation:
  description: The rotation of the two keys as the record has it; null if there is none.
  returned: success
  type: dict
  sample: &rotation
    old: SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU
    new: SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8
    pair: team-2026
    since: "2026-11-27T09:30:00Z"
    ended: ""
ended:
  description: The last rotation in which the key of O(pair) left; null if there is none.
  returned: with O(step=look)
  type: dict
  sample: *rotation
"""

import os
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.look_rotation import RotationBook, find_places, find_users, next_rotation
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.lock import locked_accounts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.run import describe_error
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable, printable_all


def look(params: Dict[str, Any]) -> Dict[str, Any]:
    """Where the keys are, and what the record has on them."""
    book = RotationBook(params["instance_id"])
    rotation, ended = book.find(params["old_fingerprint"], params["new_fingerprint"]), book.ended(params["pair"])
    found = {"rotation": rotation._asdict() if rotation else None, "ended": ended._asdict() if ended else None}
    return dict(find_places(params["keys"], params["users"]), users=find_users(params["users"]), changed=False, **found)


def write(params: Dict[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Write down the beginning or the end."""
    if check_mode:
        return {"changed": True, "rotation": None}
    with locked_accounts():
        book = RotationBook(params["instance_id"])
        rotation = next_rotation(book.find(params["old_fingerprint"], params["new_fingerprint"]), params)
        return {"changed": book.write(rotation), "rotation": rotation._asdict()}


def argument_spec() -> Dict[str, Any]:
    """Options of the module."""
    return dict(
        step=dict(type="str", choices=["look", "start", "end"], default="look"),
        keys=dict(type="list", elements="str", default=[], no_log=False),
        users=dict(type="list", elements="str", default=[]),
        old_fingerprint=dict(type="str", default=""),
        new_fingerprint=dict(type="str", default=""),
        pair=dict(type="str", default=""),
        at=dict(type="str", default=""),
        instance_id=dict(type="str"),
    )


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    if os.geteuid() != 0:
        module.fail_json(msg="access_rotation needs root on the host; set become: true")
    os.umask(0o022)
    try:
        params = module.params
        result = look(params) if params["step"] == "look" else write(params, module.check_mode)
    except AccessError as exc:
        module.fail_json(msg=printable(exc.text))
    except OSError as exc:
        module.fail_json(msg=printable("the host refused: " + describe_error(exc)))
    module.exit_json(**printable_all(result))


if __name__ == "__main__":
    main()
