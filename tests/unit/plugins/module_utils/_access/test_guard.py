# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard: what a run that is logged in as ann, by key K and with sudo, must not do."""

import base64
import struct

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.guard import Login, find_lockouts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.plan import plan_access, settle_accounts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.state import Fragment, HomeState, KeyFile, Snapshot, SudoSet
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import parse_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.key_paths import SshdWords
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.accounts import parse_group, parse_passwd, parse_shadow
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudoers import parse_rules


def blob(number):
    parts = (b"ssh-ed25519", bytes([number] * 32))
    return base64.b64encode(b"".join(struct.pack(">I", len(part)) + part for part in parts)).decode()


K = "ssh-ed25519 " + blob(1)
L = "ssh-ed25519 " + blob(2)
M = "ssh-ed25519 " + blob(3)
RULE = "# ours\nann ALL=(ALL:ALL) NOPASSWD: ALL\n"


def lines(text):
    return tuple(parse_key_file(text.encode()))


def lockouts(user=None, revoked_keys=(), groups=(), key=K, become=True, users=("ann",), applies=True, rule="", gid=1001):
    groups_file = "sudo:x:27:ann,bob\nssh-in:x:50:ann\nno-ssh:x:51:\nops:x:52:ann\nboss:x:53:\nann:x:1001:\nbob:x:1002:\n"
    fragments = {"/etc/sudoers.d/95-alicloud-ecs-access-ann": Fragment(rule)} if rule else {}
    snapshot = Snapshot(
        parse_passwd(f"ann:x:1001:{gid}::/home/ann:/bin/bash\nbob:x:1002:1002::/home/bob:/bin/bash\n"),
        parse_shadow("ann:$6$s$h:1:0:9:7:::\nbob:*:1:0:9:7:::\n"),
        parse_group(groups_file),
        homes={name: HomeState(True) for name in ("ann", "bob")},
        key_files={
            "ann": (KeyFile("/home/ann/.ssh/authorized_keys", True, lines(f"{K} a\n{L} b\n")),),
            "bob": (KeyFile("/home/bob/.ssh/authorized_keys", True, lines(f"{K} a\n")),),
        },
        sudo=SudoSet(
            True,
            "/etc/sudoers.d",
            fragments,
            parse_rules("/etc/sudoers", "%sudo ALL=(ALL) ALL\n%boss ALL=(ALL) ALL\n%ops ALL=(root) NOPASSWD: /usr/bin/python3\n"),
        ),
    )
    wanted = parse_wanted({"users": [{"name": "ann", **user}] if user else [], "revoked_keys": list(revoked_keys), "groups": list(groups)})
    made = plan_access(snapshot, wanted, settle_accounts(snapshot, wanted), frozenset(users))
    login = Login(applies, tuple(users), parse_public_key(key) if key else None, become)
    words = SshdWords(allow_groups=("ssh-*",), deny_groups=("no-ssh",))
    return find_lockouts(login, made, words, {"sudo", "boss", "ops"}, "2026-06-01")


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        pytest.param({"user": {"state": "absent"}}, "remove user ann", id="the user"),
        pytest.param({"user": {"state": "locked"}}, "lock user ann", id="a lock"),
        pytest.param({"user": {"expires": "2026-05-31"}}, "let user ann expire", id="an expiry in the past"),
        pytest.param({"user": {"shell": "/usr/sbin/nologin"}}, "give user ann the shell", id="a shell that is none"),
        pytest.param({"user": {"authorized_keys": [{"key": K, "state": "absent"}]}}, "remove the key SHA256:", id="the key"),
        pytest.param({"user": {"authorized_keys": [L], "exclusive": True}}, "remove the key SHA256:", id="the key, by exclusive"),
        pytest.param({"revoked_keys": [K]}, "remove the key SHA256:", id="the key, revoked, user not listed"),
        pytest.param(
            {"user": {"authorized_keys": [{"key": K, "options": 'command="/bin/true"'}]}},
            "change the options of the key",
            id="a forced command",
        ),
        pytest.param(
            {"key": None, "user": {"authorized_keys": [{"key": L, "state": "absent"}]}},
            "remove the key SHA256:",
            id="any key when none is known",
        ),
        pytest.param(
            {"key": M, "user": {"authorized_keys": [{"key": L, "state": "absent"}]}},
            "remove the key SHA256:",
            id="any key when the known one is not there",
        ),
        pytest.param({"user": {"sudo": "none"}}, "remove user ann from group sudo", id="the admin group"),
        pytest.param(
            {"user": {"groups": ["ssh-in"], "append_groups": False}},
            "remove user ann from group sudo",
            id="the admin group, by exclusive groups",
        ),
        pytest.param(
            {"user": {"groups": ["sudo"], "append_groups": False}},
            "remove user ann from group ssh-in, which sshd",
            id="a group of AllowGroups",
        ),
        pytest.param({"groups": [{"name": "ssh-in", "state": "absent"}]}, "remove user ann from group ssh-in", id="a group of AllowGroups, removed"),
        pytest.param({"groups": [{"name": "sudo", "state": "absent"}]}, "remove user ann from group sudo", id="the admin group, removed"),
        pytest.param({"rule": RULE, "user": {"sudo": "password"}}, "remove the sudo rule of user ann", id="the rule"),
        pytest.param({"groups": [{"name": "ops", "state": "absent"}]}, "remove user ann from group ops", id="a group that may do something"),
        pytest.param({"gid": 53, "user": {"group": "ann"}}, "remove user ann from group boss", id="the admin group, by primary group"),
        pytest.param({"user": {"groups": ["no-ssh"]}}, "add user ann to group no-ssh, which sshd's DenyGroups", id="a group of DenyGroups"),
        pytest.param({"rule": RULE, "user": {"sudo": "nopasswd", "sudo_runas": "bob"}}, "remove user ann from group sudo", id="the rule, for another"),
        pytest.param({"user": {"sudo": "password", "sudo_commands": ["/bin/ls"]}}, "remove user ann from group sudo", id="all but one command"),
    ],
)
def test_refused(arguments, start):
    found = lockouts(**arguments)
    assert any(text.startswith(start) for text in found)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"user": {"state": "present"}}, id="nothing"),
        pytest.param({"user": {"authorized_keys": [{"key": L, "state": "absent"}]}}, id="another key of the account"),
        pytest.param({"user": {"authorized_keys": [K], "exclusive": True}}, id="every other key"),
        pytest.param({"user": {"authorized_keys": [M]}}, id="one key more"),
        pytest.param({"user": {"expires": "2030-01-01"}}, id="an expiry to come"),
        pytest.param({"user": {"name": "bob", "state": "absent"}}, id="another user"),
        pytest.param({"user": {"sudo": "nopasswd"}}, id="more sudo"),
        pytest.param({"rule": RULE, "user": {"groups": ["ssh-in"], "append_groups": False, "sudo": "nopasswd"}}, id="the group, where the rule stays"),
        pytest.param({"become": False, "user": {"sudo": "none"}}, id="sudo, where the run uses none"),
        pytest.param({"applies": False, "user": {"state": "absent"}}, id="not SSH"),
        pytest.param({"users": ("bob",), "user": {"state": "absent"}}, id="logged in as another"),
    ],
)
def test_allowed(arguments):
    assert lockouts(**arguments) == []


def test_it_says_when_the_key_is_not_known():
    (found,) = lockouts(key=None, user={"authorized_keys": [{"key": L, "state": "absent"}]})
    assert "not known, so all of them are guarded" in found
