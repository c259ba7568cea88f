# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of commands: StopInvocation, DescribeInvocations, DescribeInvocationResults."""

from __future__ import annotations

from ecs_emulator import tagging
from ecs_emulator.actions import Context, action
from ecs_emulator.actions.targets import find_instances
from ecs_emulator.command_text import is_base64
from ecs_emulator.errors import ApiError, invalid_parameter
from ecs_emulator.invocation_view import is_timed, show_invocation, show_result, statuses_of
from ecs_emulator.models import Invocation
from ecs_emulator.paging import page_of

_STOP_LIMIT = 50


@action("StopInvocation")
async def stop_invocation(context: Context) -> dict:
    """Stop a command on all its instances, or on some."""
    region_id = context.region.region_id
    invocation = context.cloud.invocations.get(context.params.require("InvokeId"))
    if invocation is None or invocation.region != region_id:
        raise ApiError(404, "InvalidInvokeId.NotFound", "The specified InvokeId does not exist.")
    instance_ids = [instance.instance_id for instance in find_instances(context, _STOP_LIMIT, required=False)]
    if any(instance_id not in invocation.executions for instance_id in instance_ids):
        raise ApiError(400, "InvalidInstance.NotMatch", "The specified instance does not belong to the invocation.")
    await context.assistant.stop(invocation, instance_ids or list(invocation.executions))
    return {}


def _visible(context: Context) -> list[Invocation]:
    """Invocations that queries see: the wanted ones, once the fleet's ``results_lag_ms`` has passed."""
    params, cloud = context.params, context.cloud
    invoke_id, command_id, group = (params.get(key) for key in ("InvokeId", "CommandId", "ResourceGroupId"))
    tags = tagging.parse_filter(params)
    region_id = context.region.region_id
    shown_until = cloud.clock() - cloud.timing.results_lag
    known = [cloud.invocations[invoke_id]] if invoke_id in cloud.invocations else [] if invoke_id else cloud.recent_invocations(region_id)
    return [
        invocation
        for invocation in known
        if invocation.region == region_id
        and invocation.created <= shown_until
        and command_id in ("", invocation.command_id)
        and group in ("", invocation.resource_group_id)
        and tagging.matches(invocation.tags, tags)
    ]


@action("DescribeInvocations")
def describe_invocations(context: Context) -> dict:
    """Commands with their state as a whole, newest first."""
    params = context.params
    instance_id, plain = params.get("InstanceId"), _wants_plain(context)
    # With an instance, the name and the mode of commands are no filters.
    name, mode = ("", "") if instance_id else (params.get("CommandName"), params.get("RepeatMode"))
    command_type, status = params.get("CommandType"), params.get("InvokeStatus")
    timed = params.flag("Timed") if "Timed" in params else None
    found = [
        invocation
        for invocation in _visible(context)
        if (not instance_id or instance_id in invocation.executions)
        and name in ("", invocation.name)
        and mode in ("", invocation.repeat_mode)
        and command_type in ("", invocation.command_type)
        and timed in (None, is_timed(invocation))
        and (not status or status in statuses_of(execution.status for execution in invocation.executions.values()))
    ]
    page = page_of(found, params, limit=50)
    shown = [show_invocation(invocation, params.flag("IncludeOutput"), plain) for invocation in page.items]
    return dict(page.fields, Invocations={"Invocation": shown})


@action("DescribeInvocationResults")
def describe_invocation_results(context: Context) -> dict:
    """How commands ended, one entry per instance."""
    params = context.params
    instance_id, status, plain = params.get("InstanceId"), params.get("InvokeRecordStatus"), _wants_plain(context)
    visible = _visible(context)
    with_history = params.flag("IncludeHistory")
    if with_history and ("InvokeId" not in params or any(item.repeat_mode not in ("Period", "EveryReboot") for item in visible)):
        raise invalid_parameter("IncludeHistory")
    results = [
        (invocation, execution)
        for invocation in visible
        for execution in [*invocation.executions.values(), *(reversed(invocation.history) if with_history else ())]
        if instance_id in ("", execution.instance_id) and (not status or status in statuses_of([execution.status]))
    ]
    page = page_of(results, params, limit=50)
    shown = [show_result(invocation, execution, plain) for invocation, execution in page.items]
    return {"Invocation": dict(page.fields, InvocationResults={"InvocationResult": shown})}


def _wants_plain(context: Context) -> bool:
    """Without a ContentEncoding, answers are in base64; with an unknown one, plain."""
    return not is_base64(context.params.get("ContentEncoding", "Base64"))
