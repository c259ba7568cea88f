# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: ssh_login_check
short_description: Find out why a user can, or cannot, log in with an SSH key
version_added: 1.0.0
description:
  - Checks everything on this host that affects a login with a public key and reports what blocks it, the root cause first, each with
    the evidence and the fix.
  - It checks the network (TCP wrappers, routes, firewall rules), what sshd logged about earlier logins from the address (penalties,
    algorithms that client and server do not share), the server (units, ports, configuration that is broken or not loaded, host keys),
    the account (name service, locks, expiry, shell, home, C(/etc/nologin)), sshd's settings as they apply to this user from this address,
    the key files (the path to them with the rights of the account, owners, modes, missing mounts, their text, key options), the key itself
    (algorithms, size, revocation), PAM (access, times, lists, limits), and what runs after the login (chroot, forced commands, start-up
    files that end the session or never finish).
  - Changes nothing. A login that cannot work is a finding, not a failure of the module.
  - The result describes the current files. If sshd runs with an older configuration, this is reported as finding C(config_not_loaded).
author:
  - The alicloud.ecs_access founders (@alicloud)
options:
  user:
    description: The user whose login is checked. An account that does not exist is a finding.
    type: str
    required: true
  public_key:
    description:
      - The key, as one line of a C(.pub) file. A certificate (C(-cert.pub)) stands for itself and for the key that is in it.
      - If not given, any key that sshd would accept is enough.
    type: str
  address:
    description:
      - The address that the login comes from, for C(from=), C(Match), C(AllowUsers), firewall rules and the like.
      - If not given, the address of the SSH client of this task is used, also after C(become). If there is none, findings that
        depend on the address are warnings.
    type: str
  port:
    description: The port that the login uses. If not given, the ports in sshd's configuration.
    type: int
  session:
    description:
      - What the login is for, since start-up files and forced commands do not concern all of them. V(command) is a single command, as
        Ansible runs it, V(shell) a shell in a terminal, and V(sftp) the transfer of files.
      - With O(prove=true), the private login asks for the same. One with a terminal is entered into the host's records of logins (C(wtmp),
        C(lastlog)), as every such login is.
    type: str
    choices: [command, shell, sftp]
    default: command
  prove:
    description:
      - Also perform a real login as this user, through a private sshd that no other process can reach. It uses the host's own settings
        for this user and address and accepts a key that was generated for this one login.
      - The login tests account, PAM, limits, shell, start-up files and algorithms, and reveals refusals that no file shows. It does not
        test the user's own keys, the listening sshd, the network or SELinux, because the private sshd does not run in the
        domain of the real one.
      - The private half of the key, the configuration and the log are files without a name, which are gone when the process that holds
        them ends, even if it is killed. This module writes nothing to the home directory, but the user's start-up files are run.
    type: bool
    default: false
attributes:
  check_mode:
    description: Does the same in either mode, because it changes nothing.
    support: full
  diff_mode:
    description: The module changes nothing, so there is nothing to compare.
    support: none
  platform:
    description: Linux with OpenSSH's server.
    support: full
    platforms: posix
notes:
  - Needs root. Without root the result is V(unknown) unless something that every user can read blocks the login.
  - The programs decide, files only explain. sshd is offered the public half of the key, PAM is asked about the account, and TCP wrappers and
    the packet filter about the address, in private copies of the connection. This takes C(CAP_SYS_ADMIN) and C(CAP_NET_ADMIN), which root
    of a container does not have. What cannot be asked there makes the result V(unknown), and the finding names it.
  - PAM modules that count, or that run programs, are not asked, such as C(pam_faillock) and C(pam_exec). O(prove=true) asks them.
  - SELinux labels are reported only if they are certainly wrong; the SELinux policy itself is not queried.
  - An C(AuthorizedKeysCommand) is run by sshd, when it is asked about the key, and not in check mode.
  - Causes on the client (keys that are not offered, known hosts) and in the cloud (security groups, status, addresses) are checked by
    the playbook C(alicloud.ecs_access.diagnose).
seealso:
  - module: alicloud.ecs_access.ssh_access
  - module: alicloud.ecs_access.sshd_pubkey
  - name: Causes of failed logins
    description: Every cause with what is found, the fix, and the program that decides.
    link: https://github.com/alicloud/ecs_access/blob/main/docs/diagnosis.md
