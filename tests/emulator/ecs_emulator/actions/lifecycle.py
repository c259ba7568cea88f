# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StartInstance(s), StopInstance(s), RebootInstance(s)."""

from __future__ import annotations

from typing import Callable

from ecs_emulator.actions import Context, action
from ecs_emulator.errors import ApiError, dry_run, incorrect_instance_status, instance_not_found, invalid_parameter
from ecs_emulator.models import Instance

_BATCH_LIMIT = 100


def _check_locks(instance: Instance) -> None:
    if instance.spec.lock == "security":
        raise ApiError(403, "InstanceLockedForSecurity", "The specified operation is denied as your instance is locked for security reasons.")
    if instance.spec.lock == "financial":
        raise ApiError(403, "InstanceExpiredOrInArrears", "The specified operation is denied as your prepay instance is expired.")


def _check_start(instance: Instance) -> None:
    _check_locks(instance)
    if instance.status != "Stopped":
        raise incorrect_instance_status()


def _check_running(instance: Instance) -> None:
    _check_locks(instance)
    if instance.status != "Running":
        raise incorrect_instance_status()


def _one(context: Context, check: Callable[[Instance], None], act: Callable[[Instance], None]) -> dict:
    instance = context.cloud.instance(context.params.require("InstanceId"))
    check(instance)
    if context.params.flag("DryRun"):
        raise dry_run()
    act(instance)
    return {}


def _many(context: Context, check: Callable[[Instance], None], act: Callable[[Instance], None]) -> dict:
    """AllTogether checks every instance before it touches one; SuccessFirst answers for each."""
    region, params = context.region, context.params
    instance_ids = list(dict.fromkeys(params.list("InstanceId")))
    if not instance_ids:
        raise params.missing("InstanceId")
    if len(instance_ids) > _BATCH_LIMIT:
        raise invalid_parameter("InstanceId", "InvalidParameter.InstanceIds")
    mode = params.get("BatchOptimization", "AllTogether")
    if mode not in ("AllTogether", "SuccessFirst"):
        raise invalid_parameter("BatchOptimization")
    for instance_id in instance_ids:
        if instance_id not in region.instances:
            raise instance_not_found()
    instances = [region.instances[instance_id] for instance_id in instance_ids]
    if mode == "AllTogether":
        for instance in instances:
            check(instance)
    if params.flag("DryRun"):
        raise ApiError(400, "DRYRUN.SUCCESS", "Request validation has been passed with DryRun flag set.")
    responses = []
    for index, instance in enumerate(instances):
        before = instance.status
        broken = context.broken_item(index, len(instances))
        code, message = "200", "success"
        try:
            if broken:
                raise ApiError(broken.status, broken.code, broken.message)
            check(instance)
            act(instance)
        except ApiError as error:
            code, message = error.code, error.message
        responses.append(
            {
                "InstanceId": instance.instance_id,
                "Code": code,
                "Message": message,
                "PreviousStatus": before,
                "CurrentStatus": instance.status,
            }
        )
    return {"InstanceResponses": {"InstanceResponse": responses}}


@action("StartInstance")
async def start_instance(context: Context) -> dict:
    """Boot a stopped instance."""
    return _one(context, _check_start, context.lifecycle.begin_start)


@action("StartInstances")
async def start_instances(context: Context) -> dict:
    """Boot stopped instances."""
    return _many(context, _check_start, context.lifecycle.begin_start)


@action("StopInstance")
async def stop_instance(context: Context) -> dict:
    """Shut down, or cut the power with ForceStop."""
    force = context.params.flag("ForceStop")
    return _one(context, _check_running, lambda instance: context.lifecycle.begin_stop(instance, force))


@action("StopInstances")
async def stop_instances(context: Context) -> dict:
    """Shut down several."""
    force = context.params.flag("ForceStop")
    return _many(context, _check_running, lambda instance: context.lifecycle.begin_stop(instance, force))


@action("RebootInstance")
async def reboot_instance(context: Context) -> dict:
    """Reboot a running instance."""
    force = context.params.flag("ForceStop")
    return _one(context, _check_running, lambda instance: context.lifecycle.begin_reboot(instance, force))


@action("RebootInstances")
async def reboot_instances(context: Context) -> dict:
    """Reboot several."""
    force = context.params.flag("ForceReboot")
    return _many(context, _check_running, lambda instance: context.lifecycle.begin_reboot(instance, force))
