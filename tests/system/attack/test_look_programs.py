# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh_login_check may run while it looks: programs of the system, and no program or plugin that another account can write."""

from __future__ import annotations

import pytest
from lab import impostor
from lab.impostor import HOME, SCRIPT, TRACES

CHECKS = """
- hosts: all
  gather_facts: false
  environment: {PATH: "%s/bin:/usr/sbin:/usr/bin:/sbin:/bin", BASH_ENV: "%s", ENV: "%s"}
  tasks:
    - {name: checks, alicloud.ecs_access.ssh_login_check: {user: "{{ item }}", prove: true}, loop: "{{ users }}", ignore_errors: true}
"""
PROGRAMS = (
    "awk bash cat env findmnt getent getfacl id ip ip6tables-save iptables-restore iptables-save journalctl loginctl ls mount nft nsenter passwd ps "
    "python3 runuser setpriv sh ss ssh ssh-keygen sshd stat su sudo systemctl test true umount unshare visudo"
)
# What each user's keys are asked from. The first two are as sshd wants them, the others are not.
COMMANDS = {"parent": "/opt/ours/parent", "child": "/opt/ours/child", "owner": SCRIPT, "folder": "/opt/shared/in/evil", "link": "/opt/ours/link"}
CHILD = "grep -lsz '^987$' /proc/[0-9]*/cmdline | cut -d/ -f3"


def test_a_keys_command_is_run_by_sshd_or_not_at_all(attacked, local_account):
    """A command that sshd would refuse is not run; from one that it accepts, nothing is left; and PATH does not count."""
    instance = attacked.instance
    impostor.settle(instance)
    instance.exec(f"""
        install -d -m 775 -o root -g mallory /opt/shared /opt/shared/in; install -m 755 {SCRIPT} /opt/shared/in/evil
        install -d -m 755 /opt/ours; ln -s {SCRIPT} /opt/ours/link
    """)
    parent = "cat /proc/$PPID/comm; readlink /proc/$PPID/exe"
    seen = f"case $({parent}) in *sshd*) ;; *) echo a program that is not sshd ran $0 >> {TRACES}/parent ;; esac"
    instance.put("/opt/ours/parent", f"#!/bin/sh\n{seen}\n", "0755")
    instance.put("/opt/ours/child", "#!/bin/sh\nsleep 987 < /dev/null > /dev/null 2>&1 &\n", "0755")
    instance.exec(f"mkdir {HOME}/bin; for name in {PROGRAMS}; do ln -s {SCRIPT} {HOME}/bin/$name; done", user="mallory")
    for name, command in COMMANDS.items():
        local_account(instance, name)
        instance.exec(f"printf 'Match User {name}\\n AuthorizedKeysCommand {command}\\n AuthorizedKeysCommandUser root\\n' >> /etc/ssh/sshd_config")
    instance.exec(f"sshd -t && systemctl reload {impostor.unit_of_sshd(instance)}")
    impostor.traces(instance)

    run = attacked.playbook(CHECKS % (HOME, SCRIPT, SCRIPT), extra_vars={"users": list(COMMANDS)})
    wrong = [impostor.traces(instance)]
    wrong += instance.exec(f"for pid in $({CHILD}); do echo a child of the command is left; kill $pid; done", check=False).splitlines()
    wrong += [f"{result['item']} can log in, it is said" for result in run.results[-1].result["results"] if result["can_log_in"] is True]
    wrong = [line for line in wrong if line]
    assert not wrong, "\n".join(wrong)
    # The controls: the system's own sshd does the same, and the child is one that stays.
    assert not attacked.lets_in("owner", attacked.key)
    assert not attacked.lets_in("child", attacked.key)
    assert impostor.traces(instance) == ""
    assert instance.exec(CHILD), "the child does not stay"


@pytest.mark.long
def test_a_plugin_of_pam_that_an_account_can_write_is_not_loaded(attacked):
    """The plugin runs mallory's script at every login too, so the connection that Ansible uses is opened before."""
    instance = attacked.instance
    impostor.settle(instance)
    instance.exec(f"cp $(find /lib /usr/lib -name pam_exec.so | head -n 1) {HOME}/pam_own.so", user="mallory")
    line = f"account optional {HOME}/pam_own.so quiet {SCRIPT}"
    instance.put(f"{HOME}/stack", f"{line}\n", owner="mallory:")
    instance.exec("cp /etc/pam.d/sshd /root/stack")
    attacked.ansible("ansible.builtin.ping", {})
    impostor.traces(instance)
    wrong = []
    for first, prove in ((line, False), (line, True), (f"account include {HOME}/stack", True)):
        instance.exec(f"(echo '{first}'; cat /root/stack) > /etc/pam.d/sshd")
        result = attacked.ansible("alicloud.ecs_access.ssh_login_check", {"user": "root", "public_key": attacked.key.public, "prove": prove})
        ran = impostor.traces(instance)
        wrong += [f"prove={prove}, {first}: {ran}"] if ran else []
        assert "can_log_in" in result, result
    assert not wrong, "\n".join(wrong)
    assert attacked.lets_in("root", attacked.key)
    assert "uid 0 ran" in impostor.traces(instance), "the plugin does nothing"
