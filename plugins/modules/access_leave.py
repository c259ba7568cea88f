# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: access_leave
short_description: Remove what this collection keeps on a host and what grants nobody access
version_added: 1.0.0
description:
  - B(This module is private to the collection.) Only its playbook C(leave) uses it; it can change in any release.
  - Removes the record, the journal of sshd's changes, timers and units, lock files, and files that a killed run left. Accounts, keys, sudo
    rules and settings of sshd are not touched.
  - Removed are only files and folders that root owns and that are of the kind this collection makes. Nothing is followed. The others are named in RV(kept).
  - While other owners are in the record, only the part of O(owner) is taken out of it, and everything else stays.
author:
  - The alicloud.ecs_access founders (@alicloud)
options:
  step:
    description: V(look) changes nothing, V(remove) removes.
    type: str
    choices: [look, remove]
    default: look
  owner:
    description: Whose part of the record is removed.
    type: str
    default: default
  seen:
    description: RV(record.sha256) of the record that was kept elsewhere. If the host has another one, the task fails before any change.
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
- name: Show what would be removed
  alicloud.ecs_access.access_leave:
  become: true
"""

RETURN = r"""
actions:
  description: What was removed, or would be in check mode or with O(step=look), in order.
  returned: success
  type: list
  elements: str
  sample: [remove /var/lib/alicloud-ecs-access/people.json, remove /var/lib/alicloud-ecs-access]
kept:
  description: What has a name of this collection and is not removed, and why.
  returned: success
  type: list
  elements: str
  sample: ['/var/lib/alicloud-ecs-access: it is a symbolic link']
record:
  description: The record of the host as it is.
  returned: with O(step=look)
  type: dict
  contains:
    state:
      description: V(present), V(missing), V(damaged) or V(foreign) (of another instance).
      type: str
      returned: always
      sample: present
    problem:
      description: What is wrong with it; empty if nothing is.
      type: str
      returned: always
      sample: ""
    content:
      description: The file in base64; empty if there is none, or if others than root may have written it.
      type: str
      returned: always
      sample: eyJmb3JtYXQiOiAx...
    sha256:
      description: The SHA-256 of the file in hexadecimal; empty if there is no file.
      type: str
      returned: always
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    people:
      description: Accounts of O(owner).
      type: list
      elements: str
      returned: always
      sample: [anna, ben]
    vanished:
      description: Those of RV(record.people) of whom the host has no account any more.
      type: list
      elements: str
      returned: always
      sample: [ben]
    others:
      description: Other owners, and the accounts of each.
      type: dict
      returned: always
      sample: {dba: [dora]}
temporary_keys:
  description:
    - Whether sshd asks the plugin of Alibaba Cloud for temporary keys. V(none), V(ours) (this collection prepared the host) or V(others).
  returned: with O(step=look)
  type: str
  sample: none
armed:
  description: Whether a change of sshd has not been proven yet, and may be undone.
  returned: with O(step=look)
  type: bool
  sample: false
login:
  description: Who the session of this run belongs to that became root; empty if that cannot be seen.
  returned: with O(step=look)
  type: str
  sample: ecs-user
"""

import base64
import hashlib
import os
from typing import Any, Dict, List

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.record_files import PATH, RecordFile
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.session import find_session_user
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._leaving.left_files import Left, find_left, remove_left
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd import journal
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd.apply import undo_interrupted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd.look_plugin import look_at_plugin
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.account_files import find_account
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.lock import locked_accounts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.run import HostError, describe_error
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable, printable_all


class AccessLeave:
    """One run on one host."""

    def __init__(self, params: Dict[str, Any], check_mode: bool) -> None:
        self._owner = params["owner"]
        self._seen = params["seen"]
        self._instance = params["instance_id"]
        self._check_mode = check_mode

    def look(self) -> Dict[str, Any]:
        """What is there, and what would be removed."""
        record = self._read()
        people = sorted(record.record.owners.get(self._owner, {}))
        return dict(
            self._answer(self._find(record), record),
            changed=False,
            record={
                "state": record.state,
                "problem": record.problem,
                "content": base64.b64encode(record.content or b"").decode("ascii"),
                "sha256": _hash(record),
                "people": people,
                "vanished": [name for name in people if find_account(name) is None],
                "others": self._others(record),
            },
            temporary_keys=look_at_plugin().state,
            armed=journal.find_armed() is not None,
            login=find_session_user(os.getpid()) or "",
        )

    def remove(self) -> Dict[str, Any]:
        """Remove it, all but the locks under the locks; nothing to remove is nothing to lock."""
        record = self._read()
        self._check(record)
        answer = self._answer(self._find(record), record)
        result = dict(answer, changed=bool(answer["actions"]))
        if not result["changed"] or self._check_mode:
            return result
        if self._others(record):
            self._remove_part()
            return result
        with locked_accounts(), journal.turn():
            undo_interrupted()
            record = self._read()
            self._check(record)
            if look_at_plugin().state == "ours":
                raise HostError("sshd still asks for temporary keys; nothing was removed")
            left = self._find(record)
            for _entry in remove_left(left.entries):
                pass
        return result

    def _remove_part(self) -> None:
        with locked_accounts():
            record = self._read()
            self._check(record)
            owners = {owner: owned for owner, owned in record.record.owners.items() if owner != self._owner}
            record.write(record.record._replace(owners=owners))

    def _read(self) -> RecordFile:
        record = RecordFile(self._instance)
        if record.state == "future":
            raise HostError("the record %s %s; leave the host with that version, nothing was removed" % (PATH, record.problem))
        return record

    def _find(self, record: RecordFile) -> Left:
        keep = {PATH: record.problem} if record.state == "damaged" and record.content is None else {}
        return find_left(keep)

    def _check(self, record: RecordFile) -> None:
        if record.content is not None and _hash(record) != self._seen:
            raise HostError("the record %s was changed by another run in the meantime; run it again, nothing was removed" % PATH)

    def _others(self, record: RecordFile) -> Dict[str, List[str]]:
        return {owner: sorted(owned) for owner, owned in record.record.owners.items() if owner != self._owner and owned}

    def _answer(self, left: Left, record: RecordFile) -> Dict[str, Any]:
        if self._others(record):
            return {"actions": ["remove %s from %s" % (self._owner, PATH)] if self._owner in record.record.owners else [], "kept": []}
        return {
            "actions": ["%s %s" % ("stop" if entry.kind == "timer" else "remove", entry.path) for entry in left.entries],
            "kept": ["%s: %s" % kept for kept in left.kept],
        }


def _hash(record: RecordFile) -> str:
    return hashlib.sha256(record.content).hexdigest() if record.content is not None else ""


def argument_spec() -> Dict[str, Any]:
    """Options of the module."""
    return dict(
        step=dict(type="str", choices=["look", "remove"], default="look"),
        owner=dict(type="str", default="default"),
        seen=dict(type="str", default=""),
        instance_id=dict(type="str"),
    )


def main() -> None:
    """The only place that catches and fails."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    if os.geteuid() != 0:
        module.fail_json(msg="access_leave needs root on the host; set become: true")
    os.umask(0o022)
    try:
        run = AccessLeave(module.params, module.check_mode)
        result = run.look() if module.params["step"] == "look" else run.remove()
    except AccessError as exc:
        module.fail_json(msg=printable(exc.text))
    except OSError as exc:
        module.fail_json(msg=printable("the host refused: " + describe_error(exc)))
    module.exit_json(**printable_all(result))


if __name__ == "__main__":
    main()
