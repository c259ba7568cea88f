# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session Manager: StartTerminalSession, EndTerminalSession, DescribeTerminalSessions."""

from __future__ import annotations

from urllib.parse import urlencode

from ecs_emulator.actions import Context, action
from ecs_emulator.actions.targets import find_instances
from ecs_emulator.connect import SESSION_VERSION, is_at_least
from ecs_emulator.errors import ApiError
from ecs_emulator.models import Instance
from ecs_emulator.paging import page_of
from ecs_emulator.sessions import Connection, Session
from ecs_emulator.timestamps import iso_seconds

_INSTANCE_LIMIT = 10


@action("StartTerminalSession")
def start_terminal_session(context: Context) -> dict:
    """Make a session and the URL of its websockets."""
    cloud, params, sessions = context.cloud, context.params, context.sessions
    instances = find_instances(context, _INSTANCE_LIMIT)
    port, target, command_line = _port(context), params.get("TargetServer"), params.get("CommandLine")
    params.check_client_token()
    if len(command_line) > 512 or (command_line and (port or target)):
        raise ApiError(403, "InvalidCommandLine.Conflict", "CommandLine cannot be specified together with other parameters.")
    if target and not port:
        raise ApiError(403, "InvalidTargetServer.MissingPortNumber", "PortNumber must be specified with TargetServer.")
    if len(instances) > 1 and (target or command_line):
        raise ApiError(403, "InstanceIds.ExceedLimit", "The number of instance IDs exceeds the upper limit.")
    if len(target) > 128:
        raise ApiError(400, "InvalidParameter.TargetServer", 'The specified parameter "TargetServer" is not valid.')
    if len(params.get("Username")) > 255:
        raise ApiError(403, "Username.ExceedLimit", "The length of the username exceeds the upper limit.")
    if params.get("ConnectionType", "Internet") not in ("Internet", "Intranet"):
        raise ApiError(400, "InvalidParameter.ConnectionType", 'The specified parameter "ConnectionType" is not valid.')
    if not sessions.enabled:
        raise ApiError(403, "UserBehavior.SessionManagerDisabled", "The session manager is disabled.")
    for instance in instances:
        _check(context, instance, port)
    session = sessions.get(context.find_repeated("session") or "")
    if session is None:
        session = sessions.start(instances[0], port, target, params.get("Username"), context.caller)
        context.remember("session", session.session_id)
    name = "sessionId" if cloud.behaviours.session_url == "sessionId" else "sessionid"
    query = urlencode({name: session.session_id, "token": session.token})
    return {
        "SessionId": session.session_id,
        "SecurityToken": session.token,
        "WebSocketUrl": "%s://%s/session?%s" % ("wss" if context.secure else "ws", context.endpoint, query),
    }


def _port(context: Context) -> int:
    text = context.params.get("PortNumber")
    if not text:
        return 0
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ApiError(400, "PortNumber.Invalid", "The specified PortNumber is not valid.")
    return int(text)


def _check(context: Context, instance: Instance, port: int) -> None:
    version = instance.spec.assistant.version if instance.agent_installed else "0"
    if port and not instance.is_windows and not is_at_least(version, SESSION_VERSION):
        raise ApiError(403, "PortForwarding.NotSupported", "The Cloud Assistant Agent does not support port forwarding.")
    reachable = instance.status == "Running" and instance.agent_online
    if not reachable and context.cloud.behaviours.session_unreachable == "call":
        raise ApiError(403, "Operation.Forbidden", "The operation is not permitted for the instance.")


@action("EndTerminalSession")
def end_terminal_session(context: Context) -> dict:
    """Make a session's URL worthless and close its websockets."""
    region_id = context.region.region_id
    session = context.sessions.get(context.params.require("SessionId"))
    if session is None or session.instance.region != region_id:
        raise ApiError(404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.")
    context.sessions.end(session)
    return {}


@action("DescribeTerminalSessions")
def describe_terminal_sessions(context: Context) -> dict:
    """Sessions and their websockets, newest first."""
    params, region_id = context.params, context.region.region_id
    session_id, instance_id = params.get("SessionId"), params.get("InstanceId")
    found = [
        session
        for session in reversed(list(context.sessions))
        if session.instance.region == region_id and session_id in ("", session.session_id) and instance_id in ("", session.instance.instance_id)
    ]
    page = page_of(found, params.with_values(MaxResults=params.get("MaxResults", "10")), limit=100)
    shown = [_show(session) for session in page.items]
    return {"NextToken": page.fields["NextToken"], "Sessions": {"Session": shown}}


def _show(session: Session) -> dict:
    shown = {
        "SessionId": session.session_id,
        "CreationTime": iso_seconds(session.created),
        "TargetServer": session.target,
        "Username": session.username,
        "IdentityType": session.caller.identity_type,
        "PrincipalId": session.caller.principal_id,
        "ClientIP": "127.0.0.1",
        "Connections": {"Connection": [_show_connection(session, connection) for connection in session.connections]},
    }
    return dict(shown, PortNumber=session.port) if session.port else shown


def _show_connection(session: Session, connection: Connection) -> dict:
    return {
        "InstanceId": session.instance.instance_id,
        "Status": "Connected" if connection.ended is None else "Disconnected",
        "StartTime": iso_seconds(connection.started),
        "EndTime": iso_seconds(connection.ended),
        "ClosedReason": connection.reason,
        "FailedDetail": "",
    }
