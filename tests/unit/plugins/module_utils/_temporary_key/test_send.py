# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be put into the vendor's unquoted root shell line, and what its outcomes mean."""

import json
import shlex
import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.invocation import Invocation, read_invocation
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import NameRefused
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import PublicKey, parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key import send as temp_key
from ecs_emulator.testing import running

BLOB = bytes.fromhex("0000000b7373682d6564323535313900000020") + bytes(range(32))
KEY = PublicKey("ssh-ed25519", BLOB)
HOSTILE = [
    "$(id)",
    "`id`",
    "a;id",
    "a|id",
    "a&id",
    "a>b",
    "a\nid",
    "a'b",
    'a"b',
    "a\\b",
    "a\0b",
    "a\tb",
    "{{x}}",
    "a*",
    "~root",
    "a#b",
    "a!b",
    "\uff41",
    "a\u202eb",
]


@pytest.mark.parametrize("comment", ["", "john@laptop", "john doe 2026-07", "a+b=c:d,e/f", "x" * 255])
def test_comments_that_may_be_sent(comment):
    line = temp_key.render_key(KEY._replace(comment=comment))
    assert parse_public_key(line) == KEY._replace(comment=comment)


@pytest.mark.parametrize("comment", [*HOSTILE, "-x", "a --username root", "a  b", "x" * 256])
def test_comments_that_are_refused(comment):
    with pytest.raises(temp_key.KeyRefused, match=r"the comment .* cannot be sent"):
        temp_key.render_key(KEY._replace(comment=comment))


def test_what_is_sent_means_to_a_shell_what_it_says():
    """The template as the vendor has it, run by a real shell."""
    params = temp_key.command_parameters(["i-web"], "j.doe@x", KEY._replace(comment="john@laptop 1,2=3:4/5+6"))
    values = json.loads(params["Parameters"])
    line = "printf '%%s\\n' --username %s --ssh-public-key %s" % (values["username"], values["sshPublicKey"])
    said = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True, cwd="/").stdout.split("\n")
    assert said[:-1] == ["--username", "j.doe@x", "--ssh-public-key", *shlex.split(values["sshPublicKey"])]


@pytest.mark.parametrize("instance_id", ["", "*", "i-a b", "-i", "i-a\n", "@cert-authority"])
def test_instance_ids_that_are_refused(instance_id):
    with pytest.raises(NameRefused, match=r"the instance id .* is not one"):
        temp_key.command_parameters([instance_id], "root", KEY)


@pytest.mark.parametrize("name", [*HOSTILE, "", "-x"])
def test_user_names_that_are_refused(name):
    with pytest.raises(NameRefused, match=r"the user name .* cannot be sent"):
        temp_key.command_parameters(["i-web"], name, KEY)


def outcome(**entry):
    return temp_key.read_delivery(read_invocation({"InstanceId": "i-web", "InvocationStatus": "Failed", **entry}))


def test_success_tells_when():
    assert outcome(InvocationStatus="Success", ExitCode=0, FinishedTime="2026-07-01T08:00:05Z") == temp_key.Delivery(True, "", 1782892805.0)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"ExitCode": 127, "ErrorCode": "ExitCodeNonzero"}, "lacks send_ssh_public_key"),
        ({"ExitCode": "127"}, "ecs_temp_public_key (prepare: auto)"),
        ({"ExitCode": 1, "Output": "the key could not\nbe sent"}, "ended with status 1: the key could not be sent"),
        ({"InvocationStatus": "Aborted", "ErrorCode": "ClientNotOnline"}, "is not online; see /usr/local/share/aliyun-assist"),
        ({"InvocationStatus": "Aborted", "ErrorCode": "InstanceNotRunning"}, "it is not running [InstanceNotRunning]"),
        ({"InvocationStatus": "Invalid", "ErrorCode": "CommandNotApplicable"}, "it does not run Linux [CommandNotApplicable]"),
        ({"InvocationStatus": "Error", "ErrorCode": "New", "ErrorInfo": "what it says"}, "what it says [New]"),
        ({"InvocationStatus": "Running"}, "has not ended in time (Running)"),
        ({"InvocationStatus": "Terminated"}, "Terminated"),
    ],
)
def test_failures_are_named(entry, words):
    delivery = outcome(**entry)
    assert not delivery.is_done
    assert words in delivery.problem


def test_an_instance_that_is_not_mentioned_has_no_key():
    assert temp_key.instance_problems({"i-web": Invocation()}, ["i-web"]) == [
        "i-web has not received the temporary key: Cloud Assistant returned no result for it; check that it is a running instance of this region."
    ]


@pytest.fixture(scope="module")
def emulator():
    with running({"instances": [{"name": "web"}, {"name": "old", "assistant": {"version": "2.2.3.100"}}]}) as started:
        yield started


@pytest.fixture
def client(emulator):
    emulator.clear_requests()
    return EcsClient(read_settings({}, emulator.environment), sleep=lambda seconds: None)


def send(client, emulator, name, user="root"):
    instance_id = emulator.instance(name).instance_id
    invoke_id = temp_key.send_temp_key(client, [instance_id], user, KEY)
    return instance_id, client.wait_for_invocation(invoke_id, [instance_id], client.clock() + 20)


def test_a_sent_key_is_the_service_s(client, emulator):
    instance_id, results = send(client, emulator, "web", "ops")
    assert temp_key.instance_problems(results, [instance_id]) == []
    assert [(key.user_name, key.public_key) for key in emulator.keys.keys(instance_id, "ops")] == [("ops", KEY.line)]


def test_an_old_agent_is_named(client, emulator):
    instance_id, results = send(client, emulator, "old")
    assert "2.2.3.196 or newer" in temp_key.instance_problems(results, [instance_id])[0]


@pytest.mark.parametrize("fault", [{"fault": "error", "code": "Throttling.User"}, {"fault": "reset_after"}, {"fault": "error"}])
def test_a_lost_or_throttled_call_delivers_once(client, emulator, fault):
    emulator.faults("InvokeCommand", times=2, **fault)
    before = len(emulator.cloud.invocations)
    instance_id, results = send(client, emulator, "web")
    assert temp_key.instance_problems(results, [instance_id]) == []
    assert len(emulator.cloud.invocations) == before + 1


def test_nothing_hostile_leaves_this_machine(client, emulator):
    for user, comment in [("root;id", ""), ("root", "$(id)")]:
        with pytest.raises((NameRefused, temp_key.KeyRefused)):
            temp_key.send_temp_key(client, ["i-web"], user, KEY._replace(comment=comment))
    assert emulator.request_counts() == {}
