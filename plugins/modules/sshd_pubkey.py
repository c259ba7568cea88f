# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: sshd_pubkey
short_description: Enable public-key logins in sshd with the smallest change
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Makes sure that sshd lets the named users log in with a public key, according to the settings that sshd itself reports, with all
    C(Match) blocks, included files and options of its command line.
  - If public-key logins are enabled already, nothing is written.
  - Otherwise C(PubkeyAuthentication yes) is set, and nothing else. It is written to a separate drop-in file if sshd reads that
    before any other value, else to a marked block at the very top of the main file. Which of the two works is tested with sshd
    on a private copy of the whole configuration, never guessed from a version.
  - The new configuration must be accepted by C(sshd -t) as a whole, must be effective for each user and must change nothing else.
    Then it is written, and sshd is reloaded, never restarted, so that open sessions stay. If sshd rejects it, stops
    or no longer answers on its port, the former configuration is restored and reloaded, and the task fails.
  - Before anything is written, a rollback is armed on the host, with a journal under C(/var/lib/alicloud-ecs-access), a timer
    and a unit that runs at boot. It is disarmed only after the controller has logged in again over a new connection, with a public
    key alone. If that login fails, the controller or the network fails or the host reboots, the host restores the
    former configuration by itself, all files or none. What cannot be restored, as on a full disk, is tried again every 30 seconds. Only
    files that are unchanged since this module wrote them are restored.
  - Hardening (password logins off with O(password_authentication), root logins restricted with O(permit_root_login)) is
    applied as a second change, armed and proven like the first. It starts after a login with a key has been proven without it and while
    passwords still work, so that a proven login method exists at every moment. If its own proof fails, only this change is undone.
  - Other settings that keep a user out (such as C(AllowUsers), C(PermitRootLogin), C(AuthenticationMethods), or a C(Match) block
    that turns keys off) are never changed. The task fails and names file, line and fix.
options:
  users:
    description:
      - The users for whom public-key logins must work. Required with O(state=present), except with O(revoked_keys) and O(without_temporary_keys).
      - If a user does not exist, the task fails; in check mode there is only a warning, since an earlier task may create the user.
      - C(Match) blocks for client addresses are evaluated for the address that this run is connected from.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) enables public-key logins.
      - V(absent) removes everything that this module has added but O(revoked_keys); the settings of the other files are then in force
        again.
    type: str
    choices: [present, absent]
    default: present
  service:
    description:
      - The systemd unit that serves SSH, such as V(ssh), V(sshd.service) or V(ssh.socket).
      - V(auto) takes the active one of C(ssh.service), C(sshd.service), C(ssh.socket) and C(sshd.socket).
    type: str
    default: auto
  proof:
    description:
      - V(required) undoes a change unless the controller can log in again over a new connection with a public key alone, with the host,
        port, user, key and ssh arguments of this connection. If nothing had to be changed, there is no proof.
      - Before the change, a login of each of O(users) is tested on the host itself with a throw-away key, through a private sshd that
        has the new settings. If one is refused (an expired account, a rule of PAM), the task fails with the message of sshd. If
        the test is not possible because C(ssh) is not installed on the host, RV(trial) reports it.
      - V(skip) skips both logins. The configuration is still tested, and still rolled back if sshd fails to reload.
      - A run that is not connected by ssh has no login to prove; the result reports this.
    type: str
    choices: [required, skip]
    default: required
  password_authentication:
    description:
      - V(false) disables logins with a password. C(PasswordAuthentication) and C(KbdInteractiveAuthentication)
        (C(ChallengeResponseAuthentication) in older versions of sshd) are both turned off, because PAM asks for the same password
        through the second.
      - V(true) removes what V(false) has added. The settings of the other files are then in force again and are not overridden.
      - If omitted, both are left unchanged.
      - The task fails before anything is changed if one of O(users), or the user that this run is connected as, has no public key
        that would be accepted, if O(proof=skip) or this run is not connected by ssh, or if a C(Match) block still allows logins with a
        password, which is then named. A drop-in of another tool with a general C(PasswordAuthentication yes), such as that
        of cloud-init, has no effect, because it is read after the setting of this module.
      - Where C(AuthenticationMethods) asks for a password besides the key, the task fails too.
    type: bool
  permit_root_login:
    description:
      - The value of C(PermitRootLogin). If omitted, it is left unchanged.
      - The task fails before anything is changed if root could no longer log in but is needed, because this run is connected as root, or
        O(proof_user) or one of O(users) is root. V(prohibit-password) is enough then, if root has a public key that would be accepted.
      - If a C(Match) block allows root more than this, the task fails and names it; one that allows less stays.
      - All but V(yes) need the same proof as O(password_authentication=false).
    type: str
    choices: ['yes', prohibit-password, forced-commands-only, 'no']
  revoked_keys:
    description:
      - Public keys that sshd must refuse for every account, wherever else they are. This is a change of its own, armed and proven like the
        others; O(users) and the options for hardening are not allowed beside it.
      - The keys are added to the file that C(RevokedKeys) names, and to those that it names in C(Match) blocks, if these are text lists
        that only root can change. Otherwise the task fails.
      - If sshd has no such file, it gets C(/etc/ssh/alicloud-ecs-access-revoked-keys). O(state=absent) keeps this setting. To accept
        a key again, remove its line from the file.
      - If the key is the only one that this run can log in with, the proof of login fails and the change is undone.
    type: list
    elements: str
    default: []
  without_temporary_keys:
    description:
      - Removes the lines of C(/etc/ssh/sshd_config) by which sshd asks the plugin of Alibaba Cloud for temporary keys, if
        M(alicloud.ecs_access.ecs_temp_public_key) has prepared this host. Lines of another origin stay, and so does the plugin. This is a
        change of its own, armed and proven like the others; O(users) and the options for hardening are not allowed beside it.
    version_added: 1.0.0
    type: bool
    default: false
  proof_user:
    description:
      - The user for the proof of login. By default the user that this run is connected as.
      - With O(password_authentication) or O(permit_root_login), the login of the connected user is proven too, because the next run
        needs it.
    type: str
  proof_private_key_file:
    description:
      - A private key on the controller for the proof, for a run that is connected with a password.
      - By default the connection's key and the keys that C(ssh) finds by itself, including those of an agent.
      - One that belongs to another user (root excepted) or that others can change is refused, and so is one in a folder that others can write.
    type: path
  rollback_after:
    description: Seconds after which the host undoes a change that has not been proven, from 30 to 3600.
    type: int
    default: 120
  _controller:
    description:
      - How this run is logged in, whether a proof follows, and its result. Set by the action plugin of this module,
        which overrides any value from the task.
    type: dict
