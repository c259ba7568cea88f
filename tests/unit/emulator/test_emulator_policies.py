# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RAM policies of access keys: what they allow, what a call needs, how a refusal looks."""

from __future__ import annotations

import pytest
from alibabacloud_ecs20140526 import models
from alibabacloud_tea_openapi.exceptions import ClientException
from ecs_emulator.fleet import parse_fleet
from ecs_emulator.fleet_reader import FleetError
from ecs_emulator.policies import find_denial, parse_statement
from ecs_emulator.testing import running

from .emulator_tools import as_json, code, sdk

ACCOUNT = "acs:ecs:cn-hangzhou:1234567890123456"
WEB = {"Effect": "Allow", "Action": ["ecs:Run*", "ecs:AttachKeyPair"], "Resource": [ACCOUNT + ":instance/i-web?", ACCOUNT + ":keypair/team-*"]}
COMMAND = {"Type": "RunShellScript", "CommandContent": "id"}


def fleet(*statements, **more):
    return {
        "instances": [{"name": "web", "instance_id": "i-web", "count": 2, "tags": {"role": "web"}}, {"name": "db", "instance_id": "i-db"}],
        "key_pairs": [{"name": "team-a"}, {"name": "other"}],
        "policies": [{"user": "ann", "access_key_id": "LTAIann", "access_key_secret": "secret", "statements": list(statements)}],
        **more,
    }


@pytest.mark.parametrize(
    ("statements", "action", "resource", "denial"),
    [
        pytest.param([], "ecs:RunCommand", "x", "ImplicitDeny", id="nothing allows it"),
        pytest.param([("Allow", "*", "*")], "ecs:RunCommand", "x", "", id="everything is allowed"),
        pytest.param([("Allow", "ecs:runcommand", "*")], "ecs:RunCommand", "x", "", id="actions have no case"),
        pytest.param([("Allow", "*", "X")], "ecs:RunCommand", "x", "ImplicitDeny", id="resources have"),
        pytest.param([("Allow", "ecs:Describe*", "*")], "ecs:DescribeInstances", "x", "", id="a wildcard at the end"),
        pytest.param([("Allow", "ecs:*Pair", "*")], "ecs:AttachKeyPairs", "x", "ImplicitDeny", id="the whole name has to fit"),
        pytest.param([("Allow", "ecs:?top*", "*")], "ecs:StopInstance", "x", "", id="one character"),
        pytest.param([("Allow", "ecs.*", "*")], "ecsXRun", "x", "ImplicitDeny", id="a dot is a dot"),
        pytest.param([("Allow", "*", "a/*"), ("Deny", "ecs:Run*", "a/b")], "ecs:RunCommand", "a/b", "ExplicitDeny", id="deny wins"),
        pytest.param([("Deny", "*", "a/b"), ("Allow", "*", "*")], "ecs:RunCommand", "a/c", "", id="deny elsewhere"),
    ],
)
def test_what_statements_say(statements, action, resource, denial):
    parsed = [parse_statement({"Effect": effect, "Action": names, "Resource": places}) for effect, names, places in statements]
    assert find_denial(parsed, action, resource) == denial


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (
            {**WEB, "Condition": {"IpAddress": {}}},
            "a statement has a Condition, which this emulator does not evaluate: leave the statement out, or its Condition",
        ),
        ({**WEB, "NotAction": "x"}, "a statement has exactly Effect, Action and Resource, but also 'NotAction'"),
        ({"Effect": "Allow", "Action": "*"}, "a statement has exactly Effect, Action and Resource, but no Resource"),
        ({**WEB, "Effect": "allow"}, "Effect is Allow or Deny, not 'allow'"),
        ({**WEB, "Action": []}, "Action is not a text or a list of texts"),
        ("all", "a statement is not a mapping"),
    ],
)
def test_statements_that_cannot_be_used(statement, reason):
    with pytest.raises(FleetError) as caught:
        parse_fleet(fleet(statement))
    assert str(caught.value) == "policies[0]: " + reason


def test_the_accounts_own_key_has_no_policy():
    with pytest.raises(FleetError, match="the account's own"):
        parse_fleet(fleet(WEB, account={"access_key_id": "LTAIann"}))


