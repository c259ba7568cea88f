# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that run again: kept ones, those of a schedule and of a boot; and how queries find them."""

from __future__ import annotations

import time

import pytest
from ecs_emulator.errors import ApiError
from ecs_emulator.schedule import Schedule, parse_frequency
from ecs_emulator.testing import CommandOutcome, running

from .emulator_tools import code, ids

SCRIPT = {"Type": "RunShellScript", "CommandContent": "id"}


def run(emulator, *instance_ids, **changes):
    return emulator.call("RunCommand", InstanceId=list(instance_ids or ids(emulator)[:1]), **{**SCRIPT, **changes})["InvokeId"]


def results(emulator, invoke_id, **more):
    answer = emulator.call("DescribeInvocationResults", InvokeId=invoke_id, **more)
    return answer["Invocation"]["InvocationResults"]["InvocationResult"]


def states(emulator, invoke_id, **more):
    return [item["InvocationStatus"] for item in results(emulator, invoke_id, **more)]


def reboot(emulator, name="web-1"):
    boots = len(emulator.instance(name).guest.boots)
    emulator.call("RebootInstance", InstanceId=emulator.instance(name).instance_id)
    emulator.wait_until(lambda: len(emulator.instance(name).guest.boots) > boots and emulator.instance(name).status == "Running")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate(60s)", Schedule(interval=60)),
        ("rate(5m)", Schedule(interval=300)),
        ("rate(7d)", Schedule(interval=604800)),
        ("at(2022-06-06 13:15:30 Asia/Shanghai)", Schedule(moment=1654492530.0)),
        ("at(2022-06-06 13:15:30 GMT-7:00)", Schedule(moment=1654546530.0)),
        ("at(2022-06-06 13:15:30)", Schedule(moment=1654521330.0)),
        ("0 15 10 ? * * 2022 Asia/Shanghai", Schedule()),
    ],
)
def test_frequencies(text, expected):
    assert parse_frequency(text, timeout=10) == expected


@pytest.mark.parametrize("text", ["rate(59s)", "rate(8d)", "rate(5 m)", "rate(1m)", "at(soon)", "at(2022-06-06 13:15:30 Mars)", "daily"])
def test_what_is_no_frequency(text):
    with pytest.raises(ApiError) as caught:
        parse_frequency(text, timeout=60)
    assert caught.value.code == "InvalidParameter.Frequency"


def test_a_command_of_the_next_boot_runs_once(emulator):
    invoke_id = run(emulator, RepeatMode="NextRebootOnly")
    assert states(emulator, invoke_id) == ["Scheduled"]
    reboot(emulator)
    emulator.wait_until(lambda: states(emulator, invoke_id) == ["Success"])
    reboot(emulator)
    assert results(emulator, invoke_id)[0]["Repeats"] == 1


def test_a_command_of_every_boot_runs_until_it_is_stopped(emulator):
    invoke_id = run(emulator, RepeatMode="EveryReboot")
    for number in (1, 2):
        reboot(emulator)
        emulator.wait_until(lambda number=number: results(emulator, invoke_id)[0]["Repeats"] == number)
        emulator.wait_until(lambda: states(emulator, invoke_id) == ["Scheduled"])
    assert states(emulator, invoke_id, IncludeHistory=True) == ["Scheduled", "Success", "Success"]
    emulator.call("StopInvocation", InvokeId=invoke_id)
    reboot(emulator)
    assert (states(emulator, invoke_id), results(emulator, invoke_id)[0]["Repeats"]) == (["Cancelled"], 2)
    assert code(emulator.call, "DescribeInvocationResults", IncludeHistory=True) == (400, "InvalidParameter.IncludeHistory")


def test_a_command_of_a_schedule_waits(emulator):
    past = run(emulator, Frequency="at(2022-06-06 13:15:30)")
    emulator.wait_until(lambda: states(emulator, past) == ["Success"])
    waiting = run(emulator, RepeatMode="Period", Frequency="rate(2m)")
    assert states(emulator, waiting) == ["Scheduled"]
    (shown,) = emulator.call("DescribeInvocations", InvokeId=waiting)["Invocations"]["Invocation"]
    assert (shown["InvocationStatus"], shown["InvokeStatus"], shown["RepeatMode"], shown["Timed"]) == ("Scheduled", "Running", "Period", True)
    assert code(run, emulator, RepeatMode="Period") == (400, "MissingParameter")
    assert code(run, emulator, Frequency="never") == (400, "InvalidParameter.Frequency")


def test_intervals_pass(emulator, monkeypatch):
    monkeypatch.setattr("ecs_emulator.schedule._UNITS", {"s": 1})
    monkeypatch.setattr("ecs_emulator.schedule._SHORTEST", 1)
    invoke_id = run(emulator, Frequency="rate(2s)", Timeout=1)
    emulator.wait_until(lambda: results(emulator, invoke_id)[0]["Repeats"] == 2)
    emulator.call("StopInvocation", InvokeId=invoke_id)
    emulator.wait_until(lambda: states(emulator, invoke_id) == ["Cancelled"])
    time.sleep(2.1)
    assert results(emulator, invoke_id)[0]["Repeats"] == 2


