# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Assistant: status, RunCommand and what became of it."""

from __future__ import annotations

import hashlib
import json

from ecs_emulator.actions import Context, action
from ecs_emulator.assistant import find_obstacle
from ecs_emulator.command_text import decode_content, parse_command_parameters, substitute
from ecs_emulator.errors import ApiError, invalid_parameter
from ecs_emulator.invocation_view import show_invocation, show_result
from ecs_emulator.models import Execution, Instance, Invocation
from ecs_emulator.paging import page_of
from ecs_emulator.tagging import matches
from ecs_emulator.timestamps import iso_seconds

_RUN_LIMIT = 100
_INSTALL_LIMIT = 50
_STOP_LIMIT = 50
_TYPES = ("RunShellScript", "RunBatScript", "RunPowerShellScript")


def _find_instances(context: Context, limit: int, required: bool = True) -> list[Instance]:
    """The instances of ``InstanceId.N``, with the assistant's own error codes."""
    region = context.region
    instance_ids = list(dict.fromkeys(context.params.list("InstanceId")))
    if not instance_ids and required:
        raise ApiError(400, "MissingParam.InstanceId", "The parameter instanceId is missing or empty.")
    if len(instance_ids) > limit:
        raise ApiError(403, "InstanceIds.ExceedLimit", "The number of instance IDs exceeds the upper limit.")
    unknown = [instance_id for instance_id in instance_ids if instance_id not in region.instances]
    if unknown:
        raise ApiError(404, "InvalidInstance.NotFound", "The specified instances do not exist.")
    return [region.instances[instance_id] for instance_id in instance_ids]


@action("DescribeCloudAssistantStatus")
def describe_cloud_assistant_status(context: Context) -> dict:
    """Whether agents are there; with instance ids, all of them in one answer."""
    params = context.params
    instances = _find_instances(context, int(context.cloud.behaviours.assistant_status_limit), required=False)
    if instances:
        page = page_of(instances, params.without("MaxResults", "NextToken", "PageNumber", "PageSize"), default=len(instances))
    else:
        os_type = params.get("OSType").lower()
        everything = [item for item in context.region.instances.values() if os_type in ("", item.spec.os_type)]
        page = page_of(everything, params, limit=50)
    statuses = [_show_status(context, instance) for instance in page.items]
    return dict(page.fields, InstanceCloudAssistantStatusSet={"InstanceCloudAssistantStatus": statuses})


def _show_status(context: Context, instance: Instance) -> dict:
    now = context.cloud.clock()
    online = instance.agent_online and instance.status == "Running"
    shown = {
        "InstanceId": instance.instance_id,
        "CloudAssistantStatus": "true" if online else "false",
        "CloudAssistantVersion": instance.spec.assistant.version if instance.agent_installed else "",
        "SupportSessionManager": online,
        "OSType": instance.spec.os_type.capitalize(),
        "InvocationCount": instance.invocations,
        "ActiveTaskCount": instance.active_commands,
    }
    if instance.agent_installed:
        shown["LastHeartbeatTime"] = iso_seconds(now - now % 60 if online else now - 600)
    if instance.last_invoked:
        shown["LastInvokedTime"] = iso_seconds(instance.last_invoked)
    return shown


@action("InstallCloudAssistant")
def install_cloud_assistant(context: Context) -> dict:
    """Install the agent; it comes up with the next boot."""
    for instance in _find_instances(context, _INSTALL_LIMIT):
        if context.cloud.behaviours.install_assistant == "now":
            instance.agent_installed = instance.agent_online = True
        elif not instance.agent_installed:
            instance.agent_pending_install = True
    return {}


