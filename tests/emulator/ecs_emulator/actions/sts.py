# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""STS: AssumeRole and GetCallerIdentity, at the same endpoint as everything else."""

from __future__ import annotations

import re
import uuid

from ecs_emulator.actions import STS, Context, action
from ecs_emulator.credentials import Caller
from ecs_emulator.errors import ApiError
from ecs_emulator.timestamps import iso_seconds

_ROLE_ARN = re.compile(r"^acs:ram::(?P<account>[0-9]+):role/(?P<role>[A-Za-z0-9._-]{1,64})$")
_SESSION_NAME = re.compile(r"^[A-Za-z0-9.@_-]{2,64}$")


@action("AssumeRole", STS)
def assume_role(context: Context) -> dict:
    """Temporary credentials; without ``roles`` in the fleet, for any well-formed role."""
    params = context.params
    arn, session = _required(context, "RoleArn"), _required(context, "RoleSessionName")
    match = _ROLE_ARN.match(arn)
    if match is None:
        raise ApiError(400, "InvalidParameter.RoleArn", "The parameter RoleArn is wrongly formed.")
    if not _SESSION_NAME.match(session):
        raise ApiError(400, "InvalidParameter.RoleSessionName", "The parameter RoleSessionName is wrongly formed.")
    duration = params.get("DurationSeconds", "3600")
    if not duration.isdigit() or not 900 <= int(duration) <= 43200:
        raise ApiError(400, "InvalidParameter.DurationSeconds", "The Min/Max value of DurationSeconds is 15min/12hr.")
    _check_role(context, arn)
    role_id = "3" + str(uuid.uuid5(uuid.NAMESPACE_URL, arn).int)[:17]
    session_arn = "acs:ram::%s:assumed-role/%s/%s" % (match.group("account"), match.group("role").lower(), session)
    caller = Caller("", "AssumedRoleUser", session_arn, "%s:%s" % (role_id, session), match.group("account"))
    longest = context.cloud.timing.sts_lifetime
    issued = context.credentials.issue(caller, min(int(duration), longest or int(duration)))
    return {
        "AssumedRoleUser": {"AssumedRoleId": caller.principal_id, "Arn": session_arn},
        "Credentials": {
            "AccessKeyId": issued.access_key_id,
            "AccessKeySecret": issued.access_key_secret,
            "SecurityToken": issued.security_token,
            "Expiration": iso_seconds(issued.expires),
        },
    }


@action("GetCallerIdentity", STS)
def get_caller_identity(context: Context) -> dict:
    """Who signed this request."""
    caller = context.caller
    answer = {
        "IdentityType": caller.identity_type,
        "AccountId": caller.account_id,
        "PrincipalId": caller.principal_id,
        "UserId": caller.principal_id,
        "Arn": caller.arn,
    }
    if caller.identity_type == "AssumedRoleUser":
        answer["RoleId"] = caller.principal_id.partition(":")[0]
    return answer


def _required(context: Context, name: str) -> str:
    """STS has its own form of a missing parameter."""
    value = context.params.get(name)
    if not value:
        raise ApiError(400, "Missing%s" % name, "%s is mandatory for this action." % name)
    return value


def _check_role(context: Context, arn: str) -> None:
    roles = context.cloud.fleet.roles
    if not roles:
        return
    if arn not in roles:
        raise ApiError(404, "EntityNotExist.Role", "The role not exists: %s." % arn)
    if roles[arn] and context.params.get("ExternalId") != roles[arn]:
        raise ApiError(
            403,
            "NoPermission",
            "You are not authorized to do this action. You should be authorized by RAM.",
        )
