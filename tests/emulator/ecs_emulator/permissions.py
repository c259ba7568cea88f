# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call needs to be allowed: a RAM action, and every resource that the call names."""

from __future__ import annotations

import json
from typing import Callable, Iterable, Mapping

from ecs_emulator.cloud import Cloud
from ecs_emulator.credentials import Caller
from ecs_emulator.errors import ApiError
from ecs_emulator.parameters import Parameters
from ecs_emulator.policies import find_denial
from ecs_emulator.tagging import matches

Paths = Callable[[Cloud, Parameters], Iterable[str]]
"""The last parts of the resources of a call, such as instance/i-1."""


def authorize(cloud: Cloud, caller: Caller, service: str, action: str, params: Parameters) -> None:
    """Refuse the call unless the caller's policy, if it has one, allows it on each of its resources."""
    if caller.statements is None or action == "GetCallerIdentity":
        return
    ram_action = "%s:%s" % (service, action)
    for resource in find_resources(cloud, caller.account_id, action, params):
        denial = find_denial(caller.statements, ram_action, resource)
        if denial:
            raise _forbidden(caller, service, ram_action, denial)


def find_resources(cloud: Cloud, account_id: str, action: str, params: Parameters) -> list[str]:
    """The resources on which RAM checks the action."""
    if action == "AssumeRole":
        return [params.get("RoleArn", "*")]
    paths = list(dict.fromkeys(_PATHS.get(action, _anything)(cloud, params)))
    return ["acs:ecs:%s:%s:%s" % (params.get("RegionId", cloud.fleet.region), account_id, path) for path in paths]


def _forbidden(caller: Caller, service: str, action: str, denial: str) -> ApiError:
    detail = {
        "AuthAction": action,
        "AuthPrincipalDisplayName": caller.principal_id,
        "AuthPrincipalOwnerId": caller.account_id,
        "AuthPrincipalType": "SubUser",
        "NoPermissionType": denial,
        "PolicyType": "AccountLevelIdentityBasedPolicy",
    }
    if service == "sts":
        return ApiError(403, "NoPermission", "You are not authorized to do this action. You should be authorized by RAM.", detail)
    text = "User not authorized to operate on the specified resource, or this API doesn't support RAM."
    return ApiError(403, "Forbidden.RAM", text, detail)


def _each(kind: str, names: Iterable[str]) -> list[str]:
    """One path per name; all of the kind when there is none."""
    return ["%s/%s" % (kind, name) for name in names] or ["%s/*" % kind]


def _names(params: Parameters, name: str) -> list[str]:
    """``Name.N``, ``Name``, or the JSON list ``Names``; what is malformed the action itself refuses."""
    try:
        listed = json.loads(params.get(name + "s", "[]"))
    except ValueError:
        listed = []
    found = params.list(name) + ([params.get(name)] if name in params else [])
    return found + [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else found


def _anything(cloud: Cloud, params: Parameters) -> list[str]:
    return ["*"]


def _all_of(kind: str) -> Paths:
    return lambda cloud, params: [kind + "/*"]


def _named(kind: str, name: str) -> Paths:
    return lambda cloud, params: _each(kind, _names(params, name))


def _instances(cloud: Cloud, params: Parameters) -> list[str]:
    """Those that a call names or finds by their tags."""
    wanted = [(record.get("Key", ""), record.get("Value") or None) for record in params.records("ResourceTag")]
    if not wanted:
        return _each("instance", _names(params, "InstanceId"))
    region = cloud.regions.get(params.get("RegionId"))
    return _each("instance", [item.instance_id for item in region.instances.values() if matches(item.tags, wanted)] if region else [])


def _command_and_instances(cloud: Cloud, params: Parameters) -> list[str]:
    with_command = cloud.behaviours.command_permission == "command"
    return _instances(cloud, params) + (_each("command", _names(params, "CommandId")) if with_command else [])


def _pair_and_instances(cloud: Cloud, params: Parameters) -> list[str]:
    return _each("keypair", _names(params, "KeyPairName")) + _instances(cloud, params)


def _tagged(cloud: Cloud, params: Parameters) -> list[str]:
    return _each(params.get("ResourceType", "*"), _names(params, "ResourceId"))


_PATHS: Mapping[str, Paths] = {
    "CreateKeyPair": _named("keypair", "KeyPairName"),
    "ImportKeyPair": _named("keypair", "KeyPairName"),
    "DeleteKeyPairs": _named("keypair", "KeyPairName"),
    "DescribeKeyPairs": _all_of("keypair"),
    "AttachKeyPair": _pair_and_instances,
    "DetachKeyPair": _pair_and_instances,
    **{
        action: _instances
        for action in (
            "StartInstance", "StartInstances", "StopInstance", "StopInstances", "RebootInstance", "RebootInstances",
            "DescribeInstanceAttribute", "InstallCloudAssistant", "SendFile", "StartTerminalSession", "StopInvocation",
        )
    },
    "RunCommand": _command_and_instances,
    "InvokeCommand": _command_and_instances,
    "DeleteCommand": _named("command", "CommandId"),
    "DescribeCommands": _all_of("command"),
    **{
        action: _all_of("instance")
        for action in (
            "DescribeInstances", "DescribeInstanceStatus", "DescribeCloudAssistantStatus", "DescribeInvocations",
            "DescribeInvocationResults", "DescribeSendFileResults", "DescribeTerminalSessions", "EndTerminalSession",
        )
    },
    "DescribeLaunchTemplates": _all_of("launchtemplate"),
    "DescribeLaunchTemplateVersions": _all_of("launchtemplate"),
    "DescribeSecurityGroups": _all_of("securitygroup"),
    "DescribeSecurityGroupAttribute": _named("securitygroup", "SecurityGroupId"),
    **dict.fromkeys(("TagResources", "UntagResources", "ListTagResources", "JoinResourceGroup"), _tagged),
}  # fmt: skip
