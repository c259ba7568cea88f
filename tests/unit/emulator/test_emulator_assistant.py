# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Assistant: who can take commands, how they end, what is refused."""

from __future__ import annotations

import base64

import pytest
from alibabacloud_ecs20140526 import models
from ecs_emulator.backends import CommandRequest
from ecs_emulator.testing import CommandOutcome, running

from .emulator_tools import code, ids, sdk

SCRIPT = {"Type": "RunShellScript", "CommandContent": "id"}
FLEET = {
    "instances": [
        {"name": "good", "assistant": {"output": "hello\n"}},
        {"name": "failing", "assistant": {"output": "oops", "exit_code": 3}},
        {"name": "offline", "assistant": {"online": False}},
        {"name": "bare", "assistant": {"installed": False}},
        {"name": "stopped", "status": "Stopped"},
        {"name": "win", "os_type": "windows"},
    ]
}


def run(emulator, *instance_ids, **changes):
    return emulator.call("RunCommand", InstanceId=list(instance_ids), **{**SCRIPT, **changes})["InvokeId"]


def results(emulator, invoke_id, **more):
    """Results by instance name once all have ended."""

    def read():
        answer = emulator.call("DescribeInvocationResults", InvokeId=invoke_id, MaxResults=50, **more)
        return answer["Invocation"]["InvocationResults"]["InvocationResult"]

    emulator.wait_until(lambda: all(item["InvocationStatus"] not in ("Pending", "Running", "Stopping") for item in read()))
    return {emulator.instance(item["InstanceId"]).spec.name: item for item in read()}


def summary(emulator, invoke_id):
    (shown,) = emulator.call("DescribeInvocations", InvokeId=invoke_id)["Invocations"]["Invocation"]
    return shown["InvocationStatus"], shown["InvokeStatus"]


@pytest.fixture(scope="module")
def fleet():
    with running(FLEET) as emulator:
        yield emulator


@pytest.mark.parametrize("algorithm", [None, "v2"])
def test_vendor_sdk_runs_a_command(fleet, algorithm):
    client = sdk(fleet, algorithm)
    good = ids(fleet)[0]
    request = models.RunCommandRequest(
        region_id=fleet.region, type="RunShellScript", content_encoding="Base64",
        command_content=base64.b64encode(b"x" * 18000).decode(), instance_id=[good], timeout=30,
    )  # fmt: skip
    invoke_id = client.run_command(request).body.invoke_id
    results(fleet, invoke_id)
    query = models.DescribeInvocationResultsRequest(region_id=fleet.region, invoke_id=invoke_id)
    (result,) = client.describe_invocation_results(query).body.invocation.invocation_results.invocation_result
    assert (result.invocation_status, result.exit_code) == ("Success", 0)
    assert base64.b64decode(result.output) == b"hello\n"


def test_each_instance_ends_in_its_own_way(fleet):
    invoke_id = run(fleet, *ids(fleet))
    ended = {
        name: (item["InvocationStatus"], item["InvokeRecordStatus"], item.get("ExitCode"), item["ErrorCode"])
        for name, item in results(fleet, invoke_id).items()
    }
    assert ended == {
        "good": ("Success", "Finished", 0, ""),
        "failing": ("Failed", "Failed", 3, "ExitCodeNonzero"),
        "offline": ("Aborted", "Failed", None, "ClientNotOnline"),
        "bare": ("Aborted", "Failed", None, "ClientNotRunning"),
        "stopped": ("Aborted", "Failed", None, "InstanceNotRunning"),
        "win": ("Invalid", "Failed", None, "CommandNotApplicable"),
    }
    assert summary(fleet, invoke_id) == ("PartialFailed", "PartialFailed")
    assert summary(fleet, run(fleet, ids(fleet)[0]))[1] in ("Running", "Finished")
    plain = results(fleet, invoke_id, ContentEncoding="PlainText")
    assert plain["good"]["Output"] == "hello\n"


def test_agent_status(fleet):
    def read(*instance_ids):
        answer = fleet.call("DescribeCloudAssistantStatus", InstanceId=list(instance_ids))
        return {
            fleet.instance(item["InstanceId"]).spec.name: (item["CloudAssistantStatus"], bool(item["CloudAssistantVersion"]))
            for item in answer["InstanceCloudAssistantStatusSet"]["InstanceCloudAssistantStatus"]
        }

    assert read(*ids(fleet)) == {
        "good": ("true", True), "failing": ("true", True), "offline": ("false", True), "bare": ("false", False),
        "stopped": ("false", True), "win": ("true", True),
    }  # fmt: skip
    assert read(ids(fleet)[0]) == {"good": ("true", True)}
    assert len(read()) == 6
    assert code(fleet.call, "DescribeCloudAssistantStatus", InstanceId=["i-none"]) == (404, "InvalidInstance.NotFound")


