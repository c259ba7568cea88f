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
  - alicloud.ecs_access.users_record
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

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.apply_task import carry_out
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.options import argument_spec


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    result = carry_out(module.params, module.check_mode)
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
