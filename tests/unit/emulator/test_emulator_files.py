# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SendFile: what arrives, what the service refuses, what the agent refuses."""

from __future__ import annotations

import base64

import pytest
from alibabacloud_ecs20140526 import models
from ecs_emulator.backends import FileOutcome, FileRequest
from ecs_emulator.testing import running

from .emulator_tools import code, ids, sdk

FILE = {"Name": "secret", "TargetDir": "/run/ours", "Content": "text"}


def send(emulator, *instance_ids, **changes):
    return emulator.call("SendFile", InstanceId=list(instance_ids or ids(emulator)[:1]), **{**FILE, **changes})["InvokeId"]


def delivery(emulator, invoke_id):
    """The record of a delivery once it has ended everywhere."""

    def read():
        (shown,) = emulator.call("DescribeSendFileResults", InvokeId=invoke_id)["Invocations"]["Invocation"]
        return shown

    emulator.wait_until(lambda: read()["InvocationStatus"] not in ("Pending", "Running"))
    return read()


def endings(emulator, invoke_id):
    return [(item["InvocationStatus"], item["ErrorCode"]) for item in delivery(emulator, invoke_id)["InvokeInstances"]["InvokeInstance"]]


def test_vendor_sdk_sends_a_file(emulator):
    client, web = sdk(emulator), ids(emulator)[0]
    request = models.SendFileRequest(
        region_id=emulator.region, instance_id=[web], name="secret", target_dir="/run/ours", content=base64.b64encode(b"\0\xff").decode(),
        content_type="Base64", file_owner="app", file_group="app", file_mode="0600", overwrite=True, timeout=1,
    )  # fmt: skip
    invoke_id = client.send_file(request).body.invoke_id
    assert invoke_id.startswith("f-")
    assert endings(emulator, invoke_id) == [("Success", "")]
    assert emulator.instance("web-1").guest.files == {
        "/run/ours/secret": FileRequest(b"\0\xff", "secret", "/run/ours", "app", "app", "0600", overwrite=True),
    }
    query = models.DescribeSendFileResultsRequest(region_id=emulator.region, invoke_id=invoke_id)
    (shown,) = client.describe_send_file_results(query).body.invocations.invocation
    assert (shown.invocation_status, shown.vm_count, shown.overwrite, shown.content_type, shown.file_mode) == ("Success", 1, "true", "Base64", "0600")


def test_owner_and_mode_are_the_documented_ones_unless_given(emulator):
    assert endings(emulator, send(emulator)) == [("Success", "")]
    (sent,) = emulator.instance("web-1").guest.files.values()
    assert sent == FileRequest(b"text", "secret", "/run/ours", "root", "root", "0644", overwrite=False)


def test_a_file_that_exists_is_replaced_only_when_asked_to(emulator):
    send(emulator, Content="first")
    assert endings(emulator, send(emulator, Content="second")) == [("Invalid", "FileAlreadyExists")]
    assert endings(emulator, send(emulator, Content="third", Overwrite=True)) == [("Success", "")]
    assert emulator.instance("web-1").guest.files["/run/ours/secret"].content == b"third"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"Content": "no base64!", "ContentType": "base64"}, "FileContentInvalid"),
        ({"FileMode": "u+x"}, "FileAuthorityInvalid"),
        ({"FileMode": "0999"}, "FileAuthorityInvalid"),
        ({"FileMode": "77777"}, "FileAuthorityInvalid"),
    ],
)
def test_what_the_agent_refuses(emulator, changes, error):
    assert endings(emulator, send(emulator, **changes)) == [("Invalid", error)]
    assert emulator.instance("web-1").guest.files == {}


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("AccountNotExists", "Invalid"), ("UserGroupNotExists", "Invalid"), ("FileCreateFail", "Failed"), ("FilePathInvalid", "Failed")],
)
def test_what_fails_in_the_instance(emulator, monkeypatch, outcome, status):
    async def fail(request):
        return FileOutcome(outcome, "no")

    monkeypatch.setattr(emulator.instance("web-1").guest, "put_file", fail)
    invoke_id = send(emulator, *ids(emulator)[:2])
    assert endings(emulator, invoke_id) == [(status, outcome), ("Success", "")]
    assert delivery(emulator, invoke_id)["InvocationStatus"] == "PartialFailed"


def test_instances_that_cannot_be_reached():
    fleet = [{"name": "offline", "assistant": {"online": False}}, {"name": "stopped", "status": "Stopped"}, {"name": "win", "os_type": "windows"}]
    with running({"instances": fleet}) as emulator:
        assert endings(emulator, send(emulator, *ids(emulator))) == [("Aborted", "ClientNotOnline"), ("Aborted", "InstanceNotRunning"), ("Success", "")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Name": ""}, (400, "MissingParameter")),
        ({"TargetDir": ""}, (400, "MissingParameter")),
        ({"Content": ""}, (400, "MissingParameter")),
        ({"Name": "n" * 256}, (403, "Name.ExceedLimit")),
        ({"FileOwner": "o" * 65}, (403, "FileOwner.ExceedLimit")),
        ({"Content": "x" * 24577}, (403, "FileContent.ExceedLimit")),
        ({"InstanceId": []}, (400, "MissingParam.InstanceId")),
        ({"InstanceId": ["i-none"]}, (404, "InvalidInstance.NotFound")),
        ({"InstanceId": ["i-%d" % number for number in range(51)]}, (403, "InstanceIds.ExceedLimit")),
    ],
)
def test_what_the_service_refuses(shared, changes, expected):
    assert code(shared.call, "SendFile", **{**FILE, "InstanceId": ids(shared)[:1], **changes}) == expected


def test_a_client_token_sends_once_and_results_can_be_filtered(emulator):
    first = send(emulator, ClientToken="once")
    assert send(emulator, ClientToken="once") == first
    second = send(emulator, Name="other", Content="x" * 24576)

    def found(**filters):
        return [item["InvokeId"] for item in emulator.call("DescribeSendFileResults", **filters)["Invocations"]["Invocation"]]

    for invoke_id in (first, second):
        delivery(emulator, invoke_id)
    assert {entry["parameters"]["Content"] for entry in emulator.requests("SendFile")} == {"(hidden)"}
    assert found() == [second, first]
    assert found(Name="other") == [second]
    assert found(InstanceId=ids(emulator)[1]) == []
    assert found(InvocationStatus="Failed") == []
