# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands for root's shell: each as it is pasted, or none."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.facts import AccountFacts, Facts, Request
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.fix import (
    add_line,
    give_home,
    join_group,
    make_home,
    open_up,
    set_mode,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.records import Node


def facts(**account) -> Facts:
    known = {"found": True, "uid": 1001, "gid": 1001, "home": "/home/bob", "other_homes": ("/root", "/home/eve", "/")}
    return Facts(Request("bob"), account=AccountFacts(**{**known, **account}))


@pytest.mark.parametrize(
    ("node", "command"),
    [
        pytest.param(Node("/home/bob/.ssh", uid=1001), "runuser -u bob -- chmod go-w -- /home/bob/.ssh", id="the account's own: as the account"),
        pytest.param(Node("/etc/ssh/keys", uid=0, fixed=True), "chmod go-w -- /etc/ssh/keys", id="root's, where only root can move it"),
        pytest.param(Node("/home/bob/.ssh", uid=0), "", id="root's, below a home"),
        pytest.param(Node("/etc/ssh/keys", uid=1002, fixed=True), "", id="somebody else's"),
        pytest.param(Node("/home/bob/a b'", uid=1001), "runuser -u bob -- chmod go-w -- '/home/bob/a b'\"'\"''", id="quoted"),
    ],
)
def test_set_mode(node, command):
    assert set_mode(facts(), node, "go-w") == command


@pytest.mark.parametrize(
    ("node", "command"),
    [
        pytest.param(Node("/etc/ssh/keys", fixed=True), "chmod a+x -- /etc/ssh/keys", id="a directory of the system's"),
        pytest.param(Node("/root", fixed=True), "", id="root's home"),
        pytest.param(Node("/root/keys", fixed=True), "", id="below it"),
        pytest.param(Node("/home/eve", uid=1002, fixed=True), "", id="somebody's home"),
        pytest.param(Node("/srv/x/keys"), "", id="where others can move it"),
    ],
)
def test_open_up(node, command):
    assert open_up(facts(), node, "x") == command


@pytest.mark.parametrize(
    ("node", "account", "command"),
    [
        pytest.param(Node("/home/bob", owner="", fixed=True), {}, "chown bob:1001 -- /home/bob", id="of an account that is gone"),
        pytest.param(Node("/home/bob", owner="eve", fixed=True), {}, "", id="of somebody else"),
        pytest.param(Node("/home/bob", owner="root"), {}, "", id="where others can move it"),
        pytest.param(Node("/home/bob", owner="root", fixed=True), {"other_homes": ("/home/bob",)}, "", id="also another account's"),
        pytest.param(Node("/home/bob", owner="root", fixed=True), {"other_homes": ("/home/bob/x",)}, "", id="with another account's in it"),
        pytest.param(Node("/root", owner="root", fixed=True), {"home": "/root"}, "", id="root's"),
        pytest.param(Node("/etc", owner="root", fixed=True), {"home": "/etc"}, "", id="the system's"),
    ],
)
def test_give_home(node, account, command):
    assert give_home(facts(**account), node) == command


def test_make_home_only_where_root_alone_puts_things():
    assert make_home(facts(home_node=Node("/home/bob", fixed=True))) == "install -d -m 0700 -o bob -g 1001 -- /home/bob"
    assert make_home(facts(home_node=Node("/home/eve/bob"))) == ""


def test_no_group_that_is_or_gives_root():
    groups = ("root", "wheel", "sudo", "docker", "ops", "staff")
    assert join_group(facts(plain_groups=("docker", "developers")), [*groups, "developers"]) == "usermod -aG developers -- bob"
    assert join_group(facts(plain_groups=("docker",)), groups) == ""


def test_a_key_is_added_as_the_account():
    script = """'umask 077 && mkdir -p -- "$1" && printf "\\n%s\\n" "$2" >> "$3"'"""
    expected = f"runuser -u bob -- sh -c {script} sh /home/bob/.ssh 'ssh-ed25519 AAAA' /home/bob/.ssh/authorized_keys"
    assert add_line("/home/bob/.ssh/authorized_keys", "ssh-ed25519 AAAA", "bob") == expected