requirements:
  - systemd and OpenSSH on the host
  - root (use C(become))
extends_documentation_fragment:
  - alicloud.ecs_access.attributes
attributes:
  check_mode:
    support: full
    details: The new configuration is tested as in a real run; nothing is written.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    platforms: linux
    details: Hosts without systemd are not supported.
notes:
  - C(async) is not supported, because the proof of login follows the change.
  - If the configuration was edited by other means and sshd has not read the edits yet, the reload puts them into effect too, with a warning.
    It is refused if they would keep the user of this connection or one of O(users) out. This is checked with the settings, the keys of
    the user of this connection, the address and port that this run is connected to, and a login on the host itself. After the reload the
    login is proven as for a change.
  - A listener that was started by a systemd socket is ended instead of reloaded, because it could not bind its port again.
    systemd keeps the port open meanwhile, and the next connection starts a new listener.
seealso:
  - module: alicloud.ecs_access.ssh_access
"""

EXAMPLES = r"""
- name: Enable logins of John and Jane with their keys
  alicloud.ecs_access.sshd_pubkey:
    users:
      - john
      - jane
  become: true

- name: Show the necessary changes without making them
  alicloud.ecs_access.sshd_pubkey:
    users: [john]
  become: true
  check_mode: true
  diff: true

- name: Enable keys over a connection that uses a password
  alicloud.ecs_access.sshd_pubkey:
    users: [john]
    proof_user: john
    proof_private_key_file: ~/.ssh/john
  become: true

- name: Enable logins of John and Jane with their keys, and disable passwords
  alicloud.ecs_access.sshd_pubkey:
    users: [john, jane]
    password_authentication: false
    permit_root_login: prohibit-password
  become: true

- name: Make sshd refuse a key that was lost
  alicloud.ecs_access.sshd_pubkey:
    revoked_keys:
      - ssh-ed25519 AAAAC3Nza...hnC john@laptop
  become: true

- name: Remove the settings of this module
  alicloud.ecs_access.sshd_pubkey:
    state: absent
  become: true
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, in order.
  returned: success
  type: list
  elements: str
  sample:
    - write /etc/ssh/sshd_config.d/00-alicloud-ecs-access.conf
    - reload ssh.service
place:
  description: Where the setting is; V(none) if no setting was needed.
  returned: success
  type: str
  sample: drop_in
service:
  description: The systemd unit that serves SSH.
  returned: success
  type: str
  sample: ssh.service
effective:
  description: Per user, the value of C(PubkeyAuthentication) that sshd applies before and after.
  returned: success
  type: dict
  sample:
    john:
      before: "no"
      after: "yes"
hardening:
  description: Per user, and for all others under V(*), the values that sshd applies before and after.
  returned: with O(password_authentication) or O(permit_root_login)
  type: dict
  sample:
    "*":
      PasswordAuthentication:
        before: "yes"
        after: "no"
      PermitRootLogin:
        before: "yes"
        after: prohibit-password
trial:
  description: Per user, the result of the test login on the host itself before the change.
  returned: when a file was changed, with O(proof=required) and O(state=present)
  type: dict
  sample:
    john: let in
proof:
  description: How the change was proven, or why there was nothing to prove.
  returned: when something was changed and O(proof=required)
  type: str
  sample: logged in as admin@192.0.2.10 by public key
backups:
  description: Where the previous content of each changed file is kept on the host until the next change.
  returned: when a file was changed
  type: dict
  sample:
    /etc/ssh/sshd_config: /var/lib/alicloud-ecs-access/sshd/last-change/0.before
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd.apply_task import argument_spec, carry_out


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    result = carry_out(module.params, module.check_mode, module.warn)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
