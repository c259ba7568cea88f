# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proof of login whose ssh never logged in proves nothing: no setting is committed and no key is removed."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - alicloud.ecs_access.sshd_pubkey: {users: [root], password_authentication: false, rollback_after: 60}
"""
# How the ssh of a proof ends, and from which one on; each of them without a login.
ENDS = {
    "killed": ("kill -KILL $$", 1),
    "the last one killed": ("kill -KILL $$", 2),
    "not executable": ("exit 126", 1),
    "not found": ("exit 127", 1),
    "silent": ("exit 0", 1),
    "a status of some command": ("exit 1", 1),
    "a wrapper that shows what it would do": ('echo "$0" "$@"; echo "$0" "$@" >&2; exit 0', 1),
}


@pytest.fixture
def broken_ssh(tmp_path):
    """broken_ssh(end, first): a program ssh that works, but not for a connection of its own from the given one on; log() counts those."""
    folder, log = tmp_path / "bin", tmp_path / "log"
    folder.mkdir()

    def make(end: str, first: int = 1) -> Path:
        log.write_text("")
        (folder / "ssh").write_text(f"""#!/bin/sh
case "$*" in
    *ControlPath=none* | *ControlMaster=no* | *"-S none"*)
        echo >> {log}
        if [ $(wc -l < {log}) -ge {first} ]; then {end}; fi ;;
esac
exec {shutil.which("ssh")} "$@"
""")
        (folder / "ssh").chmod(0o755)
        return folder / "ssh"

    make.count = lambda: len(log.read_text())
    return make


def settings(instance) -> str:
    """What is in sshd's files, and what sshd does about passwords."""
    return instance.exec("cd /etc/ssh && find . -type f -exec cksum {} + | sort; sshd -T -C user=root,host=x,addr=192.0.2.1 | grep ^passwordauth")


# One of each kind: by a signal and not at once, and without a sign of having logged in.
FIRST = ("the last one killed", "a wrapper that shows what it would do")


@pytest.mark.parametrize("chosen", [pytest.param(FIRST, id="some"), pytest.param(tuple(ENDS), id="all", marks=pytest.mark.long)])
def test_no_setting_is_committed_without_a_login(attacked, broken_ssh, chosen):
    """Passwords stay on; the ssh that breaks is found first through PATH or through the variable of the connection."""
    instance = attacked.instance
    instance.exec("sed -i '1i PasswordAuthentication yes' /etc/ssh/sshd_config; cp -a /etc/ssh /root/ssh.before")
    instance.exec("systemctl reload ssh 2> /dev/null || systemctl reload sshd")
    before, wrong = settings(instance), []
    for number, name in enumerate(chosen):
        end, first = ENDS[name]
        program = broken_ssh(end, first)
        if number % 2:
            more = {"environment": {"PATH": f"{program.parent}:{os.environ['PATH']}"}}
        else:
            more = {"variables": {"ansible_ssh_executable": str(program)}}
        run = attacked.controller.playbook(PLAY, [instance], **more)
        assert broken_ssh.count() >= first, f"{name}: nothing was broken: {run.output}"
        succeeded = run.failed() == []
        if succeeded:
            wrong.append(f"{name}: succeeded, {run.results[-1].result.get('proof')}")
        # The host may undo it by itself, and has a minute for that.
        for _attempt in range(1 if succeeded else 140):
            after = settings(instance)
            if after == before:
                break
            time.sleep(0.5)
        if after != before:
            wrong.append(f"{name}: {after.splitlines()[-1]}")
            instance.exec("rm -rf /etc/ssh /var/lib/alicloud-ecs-access/sshd; cp -a /root/ssh.before /etc/ssh")
            instance.exec("systemctl reload ssh 2> /dev/null || systemctl reload sshd")
    assert not wrong, "\n".join(wrong)

    # An ssh that logs in is a proof.
    run = attacked.controller.playbook(PLAY, [instance], variables={"ansible_ssh_executable": str(broken_ssh(":"))})
    assert run.returncode == 0, run.output
    assert broken_ssh.count() > 0
    assert settings(instance).endswith("passwordauthentication no\n")


@pytest.mark.long
def test_no_key_is_removed_without_a_login(attacked, broken_ssh, make_key):
    """recover_access takes the former key away, and onboard the key pair, only after someone has logged in with another key."""
    old, new, john = make_key("old", kind="ecdsa"), make_key("new", kind="ecdsa"), make_key("john")
    for key in (old, new):
        attacked.cloud.call("ImportKeyPair", KeyPairName=key.path.name, PublicKeyBody=key.public)
    bound = attacked.cloud_module("alicloud.ecs_access.ecs_attach_key_pair", {"key_pair_name": "old", "instance_ids": [attacked.instance.instance_id]})
    assert not bound["failed"], bound
    assert attacked.lets_in("root", old)
    recover = {
        "ecs_access_hosts": "all", "ecs_access_key_pair_name": "new", "ecs_access_private_key_path": str(new.path),
        "ecs_access_previous_key": "remove", "ecs_access_previous_key_pair_name": "old",
    }  # fmt: skip
    onboard = {
        "ecs_access_hosts": "all", "ecs_access_key_pair_name": "new", "ecs_access_bootstrap_key": "unbind",
        "ecs_access_private_keys": {"john": str(john.path)},
        "ssh_users_accounts": [{"name": "john", "sudo": "nopasswd", "authorized_keys": [john.public]}],
    }  # fmt: skip
    wrong = []
    runs = (("recover_access", recover, old, "silent"), ("onboard", onboard, new, "a wrapper that shows what it would do"))
    for playbook, variables, key, end in runs:
        program = broken_ssh(ENDS[end][0])
        run = attacked.playbook(
            f"alicloud.ecs_access.{playbook}", extra_vars=variables,
            variables={"ecs_region": attacked.cloud.region, "ansible_ssh_executable": str(program)},
        )  # fmt: skip
        assert broken_ssh.count() > 0, run.output
        wrong += [f"{playbook}, {end}: succeeded"] * (run.returncode == 0)
        wrong += [f"{playbook}, {end}: the key {key.path.name} was removed"] * (not attacked.lets_in("root", key))
    assert not wrong, "\n".join(wrong)
