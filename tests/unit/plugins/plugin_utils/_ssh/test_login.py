# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new login needs."""

from __future__ import annotations

import shlex

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh import login as rules


@pytest.mark.parametrize(
    ("last", "now", "newer_than", "expected"),
    [
        pytest.param(None, 1000.0, 0.0, True, id="never registered"),
        pytest.param(1000.0, 1000.0, 0.0, False, id="just registered"),
        pytest.param(1000.0, 1039.0, 0.0, False, id="known for 21 seconds more"),
        pytest.param(1000.0, 1040.0, 0.0, True, id="may expire before sshd asks"),
        pytest.param(1000.0, 1061.0, 0.0, True, id="expired"),
        pytest.param(1000.0, 999.0, 0.0, True, id="the clock went back"),
        pytest.param(1000.0, 1005.0, 1001.0, True, id="was of no use"),
        pytest.param(1002.0, 1005.0, 1001.0, False, id="another fork has registered again meanwhile"),
    ],
)
def test_needs_push(last, now, newer_than, expected):
    assert rules.needs_push(last, now, newer_than) is expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([b"-C", b"-o", b'ControlPath="/home/me/.ansible/cp/abc"'], "/home/me/.ansible/cp/abc"),
        ([b"-o", b"ControlPersist=60s"], None),
        ([b"-oControlPath=/tmp/%C"], "/tmp/%C"),
        ([b"-o", b"controlpath /tmp/a b"], "/tmp/a b"),
        ([b"-o", b"ControlPath=none", b"-o", b"ControlPath=/tmp/x"], None),
        ([b"-o", b"ControlPath=/first", b"-o", b"ControlPath=/second"], "/first"),
    ],
)
def test_find_control_path(arguments, expected):
    assert rules.find_control_path(arguments) == expected


REFUSED = b"Warning: x\r\nroot@192.0.2.7: Permission denied (publickey,password).\r\n"


@pytest.mark.parametrize(
    ("stderr", "user", "hosts", "expected"),
    [
        pytest.param(REFUSED, "root", ["192.0.2.7"], True, id="ssh itself"),
        pytest.param(REFUSED, None, ["192.0.2.7"], True, id="user not known here"),
        pytest.param(b"Data could not be sent: " + REFUSED, "root", ["192.0.2.7", None], True, id="as core tells it"),
        pytest.param(b"root@web-1: Permission denied (publickey).", "root", ["Web-1"], True, id="ssh writes hosts in lower case"),
        pytest.param(b"root@10.0.0.9: Permission denied (publickey).", "root", ["web", "10.0.0.9"], True, id="HostName of a configuration"),
        pytest.param(REFUSED, "root", ["192.0.2.8"], False, id="another host"),
        pytest.param(REFUSED, "ops", ["192.0.2.7"], False, id="another user"),
        pytest.param(b"root@192.0.2.7: Permission denied (password).", "root", ["192.0.2.7"], False, id="no key is accepted at all"),
        pytest.param(b"cp: Permission denied (publickey)", "root", ["192.0.2.7"], False, id="another program"),
        pytest.param(b"root@192x0x2x7: Permission denied (publickey).", "root", ["192.0.2.7"], False, id="dots are dots"),
    ],
)
def test_is_refusal(stderr, user, hosts, expected):
    assert rules.is_refusal(stderr, user, hosts) is expected


def test_proxy_command_survives_ssh_and_shell():
    (_o, option, _p, compression) = rules.tunnel_options("/opt/my python/bin/python3", "/c/it's.py", "/tmp/100%/ticket", "/tmp/100%/report")
    name, _equals, line = option.partition("=")
    assert name == "ProxyCommand"
    assert shlex.split(line.replace("%%", "%")) == ["/opt/my python/bin/python3", "/c/it's.py", "_tunnel.main", "/tmp/100%/ticket", "/tmp/100%/report"]
    assert compression == "Compression=yes"


def test_own_options_come_first_where_they_have_to_win():
    command = [b"sshpass", b"-d7", b"ssh", b"-o", b"ProxyCommand=other", b"host", b"ssh"]
    assert rules.add_options(command, "ssh", ["-o", "ProxyCommand=ours"])[2:7] == [b"ssh", b"-o", b"ProxyCommand=ours", b"-o", b"ProxyCommand=other"]


@pytest.mark.parametrize(
    ("config", "expected"),
    [({}, False), ({"proxycommand": "none"}, False), ({"proxyjump": "none"}, False), ({"proxyjump": "bastion"}, True), ({"proxycommand": "nc %h %p"}, True)],
)
def test_names_way(config, expected):
    assert rules.names_way(config) is expected
