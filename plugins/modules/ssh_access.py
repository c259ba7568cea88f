# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: ssh_access
short_description: Manage who can log in to a host over SSH, with which keys and sudo rights
version_added: 1.0.0
description:
  - Sets the groups, accounts, sudo rights and public keys of one host in B(one) call and one round trip.
  - Everything that is not listed is left unchanged. Unknown lines, comments, order and repetitions in key files are kept byte for byte.
  - Everything is checked before anything is changed. If a step fails nevertheless, RV(actions) lists the steps that were done.
  - Locked and absent users and revoked keys are handled first. For all other users, new access is granted before old access is removed.
  - The module refuses to remove the user, key, group or sudo rule that this run itself depends on, see O(allow_self_lockout).
  - Keys are written to the file that C(sshd) reads for the user according to C(AuthorizedKeysFile), including C(Match) blocks.
  - Key files are read and written with the rights of the account that they belong to. Symbolic links, hard links and special files
    are refused. Owners and modes that would make C(sshd) ignore a key are repaired.
  - Files are replaced atomically. If a run is killed, each file is either unchanged or complete, and the next run continues from there.
  - Only one run at a time works on a host; others wait.
  - Needs root on the host (C(become)).
extends_documentation_fragment:
  - alicloud.ecs_access.attributes
  - alicloud.ecs_access.users
attributes:
  check_mode:
    support: full
    details:
      - Also works for users who do not exist yet. The result lists every key that O(users[].exclusive) would remove.
  diff_mode:
    support: full
    details:
      - Keys appear as fingerprint and comment. Password hashes never appear.
  idempotent:
    support: full
  platform:
    platforms: posix
    details:
      - Linux with the shadow utilities.
options:
  allow_self_lockout:
    description:
      - Allow the task to remove the access that this run uses to log in.
      - The guard checks the process tree of the host and the connection of Ansible. If the key of the login is not known (an
        agent, a password), all keys of that account are protected. Without SSH the guard does not apply; RV(guard) reports this.
    type: bool
    default: false
  owner:
    description:
      - Name of the team file that O(users) comes from. With it, the module keeps a record of what it gave to whom,
        C(/var/lib/alicloud-ecs-access/people.json), and takes back what the same owner no longer lists on this host. What was never in
        the record is never changed for that reason. Several owners can manage one host.
      - Keys, sudo rights and memberships are taken back at once. O(unlisted) decides about accounts.
      - A record that is missing, damaged, of another instance (a copied image) or of a newer version removes nothing, and this is reported.
      - Without it no record is read or written.
    version_added: 1.0.0
    type: str
  unlisted:
    description:
      - What happens to the account of a user of O(owner) who is no longer listed. V(report) keeps it, V(lock) locks it, V(remove) removes
        it and keeps the home.
    version_added: 1.0.0
    type: str
    choices: [report, lock, remove]
    default: report
  unlisted_max:
    description:
      - The task is refused before any change if more users than this would lose their account or their last key because they are no
        longer listed. It is also refused if O(users) is empty, or if the last user with root would lose it for that reason.
    version_added: 1.0.0
    type: int
    default: 3
  protected:
    description: Accounts that are never locked or removed because they are no longer listed. The user of this run is always among them.
    version_added: 1.0.0
    type: list
    elements: str
    default: [root]
  allow_no_users:
    description: Accept empty O(users) of an O(owner) whose rules put nobody on this host.
    version_added: 1.0.0
    type: bool
    default: false
  instance_id:
    description: Id of the instance, by which a record that came with a copied image is recognized. By default the host's own ids are used.
    version_added: 1.0.0
    type: str
  _leaves:
    description:
      - Set by the playbook C(leave), which has proven another login that becomes root. What the record has of O(owner) is taken back; accounts go if
        this module made them.
    type: bool
    default: false
  _login:
    description:
      - How the connection of Ansible is logged in. Set by the action plugin of this module, which overrides any value from the task.
    type: dict
seealso:
  - module: alicloud.ecs_access.sshd_pubkey
    description: Makes sshd accept public keys.
author:
  - The alicloud.ecs_access founders (@alicloud)
"""

EXAMPLES = r"""
- name: Give a team access
  alicloud.ecs_access.ssh_access:
    groups:
      - name: developers
    users:
      - name: john
        comment: John Smith
        groups: [developers]
        sudo: nopasswd
        authorized_keys:
          - ssh-ed25519 AAAAC3Nza...hnC john@laptop
          - key: ssh-ed25519 AAAAC3Nza...f0Q john@build
            options: restrict,from="192.0.2.0/24"
      - name: jane
        groups: [developers]
        sudo: password
        password_hash: "{{ vault_jane_password_hash }}"
        authorized_keys:
          - "{{ lookup('ansible.builtin.file', 'jane.pub') }}"
  become: true

