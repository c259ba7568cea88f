# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How C(ssh_access) documents the groups, users and revoked keys of a host."""


class ModuleDocFragment:
    """The options C(groups), C(users) and C(revoked_keys)."""

    DOCUMENTATION = r"""
options:
  groups:
    description: Groups that must exist, or must not exist.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the group.
        type: str
        required: true
      gid:
        description:
          - Numeric id of a new group. The id of an existing group is never changed; a different one is an error.
        type: int
      system:
        description: Take the id of a new group from the system range.
        type: bool
        default: false
      state:
        description: Whether the group must exist.
        type: str
        choices: [present, absent]
        default: present
  users:
    description: The people and programs that log in. If an option is not given, that property of an existing account is not changed.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the account.
        type: str
        required: true
      state:
        description:
          - With V(present), the account exists. An account that was locked by this module is unlocked.
          - With V(locked), the account is expired and its password is locked. Keys stay in place but are not accepted. A locked password
            alone would not block them.
          - With V(absent), the account, its sudo rule and its key files are removed. All other options but O(users[].remove_home) and
            O(users[].end_sessions) are then ignored, so that no list can keep a person whom another list removes.
          - This is done before new access is granted to others. If something cannot be removed for one account (a key file, a running
            process), the others and all other steps are still processed. The task names it and fails at the end.
        type: str
        choices: [present, locked, absent]
        default: present
      account:
        description:
          - With V(local), the account is in C(/etc/passwd) and is created if it is missing.
          - With V(existing), only keys and sudo are managed. Use it for accounts of LDAP or SSSD, and for accounts that something else
            creates.
        type: str
        choices: [local, existing]
        default: local
      uid:
        description:
          - Numeric id of a new account. The id of an existing account is never changed; a different one is an error.
        type: int
      system:
        description: Take the id of a new account from the system range.
        type: bool
        default: false
      group:
        description:
          - Primary group. It must exist or be listed in O(groups).
          - By default, a new account gets a group with its own name.
        type: str
      groups:
        description: Supplementary groups. They must exist or be listed in O(groups).
        type: list
        elements: str
      append_groups:
        description: Keep the memberships that are not listed in O(users[].groups). With V(false) they are removed.
        type: bool
        default: true
      shell:
        description: Login shell. It must exist on the host. By default, a new account gets C(/bin/bash).
        type: path
      home:
        description: Home directory of a new account. The home of an existing account is never moved; a different one is an error.
        type: path
      create_home:
        description: Create the home directory if it does not exist.
        type: bool
        default: true
      remove_home:
        description: With O(users[].state=absent), also remove the home directory.
        type: bool
        default: false
      comment:
        description: Full name of the person (the GECOS field).
        type: str
      password_hash:
        description: The password as a C(crypt) hash, such as the output of C(openssl passwd -6).
        type: str
      update_password:
        description: With V(on_create), only a new account gets O(users[].password_hash).
        type: str
        choices: [always, on_create]
        default: always
      expires:
        description: First day on which the account has expired and logins are refused, such as V(2030-12-31), or V(never).
        type: str
      sudo:
        description:
          - With V(password), the user may run all commands after entering their password. They are added to the platform's admin group
            (C(sudo), else C(wheel)); where C(sudoers) grants neither, they get their own rule. The account must have a password.
          - With V(nopasswd), the user may run all commands without a password. The rule is in their own file in C(sudoers.d).
          - With V(none), the user is removed from the admin group and their file is deleted. Other rules that still grant them sudo
            are reported as warnings.
          - A file is put in place only after C(visudo) has accepted the complete configuration with it, in a copy.
          - If not given, sudo is not changed.
        type: str
        choices: [none, password, nopasswd]
      sudo_commands:
        description:
          - Commands in C(sudoers) syntax, instead of all commands. Each element is exactly one command, an absolute path with or
            without arguments, C(sudoedit) with paths, C(ALL) or an alias, with C(!) in front to exclude it.
          - A comma, colon, equals sign, number sign or backslash that is part of a command needs a backslash before it. Tags such as
            C(NOEXEC) are refused, and so is an empty list.
        type: list
        elements: str
      sudo_runas:
        description: The users and groups to run commands as, in C(sudoers) syntax. By default V(ALL:ALL).
        type: str
      sudo_rules:
        description:
          - Several rules instead of O(users[].sudo), O(users[].sudo_commands) and O(users[].sudo_runas). Each becomes a line of the user's
            file in C(sudoers.d), in this order. Where two of them match a command, C(sudo) uses the later one.
        version_added: 1.0.0
        type: list
        elements: dict
        suboptions:
          sudo:
            description: Whether the commands need the user's password.
            type: str
            choices: [password, nopasswd]
            default: nopasswd
          commands:
            description: As O(users[].sudo_commands). By default all commands.
            type: list
            elements: str
          runas:
            description: As O(users[].sudo_runas).
            type: str
          until:
            description:
              - Last day on which the rule holds (UTC), such as V(2027-01-31). C(sudo) itself ends it (C(NOTAFTER)), so no further run is
                needed. Needs sudo 1.8.20 or newer on the host.
            type: str
      authorized_keys:
        description:
          - Public keys. An element is a key line, the text of a C(.pub) file with one or more lines, or a dictionary with C(key), and
            optionally C(options) (a string or a list), C(comment), C(state) (V(present) or V(absent)), C(until) and C(from).
          - C(until) is the last day (UTC) on which the key is accepted, such as V(2027-01-31). C(sshd) itself ends it (C(expiry-time)), so
            no further run is needed. With V(never) the key has no end. C(from) is a list of addresses, networks or patterns from which the
            key is accepted. Other options of a line stay as they are.
          - If options or comment are not given, those of an existing key are not changed. C(options) given as an empty string
            removes all options. Given options apply to every line with that key.
          - Options that no sshd supports are refused, because sshd would silently ignore the whole line.
          - Keys are compared by type and key material, not by their text.
          - A key file that C(sshd) also reads for another account is never changed. The key is written to the next file
            that C(sshd) reads for this account only; if there is none, the task fails.
        type: list
        elements: raw
      exclusive:
        description:
          - Remove every key that is not listed, and every line that cannot be parsed. Comments stay.
          - An empty list is refused, see O(users[].allow_empty_exclusive).
          - Keys in a file that C(sshd) also reads for other accounts are not removed; a warning names the file.
          - Keys that C(sshd) takes from a program (C(AuthorizedKeysCommand)) are not removed; a warning names the program.
        type: bool
        default: false
      allow_empty_exclusive:
        description: Allow O(users[].exclusive) to remove all keys.
        type: bool
        default: false
      create:
        description: Create the account if it does not exist. With V(false), a missing account is skipped.
        version_added: 1.0.0
        type: bool
        default: true
      remains:
        description:
          - What happens to what else acts in the name of a user who is locked or absent. V(report) lists it in
            RV(alicloud.ecs_access.ssh_access#module:remains).
          - V(remove) removes their crontab, their at jobs, lines of C(/etc/crontab) and C(/etc/cron.d) that run as them, C(sudoers) rules
            that are about them alone (after C(visudo) has accepted the rest), lingering, private keys in their C(.ssh) whose public
            halves are in O(revoked_keys), and running processes, also of a user who was locked before. With O(users[].sudo=none) they
            also leave the supplementary groups that a rule of C(sudoers) names. For O(users[].account=existing) this needs
            O(users[].sudo=none); their account stays as it is.
          - Units of C(systemd) and rules that name others too are never removed, and listed with V(remove) as well.
        version_added: 1.0.0
        type: str
        choices: [report, remove]
        default: report
      end_sessions:
        description:
          - End all processes of a user who becomes locked or absent.
          - By default V(true) with O(users[].state=absent) and V(false) with O(users[].state=locked).
          - Processes of root that run in the user's sessions are ended too; others that the user has started are named, and the task
            fails. Nothing is ended if another account has the same numeric id.
        type: bool
  revoked_keys:
    description:
      - Keys to remove from every account in C(/etc/passwd) and every listed user, even if O(users) lists them. An element is a key line
        or a fingerprint as printed by C(ssh-keygen -l), such as V(SHA256:...).
      - The default key files (C(.ssh/authorized_keys) and C(.ssh/authorized_keys2)) are searched even if sshd does not read them now.
      - The key of the key pair that is bound to the instance in ECS comes back at the next reboot. It is removed, and the task fails and
        names it. Unbind the pair first, see M(alicloud.ecs_access.ecs_attach_key_pair).
      - If an account's keys cannot be searched, or a key cannot be removed, everything else is still done, and sshd is made to refuse
        the revoked keys for every account, whatever their files hold. The keys are added to the list that C(RevokedKeys) names;
        if there is none, to C(/etc/ssh/alicloud-ecs-access-revoked-keys), which sshd is then given as by
        M(alicloud.ecs_access.sshd_pubkey) with O(alicloud.ecs_access.sshd_pubkey#module:revoked_keys), with test, rollback and
        proof of login. A warning and RV(alicloud.ecs_access.ssh_access#module:remains) name the files.
      - If that is not possible either, the task fails. This includes a key of which only the fingerprint is given and that is in no file
        that could be read, and tasks with C(async).
    type: list
    elements: str
    default: []
"""