def test_every_resource_of_a_call_has_to_be_allowed():
    with running(fleet(WEB)) as emulator:
        emulator.call_as("ann", "RunCommand", InstanceId=["i-web1", "i-web2"], **COMMAND)
        emulator.call_as("ann", "RunCommand", ResourceTag=[{"Key": "role", "Value": "web"}], **COMMAND)
        refused = (403, "Forbidden.RAM")
        assert code(emulator.call_as, "ann", "RunCommand", InstanceId=["i-web1", "i-db"], **COMMAND) == refused
        assert code(emulator.call_as, "ann", "RunCommand", **COMMAND) == refused, "no instance means all of them"
        emulator.call_as("ann", "AttachKeyPair", KeyPairName="team-a", InstanceIds=as_json("i-web1", "i-web2"))
        assert code(emulator.call_as, "ann", "AttachKeyPair", KeyPairName="other", InstanceIds=as_json("i-web1")) == refused
        assert code(emulator.call_as, "ann", "AttachKeyPair", KeyPairName="team-a", InstanceIds=as_json("i-web1", "i-db")) == refused
        assert code(emulator.call_as, "ann", "DescribeInstances") == refused
        assert (emulator.instance("web-1").key_pair_name, emulator.instance("db").key_pair_name) == ("team-a", "")
        assert len(emulator.cloud.invocations) == 2
        emulator.call("DescribeInstances")


@pytest.mark.parametrize(
    ("action", "parameters", "resources"),
    [
        ("DescribeInstances", {"InstanceIds": as_json("i-web1")}, ["instance/*"]),
        ("DescribeInvocationResults", {}, ["instance/*"]),
        ("RebootInstance", {"InstanceId": "i-web1"}, ["instance/i-web1"]),
        ("SendFile", {"InstanceId": ["i-web1"], "Name": "n", "TargetDir": "/run", "Content": "c"}, ["instance/i-web1"]),
        ("CreateKeyPair", {"KeyPairName": "new"}, ["keypair/new"]),
        ("DeleteKeyPairs", {"KeyPairNames": as_json("team-a", "other")}, ["keypair/team-a", "keypair/other"]),
        ("DescribeKeyPairs", {}, ["keypair/*"]),
        ("TagResources", {"ResourceType": "keypair", "ResourceId": ["team-a"], "Tag": [{"Key": "k", "Value": "v"}]}, ["keypair/team-a"]),
        ("DescribeSecurityGroupAttribute", {"SecurityGroupId": "sg-default-cn-hangzhou"}, ["securitygroup/sg-default-cn-hangzhou"]),
        ("DescribeRegions", {}, ["*"]),
    ],
)
def test_the_resources_that_an_action_needs_and_no_others(action, parameters, resources):
    statement = {"Effect": "Allow", "Action": "ecs:" + action, "Resource": ["%s:%s" % (ACCOUNT, resource) for resource in resources]}
    with running(fleet(statement)) as emulator:
        emulator.call_as("ann", action, **parameters)
    for number in range(len(resources)):
        fewer = {**statement, "Resource": [item for index, item in enumerate(statement["Resource"]) if index != number] or "acs:none"}
        with running(fleet(fewer)) as emulator:
            assert code(emulator.call_as, "ann", action, **parameters) == (403, "Forbidden.RAM")


def test_a_refusal_as_the_vendors_sdk_sees_it():
    with running(fleet(WEB)) as emulator:
        client = sdk(emulator, access_key_id="LTAIann", access_key_secret="secret")
        with pytest.raises(ClientException) as caught:
            client.describe_instances(models.DescribeInstancesRequest(region_id=emulator.region))
    assert (caught.value.status_code, caught.value.code) == (403, "Forbidden.RAM")
    assert caught.value.access_denied_detail == {
        "AuthAction": "ecs:DescribeInstances",
        "AuthPrincipalDisplayName": "ann",
        "AuthPrincipalOwnerId": "1234567890123456",
        "AuthPrincipalType": "SubUser",
        "NoPermissionType": "ImplicitDeny",
        "PolicyType": "AccountLevelIdentityBasedPolicy",
    }


def test_sts_has_its_own_word_for_it_and_asks_for_the_role():
    role = {"RoleArn": "acs:ram::1234567890123456:role/deployer", "RoleSessionName": "s1"}
    with running(fleet({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role["RoleArn"]})) as emulator:
        emulator.call_as("ann", "AssumeRole", version="2015-04-01", **role)
        assert emulator.call_as("ann", "GetCallerIdentity", version="2015-04-01")["Arn"] == "acs:ram::1234567890123456:user/ann"
        other = {**role, "RoleArn": role["RoleArn"] + "2"}
        assert code(emulator.call_as, "ann", "AssumeRole", version="2015-04-01", **other) == (403, "NoPermission")


@pytest.mark.parametrize(("choice", "allowed"), [("instance", True), ("command", False)])
def test_whether_commands_are_resources_too(choice, allowed):
    with running(fleet(WEB, behaviours={"command_permission": choice})) as emulator:
        if allowed:
            emulator.call_as("ann", "RunCommand", InstanceId=["i-web1"], **COMMAND)
        else:
            assert code(emulator.call_as, "ann", "RunCommand", InstanceId=["i-web1"], **COMMAND) == (403, "Forbidden.RAM")
