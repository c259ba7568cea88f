# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control paths of instances, temporary keys and sessions."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from ecs_emulator.cloud import Cloud
from ecs_emulator.connect import parse_connect
from ecs_emulator.key_server import KeyServer
from ecs_emulator.models import Instance
from ecs_emulator.session_wire import REASONS
from ecs_emulator.sessions import Sessions


async def change_instance(instance: Instance, changes: dict[str, Any]) -> None:
    """Set ``agent_online`` and the knobs of ``connect``; ValueError with one sentence changes nothing."""
    values = dict(changes)
    online = values.pop("agent_online", instance.agent_online)
    if not isinstance(online, bool):
        raise ValueError("'agent_online' is neither true nor false")
    connect = parse_connect(values, instance.connect)
    if connect.clock_offset != instance.connect.clock_offset and instance.guest is not None:
        await instance.guest.set_clock(connect.clock_offset)
    instance.connect, instance.agent_online = connect, online


def show_instance(instance: Instance, keys: KeyServer) -> dict:
    """The knobs of an instance and its temporary keys."""
    known = [{"user": key.user_name, "public_key": key.public_key, "expires": key.expires} for key in keys.keys(instance.instance_id)]
    return {"instance_id": instance.instance_id, "agent_online": instance.agent_online, **vars(instance.connect), "keys": known}


def add_guest_routes(app: web.Application, cloud: Cloud, keys: KeyServer, sessions: Sessions) -> None:
    """Serve /_emulator/instances/NAME and /_emulator/sessions."""

    def find(request: web.Request) -> Instance:
        name = request.match_info["name"]
        for instance in cloud.instances.values():
            if name in (instance.instance_id, instance.spec.name):
                return instance
        raise web.HTTPNotFound(text="There is no such instance.\n")

    async def get_instance(request: web.Request) -> web.Response:
        return web.json_response(show_instance(find(request), keys))

    async def post_instance(request: web.Request) -> web.Response:
        instance = find(request)
        try:
            body = await _read(request)
            await change_instance(instance, body)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(show_instance(instance, keys))

    async def get_sessions(request: web.Request) -> web.Response:
        return web.json_response({"enabled": sessions.enabled, "sessions": [session.to_dict() for session in sessions]})

    async def post_sessions(request: web.Request) -> web.Response:
        try:
            body = await _read(request)
            reason, speed = body.get("close", ""), body.get("speed", 0)
            if set(body) - {"close", "speed"} or not body:
                raise ValueError("the keys are 'close' (a reason) and 'speed' (bits per second)")
            if reason and reason not in REASONS:
                raise ValueError("'close' is %s" % " or ".join(REASONS))
            if not isinstance(speed, int) or not 0 <= speed < 2**32:
                raise ValueError("'speed' is not a whole number of bits per second")
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        for socket in [socket for session in sessions for socket in session.sockets]:
            if speed:
                socket.set_speed(speed)
            if reason:
                socket.end(reason)
        return await get_sessions(request)

    async def delete_sessions(request: web.Request) -> web.Response:
        sessions.cut_all()
        return web.Response(status=204)

    app.router.add_get("/_emulator/instances/{name}", get_instance)
    app.router.add_post("/_emulator/instances/{name}", post_instance)
    app.router.add_get("/_emulator/sessions", get_sessions)
    app.router.add_post("/_emulator/sessions", post_sessions)
    app.router.add_delete("/_emulator/sessions", delete_sessions)


async def _read(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text())
    except json.JSONDecodeError:
        raise ValueError("the body is not JSON") from None
    if not isinstance(body, dict):
        raise ValueError("the body is not a JSON object")
    return body