def test_agent_status_of_many_instances_in_one_answer():
    with running({"instances": [{"name": "web", "count": 101}]}) as emulator:
        answer = emulator.call("DescribeCloudAssistantStatus", InstanceId=ids(emulator)[:50])
        assert len(answer["InstanceCloudAssistantStatusSet"]["InstanceCloudAssistantStatus"]) == 50
        refused = code(emulator.call, "DescribeCloudAssistantStatus", InstanceId=ids(emulator)[:51])
        assert refused == (403, "InstanceIds.ExceedLimit")
        assert code(emulator.call, "RunCommand", InstanceId=ids(emulator), **SCRIPT) == (403, "InstanceIds.ExceedLimit")
        invoke_id = run(emulator, *ids(emulator)[:100])
        first = emulator.call("DescribeInvocationResults", InvokeId=invoke_id)["Invocation"]
        assert len(first["InvocationResults"]["InvocationResult"]) == 10
        seen, token = set(), None
        while token != "":
            page = emulator.call("DescribeInvocationResults", InvokeId=invoke_id, MaxResults=50, NextToken=token)["Invocation"]
            seen.update(item["InstanceId"] for item in page["InvocationResults"]["InvocationResult"])
            token = page["NextToken"]
        assert seen == set(ids(emulator)[:100])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Type": "RunPython"}, (400, "InvalidParameter.Type")),
        ({"CommandContent": ""}, (400, "MissingParameter")),
        ({"CommandContent": "x" * 18433}, (403, "CmdContent.ExceedLimit")),
        ({"CommandContent": "not base64", "ContentEncoding": "Base64"}, (400, "InvalidParameter.CommandContent")),
        ({"InstanceId": []}, (400, "MissingParam.InstanceId")),
        ({"InstanceId": ["i-none"]}, (404, "InvalidInstance.NotFound")),
        ({"Timeout": "soon"}, (400, "InvalidParameter.Timeout")),
        ({"Username": "u" * 256}, (403, "Username.ExceedLimit")),
        ({"ClientToken": "t" * 65}, (400, "InvalidClientToken.Malformed")),
        ({"RepeatMode": "Never"}, (404, "InvalidRepeatMode.NotFound")),
        ({"Parameters": "[]"}, (400, "InvalidParameter.Parameters")),
        ({"RegionId": "nowhere"}, (404, "InvalidRegionId.NotFound")),
    ],
)
def test_refused_commands(fleet, changes, expected):
    before = len(fleet.cloud.invocations)
    assert code(fleet.call, "RunCommand", **{**SCRIPT, "InstanceId": ids(fleet)[:1], **changes}) == expected
    assert len(fleet.cloud.invocations) == before


@pytest.mark.parametrize(("encoding", "script"), [("BASE64", "id"), ("base64", "id"), ("PLAINTEXT", "aWQ="), ("Hex", "aWQ=")])
def test_content_encodings_have_no_case_and_unknown_ones_are_plain(emulator, encoding, script):
    emulator.on_command(lambda script, username: CommandOutcome(0, script.encode()))
    invoke_id = run(emulator, ids(emulator)[0], CommandContent="aWQ=", ContentEncoding=encoding)
    assert results(emulator, invoke_id, ContentEncoding="plainTEXT")["web-1"]["Output"] == script
    assert base64.b64decode(results(emulator, invoke_id, ContentEncoding="base64")["web-1"]["Output"]) == script.encode()


def test_whole_call_refusals_where_the_fleet_says_so():
    choices = {"run_command_wrong_os": "call", "run_command_not_running": "call"}
    with running(dict(FLEET, behaviours=choices)) as emulator:
        good, _unused, _unused, _unused, stopped, win = ids(emulator)
        assert code(emulator.call, "RunCommand", InstanceId=[good, win], **SCRIPT) == (400, "InvalidInstance.NotMatch")
        assert code(emulator.call, "RunCommand", InstanceId=[good, stopped], **SCRIPT)[0] == 403


def test_answers_of_a_test_and_the_user_they_see(emulator):
    emulator.on_command(lambda script, username: CommandOutcome(0, ("%s as %s" % (script, username)).encode()), "web-1")
    emulator.on_command(lambda script, username: CommandOutcome(None, b"", "AccountNotExists", "no such user"), "web-2")
    shown = results(emulator, run(emulator, *ids(emulator), Username="john"), ContentEncoding="PlainText")
    assert shown["web-1"]["Output"] == "id as john"
    assert (shown["web-2"]["InvocationStatus"], shown["web-2"]["ErrorCode"]) == ("Invalid", "AccountNotExists")
    assert "ExitCode" not in shown["web-2"]


