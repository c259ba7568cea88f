# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every action's answer beside the response model of the vendor's newest SDK: nothing unknown, nothing mistyped, nothing missing in silence."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from ecs_emulator.actions import ACTIONS, STS
from ecs_emulator.testing import running

from .emulator_tools import as_json, ids, public_line
from .response_models import compare, model_of

LEFT_OUT = yaml.safe_load((Path(__file__).resolve().parents[2] / "emulator" / "facts" / "left_out.yml").read_text())["actions"]
FLEET = {
    # The SDK types the counts of key pairs as text; both types have been seen documented.
    "behaviours": {"result_types": "string"},
    "resource_groups": [{"id": "rg-team"}],
    "launch_templates": [{"name": "web", "key_pairs": ["given"]}],
    "instances": [
        {"name": "web", "instance_id": "i-web", "tags": {"role": "web"}, "eip": "203.0.113.9"},
        {"name": "db", "instance_id": "i-db"},
    ],
}


class Answers:
    """Calls actions and keeps what they answered."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.by_action = {}

    def call(self, action, **parameters):
        answer = self.emulator.call(action, **parameters)
        self.by_action.setdefault(action, []).append(answer)
        return answer

    def wait_for(self, status):
        deadline = time.monotonic() + 20
        while self.emulator.call("DescribeInstanceAttribute", InstanceId="i-db")["Status"] != status:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def use_key_pairs(answers):
    answers.call("CreateKeyPair", KeyPairName="made")
    answers.call("ImportKeyPair", KeyPairName="given", PublicKeyBody=public_line())
    answers.call("AttachKeyPair", KeyPairName="given", InstanceIds=as_json("i-web", "i-db"))
    answers.call("DescribeKeyPairs", IncludePublicKey=True)
    answers.call("DeleteKeyPairs", KeyPairNames=as_json("made"))
    answers.call("TagResources", ResourceType="keypair", ResourceId=["given"], Tag=[{"Key": "team", "Value": "ops"}])
    answers.call("ListTagResources", ResourceType="keypair", ResourceId=["given"])
    answers.call("UntagResources", ResourceType="keypair", ResourceId=["given"], TagKey=["team"])
    answers.call("JoinResourceGroup", ResourceType="keypair", ResourceId="given", ResourceGroupId="rg-team")


def look_at_instances(answers):
    answers.call("DescribeRegions")
    answers.call("DescribeAccountAttributes")
    answers.call("DescribeInstances")
    answers.call("DescribeInstances", MaxResults=1)
    answers.call("DescribeInstanceStatus")
    answers.call("DescribeInstanceAttribute", InstanceId="i-web")
    group = answers.call("DescribeSecurityGroups")["SecurityGroups"]["SecurityGroup"][0]["SecurityGroupId"]
    answers.call("DescribeSecurityGroupAttribute", SecurityGroupId=group)
    answers.call("DetachKeyPair", KeyPairName="given", InstanceIds=as_json("i-web"))
    template = answers.call("DescribeLaunchTemplates")["LaunchTemplateSets"]["LaunchTemplateSet"][0]["LaunchTemplateId"]
    answers.call("DescribeLaunchTemplateVersions", LaunchTemplateId=template)


def use_the_assistant(answers):
    answers.call("InstallCloudAssistant", InstanceId=["i-web"])
    command = answers.call("RunCommand", Type="RunShellScript", CommandContent="true", InstanceId=["i-web"], KeepCommand=True)
    answers.call("DescribeInvocations", InvokeId=command["InvokeId"], IncludeOutput=True)
    answers.call("DescribeInvocationResults", InvokeId=command["InvokeId"])
    answers.call("StopInvocation", InvokeId=command["InvokeId"])
    answers.call("DescribeCloudAssistantStatus")
    answers.call("DescribeCommands")
    answers.call("InvokeCommand", CommandId=command["CommandId"], InstanceId=["i-web"], Timeout=60)
    answers.call("DeleteCommand", CommandId=command["CommandId"])
    sent = answers.call("SendFile", InstanceId=["i-web"], Name="a", TargetDir="/tmp", Content="eA==", ContentType="Base64")
    answers.call("DescribeSendFileResults", InvokeId=sent["InvokeId"])


def open_a_session(answers):
    answers.call("ModifyUserBusinessBehavior", StatusKey="sessionManagerStatus", StatusValue="enabled")
    answers.call("DescribeUserBusinessBehavior", StatusKey="sessionManagerStatus")
    answers.call("ModifyCloudAssistantSettings", SettingType="SessionManagerConfig", SessionManagerConfig={"SessionManagerEnabled": True})
    answers.call("DescribeCloudAssistantSettings", SettingType=["SessionManagerConfig"])
    session = answers.call("StartTerminalSession", InstanceId=["i-web"], PortNumber=22)
    answers.call("DescribeTerminalSessions")
    answers.call("EndTerminalSession", SessionId=session["SessionId"])


def stop_and_start(answers):
    for action, status in (("Stop", "Stopped"), ("Start", "Running"), ("Reboot", "Running")):
        answers.call(action + "Instance", InstanceId="i-db")
        answers.wait_for(status)
        if action != "Reboot":
            continue
        answers.call("RebootInstances", InstanceId=["i-db"])
        answers.wait_for("Running")
    for action, status in (("Stop", "Stopped"), ("Start", "Running")):
        answers.call(action + "Instances", InstanceId=["i-db"])
        answers.wait_for(status)


@pytest.fixture(scope="module")
def answers():
    with running(FLEET) as emulator:
        assert ids(emulator) == ["i-web", "i-db"]
        kept = Answers(emulator)
        for part in (use_key_pairs, look_at_instances, use_the_assistant, open_a_session, stop_and_start):
            part(kept)
        return kept.by_action


def test_every_action_was_called(answers):
    assert set(answers) == {name for name, action in ACTIONS.items() if action.version != STS}


@pytest.mark.parametrize("action", sorted(name for name, action in ACTIONS.items() if action.version != STS))
def test_an_answer_has_the_models_fields_in_their_types(answers, action):
    fields = {field for answer in answers[action] for field in compare(answer, model_of(action), "")}
    assert {field for field in fields if field.kind in ("unknown", "mistyped")} == set()
    answered, missing = ({field.path for field in fields if field.kind == kind} for kind in ("answered", "missing"))
    assert missing - answered == set(LEFT_OUT.get(action, {}))