@action("RunCommand")
async def run_command(context: Context) -> dict:
    """Send a script to instances."""
    cloud, params, region_id = context.cloud, context.params, context.region.region_id
    command_type = params.require("Type")
    if command_type not in _TYPES:
        raise invalid_parameter("Type")
    script = decode_content(params.require("CommandContent"), params.get("ContentEncoding", "PlainText"))
    values = parse_command_parameters(params.get("Parameters"))
    _check_lengths(context)
    instances = _selected_instances(context)
    timeout = params.number("Timeout", 60, 1, 86400)
    mode = params.get("RepeatMode", "Once")
    if mode not in ("Once", "DryRun"):
        raise ApiError(404, "InvalidRepeatMode.NotFound", "The specified repeat mode does not exist.")
    _check_whole_call(context, instances, command_type)
    repeated = _find_repeated(context)
    if repeated:
        return repeated
    invocation = Invocation(
        invoke_id=cloud.new_id("t-"),
        command_id=cloud.new_id("c-"),
        region=region_id,
        command_type=command_type,
        name=params.get("Name", "cmd-%d" % cloud.next_sequence()),
        content=script,
        timeout=timeout,
        username=params.get("Username"),
        working_dir=params.get("WorkingDir"),
        repeat_mode=mode,
        created=cloud.clock(),
        sequence=cloud.next_sequence(),
    )
    if mode == "DryRun":
        return _dry_run(instances, command_type)
    scripts = {}
    for instance in instances:
        invocation.executions[instance.instance_id] = Execution(instance.instance_id, created=invocation.created)
        with_values = params.flag("EnableParameter")
        scripts[instance.instance_id] = (
            substitute(script, dict(_built_in(context, invocation, instance), **values)) if with_values else script
        )
    broken = {
        instance.instance_id: fault
        for index, instance in enumerate(instances)
        if (fault := context.broken_item(index, len(instances))) is not None
    }
    context.assistant.begin(invocation, scripts, broken)
    _remember(context, invocation)
    return {"CommandId": invocation.command_id, "InvokeId": invocation.invoke_id}


def _selected_instances(context: Context) -> list[Instance]:
    wanted = [(record.get("Key", ""), record.get("Value") or None) for record in context.params.records("ResourceTag")]
    if not wanted:
        return _find_instances(context, _RUN_LIMIT)
    found = [instance for instance in context.region.instances.values() if matches(instance.tags, wanted)]
    if len(found) > _RUN_LIMIT:
        raise ApiError(403, "InstanceIds.ExceedLimit", "The number of instance IDs exceeds the upper limit.")
    if not found:
        raise ApiError(404, "InvalidInstance.NotFound", "The specified instances do not exist.")
    return found


def _check_lengths(context: Context) -> None:
    params = context.params
    if len(params.get("Username")) > 255:
        raise ApiError(403, "Username.ExceedLimit", "The length of the username exceeds the upper limit.")
    if len(params.get("WorkingDir")) > 200:
        raise ApiError(403, "WorkingDir.ExceedLimit", "The length of the working directory exceeds the upper limit.")
    token = params.get("ClientToken")
    if len(token) > 64 or not token.isascii():
        raise ApiError(400, "InvalidClientToken.Malformed", "The specified ClientToken is not valid.")


def _check_whole_call(context: Context, instances: list[Instance], command_type: str) -> None:
    """Instances that cannot take the command make the whole call fail only where the fleet says so."""
    behaviours = context.cloud.behaviours
    for instance in instances:
        if behaviours.run_command_wrong_os == "call" and instance.is_windows == (command_type == "RunShellScript"):
            raise ApiError(400, "InvalidInstance.NotMatch", "The specified instance and command type do not match.")
        if behaviours.run_command_not_running == "call" and instance.status != "Running":
            raise ApiError(403, "IncorrectInstanceStatus", "The current status of the resource does not support this operation.")


def _digest(context: Context) -> str:
    return hashlib.sha256(json.dumps(context.params.to_dict(), sort_keys=True).encode()).hexdigest()


def _find_repeated(context: Context) -> dict | None:
    """The answer that the same ClientToken got before."""
    known = context.cloud.client_tokens.get(context.params.get("ClientToken"))
    if known is None:
        return None
    digest, invoke_id = known
    if digest != _digest(context):
        raise ApiError(403, "IdempotentParameterMismatch", "The request uses the same client token with different parameters.")
    return {"CommandId": context.cloud.invocations[invoke_id].command_id, "InvokeId": invoke_id}


