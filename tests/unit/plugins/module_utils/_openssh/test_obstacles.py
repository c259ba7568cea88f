# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of sshd's settings keep a key from opening a session."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.obstacles import find_obstacles
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.rules import Account

ALICE = Account("alice", 1000, "/home/alice", ("alice", "staff"))
ROOT = Account("root", 0, "/root", ("root",))
HEALTHY = {
    "permitrootlogin": ["without-password"],
    "authenticationmethods": ["any"],
    "authorizedkeysfile": [".ssh/authorized_keys .ssh/authorized_keys2"],
    "authorizedkeyscommand": ["none"],
    "revokedkeys": ["none"],
    "pubkeyacceptedalgorithms": ["ssh-ed25519,rsa-sha2-512"],
    "passwordauthentication": ["yes"],
    "kbdinteractiveauthentication": ["no"],
}


@pytest.mark.parametrize(
    ("settings", "account", "text"),
    [
        pytest.param({}, ALICE, None, id="healthy user"),
        pytest.param({}, ROOT, None, id="healthy root"),
        pytest.param({"allowusers": ["bob"]}, ALICE, "AllowUsers does not have alice", id="not in AllowUsers"),
        pytest.param({"allowusers": ["bob", "alice"]}, ALICE, None, id="in AllowUsers"),
        pytest.param({"allowusers": ["ali*"]}, ALICE, None, id="AllowUsers with a wildcard"),
        pytest.param({"allowusers": ["alice@192.0.2.0/24"]}, ALICE, None, id="allowed from somewhere"),
        pytest.param({"allowusers": ["!alice *"]}, ALICE, None, id="! is a letter in AllowUsers"),
        pytest.param({"allowusers": ["[a]lice"]}, ALICE, "AllowUsers does not have alice", id="brackets are not special"),
        pytest.param({"denyusers": ["al?ce"]}, ALICE, "DenyUsers has al?ce", id="in DenyUsers"),
        pytest.param({"denyusers": ["alice@192.0.2.1"]}, ALICE, None, id="denied from one place only"),
        pytest.param({"allowgroups": ["wheel"]}, ALICE, "AllowGroups has none of the groups of alice", id="no group allowed"),
        pytest.param({"allowgroups": ["wheel", "staff"]}, ALICE, None, id="a group allowed"),
        pytest.param({"denygroups": ["staff"]}, ALICE, "DenyGroups has staff, a group of alice", id="a group denied"),
        pytest.param({"allowgroups": ["wheel"]}, Account("new"), None, id="groups of an unknown user are not judged"),
        pytest.param({"permitrootlogin": ["no"]}, ROOT, "PermitRootLogin is no", id="root refused"),
        pytest.param({"permitrootlogin": ["no"]}, ALICE, None, id="PermitRootLogin is about root only"),
        pytest.param({"permitrootlogin": ["forced-commands-only"]}, ROOT, "PermitRootLogin is forced-commands-only", id="root's commands"),
        pytest.param(
            {"authenticationmethods": ["password"]},
            ALICE,
            "AuthenticationMethods is password, so that a key alone is not enough",
            id="password only",
        ),
        pytest.param(
            {"authenticationmethods": ["publickey,password"]},
            ALICE,
            "AuthenticationMethods is publickey,password, so that a key alone is not enough",
            id="key and password",
        ),
        pytest.param({"authenticationmethods": ["password publickey"]}, ALICE, None, id="one list is enough"),
        pytest.param({"authorizedkeysfile": ["none"]}, ALICE, "AuthorizedKeysFile is none", id="no key file"),
        pytest.param({"authorizedkeysfile": ["none"], "authorizedkeyscommand": ["/usr/bin/keys"]}, ALICE, None, id="keys from a command"),
        pytest.param(
            {"authorizedkeysfile": ["/etc/ssh/keys/%u"]},
            ALICE,
            "AuthorizedKeysFile makes sshd read the keys of alice from /etc/ssh/keys/alice, where there is no file",
            id="key file elsewhere and missing",
        ),
        pytest.param(
            {"revokedkeys": ["/etc/ssh/gone"]}, ALICE, "RevokedKeys names /etc/ssh/gone, which cannot be read, so that sshd refuses every key", id="RevokedKeys"
        ),
        pytest.param(
            {"pubkeyacceptedalgorithms": ["ssh-ed25519-cert-v01@openssh.com"]},
            ALICE,
            "PubkeyAcceptedAlgorithms has no algorithm of a plain key",
            id="certificates only",
        ),
    ],
)
def test_obstacles(settings, account, text):
    found = find_obstacles(dict(HEALTHY, **settings), account)
    assert [obstacle.text for obstacle in found] == ([] if text is None else [text])


def test_key_file_elsewhere_that_exists_is_no_obstacle():
    settings = dict(HEALTHY, authorizedkeysfile=["/etc/ssh/keys/%u"])
    assert find_obstacles(settings, ALICE, existing=("/etc/ssh/keys/alice",)) == []
