# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: ssh_login_check
short_description: Say why a user can, or cannot, log in with an SSH key
version_added: 1.0.0
description:
  - Looks at everything on this host that decides about a login by public key and names what stops it, the real cause first, each with
    its evidence and with what mends it.
  - It looks at the network (TCP wrappers, routes, firewall rules), what sshd logged about earlier logins from the address (penalties,
    algorithms that client and server do not share), the server (units, ports, configuration that is broken or not loaded, host keys),
    the account (name service, locks, expiry, shell, home, C(/etc/nologin)), sshd's settings as they apply to this user from this address,
    the key files (the way to them with the rights of the account, owners, modes, missing mounts, their text, key options), the key itself
    (algorithms, size, revocation), PAM (access, times, lists, limits), and what runs after the login (chroot, forced commands, start-up
    files that end or never end).
  - Changes nothing. A login that cannot work is a finding, not a failure of the module.
  - What it says holds for the files as they are. Where sshd runs with an older configuration, the finding C(config_not_loaded) says so.
author:
  - The alicloud.ecs_access founders (@alicloud)
options:
  user:
    description: Whose login it is about. An account that does not exist is a finding.
    type: str
    required: true
  public_key:
    description:
      - The key, as one line of a C(.pub) file.
      - If not given, any key that sshd would accept counts.
    type: str
  address:
    description:
      - Where the login comes from, for C(from=), C(Match), C(AllowUsers), firewall rules and the like.
      - If not given, the address of the SSH client that this task came from, however it became root. Without either, findings that hang
        on the address are warnings.
    type: str
  port:
    description: The port that the login goes to. If not given, those of sshd's configuration.
    type: int
  prove:
    description:
      - Also log in for real, as this user, through a private sshd that nobody else can reach. It has the host's own settings for this
        user and address and trusts a key that was made for this one login.
      - That proves account, PAM, limits, shell, start-up files and algorithms, and shows refusals that no file tells. It says nothing of
        the user's own keys, of the listening sshd, of the network, and nothing of SELinux, because the private sshd does not run in the
        domain of the real one.
      - The private half of the key, the configuration and the log are files without a name, which vanish with the process that holds
        them, even when it is killed. Nothing is written into the home by this module; what the user's own start-up files do, they do.
    type: bool
    default: false
attributes:
  check_mode:
    description: Does the same in either mode, because it changes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: Linux with OpenSSH's server.
    support: full
    platforms: posix
notes:
  - Needs root. Without it the result is V(unknown) unless something readable by everybody stops the login.
  - SELinux labels are judged only where they are surely wrong; whether a policy lets sshd read a home is not asked of the policy.
  - An C(AuthorizedKeysCommand) is run once, the way sshd runs it at every login.
  - The client's side (keys that are not offered, known hosts) and the cloud's (security groups, status, addresses) are looked at by the
    playbook C(alicloud.ecs_access.diagnose).
seealso:
  - module: alicloud.ecs_access.ssh_access
  - module: alicloud.ecs_access.sshd_pubkey
"""

EXAMPLES = r"""
- name: Find out why John's key does not work
  alicloud.ecs_access.ssh_login_check:
    user: john
    public_key: "{{ lookup('file', 'keys/john.pub') }}"
    address: 198.51.100.7
  become: true
  register: check

- name: Say it
  ansible.builtin.debug:
    msg: "{{ check.findings | map(attribute='evidence') | list }}"

- name: Make sure that the deploy user can log in before the old key goes
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
    - V(true), V(false), or the string V(unknown) where it hangs on something that could not be seen.
  returned: success
  type: raw
  sample: false
findings:
  description: What stops the login, then what might, then what is worth knowing; within each in the order in which a login meets it.
  returned: success
  type: list
  elements: dict
  contains:
    cause:
      description: A name that stays the same between versions.
      type: str
      sample: key_file_unreadable
    severity:
      description: V(blocks) stops the login, V(warns) may, V(info) doesn't.
      type: str
      sample: blocks
    evidence:
      description: What was seen and where, as one sentence.
      type: str
      sample: >-
        /home/john/.ssh/authorized_keys (owner root, mode 0600): sshd looks for keys with the rights of john, who may not read it
    fix:
      description: What mends it.
      type: str
      sample: give it to the account
    fix_command:
      description:
        - A shell command for root that fixes it. Only where that is safe and leaves no choice.
        - Below a directory that the account can write, the command runs as the account (C(runuser)). No command gives the account
          a file of somebody else's, or makes it a member of a group that can become root.
      type: str
      returned: where there is one
      sample: runuser -u john -- chmod go-w -- /home/john/.ssh
address:
  description: The address that was judged for, empty where it is not known.
  returned: success
  type: str
  sample: 198.51.100.7
proof:
  description: What came of O(prove=true), as one sentence.
  returned: when O(prove=true)
  type: str
  sample: john logged in through a private sshd
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.look import make_request, read_facts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.prove import prove_login
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.verdict import judge, with_proof
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import KeyFormatError, parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.run import HostError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable_all

_VERDICTS: Dict[str, Any] = {"true": True, "false": False, "unknown": "unknown"}


def check_login(params: Dict[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Read, judge, and prove if asked; returns the result of the module."""
    text = params["public_key"]
    key = parse_public_key(text) if text else None
    request = make_request(params["user"], key, params["address"], params["port"])
    facts = read_facts(request, check_mode)
    verdict = judge(facts)
    result: Dict[str, Any] = {"changed": False, "address": request.address or ""}
    if params["prove"]:
        proof = prove_login(facts)
        verdict = with_proof(verdict, proof)
        result["proof"] = proof.text
    result.update(can_log_in=_VERDICTS[verdict.can_log_in], findings=[finding.to_dict() for finding in verdict.findings])
    return result


def argument_spec() -> Dict[str, Any]:
    """The options."""
    return {
        "user": {"type": "str", "required": True},
        "public_key": {"type": "str", "no_log": False},
        "address": {"type": "str"},
        "port": {"type": "int"},
        "prove": {"type": "bool", "default": False},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = check_login(module.params, module.check_mode)
    except (KeyFormatError, HostError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(**printable_all(result))


if __name__ == "__main__":
    main()
