# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances an action of Cloud Assistant is for, with the assistant's own error codes."""

from __future__ import annotations

from ecs_emulator.actions import Context
from ecs_emulator.errors import ApiError
from ecs_emulator.models import Instance
from ecs_emulator.tagging import matches


def find_instances(context: Context, limit: int, required: bool = True) -> list[Instance]:
    """The instances of ``InstanceId.N``."""
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


def selected_instances(context: Context) -> list[Instance]:
    """The instances of ``InstanceId.N``, or those with the tags of ``ResourceTag.N``."""
    wanted = [(record.get("Key", ""), record.get("Value") or None) for record in context.params.records("ResourceTag")]
    limit = int(context.cloud.behaviours.run_command_limit)
    if not wanted:
        return find_instances(context, limit)
    found = [instance for instance in context.region.instances.values() if matches(instance.tags, wanted)]
    if len(found) > limit:
        raise ApiError(403, "InstanceIds.ExceedLimit", "The number of instance IDs exceeds the upper limit.")
    if not found:
        raise ApiError(404, "InvalidInstance.NotFound", "The specified instances do not exist.")
    return found
