# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Assistant's agents: their status and installation."""

from __future__ import annotations

from ecs_emulator.actions import Context, action
from ecs_emulator.actions.targets import find_instances
from ecs_emulator.connect import SESSION_STATUS_VERSION, is_at_least
from ecs_emulator.models import Instance
from ecs_emulator.paging import page_of
from ecs_emulator.timestamps import iso_seconds

_INSTALL_LIMIT = 50


@action("DescribeCloudAssistantStatus")
def describe_cloud_assistant_status(context: Context) -> dict:
    """Whether agents are there; with instance ids, all of them in one answer."""
    params = context.params
    instances = find_instances(context, int(context.cloud.behaviours.assistant_status_limit), required=False)
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
    version = instance.spec.assistant.version if instance.agent_installed else ""
    shown = {
        "InstanceId": instance.instance_id,
        "CloudAssistantStatus": "true" if online else "false",
        "CloudAssistantVersion": version,
        "SupportSessionManager": online and (instance.is_windows or is_at_least(version, SESSION_STATUS_VERSION)),
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
    for instance in find_instances(context, _INSTALL_LIMIT):
        if context.cloud.behaviours.install_assistant == "now":
            instance.agent_installed = instance.agent_online = True
        elif not instance.agent_installed:
            instance.agent_pending_install = True
    return {}
