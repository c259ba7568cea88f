# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path /session: the handshake of Session Manager's websockets."""

from __future__ import annotations

import asyncio

from aiohttp import web

from ecs_emulator import session_wire as wire
from ecs_emulator.cloud import Cloud
from ecs_emulator.faults import SESSION, Faults
from ecs_emulator.session_socket import SessionSocket
from ecs_emulator.sessions import Sessions

PATH = "/session"
_FRAME_LIMIT = 1024 * 1024


class SessionGate:
    """Lets clients with a valid URL in."""

    def __init__(self, cloud: Cloud, sessions: Sessions, faults: Faults) -> None:
        self._cloud, self._sessions, self._faults = cloud, sessions, faults

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One websocket, from handshake to close."""
        fault = self._faults.take(SESSION)
        if fault and fault.latency_ms:
            await asyncio.sleep(fault.latency_ms / 1000)
        if fault and fault.fault == "error":
            return web.Response(status=fault.status, text=fault.code + "\n")
        session_id = request.query.get("sessionId", "")
        token = request.query.get("token") or request.headers.get("x-acs-session-token", "")
        session = self._sessions.find_to_join(session_id, token)
        in_band = self._cloud.behaviours.session_refusal == "status"
        if session is None and not in_band:
            return web.Response(status=403, text="The session does not exist, has ended, or its URL has expired.\n")
        stream = web.WebSocketResponse(max_msg_size=_FRAME_LIMIT, compress=False)
        await stream.prepare(request)
        if session is None:
            refusal = wire.Message(wire.STATUS, bytes((wire.CONNECT_FAILED,)), 0, int(self._cloud.clock() * 1000))
            await stream.send_bytes(wire.encode(refusal))
            await stream.close()
            return stream
        socket = SessionSocket(
            session, self._sessions.find_target(session), self._sessions.limits, self._cloud.behaviours, request, stream, fault,
            self._cloud.clock(),
        )  # fmt: skip
        session.connections.append(socket.connection)
        session.sockets.add(socket)
        try:
            await socket.run()
        finally:
            session.sockets.discard(socket)
            socket.connection.ended = self._cloud.clock()
            socket.connection.reason = socket.connection.reason or "Cut"
        return stream