"""

EXAMPLES = r"""
- name: Find out why John's key does not work
  alicloud.ecs_access.ssh_login_check:
    user: john
    public_key: "{{ lookup('file', 'keys/john.pub') }}"
    address: 198.51.100.7
  become: true
  register: check

- name: Show the causes
  ansible.builtin.debug:
    msg: "{{ check.findings | map(attribute='evidence') | list }}"

- name: Make sure that the deploy user can log in before the old key is removed
  alicloud.ecs_access.ssh_login_check:
    user: deploy
    prove: true
  become: true
  register: check
  failed_when: not check.can_log_in is true
"""

RETURN = r"""
can_log_in:
  description:
    - V(true), V(false), or the string V(unknown) if it depends on something that could not be checked.
  returned: success
  type: raw
  sample: false
findings:
  description: What blocks the login, then what might block it, then what is worth knowing; each in the order of the steps of a login.
  returned: success
  type: list
  elements: dict
  contains:
    cause:
      description: The name of the cause. It stays the same between versions.
      type: str
      sample: key_file_unreadable
    severity:
      description: V(blocks) prevents the login, V(warns) might, V(info) does not.
      type: str
      sample: blocks
    evidence:
      description: What was found and where, in one sentence.
      type: str
      sample: >-
        /home/john/.ssh/authorized_keys (owner root, mode 0600): sshd looks for keys with the rights of john, who may not read it
    fix:
      description: How to fix it.
      type: str
      sample: give it to the account
    fix_command:
      description:
        - A shell command for root that fixes it. Only given if it is safe and there is only one way to fix it.
        - Below a directory that the account can write to, the command runs as the account (C(runuser)). No command gives the account
          a file of another user, or adds it to a group that can become root.
      type: str
      returned: if there is one
      sample: runuser -u john -- chmod go-w -- /home/john/.ssh
address:
  description: The address that the check is for, empty if it is not known.
  returned: success
  type: str
  sample: 198.51.100.7
proof:
  description: The result of O(prove=true), in one sentence.
  returned: when O(prove=true)
  type: str
  sample: john logged in through a private sshd
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.look import make_request, read_facts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.prove import prove_login
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.verdict import judge, with_proof
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError, ModuleFailure
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_address
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.certificates import is_certificate, parse_certificate
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable_all

_VERDICTS: Dict[str, Any] = {"true": True, "false": False, "unknown": "unknown"}


def check_login(params: Dict[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Read, judge and, if asked, prove; returns the result of the module."""
    text = params["public_key"]
    certificate = parse_certificate(text) if text and is_certificate(text) else None
    key = certificate.key if certificate is not None else parse_public_key(text) if text else None
    _check(params)
    request = make_request(params["user"], key, params["address"], params["port"], certificate, params["session"])
    facts = read_facts(request, check_mode)
    verdict = judge(facts)
    result: Dict[str, Any] = {"changed": False, "address": request.address or ""}
    if params["prove"]:
        proof = prove_login(facts)
        verdict = with_proof(verdict, proof)
        result["proof"] = proof.text
    result.update(can_log_in=_VERDICTS[verdict.can_log_in], findings=[finding.to_dict() for finding in verdict.findings])
    return result


def _check(params: Dict[str, Any]) -> None:
    """What is wrong here would come out as a cause: no route leads to a name."""
    address, port = params["address"], params["port"]
    if address and not is_address(address):
        raise ModuleFailure("address %r is not one IPv4 or IPv6 address" % address[:60])
    if port is not None and not 1 <= port <= 65535:
        raise ModuleFailure("port must be from 1 to 65535, not %d" % port)


def argument_spec() -> Dict[str, Any]:
    """The options."""
    return {
        "user": {"type": "str", "required": True},
        "public_key": {"type": "str", "no_log": False},
        "address": {"type": "str"},
        "port": {"type": "int"},
        "session": {"type": "str", "choices": ["command", "shell", "sftp"], "default": "command"},
        "prove": {"type": "bool", "default": False},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = check_login(module.params, module.check_mode)
    except AccessError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(**printable_all(result))


if __name__ == "__main__":
    main()
