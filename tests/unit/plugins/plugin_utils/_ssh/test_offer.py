# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys a server accepts, by ssh's own log."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.offer import Answers, offer_command, read_answers
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.proof import Target

OLD, NEW = "SHA256:" + "A" * 42 + "o", "SHA256:" + "B" * 42 + "n"
START = "debug1: Remote protocol version 2.0, remote software version x\r\ndebug1: Authentications that can continue: publickey\r\n"
MORE = "debug1: Authentications that can continue: publickey\r\n"
NOTHING = Answers(frozenset(), frozenset(), "")
IN = 'debug1: Authentication succeeded (publickey).\r\nAuthenticated to 192.0.2.7 ([192.0.2.7]:22) using "publickey".\r\n'


def offered(key: str, path: str = "/tmp/a key.pub") -> str:
    return f"debug1: Offering public key: {path} RSA {key} explicit\r\n"


def accepted(key: str, path: str = "/tmp/a key.pub") -> str:
    return f"debug1: Server accepts key: {path} RSA {key} explicit\r\n"


@pytest.mark.parametrize(
    ("log", "found"),
    [
        pytest.param("", NOTHING, id="no connection"),
        pytest.param(START + offered(OLD) + MORE + offered(NEW) + accepted(NEW) + IN, Answers(frozenset({NEW}), frozenset({OLD}), NEW), id="old refused"),
        pytest.param(START + offered(OLD) + accepted(OLD) + offered(NEW) + accepted(NEW) + IN, Answers(frozenset({OLD, NEW}), frozenset(), NEW), id="both"),
        pytest.param(START + offered(OLD) + accepted(OLD) + IN, Answers(frozenset({OLD}), frozenset(), OLD), id="an agent has the old one"),
        pytest.param(START + offered(OLD) + MORE + offered(NEW) + MORE, Answers(frozenset(), frozenset({OLD, NEW}), ""), id="both refused"),
        pytest.param(START + offered(OLD), NOTHING, id="cut off: nothing is known"),
        pytest.param(START + MORE, NOTHING, id="not offered, because no algorithm fits"),
        pytest.param(f"debug1: Remote protocol version 2.0, remote software version debug1: Server accepts key: x RSA {OLD}", NOTHING,
                     id="a version that looks like an answer"),
        pytest.param(START + offered(OLD) + MORE + IN, Answers(frozenset(), frozenset({OLD}), ""), id="let in without a key"),
    ],
)  # fmt: skip
def test_the_log(log, found):
    assert read_answers(log) == found


def test_two_connections_together():
    one, two = Answers(frozenset({OLD}), frozenset(), OLD), Answers(frozenset({NEW}), frozenset(), NEW)
    assert one.merge(two) == Answers(frozenset({OLD, NEW}), frozenset(), NEW)


@pytest.mark.parametrize(("with_agent", "agent"), [(False, "none"), (True, "/run/agent")])
def test_ssh_offers_the_public_keys_first_and_writes_its_log_elsewhere(with_agent, agent):
    target = Target("192.0.2.7", private_key_file="/tmp/new", ssh_args="-F none -o IdentityAgent=/run/agent")
    attempt = offer_command(target, ["/tmp/old key.pub"], "/tmp/log", 15, with_agent)
    done = subprocess.run(["ssh", "-G", *attempt.command[1:]], capture_output=True, text=True, check=True)
    values = [line.split(" ", 1) for line in done.stdout.splitlines() if " " in line]
    assert [value for name, value in values if name == "identityfile"] == ["/tmp/old key.pub", "/tmp/new"]
    assert dict(values)["fingerprinthash"] == "SHA256"
    assert dict(values)["identitiesonly"] == "yes"
    assert dict(values)["identityagent"] == agent
    assert attempt.command[attempt.command.index("-E") + 1] == "/tmp/log"