def test_parameters_are_put_in_unquoted_and_without_regard_to_case(emulator):
    emulator.on_command(lambda script, username: CommandOutcome(0, script.encode()))
    text = "{{ Name }}|{{acs::InstanceId}}|{{unknown}}|{{ name}}"
    web = ids(emulator)[0]
    invoke_id = run(emulator, web, CommandContent=text, EnableParameter=True, Parameters='{"NAME": "a; b"}')
    assert results(emulator, invoke_id, ContentEncoding="PlainText")["web-1"]["Output"] == "a; b|%s||a; b" % web
    raw = run(emulator, web, CommandContent=text)
    assert results(emulator, raw, ContentEncoding="PlainText")["web-1"]["Output"] == text


@pytest.mark.parametrize(("version", "kept"), [("2.2.3.579", "a" * 6000 + "c" * 18576), ("2.2.3.578", "b" * 6000 + "c" * 18576)])
def test_what_agents_keep_of_a_long_output(version, kept):
    with running({"instances": [{"name": "web", "assistant": {"version": version}}]}) as emulator:
        emulator.on_command(lambda script, username: CommandOutcome(0, b"a" * 6000 + b"b" * 6000 + b"c" * 18576))
        shown = results(emulator, run(emulator, ids(emulator)[0]), ContentEncoding="PlainText")["web"]
        assert (shown["Output"], shown["Dropped"]) == (kept, 6000)


def test_a_command_is_what_its_call_says_on_its_way_to_the_agent(emulator, monkeypatch):
    seen = []

    async def note(request):
        seen.append(request)
        return CommandOutcome(0, b"")

    monkeypatch.setattr(emulator.instance("web-1").guest, "run", note)
    web = ids(emulator)[0]
    first = run(emulator, web)
    second = run(emulator, web, Name="mine", Username="john", WorkingDir="/srv", Timeout=7, TerminationMode="ProcessTree")
    assert [results(emulator, item)["web-1"]["TerminationMode"] for item in (first, second)] == ["Process", "ProcessTree"]
    assert sorted(seen) == sorted(
        [
            CommandRequest(first, b"id", first + ".sh", timeout=60, termination_mode="Process"),
            CommandRequest(second, b"id", "mine-%s.sh" % second, "john", "/srv", 7, "ProcessTree"),
        ]
    )
    assert code(emulator.call, "RunCommand", InstanceId=[web], TerminationMode="Group", **SCRIPT) == (400, "InvalidParameter.TerminationMode")


@pytest.mark.parametrize(("choice", "expected"), [("refused", ("Invalid", "UserInvalid_root")), ("stripped", ("Success", ""))])
def test_the_user_root(choice, expected):
    with running({"instances": [{"name": "web"}], "behaviours": {"username_root": choice}}) as emulator:
        ended = results(emulator, run(emulator, ids(emulator)[0], Username="root"))["web"]
        assert (ended["InvocationStatus"], ended["ErrorInfo"]) == expected


@pytest.mark.parametrize(
    ("error", "status"), [("DefaultWorkingDirectoryNotAvailable", "Invalid"), ("DirectoryNotExists", "Invalid"), ("ExecutionException", "Error")]
)
def test_what_agents_refuse_before_the_start_is_invalid(emulator, error, status):
    emulator.on_command(lambda script, username: CommandOutcome(None, b"", error, "no"))
    assert results(emulator, run(emulator, ids(emulator)[0]))["web-1"]["InvocationStatus"] == status


@pytest.mark.parametrize(("choice", "status"), [("failed", "Failed"), ("success", "Success")])
def test_exit_codes_that_ask_for_power(choice, status):
    fleet = {"instances": [{"name": "web", "assistant": {"exit_code": 194}}], "behaviours": {"power_exit_code": choice}}
    with running(fleet) as emulator:
        ended = results(emulator, run(emulator, ids(emulator)[0]))["web"]
        assert (ended["InvocationStatus"], ended["ExitCode"]) == (status, 194)


