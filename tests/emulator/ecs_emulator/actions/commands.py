# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of Cloud Assistant: DescribeCommands, RunCommand, InvokeCommand."""

from __future__ import annotations

import base64
from typing import Mapping, NamedTuple

from ecs_emulator.actions import Context, action
from ecs_emulator.actions.targets import selected_instances
from ecs_emulator.assistant import find_obstacle
from ecs_emulator.command_text import CONTENT_LIMIT, decode_content, is_base64, parse_command_parameters, substitute
from ecs_emulator.errors import ApiError, invalid_parameter
from ecs_emulator.invocation_view import encode
from ecs_emulator.matching import matches_pattern
from ecs_emulator.models import Execution, Instance, Invocation
from ecs_emulator.paging import page_of
from ecs_emulator.public_commands import PROVIDER, PUBLIC_COMMANDS, PublicCommand, complete_values, find_public_command
from ecs_emulator.timestamps import iso_minutes

_TERMINATION_MODES = ("Process", "ProcessTree")
_TYPES = ("RunShellScript", "RunBatScript", "RunPowerShellScript")


class _Command(NamedTuple):
    """What a call wants to be run."""

    command_id: str
    name: str
    command_type: str
    script: bytes
    values: Mapping[str, str] | None
    """What to put in place of ``{{name}}``; None leaves the script as it is."""
    shortest_timeout: int
    default_timeout: int


@action("DescribeCommands")
def describe_commands(context: Context) -> dict:
    """The public commands; an account of this cloud has none of its own."""
    params = context.params
    assert context.region
    wanted_id, name, plain = params.get("CommandId"), params.get("Name"), not is_base64(params.get("ContentEncoding", "Base64"))
    # Without Provider, a query shows the account's own commands; with it, it goes by the beginning of the provider's name.
    public = bool(params.get("Provider")) and PROVIDER.startswith(params.get("Provider"))
    found = [
        command
        for command in PUBLIC_COMMANDS
        if (public or (wanted_id and not params.get("Provider")))
        and (not wanted_id or find_public_command(wanted_id) is command)
        and (not name or matches_pattern(command.name, name if "*" in name else "*%s*" % name))
        and params.get("Type", command.command_type) == command.command_type
    ]
    page = page_of(found, params, limit=50)
    shown = [_show_command(context, command, plain) for command in page.items]
    return dict(page.fields, Commands={"Command": shown})


def _show_command(context: Context, command: PublicCommand, plain: bool) -> dict:
    return {
        "CommandId": command.command_id,
        "Name": command.name,
        "Description": command.description,
        "Category": "Alibaba Cloud-ECS-Application Installation",
        "Type": command.command_type,
        "CommandContent": encode(command.content.encode(), plain),
        "EnableParameter": bool(command.parameters),
        "ParameterNames": {"ParameterName": [definition.name for definition in command.parameters]},
        "ParameterDefinitions": {
            "ParameterDefinition": [
                {
                    "ParameterName": definition.name,
                    "Description": definition.description,
                    "DefaultValue": definition.default,
                    "Required": definition.required,
                    "PossibleValues": {"PossibleValue": []},
                }
                for definition in command.parameters
            ]
        },
        "Provider": PROVIDER,
        "Timeout": command.timeout,
        "WorkingDir": "",
        "Version": 1,
        "Latest": True,
        "InvokeTimes": sum(item.command_id == command.command_id for item in context.cloud.invocations.values()),
        "CreationTime": iso_minutes(context.cloud.created),
    }


@action("RunCommand")
async def run_command(context: Context) -> dict:
    """Send a script to instances."""
    cloud, params = context.cloud, context.params
    assert context.region
    command_type = params.require("Type")
    if command_type not in _TYPES:
        raise invalid_parameter("Type")
    script = decode_content(params.require("CommandContent"), params.get("ContentEncoding"))
    values = parse_command_parameters(params.get("Parameters"))
    name = params.get("Name", "cmd-%d" % cloud.next_sequence())
    with_values = values if params.flag("EnableParameter") else None
    command = _Command(cloud.new_id("c-"), name, command_type, script, with_values, 1, 60)
    invocation = _invoke(context, command)
    if invocation is None:
        return {"CommandId": "", "InvokeId": ""}
    return {"CommandId": invocation.command_id, "InvokeId": invocation.invoke_id}