def _remember(context: Context, invocation: Invocation) -> None:
    token = context.params.get("ClientToken")
    if token:
        context.cloud.client_tokens[token] = (_digest(context), invocation.invoke_id)


def _dry_run(instances: list[Instance], command_type: str) -> dict:
    """Nothing runs; the first instance that could not take the command makes the call fail with its code."""
    for instance in instances:
        obstacle = find_obstacle(instance, command_type)
        if obstacle:
            raise ApiError(403, obstacle[1], obstacle[2])
    return {"CommandId": "", "InvokeId": ""}


def _built_in(context: Context, invocation: Invocation, instance: Instance) -> dict[str, str]:
    return {
        "acs::regionid": instance.region,
        "acs::accountid": context.caller.account_id,
        "acs::instanceid": instance.instance_id,
        "acs::instancename": instance.spec.name,
        "acs::invokeid": invocation.invoke_id,
        "acs::commandid": invocation.command_id,
    }


@action("StopInvocation")
async def stop_invocation(context: Context) -> dict:
    """Stop a command on all its instances, or on some."""
    region_id = context.region.region_id
    invocation = context.cloud.invocations.get(context.params.require("InvokeId"))
    if invocation is None or invocation.region != region_id:
        raise ApiError(404, "InvalidInvokeId.NotFound", "The specified InvokeId does not exist.")
    instance_ids = [instance.instance_id for instance in _find_instances(context, _STOP_LIMIT, required=False)]
    if any(instance_id not in invocation.executions for instance_id in instance_ids):
        raise ApiError(400, "InvalidInstance.NotMatch", "The specified instance does not belong to the invocation.")
    await context.assistant.stop(invocation, instance_ids or list(invocation.executions))
    return {}


def _visible(context: Context) -> list[Invocation]:
    """Invocations that queries see: the wanted ones, once the fleet's ``results_lag_ms`` has passed."""
    params, cloud = context.params, context.cloud
    invoke_id, command_id = params.get("InvokeId"), params.get("CommandId")
    region_id = context.region.region_id
    shown_until = cloud.clock() - cloud.timing.results_lag
    known = [cloud.invocations[invoke_id]] if invoke_id in cloud.invocations else [] if invoke_id else cloud.recent_invocations(region_id)
    return [
        invocation
        for invocation in known
        if invocation.region == region_id
        and invocation.created <= shown_until
        and (not command_id or invocation.command_id == command_id)
    ]


@action("DescribeInvocations")
def describe_invocations(context: Context) -> dict:
    """Commands with their state as a whole, newest first."""
    params = context.params
    instance_id, plain = params.get("InstanceId"), _wants_plain(context)
    found = [invocation for invocation in _visible(context) if not instance_id or instance_id in invocation.executions]
    page = page_of(found, params, limit=50)
    shown = [show_invocation(invocation, params.flag("IncludeOutput"), plain) for invocation in page.items]
    return dict(page.fields, Invocations={"Invocation": shown})


@action("DescribeInvocationResults")
def describe_invocation_results(context: Context) -> dict:
    """How commands ended, one entry per instance."""
    params = context.params
    instance_id, status, plain = params.get("InstanceId"), params.get("InvokeRecordStatus"), _wants_plain(context)
    results = [
        (invocation, execution)
        for invocation in _visible(context)
        for execution in invocation.executions.values()
        if not instance_id or execution.instance_id == instance_id
    ]
    if status:
        results = [pair for pair in results if show_result(*pair, plain)["InvokeRecordStatus"] == status]
    page = page_of(results, params, limit=50)
    shown = [show_result(invocation, execution, plain) for invocation, execution in page.items]
    return {"Invocation": dict(page.fields, InvocationResults={"InvocationResult": shown})}


def _wants_plain(context: Context) -> bool:
    encoding = context.params.get("ContentEncoding", "Base64")
    if encoding not in ("Base64", "PlainText"):
        raise invalid_parameter("ContentEncoding")
    return encoding == "PlainText"
