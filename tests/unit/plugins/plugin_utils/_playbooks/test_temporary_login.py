# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that the playbook temporary_login shows."""

from __future__ import annotations

import shlex

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.temporary_login import (
    Way,
    choose_identity,
    fold_command,
    known_host_options,
    temporary_login_outcome,
    tunnel_options,
)

ROW = {"expires_at": "2026-11-27T08:00:00Z", "ready": True, "failed": False, "usernames": ["root"], "msg": "registered"}


@pytest.mark.parametrize(
    ("paths", "identity"),
    [
        (("keys/john.pub", "", "/run/user/1", "/home/a"), "keys/john"),
        (("keys/john.pem", "", "/run/user/1", "/home/a"), "keys/john.pem"),
        (("", "keys/mary", "/run/user/1", "/home/a"), "keys/mary"),
        (("", "", "/run/user/1", "/home/a"), "/run/user/1/ecs-access-temporary-key"),
        (("", "", "", "/home/a"), "/home/a/.ssh/ecs-access-temporary-key"),
    ],
)
def test_the_private_key(paths, identity):
    assert choose_identity(*paths) == identity


@pytest.mark.parametrize(
    ("address", "port", "identity", "command"),
    [
        ("192.0.2.1", 22, "/k", "ssh -i /k root@192.0.2.1"),
        ("192.0.2.1", "2222", "/k", "ssh -i /k -p 2222 root@192.0.2.1"),
        ("192.0.2.1", 22, "", "ssh root@192.0.2.1"),
        ("web; reboot", "22; reboot", "/my key", "ssh -i '/my key' -p '22; reboot' 'root@web; reboot'"),
    ],
)
def test_the_command_is_quoted(address, port, identity, command):
    assert temporary_login_outcome(ROW, Way(address, port, identity))["command"] == command


def test_no_command_where_the_key_does_not_work():
    way = Way("a", 22, "/k")
    refused = temporary_login_outcome({**ROW, "ready": False, "failed": True, "expires_at": None, "msg": "no agent"}, way)
    assert refused == {"prepared": False, "until": None, "command": None, "failed": True, "why": "no agent", "changed": False}
    assert temporary_login_outcome({}, way)["why"].startswith("not an instance")


def test_the_host_is_recognised_and_a_tunnel_is_named():
    options = [*known_host_options("i-1", "/k known"), *tunnel_options("/py thon", "/p%", "cn-x", "i-1")]
    command = temporary_login_outcome(ROW, Way("i-1", 22, "/k", options))["command"]
    words = shlex.split(command)
    assert 'UserKnownHostsFile="/k known"' in words
    assert "ProxyCommand='/py thon' /p%% _ssh.client_proxy --region cn-x -- i-1 %r %p" in words


@pytest.mark.parametrize("words", [["ssh", "a b", "c"], ["ssh"] + ["-o", "x" * 60] * 4 + ["'quoted' \\ word", "root@h"]])
def test_a_folded_command_is_the_same_command(words):
    lines = fold_command(shlex.join(words))
    assert max(map(len, lines)) < 120
    # A shell reads a backslash at the end of a line as nothing at all.
    assert shlex.split("\n".join(lines).replace("\\\n", "")) == words
