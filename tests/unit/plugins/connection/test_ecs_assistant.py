# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugin in this process, against the embedded cloud and a guest with a shell."""

from __future__ import annotations

import os

import pytest
import yaml
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.alicloud.ecs_access.plugins.connection import ecs_assistant
from ecs_emulator.testing import running

from .shell_guest import ShellGuest, connect

SECRET = "pa55-w0rd"


@pytest.fixture
def emulator():
    with running({"instances": [{"name": "web", "instance_id": "i-web"}]}) as started:
        yield started


@pytest.fixture
def guest(emulator, tmp_path):
    return ShellGuest(emulator, "web", tmp_path)


@pytest.fixture
def connection(emulator):
    keys = {"access_key_id": emulator.access_key_id, "access_key_secret": emulator.access_key_secret, "endpoint": emulator.endpoint}
    return connect("i-web", region=emulator.region, **keys)


def test_nothing_of_the_task_is_in_a_command(emulator, guest, connection) -> None:
    status, out, err = connection.exec_command(f"/bin/sh -c 'cat; echo {SECRET}; exit 4'", in_data=b"input-" + SECRET.encode() + b"\n")
    assert (status, out, err) == (4, f"input-{SECRET}\n{SECRET}\n".encode(), b"")
    assert len(guest.scripts) == 2
    assert not any(SECRET in script for script in guest.scripts)
    assert [(call["parameters"]["FileMode"], call["parameters"]["InstanceId.1"]) for call in emulator.requests("SendFile")] == [("0600", "i-web")]
    assert os.listdir(guest.run_folder) == []


def test_large_input_is_as_many_files_as_it_takes(emulator, guest, connection) -> None:
    data = os.urandom(60_000)
    assert connection.exec_command("/bin/sh -c cat", in_data=data)[1] == data
    assert len(emulator.requests("SendFile")) == 3


@pytest.mark.parametrize(
    ("action", "code", "words"),
    [
        ("SendFile", "Forbidden.RAM", "The identity lacks the RAM action ecs:SendFile: add it to its policy."),
        ("DescribeSendFileResults", "Forbidden.RAM", "The identity lacks the RAM action ecs:DescribeSendFileResults: add it to its policy."),
        ("SendFile", "Invocation.ExceedQuota", "quota of Cloud Assistant commands and files for a day is used up"),
        ("SendFile", "FileContent.ExceedLimit", "SendFile failed"),
    ],
)
def test_a_refused_file_is_one_sentence_and_leaves_nothing(emulator, guest, connection, action, code, words) -> None:
    emulator.faults(action, "error", code=code, status=403, times=9)
    with pytest.raises(AnsibleConnectionFailure) as caught:
        connection.exec_command(f"/bin/sh -c 'touch {guest.run_folder}/ran; : {SECRET}'")
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)
    assert os.listdir(guest.run_folder) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("FileCreateFail", "it could not be written there; is the file system full or read-only? [FileCreateFail]"),
        ("FileAlreadyExists", "there is a file of this name already [FileAlreadyExists]"),
        ("ClientNeedUpgrade", "its Cloud Assistant agent is too old; upgrade it [ClientNeedUpgrade]"),
    ],
)
def test_a_file_that_does_not_arrive_is_one_sentence(emulator, guest, connection, code, words) -> None:
    emulator.faults("SendFile", "partial", code=code)
    with pytest.raises(AnsibleConnectionFailure) as caught:
        connection.exec_command("/bin/sh -c true")
    assert str(caught.value).startswith("Cloud Assistant could not send the file /run/ecs-assistant-")
    assert str(caught.value).endswith("to i-web: " + words)
    assert os.listdir(guest.run_folder) == []


def test_core_is_told_whom_commands_run_as(connection) -> None:
    """Otherwise a become_user that equals ansible_user counts as who is there already."""
    assert connection.default_user == "root"
    assert not connection.always_pipeline_modules  # with it, async runs the module and then looks for a job
    assert yaml.safe_load(ecs_assistant.DOCUMENTATION)["options"]["pipelining"]["default"] is True
