# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How C(ssh_access) documents its guard, and the record of what each owner of people has given."""


class ModuleDocFragment:
    """The options beside C(groups), C(users) and C(revoked_keys)."""

    DOCUMENTATION = r"""
options:
  allow_self_lockout:
    description:
      - Allow the task to remove the access that this run uses to log in.
      - The guard checks the process tree of the host and the connection of Ansible. If the key of the login is not known (an
        agent, a password), all keys of that account are protected. Without SSH the guard does not apply, and the result reports this.
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
"""
