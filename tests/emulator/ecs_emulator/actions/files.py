# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of Cloud Assistant: SendFile, DescribeSendFileResults."""

from __future__ import annotations

import base64

from ecs_emulator import tagging
from ecs_emulator.actions import Context, action
from ecs_emulator.actions.targets import find_instances
from ecs_emulator.command_text import is_base64
from ecs_emulator.errors import ApiError
from ecs_emulator.invocation_view import summarize
from ecs_emulator.models import Execution, FileDelivery
from ecs_emulator.paging import page_of
from ecs_emulator.timestamps import iso_seconds

_INSTANCE_LIMIT = 50
_CONTENT_LIMIT = 32 * 1024
_SHORTEST_TIMEOUT = 10
_LENGTHS = {"Name": 255, "TargetDir": 255, "Description": 512, "FileOwner": 64, "FileGroup": 64}


@action("SendFile")
async def send_file(context: Context) -> dict:
    """Put a file into instances."""
    cloud, params = context.cloud, context.params
    assert context.region
    name, target_dir, content = (params.require(key) for key in ("Name", "TargetDir", "Content"))
    for key, limit in _LENGTHS.items():
        if len(params.get(key)) > limit:
            raise ApiError(403, "%s.ExceedLimit" % key, "The length of %s exceeds the upper limit." % key)
    in_base64 = is_base64(params.get("ContentType"))
    if len(content if in_base64 else base64.b64encode(content.encode())) > _CONTENT_LIMIT:
        raise ApiError(403, "FileContent.ExceedLimit", "The length of the file content exceeds the upper limit.")
    params.check_client_token()
    instances = find_instances(context, _INSTANCE_LIMIT)
    timeout = max(params.number("Timeout", 60, 0, 86400), _SHORTEST_TIMEOUT)
    repeated = context.find_repeated("file")
    if repeated:
        return {"InvokeId": repeated}
    delivery = FileDelivery(
        invoke_id=cloud.new_id("f-"),
        region=context.region.region_id,
        name=name,
        target_dir=target_dir,
        content=content,
        content_type="Base64" if in_base64 else "PlainText",
        owner=params.get("FileOwner", "root"),
        group=params.get("FileGroup", "root"),
        mode=params.get("FileMode", "0644"),
        overwrite=params.flag("Overwrite"),
        timeout=timeout,
        description=params.get("Description"),
        resource_group_id=params.get("ResourceGroupId"),
        tags=tagging.parse_tags(params),
        created=cloud.clock(),
    )
    for instance in instances:
        delivery.executions[instance.instance_id] = Execution(instance.instance_id, created=delivery.created)
    broken = {instance.instance_id: fault for index, instance in enumerate(instances) if (fault := context.broken_item(index, len(instances))) is not None}
    context.files.begin(delivery, broken)
    context.remember("file", delivery.invoke_id)
    return {"InvokeId": delivery.invoke_id}


@action("DescribeSendFileResults")
def describe_send_file_results(context: Context) -> dict:
    """What became of files, newest first."""
    params, region_id = context.params, context.region.region_id
    invoke_id, instance_id, name = (params.get(key) for key in ("InvokeId", "InstanceId", "Name"))
    status, group, tags = params.get("InvocationStatus"), params.get("ResourceGroupId"), tagging.parse_filter(params)
    found = [
        delivery
        for delivery in reversed(list(context.cloud.file_deliveries.values()))
        if delivery.region == region_id
        and invoke_id in ("", delivery.invoke_id)
        and name in ("", delivery.name)
        and group in ("", delivery.resource_group_id)
        and status in ("", _status(delivery))
        and (not instance_id or instance_id in delivery.executions)
        and tagging.matches(delivery.tags, tags)
    ]
    page = page_of(found, params, limit=50)
    return dict(page.fields, Invocations={"Invocation": [_show(delivery) for delivery in page.items]})


def _status(delivery: FileDelivery) -> str:
    return summarize(execution.status for execution in delivery.executions.values())


def _show(delivery: FileDelivery) -> dict:
    return {
        "InvokeId": delivery.invoke_id,
        "Name": delivery.name,
        "TargetDir": delivery.target_dir,
        "Content": delivery.content,
        "ContentType": delivery.content_type,
        "FileOwner": delivery.owner,
        "FileGroup": delivery.group,
        "FileMode": delivery.mode,
        "Overwrite": str(delivery.overwrite).lower(),
        "Description": delivery.description,
        "InvocationStatus": _status(delivery),
        "VmCount": len(delivery.executions),
        "CreationTime": iso_seconds(delivery.created),
        "Tags": {"Tag": tagging.to_list(delivery.tags)},
        "InvokeInstances": {"InvokeInstance": [_show_execution(execution) for execution in delivery.executions.values()]},
    }


def _show_execution(execution: Execution) -> dict:
    return {
        "InstanceId": execution.instance_id,
        "InvocationStatus": execution.status,
        "ErrorCode": execution.error_code,
        "ErrorInfo": execution.error_info,
        "CreationTime": iso_seconds(execution.created),
        "StartTime": iso_seconds(execution.started),
        "FinishTime": iso_seconds(execution.finished),
        "UpdateTime": iso_seconds(execution.finished or execution.started or execution.created),
    }
