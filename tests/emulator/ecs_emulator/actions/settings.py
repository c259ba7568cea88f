# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Session Manager is on: the newer settings of Cloud Assistant and the older business behaviour."""

from __future__ import annotations

import json

from ecs_emulator.actions import Context, action
from ecs_emulator.errors import ApiError, invalid_parameter

_SETTING_TYPES = ("SessionManagerConfig", "SessionManagerDelivery", "InvocationDelivery", "AgentUpgradeConfig", "ResourceUsageConfig")
_STATUS_KEY = "sessionManagerStatus"


@action("DescribeCloudAssistantSettings")
def describe_cloud_assistant_settings(context: Context) -> dict:
    """Of the settings that are asked for, this cloud has SessionManagerConfig."""
    assert context.region
    types = context.params.list("SettingType")
    if not types:
        raise context.params.missing("SettingType")
    if any(kind not in _SETTING_TYPES for kind in types):
        raise invalid_parameter("SettingType")
    if "SessionManagerConfig" not in types:
        return {}
    return {"SessionManagerConfig": {"SessionManagerEnabled": context.sessions.enabled}}


@action("ModifyCloudAssistantSettings")
def modify_cloud_assistant_settings(context: Context) -> dict:
    """Turn Session Manager on or off, in all regions."""
    assert context.region
    params = context.params
    if params.require("SettingType") != "SessionManagerConfig":
        raise invalid_parameter("SettingType")
    text = params.get("SessionManagerConfig.SessionManagerEnabled")
    if not text:
        try:
            text = str(json.loads(params.require("SessionManagerConfig"))["SessionManagerEnabled"])
        except (ValueError, KeyError, TypeError):
            raise invalid_parameter("SessionManagerConfig") from None
    if text.lower() not in ("true", "false"):
        raise invalid_parameter("SessionManagerConfig")
    context.sessions.enabled = text.lower() == "true"
    return {}


@action("DescribeUserBusinessBehavior")
def describe_user_business_behavior(context: Context) -> dict:
    """enabled or disabled."""
    assert context.optional_region
    _check_key(context)
    return {"StatusValue": "enabled" if context.sessions.enabled else "disabled"}


@action("ModifyUserBusinessBehavior")
def modify_user_business_behavior(context: Context) -> dict:
    """Turn Session Manager on or off."""
    assert context.region
    _check_key(context)
    value = context.params.get("statusValue") or context.params.get("StatusValue")
    if value not in ("enabled", "disabled"):
        raise ApiError(400, "InvalidParameter.StatusValue", 'The specified parameter "StatusValue" is not valid.')
    context.sessions.enabled = value == "enabled"
    return {}


def _check_key(context: Context) -> None:
    """The SDK spells the parameter's first letter small."""
    if (context.params.get("statusKey") or context.params.get("StatusKey")) != _STATUS_KEY:
        raise ApiError(400, "InvalidParameter.StatusKey", 'The specified parameter "StatusKey" is not valid.')
