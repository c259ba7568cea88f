# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who logs in to a host, and which host keys count."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from ansible import context
from ansible.errors import AnsibleConnectionFailure
from ansible.utils.context_objects import CLIArgs
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import host
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.store import RunStore

ID = "i-bp1example"


class Connection:
    transport = "ssh"

    def __init__(self, **options: Any) -> None:
        self.options = options

    def get_option(self, name: str) -> Any:
        return self.options.get(name)

    def set_option(self, name: str, value: Any) -> None:
        self.options[name] = value


def tools(tmp_path, connection: Connection, **variables: Any) -> Any:
    action = SimpleNamespace(_connection=connection, _play_context=SimpleNamespace(remote_user=None, private_key_file=None))
    return SimpleNamespace(action=action, store=RunStore(str(tmp_path)), get=lambda name, default=None: variables.get(name, default))


@pytest.mark.parametrize(
    ("variables", "option", "user"),
    [
        ({"ecs_access_login_as": "ops", "ansible_user": "x"}, "cli", "ops"),
        ({"ansible_user": "x", "ecs_login_user": "ecs-user"}, None, ""),
        ({"ecs_login_user": "ecs-user"}, "cli", ""),
        ({"ecs_login_user": "ecs-user"}, None, "ecs-user"),
        ({}, None, "root"),
    ],
)
def test_who_logs_in(tmp_path, monkeypatch, variables, option, user):
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"remote_user": option}))
    assert host.choose_user(tools(tmp_path, Connection(), **variables)) == user


@pytest.mark.parametrize(
    ("options", "instance_id", "trusted"),
    [
        ({}, ID, True),
        ({"ssh_common_args": "-o ProxyJump=bastion"}, ID, True),
        ({"ssh_args": "-o UserKnownHostsFile=/mine"}, ID, False),
        ({"ssh_extra_args": "-ostricthostkeychecking=no"}, ID, False),
        ({"host_key_checking": False}, ID, False),
        ({}, "i-bp1other", False),
        ({}, "-oProxyCommand=id", False),
        ({}, "", False),
    ],
)
def test_the_users_own_word_on_host_keys_counts(tmp_path, monkeypatch, options, instance_id, trusted):
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"remote_user": None}))
    connection = Connection(**options)
    world = tools(tmp_path, connection, ecs_instance_id=instance_id)
    world.store.write_text(world.store.known_hosts, f"{ID} ssh-ed25519 AAAA\n")
    host.prepare_connection(world, "/key")
    assert (f"HostKeyAlias={ID}" in (connection.options.get("ssh_common_args") or "")) is trusted
    assert connection.options["private_key_file"] == "/key"
    if trusted:
        assert "StrictHostKeyChecking=yes" in connection.options["ssh_common_args"]
        assert (options.get("ssh_common_args") or "") in connection.options["ssh_common_args"]


def test_a_host_that_denied_the_login(tmp_path):
    error = AnsibleConnectionFailure("Failed to connect to the host via ssh: root@192.0.2.1: Permission denied (publickey).")
    said = host.no_answer(tools(tmp_path, Connection()), error)
    assert "Permission denied (publickey). No private key was named: give one with --private-key" in said
    (tmp_path / "key").write_text("ssh-rsa AAAA x")
    said = host.no_answer(tools(tmp_path, Connection(private_key_file=str(tmp_path / "key"))), error)
    assert f"{tmp_path}/key is a public key; name the file of the private key" in said


def test_a_host_whose_keys_could_not_be_read(tmp_path):
    desk = tools(tmp_path, Connection(), ecs_instance_id=ID)
    desk.store.write("host_keys", {ID: "its agent is offline"})
    assert host.no_answer(desk, AnsibleConnectionFailure("Host key verification failed.")).endswith("through Cloud Assistant: its agent is offline")


# Offers as ssh does: what the agent holds first. The server knows one of the keys.
SSH = f"""#!{sys.executable}
import sys
words = sys.argv
files = [word.partition("=")[2].strip(chr(34)) for word in words if word.startswith("IdentityFile=")]
held = [] if "IdentityAgent=none" in words else HELD
with open(words[words.index("-E") + 1], "w") as log:
    for name in sorted(files, key=lambda name: name not in held):
        key = "RSA SHA256:" + name[-1] * 43
        print(f"debug1: Offering public key: {{name}} {{key}} explicit", file=log)
        if name != "/control":
            print("debug1: Authentications that can continue: publickey", file=log)
            continue
        print(f"debug1: Server accepts key: {{name}} {{key}} explicit", file=log)
        if name in held + ON_DISK:
            print("debug1: Authentication succeeded (publickey).", file=log)
            break
"""
OLD, CONTROL = "SHA256:" + "o" * 43, "SHA256:" + "l" * 43


@pytest.mark.parametrize(
    ("held", "on_disk", "opened"),
    [
        pytest.param([], ["/control"], CONTROL, id="a file"),
        pytest.param(["/control"], [], CONTROL, id="an agent"),
        pytest.param(["/control"], ["/control"], CONTROL, id="both"),
        pytest.param(["/control", "/o"], [], CONTROL, id="an agent that has the other one too"),
        pytest.param([], [], "", id="a file with a passphrase"),
    ],
)
def test_a_key_is_offered_though_an_agent_could_open_the_connection(tmp_path, held, on_disk, opened):
    program = tmp_path / "ssh"
    program.write_text(SSH.replace("HELD", repr(held)).replace("ON_DISK", repr(on_disk)))
    program.chmod(0o755)
    connection = Connection(ssh_executable=str(program), host="192.0.2.7")
    answers = host.offer_keys(tools(tmp_path, connection), "john", ["/o"], "/control")
    assert (answers.refused, answers.accepted, answers.opened) == ({OLD}, {CONTROL}, opened)