def test_a_command_is_kept_only_when_asked_to(emulator):
    emulator.on_command(lambda script, username: CommandOutcome(0, script.encode()))

    def known(**filters):
        return emulator.call("DescribeCommands", **filters)["Commands"]["Command"]

    run(emulator, Name="gone")
    run(emulator, Name="kept", CommandContent="{{ Word }} {{acs::RegionId}} {{word}}", EnableParameter=True, Parameters='{"word": "a"}',
        KeepCommand=True, WorkingDir="/srv", Timeout=33, Description="why")  # fmt: skip
    (kept,) = known(ContentEncoding="PlainText")
    assert {key: kept[key] for key in ("Name", "Description", "CommandContent", "Timeout", "WorkingDir", "EnableParameter", "Provider")} == {
        "Name": "kept",
        "Description": "why",
        "CommandContent": "{{ Word }} {{acs::RegionId}} {{word}}",
        "Timeout": 33,
        "WorkingDir": "/srv",
        "EnableParameter": True,
        "Provider": "User",
    }
    assert kept["ParameterNames"] == {"ParameterName": ["word"]}
    assert [item["Name"] for item in known(CommandId=kept["CommandId"], Name="ep")] == ["kept"]
    assert known(Provider="AlibabaCloud", CommandId=kept["CommandId"]) == []
    invoked = {"CommandId": kept["CommandId"], "InstanceId": ids(emulator)[:1]}
    invoke_id = emulator.call("InvokeCommand", Parameters='{"word": "b"}', **invoked)["InvokeId"]
    emulator.wait_until(lambda: states(emulator, invoke_id) == ["Success"])
    assert results(emulator, invoke_id, ContentEncoding="PlainText")[0]["Output"] == "b cn-hangzhou b"
    assert emulator.cloud.invocations[invoke_id].working_dir == "/srv"
    emulator.call("DeleteCommand", CommandId=kept["CommandId"])
    assert known() == []
    for action in ("DeleteCommand", "InvokeCommand"):
        assert code(emulator.call, action, **invoked) == (404, "InvalidCmdId.NotFound")


def test_queries_heed_their_filters(emulator):
    emulator.on_command(lambda script, username: CommandOutcome(int(script), b""))
    web, other = ids(emulator)[:2]
    good = run(emulator, web, Name="good", CommandContent="0", Tag=[{"Key": "team", "Value": "a"}], ResourceGroupId="rg-x")
    bad = run(emulator, other, Name="bad", CommandContent="1")
    waiting = run(emulator, web, CommandContent="0", RepeatMode="EveryReboot")
    emulator.wait_until(lambda: states(emulator, good) + states(emulator, bad) == ["Success", "Failed"])

    def found(**filters):
        return [item["InvokeId"] for item in emulator.call("DescribeInvocations", **filters)["Invocations"]["Invocation"]]

    def ended(**filters):
        return [item["InvokeId"] for item in emulator.call("DescribeInvocationResults", **filters)["Invocation"]["InvocationResults"]["InvocationResult"]]

    assert found(InvokeStatus="Finished") == found(InvokeStatus="Success") == found(CommandName="good") == [good]
    assert found(InvokeStatus="Failed") == found(CommandName="bad") == [bad]
    assert found(InvokeStatus="Scheduled") == found(RepeatMode="EveryReboot") == found(Timed=True) == [waiting]
    assert found(Timed=False) == found(RepeatMode="Once") == [bad, good]
    assert found(CommandType="RunBatScript") == []
    assert found(CommandName="bad", InstanceId=web) == [waiting, good], "with an instance, names are no filter"
    by_tag = {"Tag": [{"Key": "team", "Value": "a"}]}
    assert found(**by_tag) == ended(**by_tag) == found(ResourceGroupId="rg-x") == ended(ResourceGroupId="rg-x") == [good]
    assert ended(InvokeRecordStatus="Failed") == [bad]
    assert ended(InvokeRecordStatus="Running") == [waiting]


def test_content_and_parameters_share_a_limit(emulator):
    half = "x" * 9216
    for parameters, expected in (('{"a": "%s"}' % half[:-9], None), ('{"a": "%s"}' % half[:-8], (403, "CmdContent.ExceedLimit"))):
        call = {**SCRIPT, "InstanceId": ids(emulator)[:1], "CommandContent": half, "EnableParameter": True, "Parameters": parameters}
        if expected is None:
            emulator.call("RunCommand", **call)
        else:
            assert code(emulator.call, "RunCommand", **call) == expected


@pytest.mark.parametrize(("choice", "calls"), [("call", 4), ("instance", 2)])
def test_the_quota_of_a_day(choice, calls):
    fleet = {"instances": [{"name": "web", "count": 2}], "limits": {"invocations_per_day": 4}, "behaviours": {"invocation_quota": choice}}
    with running(fleet) as emulator:
        for _number in range(calls):
            run(emulator, *ids(emulator))
        assert code(run, emulator, *ids(emulator)) == (403, "Invocation.ExceedQuota")
        answer = emulator.call("DescribeAccountAttributes", AttributeName=["max-axt-invocation-daily", "max-dedicated-hosts"])
        assert answer["AccountAttributeItems"] == {
            "AccountAttributeItem": [{"AttributeName": "max-axt-invocation-daily", "AttributeValues": {"ValueItem": [{"Value": "4"}]}}],
        }


def test_records_go_and_calls_are_throttled():
    limits = {"records_kept": 2, "calls_per_minute": {"RunCommand": 3, "*": 4}}
    with running({"instances": [{"name": "web"}], "limits": limits}) as emulator:
        first, second, third = (run(emulator) for _number in range(3))
        assert code(run, emulator) == (400, "Throttling.User")
        assert [item["InvokeId"] for item in emulator.call("DescribeInvocations")["Invocations"]["Invocation"]] == [third, second]
        assert results(emulator, first) == []
        for _number in range(3):
            emulator.call("DescribeInvocations")
        assert code(emulator.call, "DescribeInvocations") == (400, "Throttling.User")


def test_fifty_instances_in_one_call_where_the_fleet_says_so():
    with running({"instances": [{"name": "web", "count": 51}], "behaviours": {"run_command_limit": "50"}}) as emulator:
        assert code(run, emulator, *ids(emulator)) == (403, "InstanceIds.ExceedLimit")
        run(emulator, *ids(emulator)[:50])
