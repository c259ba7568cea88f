# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RunCommand and InvokeCommand."""

from __future__ import annotations

import base64
from typing import Mapping, NamedTuple

from ecs_emulator import tagging
from ecs_emulator.actions import Context, action
from ecs_emulator.actions.targets import selected_instances
from ecs_emulator.assistant import find_obstacle
from ecs_emulator.command_text import CONTENT_LIMIT, decode_content, parse_command_parameters, substitute
from ecs_emulator.errors import ApiError, dry_run, invalid_parameter
from ecs_emulator.models import Execution, Instance, Invocation, KeptCommand
from ecs_emulator.public_commands import PublicCommand, complete_values, find_public_command
from ecs_emulator.schedule import parse_frequency

_REPEAT_MODES = ("Once", "Period", "NextRebootOnly", "EveryReboot", "DryRun")
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
    default_working_dir: str


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
    command = _Command(cloud.new_id("c-"), name, command_type, script, with_values, 1, 60, params.get("WorkingDir"))
    invocation = _invoke(context, command)
    if invocation is None:
        return {"CommandId": "", "InvokeId": ""}
    if params.flag("KeepCommand") and invocation.command_id == command.command_id:
        cloud.commands[command.command_id] = KeptCommand(
            command.command_id, invocation.region, name, params.get("Description"), command_type, script, with_values is not None,
            invocation.timeout, invocation.working_dir, invocation.created,
        )  # fmt: skip
    return {"CommandId": invocation.command_id, "InvokeId": invocation.invoke_id}


@action("InvokeCommand")
async def invoke_command(context: Context) -> dict:
    """Run a public command or one that was kept on instances."""
    params = context.params
    region_id = context.region.region_id
    public = find_public_command(params.require("CommandId"))
    kept = context.cloud.commands.get(params.get("CommandId"))
    if public is None and (kept is None or kept.region != region_id):
        raise ApiError(404, "InvalidCmdId.NotFound", "The specified command ID does not exist.")
    given = parse_command_parameters(params.get("Parameters"))
    if len(base64.b64encode(params.get("Parameters").encode())) > CONTENT_LIMIT:
        raise invalid_parameter("Parameters")
    if given and not (public.parameters if public else kept and kept.takes_parameters):
        raise ApiError(400, "Parameter.Disabled", "The command does not take parameters.")
    invocation = _invoke(context, _public(public, given) if public else _kept(kept, given))
    return {"InvokeId": invocation.invoke_id if invocation else ""}


def _public(command: PublicCommand, given: Mapping[str, str]) -> _Command:
    values = complete_values(command, given) if command.parameters else None
    return _Command(command.command_id, command.name, command.command_type, command.content.encode(), values, 10, command.timeout, "")


def _kept(command: KeptCommand | None, given: Mapping[str, str]) -> _Command:
    assert command is not None
    values = given if command.takes_parameters else None
    return _Command(command.command_id, command.name, command.command_type, command.content, values, 10, command.timeout, command.working_dir)


def _invoke(context: Context, command: _Command) -> Invocation | None:
    """Begin a command on the instances that the call names; None for a DryRun that would have worked."""
    cloud, params = context.cloud, context.params
    _check_lengths(context)
    instances = selected_instances(context)
    timeout = params.number("Timeout", command.default_timeout, command.shortest_timeout, 86400)
    termination_mode = params.get("TerminationMode", "Process")
    if termination_mode not in _TERMINATION_MODES:
        raise invalid_parameter("TerminationMode")
    mode = "Period" if "Frequency" in params else params.get("RepeatMode", "Once")
    if mode not in _REPEAT_MODES:
        raise ApiError(404, "InvalidRepeatMode.NotFound", "The specified repeat mode does not exist.")
    schedule = parse_frequency(params.require("Frequency"), timeout) if mode == "Period" else None
    _check_size(context, command)
    _check_whole_call(context, instances, command.command_type)
    repeated = context.find_repeated("command")
    if repeated:
        return cloud.invocations[repeated]
    if mode == "DryRun":
        _check_dry_run(instances, command.command_type)
        if cloud.behaviours.dry_run_command == "error":
            raise dry_run()
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
        working_dir=params.get("WorkingDir", command.default_working_dir),
        repeat_mode=mode,
        frequency=params.get("Frequency"),
        schedule=schedule,
        tags=tagging.parse_tags(params),
        resource_group_id=params.get("ResourceGroupId"),
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
    cloud.quota.take(len(instances))
    context.assistant.begin(invocation, scripts, broken)
    context.remember("command", invocation.invoke_id)
    return invocation


def _check_size(context: Context, command: _Command) -> None:
    """Content and parameters share one limit."""
    if len(base64.b64encode(command.script + context.params.get("Parameters").encode())) > CONTENT_LIMIT:
        raise ApiError(403, "CmdContent.ExceedLimit", "The length of the command content exceeds the upper limit.")


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
