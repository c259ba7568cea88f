# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook recover_access for an account whose home is another's: the other one is not locked out by it."""

from __future__ import annotations

import pytest

from .bystanders import account, changed, own_keys, run_all, set_sshd, state, who_opens

# Who is to log in: (script, whose home it is, that home).
WORLDS = {
    "root's home": (account("bob", home="/root"), "root", "/root"),
    "the home of a second account of root's uid": (account("bob", home="/srv/toor"), "toor", "/srv/toor"),
    "another account's home": (account("bob", home="/home/eve"), "eve", "/home/eve"),
    "the uid and the home of another account": ("useradd -o -u $(id -u eve) -M -d /home/eve -s /bin/bash bob", "eve", "/home/eve"),
}


@pytest.mark.long
@pytest.mark.parametrize("world", list(WORLDS))
def test_whose_home_it_is_still_gets_in(attacked, make_key, tmp_path, world):
    one, old = attacked.instance, make_key("old")
    script, victim, home = WORLDS[world]
    toor = f"install -d -m 0755 /srv/toor; {own_keys('/srv/toor', old)}\n" + account("toor", home="/srv/toor", options="-o -u 0")
    run_all(one, account("eve", old), toor, script, f"echo '{old.public}' >> /root/.ssh/authorized_keys")
    set_sshd(one)
    inventory = tmp_path / "my.ecs.yml"
    common = f"-F none -o IdentityAgent=none -o UserKnownHostsFile={attacked.controller.known_hosts}"
    inventory.write_text(
        f"plugin: alicloud.ecs_access.ecs\nhostnames: [name]\ncompose:\n  ansible_port: {one.ssh_port}\n  ansible_ssh_common_args: \"'{common}'\"\n"
    )
    new = tmp_path / "new"
    wanted = {
        "ecs_access_hosts": one.name,
        "ecs_access_key_pair_name": "new",
        "ecs_access_private_key_path": str(new),
        "ecs_access_user": "bob",
    }
    assert who_opens(attacked, [(victim, old), ("root", attacked.key)]) == [True, True]
    before = state(one, [home, f"{home}/.ssh", f"{home}/.ssh/authorized_keys"])
    run = attacked.controller.playbook("alicloud.ecs_access.recover_access", inventory, extra_vars=wanted, environment=attacked.cloud.environment())
    assert list(changed(before, state(one, before))) == []
    assert who_opens(attacked, [(victim, old), ("root", attacked.key), (victim, new)]) == [True, True, False]
    # It was tried, and what was not done is not called done.
    assert f"  {one.name} " in run.stdout
    assert run.returncode != 0 or who_opens(attacked, [("bob", new)]) == [True]
