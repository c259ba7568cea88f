# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeCommands and InvokeCommand: the vendor's public commands."""

from __future__ import annotations

import base64
import json

import pytest
from alibabacloud_ecs20140526 import models
from ecs_emulator.testing import CommandOutcome, Emulator, running

from .emulator_tools import code, ids, sdk

SEND = "ACS-ECS-SendSshPublicKey-linux.sh"
KEY = "ssh-rsa AAAAB3 me@here"


def invoke(emulator: Emulator, command_id: str = SEND, values: dict | str | None = None, **more) -> str:
    given = {"sshPublicKey": KEY} if values is None else values
    text = given if isinstance(given, str) else json.dumps(given)
    parameters = {"InstanceId": ids(emulator)[:1], "Parameters": text, **more}
    return emulator.call("InvokeCommand", CommandId=command_id, **parameters)["InvokeId"]


def result(emulator: Emulator, invoke_id: str) -> dict:
    def results() -> list[dict]:
        answer = emulator.call("DescribeInvocationResults", InvokeId=invoke_id, ContentEncoding="PlainText")
        return answer["Invocation"]["InvocationResults"]["InvocationResult"]

    emulator.wait_until(lambda: all(entry["InvocationStatus"] not in ("Pending", "Running") for entry in results()))
    (entry,) = results()
    return entry


def keys(emulator: Emulator, name: str = "web-1") -> list[tuple[str, str]]:
    return [key[:2] for key in emulator.keys.keys(emulator.instance(name).instance_id)]


def test_the_sdk_finds_the_public_command(shared):
    request = models.DescribeCommandsRequest(region_id=shared.region, provider="AlibabaCloud", name=SEND)
    (command,) = sdk(shared).describe_commands(request).body.commands.command
    assert (command.name, command.type, command.timeout, command.latest) == (SEND, "RunShellScript", 60, True)
    assert command.provider == "AlibabaCloud.ECS.Applications"
    assert command.parameter_names.parameter_name == ["username", "sshpublickey"]
    content = base64.b64decode(command.command_content).decode()
    assert content == "send_ssh_public_key --username {{username}} --ssh-public-key {{sshPublicKey}}"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"Provider": "AlibabaCloud"}, [SEND, "ACS-ECS-EnableSshPublicKey-linux.sh"]),
        ({"Provider": "AlibabaCloud", "Name": "Enable"}, ["ACS-ECS-EnableSshPublicKey-linux.sh"]),
        ({"Provider": "AlibabaCloud", "Name": "*Send*"}, [SEND]),
        ({"Provider": "Somebody"}, []),
        ({}, []),
        ({"CommandId": "cmd-" + SEND}, [SEND]),
        ({"CommandId": "c-unknown", "Provider": "AlibabaCloud"}, []),
    ],
)
def test_queries_find(shared, query, expected):
    commands = shared.call("DescribeCommands", **query)["Commands"]["Command"]
    assert [command["Name"] for command in commands] == expected


@pytest.mark.parametrize("form", ["name", "cmd-", "id"])
def test_a_key_is_registered_by_each_form_of_the_command(emulator, form):
    (command,) = emulator.call("DescribeCommands", Provider="AlibabaCloud", Name=SEND)["Commands"]["Command"]
    invoke_id = invoke(emulator, {"name": SEND, "cmd-": "cmd-" + SEND, "id": command["CommandId"]}[form])
    assert result(emulator, invoke_id)["InvocationStatus"] == "Success"
    assert keys(emulator) == [("root", KEY)]


@pytest.mark.parametrize("names", [("username", "sshPublicKey"), ("UserName", "SSHPUBLICKEY"), ("username", "sshpublickey")])
def test_parameter_names_are_not_case_sensitive(emulator, names):
    result(emulator, invoke(emulator, values=dict(zip(names, ("deploy", KEY)))))
    assert keys(emulator) == [("deploy", KEY)]


def test_values_become_part_of_the_script_unquoted(emulator):
    scripts = []
    emulator.on_command(lambda script, username: (scripts.append((script, username)), CommandOutcome(0, b""))[1])
    result(emulator, invoke(emulator, values={"username": "root; reboot", "sshPublicKey": "x $(id)"}))
    assert scripts == [("send_ssh_public_key --username root; reboot --ssh-public-key x $(id)", "")]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"command_id": "c-unknown"}, (404, "InvalidCmdId.NotFound")),
        ({"values": {"username": "root"}}, (400, "Parameter.MissingValue")),
        ({"values": {"sshPublicKey": KEY, "comment": "x"}}, (403, "Parameter.NotMatched")),
        ({"values": {"sshPublicKey": KEY, "SSHPublicKey": KEY}}, (403, "ParameterKey.Duplicate")),
        ({"values": {"sshPublicKey": 7}}, (400, "InvalidParameter.Parameters")),
        ({"values": "{"}, (400, "InvalidParameter.Parameters")),
        ({"values": {"sshPublicKey": "x" * 20000}}, (400, "InvalidParameter.Parameters")),
        ({"values": {"sshPublicKey": "a\0b"}}, (403, "InvalidParameterCharset.Parameters")),
        ({"values": {"k" * 65: "x"}}, (403, "ParameterKey.ExceedLimit")),
        ({"values": {"k%d" % n: "x" for n in range(11)}}, (403, "ParameterCount.ExceedLimit")),
        ({"Timeout": 9}, (400, "InvalidParameter.Timeout")),
        ({"Username": "u" * 256}, (403, "Username.ExceedLimit")),
        ({"RepeatMode": "Sometimes"}, (404, "InvalidRepeatMode.NotFound")),
        ({"ClientToken": "t" * 65}, (400, "InvalidClientToken.Malformed")),
        ({"InstanceId": ["i-unknown"]}, (404, "InvalidInstance.NotFound")),
        ({"InstanceId": []}, (400, "MissingParam.InstanceId")),
        ({"InstanceId": ["i-%d" % n for n in range(101)]}, (403, "InstanceIds.ExceedLimit")),
        ({"command_id": "ACS-ECS-EnableSshPublicKey-linux.sh"}, (400, "Parameter.Disabled")),
    ],
)
def test_refusals(shared, change, expected):
    assert code(invoke, shared, **change) == expected
    assert keys(shared) == []


def test_a_repeated_client_token_registers_once(emulator):
    first = invoke(emulator, ClientToken="token")
    assert invoke(emulator, ClientToken="token") == first
    assert code(invoke, emulator, values={"sshPublicKey": "another"}, ClientToken="token") == (403, "IdempotentParameterMismatch")
    assert len(emulator.cloud.invocations) == 1


def test_dry_run_registers_nothing_and_names_what_stands_in_the_way():
    fleet = {"instances": [{"name": "web"}, {"name": "offline", "assistant": {"online": False}}]}
    with running(fleet) as emulator:
        good, offline = ids(emulator)
        assert invoke(emulator, InstanceId=[good], RepeatMode="DryRun") == ""
        assert code(invoke, emulator, InstanceId=[good, offline], RepeatMode="DryRun") == (403, "ClientNotOnline")
        assert code(invoke, emulator, values={}, InstanceId=[good], RepeatMode="DryRun") == (400, "Parameter.MissingValue")
        assert (emulator.cloud.invocations, keys(emulator, "web")) == ({}, [])


def test_an_old_agent_does_not_know_the_command():
    with running({"instances": [{"name": "web", "assistant": {"version": "2.2.3.195"}}]}) as emulator:
        entry = result(emulator, invoke(emulator))
        assert (entry["InvocationStatus"], entry["ExitCode"]) == ("Failed", 127)
        assert keys(emulator, "web") == []