- name: Replace the key of the deploy user and remove all others
  alicloud.ecs_access.ssh_access:
    users:
      - name: deploy
        exclusive: true
        authorized_keys:
          - ssh-ed25519 AAAAC3Nza...9aX deploy@2026
  become: true

- name: Remove a person, and their keys from every account
  alicloud.ecs_access.ssh_access:
    users:
      - name: mallory
        state: absent
    revoked_keys:
      - SHA256:6ifxTZDhbMyvZDEUuHcIo6xSmnnG4Vs0YUsrLCbLVXI
  become: true

- name: Give keys and one command to an account of the directory service
  alicloud.ecs_access.ssh_access:
    users:
      - name: operator
        account: existing
        sudo: nopasswd
        sudo_commands: [/usr/bin/systemctl restart app.service]
        authorized_keys:
          - ssh-ed25519 AAAAC3Nza...Ww2 operator
  become: true
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, in order. After a failure, what was done before it.
  type: list
  elements: str
  returned: always, except for wrong options
  sample: ["create user john in groups developers", "user john: add key SHA256:6ifx... (john@laptop)"]
remains:
  description:
    - Where revoked keys remain, or could not be searched for. The task fails then, unless sshd refuses these keys, see O(revoked_keys).
    - What is left of users who are locked or absent and is not removed by this module. Sudoers lines of other origin, crontabs, at jobs
      and services. Each is a warning, too.
    - Of users whose account is removed, also files outside of the home, which the next account of that uid would own. They are searched
      for in the usual places for some seconds.
  type: list
  elements: str
  returned: always, except for wrong options
  sample: ["user mallory still has the crontab /var/spool/cron/crontabs/mallory"]
users:
  description: The listed users as they are now, or would be in check mode.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the user.
      type: str
      returned: success
      sample: john
    state:
      description: V(present), V(locked) or V(absent).
      type: str
      returned: success
      sample: present
    uid:
      description: Numeric id of the account, V(null) if it is not known yet.
      type: int
      returned: success
      sample: 1001
    group:
      description: Primary group.
      type: str
      returned: success
      sample: john
    groups:
      description: Supplementary groups.
      type: list
      elements: str
      returned: success
      sample: [developers]
    shell:
      description: Login shell.
      type: str
      returned: success
      sample: /bin/bash
    home:
      description: Home directory.
      type: str
      returned: success
      sample: /home/john
    expires:
      description: Day on which the account expires, or V(never).
      type: str
      returned: success
      sample: never
    sudo:
      description: V(none), V(password) or V(nopasswd), according to the admin group and the rule of this module.
      type: str
      returned: success
      sample: nopasswd
    sudo_rule:
      description: The rule of this module, empty if there is none.
      type: str
      returned: success
      sample: "john ALL=(ALL:ALL) NOPASSWD: ALL"
    authorized_keys:
      description: Keys that sshd reads for the user. Empty for a user who does not exist.
      type: list
      elements: dict
      returned: success
      contains:
        fingerprint:
          description: Fingerprint as printed by C(ssh-keygen -l).
          type: str
          returned: success
          sample: SHA256:6ifx...
        type:
          description: Type of the key.
          type: str
          returned: success
          sample: ssh-ed25519
        comment:
          description: Comment of the line.
          type: str
          returned: success
          sample: john@laptop
        options:
          description: Options of the line.
          type: str
          returned: success
          sample: restrict,pty
record:
  description: The record of this host. Only with O(owner).
  type: dict
  returned: success
  contains:
    path:
      description: The file.
      type: str
      returned: success
      sample: /var/lib/alicloud-ecs-access/people.json
    owner:
      description: Whose file this is.
      type: str
      returned: success
      sample: default
    state:
      description: V(present), V(missing), V(damaged), V(foreign) (of another instance) or V(future) (of a newer version), as it was found.
      type: str
      returned: success
      sample: present
    unlisted:
      description: Users of the owner who are no longer listed and whose account is still there when the task starts.
      type: list
      elements: str
      returned: success
      sample: [mary]
    removed:
      description: Those of them whose account is removed.
      type: list
      elements: str
      returned: success
      sample: []
    notes:
      description: A sentence for each of them, and for what keeps the record from being used.
      type: list
      elements: str
      returned: success
      sample: ["user mary is no longer listed by the owner default; the account stays (ssh_users_unlisted is report)"]
guard:
  description: How this run is logged in, and so what it must not take away.
  type: dict
  returned: success
  contains:
    applies:
      description: Whether the run came over SSH.
      type: bool
      returned: success
      sample: true
    users:
      description: Whom it is logged in as.
      type: list
      elements: str
      returned: success
      sample: [root]
    key:
      description: Fingerprint of its key, null when it is not known.
      type: str
      returned: success
      sample: SHA256:jXC5...
    become:
      description: Whether it needs sudo or the like.
      type: bool
      returned: success
      sample: false
    reason:
      description: Why the guard applies or does not.
      type: str
      returned: success
      sample: this run is logged in over SSH as root
