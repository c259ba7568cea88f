# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that can be invoked: the vendor's public ones and those that RunCommand kept. DescribeCommands, DeleteCommand."""

from __future__ import annotations

from ecs_emulator.actions import Context, action
from ecs_emulator.command_text import is_base64, placeholders
from ecs_emulator.errors import ApiError
from ecs_emulator.invocation_view import encode
from ecs_emulator.matching import matches_pattern
from ecs_emulator.models import KeptCommand
from ecs_emulator.paging import page_of
from ecs_emulator.public_commands import PROVIDER, PUBLIC_COMMANDS, PublicCommand, find_public_command
from ecs_emulator.timestamps import iso_minutes


@action("DescribeCommands")
def describe_commands(context: Context) -> dict:
    """With Provider, the commands of providers whose name begins so; without, the account's own. An id finds either."""
    params, region_id = context.params, context.region.region_id
    wanted_id, name, provider = params.get("CommandId"), params.get("Name"), params.get("Provider")
    plain = not is_base64(params.get("ContentEncoding", "Base64"))
    public = bool(provider) and PROVIDER.startswith(provider)
    known: list[KeptCommand | PublicCommand] = []
    if not provider:
        kept = [command for command in context.cloud.commands.values() if command.region == region_id]
        known += [command for command in kept if wanted_id in ("", command.command_id)]
    if public or (wanted_id and not provider):
        known += [command for command in PUBLIC_COMMANDS if not wanted_id or find_public_command(wanted_id) is command]
    found = [
        command
        for command in known
        if (not name or matches_pattern(command.name, name if "*" in name else "*%s*" % name))
        and params.get("Type", command.command_type) == command.command_type
    ]
    page = page_of(found, params, limit=50)
    shown = [dict(_show(context, command), **_show_content(command, plain)) for command in page.items]
    return dict(page.fields, Commands={"Command": shown})


@action("DeleteCommand")
def delete_command(context: Context) -> dict:
    """Forget a command that was kept."""
    region_id, command_id = context.region.region_id, context.params.require("CommandId")
    command = context.cloud.commands.get(command_id)
    if command is None or command.region != region_id:
        raise ApiError(404, "InvalidCmdId.NotFound", "The specified command ID does not exist.")
    del context.cloud.commands[command_id]
    return {}


def _show(context: Context, command: KeptCommand | PublicCommand) -> dict:
    """What both kinds have in common."""
    return {
        "CommandId": command.command_id,
        "Name": command.name,
        "Description": command.description,
        "Type": command.command_type,
        "Timeout": command.timeout,
        "WorkingDir": "",
        "Version": 1,
        "Latest": True,
        "InvokeTimes": sum(item.command_id == command.command_id for item in context.cloud.invocations.values()),
        "CreationTime": iso_minutes(context.cloud.created),
    }


def _show_content(command: KeptCommand | PublicCommand, plain: bool) -> dict:
    if isinstance(command, KeptCommand):
        return {
            "CommandContent": encode(command.content, plain),
            "EnableParameter": command.takes_parameters,
            "ParameterNames": {"ParameterName": placeholders(command.content) if command.takes_parameters else []},
            "Provider": "User",
            "WorkingDir": command.working_dir,
            "CreationTime": iso_minutes(command.created),
        }
    return {
        "Category": "Alibaba Cloud-ECS-Application Installation",
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
    }
