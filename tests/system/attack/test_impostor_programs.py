# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process of a local account is named sshd, and its program has been exchanged for a script: root must not run that script."""

from __future__ import annotations

from typing import Any

import pytest
from lab import impostor
from lab.impostor import HOME, SCRIPT

CLOUD = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  tasks:
    - {name: look before binding, alicloud.ecs_access.ecs_attach_key_pair: "{{ attach }}", check_mode: true, ignore_errors: true}
    - {name: look before preparing, alicloud.ecs_access.ecs_temp_public_key: "{{ temporary }}", check_mode: true, ignore_errors: true}
"""
WHOLE = f"""
{CLOUD}
    - {{name: bind, alicloud.ecs_access.ecs_attach_key_pair: "{{{{ attach }}}}"}}
    - {{name: prepare, alicloud.ecs_access.ecs_temp_public_key: "{{{{ temporary }}}}"}}
- hosts: all
  gather_facts: false
  tasks:
    - {{name: check, alicloud.ecs_access.ssh_login_check: {{user: root, prove: true}}}}
    - {{name: server, alicloud.ecs_access.sshd_pubkey: {{users: [root]}}, check_mode: true}}
"""


@pytest.fixture
def keys(attacked, make_key):
    """The key of the pair team, and the one that is to be let in for a minute."""
    pair, minute = make_key(kind="ecdsa"), make_key(kind="ecdsa")
    attacked.cloud.call("ImportKeyPair", KeyPairName="team", PublicKeyBody=pair.public)
    return pair, minute


@pytest.fixture
def arguments(attacked, keys) -> dict[str, Any]:
    ids = [attacked.instance.instance_id]
    return {
        "attach": {"key_pair_name": "team", "instance_ids": ids},
        "temporary": {"instance_ids": ids, "username": "root", "public_key": keys[1].public},
    }


def run_swapped(instance, name: str = "sshd") -> int:
    """A process whose program was named like this and is gone, with a script in the place where the server's name leads."""
    instance.exec(f"cp /bin/sleep '{HOME}/{name}'", user="mallory")
    pid = impostor.start(instance, f"exec -a /x '{HOME}/{name}' 3000")
    if name == "sshd":
        instance.exec(f"rm {HOME}/sshd", user="mallory")
    instance.exec(f"cp {SCRIPT} {HOME}/sshd", user="mallory")
    assert instance.exec(f"readlink /proc/{pid}/exe").strip() == f"{HOME}/sshd (deleted)"
    return pid


def test_root_runs_the_system_s_sshd_when_a_local_process_has_its_name(attacked, keys, arguments):
    """With every module that asks sshd; the real server has the higher process id."""
    instance = attacked.instance
    impostor.settle(instance)
    pid = run_swapped(instance)
    unit = impostor.unit_of_sshd(instance)
    instance.exec(f"systemctl restart {unit}")
    assert int(instance.exec(f"systemctl show -P MainPID {unit}")) > pid
    impostor.traces(instance)

    run = attacked.playbook(WHOLE, extra_vars=arguments)
    ran = impostor.traces(instance)
    assert not ran, ran
    assert run.failed() == [], run.output
    assert len(run.results) == 6, run.output
    pair, minute = keys
    assert attacked.lets_in("root", pair)
    assert attacked.lets_in("root", minute)
    assert {result.task: result.result for result in run.results}["check"]["can_log_in"] is not False


# How the server is started instead, and what shows that it is.
WORLDS = {
    "the running server's file was replaced by an update": (
        "cp -a /usr/sbin/sshd /usr/sbin/sshd.new; mv /usr/sbin/sshd.new /usr/sbin/sshd",
        "readlink /proc/$(systemctl show -P MainPID $unit)/exe | grep -F '/usr/sbin/sshd (deleted)'",
    ),
    "a socket that hands over its listener": (
        "printf '[Socket]\\nListenStream=22\\nAccept=no\\n' > /etc/systemd/system/$unit.socket; "
        "systemctl daemon-reload; systemctl stop $unit.service; systemctl start $unit.socket",
        "test $(systemctl show -P MainPID $unit.service) = 0 && systemctl is-active $unit.socket",
    ),
    "a socket that starts a server for each connection": (
        "printf '[Socket]\\nListenStream=22\\nAccept=yes\\n' > /etc/systemd/system/$unit.socket; "
        "printf '[Service]\\nExecStart=-/usr/sbin/sshd -i\\nStandardInput=socket\\n' > /etc/systemd/system/$unit@.service; "
        "systemctl stop $unit.socket; systemctl daemon-reload; systemctl start $unit.socket",
        "test $(systemctl show -P MainPID $unit.service) = 0 && systemctl is-active $unit.socket",
    ),
    "a unit whose program is in a local account's folder": (
        f"systemctl stop $unit.socket; kill $pid; install -d -o mallory {HOME}/bin; cp /usr/sbin/sshd {HOME}/bin/sshd; "
        "mkdir -p /etc/systemd/system/$unit.service.d; "
        f"printf '[Service]\\nType=exec\\nExecStart=\\nExecStart={HOME}/bin/sshd -D\\n' > /etc/systemd/system/$unit.service.d/a.conf; "
        "systemctl daemon-reload; systemctl start $unit.service; "
        f"su mallory -c 'rm -f {HOME}/bin/sshd; cp {SCRIPT} {HOME}/bin/sshd'",
        f"readlink /proc/$(systemctl show -P MainPID $unit)/exe | grep -Fx '{HOME}/bin/sshd (deleted)' && test -x {HOME}/bin/sshd",
    ),
}


@pytest.mark.long
def test_root_runs_no_local_account_s_program_however_the_server_is_started(attacked, arguments):
    """The impostor's file is really named as the kernel shows a deleted one; then there is no server process to be found besides."""
    instance = attacked.instance
    impostor.settle(instance)
    pid = run_swapped(instance, "sshd (deleted)")
    unit = impostor.unit_of_sshd(instance)
    impostor.traces(instance)
    ran, answers = {}, {}
    for world, (change, shown) in WORLDS.items():
        instance.exec(f"unit={unit}; pid={pid}; {change}")
        instance.exec(f"unit={unit}; {shown}")
        run = attacked.playbook(CLOUD, extra_vars=arguments)
        answers[world] = [result.result["instances"][0]["msg"] for result in run.results]
        ran[world] = impostor.traces(instance)
    wrong = [f"{world}: {said}" for world, said in ran.items() if said]
    assert not wrong, "\n".join(wrong)
    assert all(len(said) == 2 for said in answers.values()), answers