def test_slow_commands_run_time_out_and_are_stopped():
    with running({"instances": [{"name": "slow", "count": 2, "assistant": {"seconds": 30}}]}) as emulator:
        one, two = ids(emulator)
        timed = run(emulator, one, Timeout=2)
        stopped = run(emulator, one, two)
        emulator.wait_until(lambda: summary(emulator, stopped) == ("Running", "Running"))
        emulator.call("StopInvocation", InvokeId=stopped, InstanceId=[one])
        emulator.wait_until(lambda: emulator.cloud.invocations[stopped].executions[one].status == "Terminated")
        assert emulator.cloud.invocations[stopped].executions[two].status == "Running"
        emulator.call("StopInvocation", InvokeId=stopped)
        assert {item["InvocationStatus"] for item in results(emulator, stopped).values()} == {"Terminated"}
        assert summary(emulator, stopped) == ("Stopped", "Stopped")
        assert results(emulator, timed)["slow-1"]["ErrorCode"] == "ExecutionTimeout", "a stop concerns its own command alone"
        assert code(emulator.call, "StopInvocation", InvokeId="t-none") == (404, "InvalidInvokeId.NotFound")


@pytest.mark.parametrize(("choice", "exit_code"), [("absent", None), ("given", 1)])
def test_time_limit(choice, exit_code):
    with running({"instances": [{"name": "slow", "assistant": {"seconds": 30}}], "behaviours": {"timeout_exit_code": choice}}) as emulator:
        ended = results(emulator, run(emulator, ids(emulator)[0], Timeout=1))["slow"]
        assert (ended["InvocationStatus"], ended["ErrorCode"]) == ("Timeout", "ExecutionTimeout")
        assert ended.get("ExitCode") == exit_code


def test_command_that_waits_for_delivery_can_be_cancelled():
    with running({"instances": [{"name": "web"}], "timing": {"delivery_ms": 60000}}) as emulator:
        invoke_id = run(emulator, ids(emulator)[0])
        assert summary(emulator, invoke_id) == ("Pending", "Running")
        emulator.call("StopInvocation", InvokeId=invoke_id)
        assert results(emulator, invoke_id)["web"]["InvocationStatus"] == "Cancelled"


def test_results_may_lag_behind():
    with running({"instances": [{"name": "web"}], "timing": {"results_lag_ms": 300}}) as emulator:
        invoke_id = run(emulator, ids(emulator)[0])
        answer = emulator.call("DescribeInvocationResults", InvokeId=invoke_id)["Invocation"]
        assert (answer["TotalCount"], answer["InvocationResults"]["InvocationResult"]) == (0, [])
        emulator.wait_until(lambda: results(emulator, invoke_id) != {})
        assert results(emulator, invoke_id)["web"]["InvocationStatus"] == "Success"


def test_client_token_makes_a_command_run_once(emulator):
    web = ids(emulator)[0]
    first = run(emulator, web, ClientToken="once")
    assert run(emulator, web, ClientToken="once") == first
    other = {**SCRIPT, "CommandContent": "other", "InstanceId": [web], "ClientToken": "once"}
    mismatch = code(emulator.call, "RunCommand", **other)
    assert mismatch == (403, "IdempotentParameterMismatch")
    assert len(emulator.cloud.invocations) == 1


def test_dry_run_runs_nothing(fleet):
    before = len(fleet.cloud.invocations)
    assert run(fleet, ids(fleet)[0], RepeatMode="DryRun") == ""
    assert code(fleet.call, "RunCommand", InstanceId=ids(fleet)[2:3], RepeatMode="DryRun", **SCRIPT) == (403, "ClientNotOnline")
    assert len(fleet.cloud.invocations) == before


def test_dry_run_may_be_answered_by_an_error_that_means_success():
    with running({"instances": [{"name": "web"}], "behaviours": {"dry_run_command": "error"}}) as emulator:
        assert code(emulator.call, "RunCommand", InstanceId=ids(emulator), RepeatMode="DryRun", **SCRIPT) == (400, "DryRunOperation")
        assert not emulator.cloud.invocations


def test_instances_by_tag():
    with running({"instances": [{"name": "a", "tags": {"role": "web"}}, {"name": "b"}]}) as emulator:
        answer = emulator.call("RunCommand", ResourceTag=[{"Key": "role", "Value": "web"}], **SCRIPT)
        assert list(results(emulator, answer["InvokeId"])) == ["a"]


def test_agent_comes_up_with_the_boot_after_its_installation():
    with running({"instances": [{"name": "bare", "assistant": {"installed": False}}]}) as emulator:
        (bare,) = ids(emulator)
        emulator.call("InstallCloudAssistant", InstanceId=[bare])
        assert results(emulator, run(emulator, bare))["bare"]["ErrorCode"] == "ClientNotRunning"
        emulator.call("RebootInstance", InstanceId=bare)
        emulator.wait_until(lambda: emulator.instance("bare").status == "Running")
        assert results(emulator, run(emulator, bare))["bare"]["InvocationStatus"] == "Success"
