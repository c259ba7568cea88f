# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that report who can log in."""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  dest:
    description:
      - A folder for one file per instance, C(<instance id>.json), readable to nobody else. It is created with mode 0700; one that exists must
        belong to the user of the task and be closed to others, and is never entered through a link.
      - It is on the machine that runs the module. Nothing is written in check mode.
    type: path
  return_instances:
    description: Whether the result has RV(instances). Turn it off for thousands of instances, together with O(dest).
    type: bool
    default: true
notes:
  - Accounts of a directory (LDAP, SSSD) cannot be counted. Listed are those that own a folder in C(/home) or are in a group; C(unread) names the directory.
  - Ways to root other than sudo and user id 0 are not listed, such as groups of container services, C(polkit), C(su) with a
    known password, and the permission to use Cloud Assistant or Session Manager.
  - PAM is not asked, and sshd is asked about a client that no C(Match) block names. Where the address of a login could change the
    answer, it is C(unknown).
  - An C(AuthorizedKeysCommand) is not run, so the keys that it serves are not listed.
  - Last use is taken from the journal, C(/var/log/auth.log) and C(/var/log/secure). C(log_since) is how far they reach back. Lines of the two files
    can be written by any user of the host.
"""