"""

import contextlib
import os
import sys
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.apply import Outcome, apply_plan, with_uids
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.look_and_plan import look_and_plan
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.look_record import Ledger
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.look_remains import Gone, find_remains
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.look_sudo import find_objections
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.options import argument_spec
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.remains import describe_remain
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.report import (
    failure_text,
    render_diff,
    sentences,
    unremoved_keys,
    user_results,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.session import find_login
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.sudoers_files import check_fragments, read_sudo
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.lock import accounts_are_locked, locked_accounts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.private_folder import clear_folders
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.run import describe_error
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable, printable_all


class SshAccess:
    """Look, plan, apply; one run at a time."""

    def __init__(self, params: Dict[str, Any], check_mode: bool) -> None:
        self.params = params
        self.check_mode = check_mode
        reported = params["_login"] or {}
        self.voids, self.announces = bool(reported.get("voids")), bool(reported.get("announces"))

    def run(self) -> Dict[str, Any]:
        """The module's result."""
        wanted = parse_wanted(self.params)
        login = find_login(self.params["_login"] or {})
        if self.announces and not self.check_mode and accounts_are_locked():
            return {"changed": False, "warnings": [], "_waits": True}
        with contextlib.ExitStack() as stack:
            if not self.check_mode:
                stack.enter_context(locked_accounts())
                clear_folders()
            ledger = Ledger(self.params, login) if self.params["owner"] else None
            settled = ledger.extend(wanted) if ledger else wanted
            plan = look_and_plan(settled, login, self.params["allow_self_lockout"])
            if ledger:
                ledger.check(plan)
            if plan.fragments:
                check_fragments(plan.fragments)
            after = plan.after
            outcome = Outcome(tuple(plan.actions))
            if ledger and not self.check_mode:
                ledger.open(plan)
            if plan.changed and not self.check_mode:
                outcome = apply_plan(plan)
                after = with_uids(after)
            # Others' rules may come later than ours: what is in force is asked of sudo itself, once nothing is left to be done.
            against = [] if outcome.failures or (plan.changed and self.check_mode) else find_objections(wanted.users, plan.others_rules)
            if ledger and not self.check_mode and not outcome.failures and not plan.failures:
                ledger.close(plan, after)
        result: Dict[str, Any] = {
            "changed": bool(outcome.done),
            "actions": sentences(outcome.done),
            "guard": login.to_dict(),
            "diff": render_diff(plan),
            "users": user_results(after, [user.name for user in wanted.users if user.name in after]),
            "warnings": list(plan.warnings) + (ledger.notes if ledger else []),
        }
        planned = plan.failures + tuple(against)
        if ledger:
            result["record"] = ledger.answer()
        unremoved = plan.unremoved + outcome.unremoved
        gone = [
            Gone(
                user.name,
                plan.before[user.name].uid,
                plan.before[user.name].home,
                removed=user.state == "absent",
                groups=plan.sudo_groups.get(user.name, ()),
            )
            for user in settled.users
            if user.state != "present" or user.removes_remains
        ]
        rules = plan.others_rules if self.check_mode or not plan.removes else read_sudo().rules
        remains = find_remains(gone, rules)
        left = [describe_remain(remain) for remain in remains if not (self.check_mode and remain in plan.removes)]
        result["remains"] = list(unremoved) + left
        result["warnings"] += left
        if outcome.failures:
            result = {name: result[name] for name in ("changed", "actions", "warnings", "remains")}
        changed = bool(outcome.done) and not self.check_mode
        if planned or outcome.failures or unremoved:
            result.update(failed=True, msg=failure_text(planned + unremoved, outcome.failures, changed))
        if unremoved and self.voids:
            stay = unremoved_keys(plan, wanted.revoked, unremoved)
            planned += tuple(stay.pop("unknown"))
            stay["rest"] = failure_text(planned, outcome.failures, changed) if planned or outcome.failures else ""
            result["_unremoved"] = stay
        return result


def main() -> None:
    """Entry point; the only place that catches and fails."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    if not sys.platform.startswith("linux"):
        module.fail_json(msg="ssh_access works on Linux only, not on %s" % sys.platform)
    if os.geteuid() != 0:
        module.fail_json(msg="ssh_access needs root on the host; set become: true")
    # Whatever the run was started with: nobody else may write what is made here.
    os.umask(0o022)
    try:
        result = SshAccess(module.params, module.check_mode).run()
    except AccessError as exc:
        module.fail_json(msg=printable(exc.text))
    except OSError as exc:
        # Looking and planning only: steps that fail are in the outcome.
        module.fail_json(msg=printable("nothing was changed, because the host refused: " + describe_error(exc)))
    result = printable_all(result)
    for warning in result.pop("warnings"):
        module.warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