@action("InvokeCommand")
async def invoke_command(context: Context) -> dict:
    """Run a public command on instances."""
    params = context.params
    assert context.region
    public = find_public_command(params.require("CommandId"))
    if public is None:
        raise ApiError(404, "InvalidCmdId.NotFound", "The specified command ID does not exist.")
    given = parse_command_parameters(params.get("Parameters"))
    if len(base64.b64encode(params.get("Parameters").encode())) > CONTENT_LIMIT:
        raise invalid_parameter("Parameters")
    if given and not public.parameters:
        raise ApiError(400, "Parameter.Disabled", "The command does not take parameters.")
    values = complete_values(public, given) if public.parameters else None
    content = public.content.encode()
    command = _Command(public.command_id, public.name, public.command_type, content, values, 10, public.timeout)
    invocation = _invoke(context, command)
    return {"InvokeId": invocation.invoke_id if invocation else ""}


def _invoke(context: Context, command: _Command) -> Invocation | None:
    """Begin a command on the instances that the call names; None for a DryRun that would have worked."""
    cloud, params = context.cloud, context.params
    _check_lengths(context)
    instances = selected_instances(context)
    timeout = params.number("Timeout", command.default_timeout, command.shortest_timeout, 86400)
    termination_mode = params.get("TerminationMode", "Process")
    if termination_mode not in _TERMINATION_MODES:
        raise invalid_parameter("TerminationMode")
    mode = params.get("RepeatMode", "Once")
    if mode not in ("Once", "DryRun"):
        raise ApiError(404, "InvalidRepeatMode.NotFound", "The specified repeat mode does not exist.")
    _check_whole_call(context, instances, command.command_type)
    repeated = context.find_repeated("command")
    if repeated:
        return cloud.invocations[repeated]
    if mode == "DryRun":
        _check_dry_run(instances, command.command_type)
        return None
    invoke_id = cloud.new_id("t-")
    invocation = Invocation(
        invoke_id=invoke_id,
        command_id=command.command_id,
        region=context.region.region_id,
        command_type=command.command_type,
        name=command.name,
        content=command.script,
        timeout=timeout,
        username=params.get("Username"),
        working_dir=params.get("WorkingDir"),
        repeat_mode=mode,
        termination_mode=termination_mode,
        created=cloud.clock(),
        sequence=cloud.next_sequence(),
        file_name="%s-%s.sh" % (params.get("Name"), invoke_id) if "Name" in params else invoke_id + ".sh",
    )
    scripts = {}
    for instance in instances:
        invocation.executions[instance.instance_id] = Execution(instance.instance_id, created=invocation.created)
        scripts[instance.instance_id] = (
            command.script if command.values is None else substitute(command.script, dict(_built_in(context, invocation, instance), **command.values))
        )
    broken = {instance.instance_id: fault for index, instance in enumerate(instances) if (fault := context.broken_item(index, len(instances))) is not None}
    context.assistant.begin(invocation, scripts, broken)
    context.remember("command", invocation.invoke_id)
    return invocation


def _check_lengths(context: Context) -> None:
    params = context.params
    if len(params.get("Username")) > 255:
        raise ApiError(403, "Username.ExceedLimit", "The length of the username exceeds the upper limit.")
    if len(params.get("WorkingDir")) > 200:
        raise ApiError(403, "WorkingDir.ExceedLimit", "The length of the working directory exceeds the upper limit.")
    params.check_client_token()


def _check_whole_call(context: Context, instances: list[Instance], command_type: str) -> None:
    """Instances that cannot take the command make the whole call fail only where the fleet says so."""
    behaviours = context.cloud.behaviours
    for instance in instances:
        if behaviours.run_command_wrong_os == "call" and instance.is_windows == (command_type == "RunShellScript"):
            raise ApiError(400, "InvalidInstance.NotMatch", "The specified instance and command type do not match.")
        if behaviours.run_command_not_running == "call" and instance.status != "Running":
            raise ApiError(403, "IncorrectInstanceStatus", "The current status of the resource does not support this operation.")


def _check_dry_run(instances: list[Instance], command_type: str) -> None:
    """Nothing runs; the first instance that could not take the command makes the call fail with its code."""
    for instance in instances:
        obstacle = find_obstacle(instance, command_type)
        if obstacle:
            raise ApiError(403, obstacle[1], obstacle[2])


def _built_in(context: Context, invocation: Invocation, instance: Instance) -> dict[str, str]:
    return {
        "acs::regionid": instance.region,
        "acs::accountid": context.caller.account_id,
        "acs::instanceid": instance.instance_id,
        "acs::instancename": instance.spec.name,
        "acs::invokeid": invocation.invoke_id,
        "acs::commandid": invocation.command_id,
    }
