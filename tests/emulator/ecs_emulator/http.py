# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP in front of the actions: parse, authenticate, inject faults, dispatch, serialise, log."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import socket
import struct
import time
import uuid

from aiohttp import web

from ecs_emulator.actions import ACTIONS, SERVICES, Context
from ecs_emulator.assistant import Assistant
from ecs_emulator.authentication import Call, RawRequest, authenticate, parse_call, wants_xml
from ecs_emulator.cloud import Cloud
from ecs_emulator.credentials import Credentials
from ecs_emulator.errors import ApiError
from ecs_emulator.faults import Fault, Faults
from ecs_emulator.file_sender import FileSender
from ecs_emulator.lifecycle import Lifecycle
from ecs_emulator.parameters import Parameters, missing_parameter
from ecs_emulator.permissions import authorize
from ecs_emulator.request_log import RequestLog
from ecs_emulator.sessions import Sessions
from ecs_emulator.throttle import Throttle
from ecs_emulator.xml_body import render_xml

log = logging.getLogger(__name__)

BODY_LIMIT = 1024 * 1024
_LONGEST_SILENCE = 600
"""Seconds after which a request that a ``timeout`` fault left unanswered is dropped."""


class _ConnectionLost(Exception):
    """The connection is to be cut instead of an answer."""


class Api:
    """The handler of the API's one path."""

    def __init__(
        self, cloud: Cloud, lifecycle: Lifecycle, assistant: Assistant, files: FileSender, sessions: Sessions, faults: Faults, requests: RequestLog
    ) -> None:
        self._cloud = cloud
        self._lifecycle = lifecycle
        self._assistant = assistant
        self._files = files
        self._sessions = sessions
        self._faults = faults
        self._requests = requests
        self.credentials = Credentials(cloud.fleet, cloud.clock)
        self._throttle = Throttle(cloud.fleet.limits.calls_per_minute, cloud.clock)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one API request."""
        started = time.monotonic()
        raw = RawRequest(
            request.method,
            request.rel_url.raw_path,
            request.rel_url.raw_query_string,
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        call = parse_call(raw)
        request_id = str(uuid.uuid4()).upper()
        entry = {
            "request_id": request_id,
            "time": self._cloud.clock(),
            "action": call.action or "(none)",
            "version": call.version,
            "method": raw.method,
            "signature": call.style,
            "access_key_id": call.access_key_id,
            "user_agent": raw.headers.get("user-agent", ""),
            "status": 0,
            "code": "",
            "fault": "",
        }
        status, body = 0, {}
        try:
            body = {"RequestId": request_id, **await self._answer(request, raw, call, entry)}
            status = 200
        except ApiError as error:
            status, body = error.status, error.to_body(request_id, raw.headers.get("host", ""))
        except _ConnectionLost:
            raise
        except Exception:
            log.exception("%s failed inside the emulator", entry["action"])
            error = ApiError(500, "InternalError", "The request processing has failed due to some unknown error.")
            status, body = error.status, error.to_body(request_id, raw.headers.get("host", ""))
        finally:
            # A connection that was cut has status 0.
            entry.update(status=status, code=body.get("Code", ""))
            entry["milliseconds"] = round((time.monotonic() - started) * 1000, 2)
            self._requests.add(entry, call.arguments, body if status == 200 else None)
            log.info("%s %s %s", ascii(entry["action"])[1:-1], status or "cut", entry["code"])
        if wants_xml(call, self._cloud.behaviours):
            text, kind = render_xml(call.action + "Response" if status == 200 else "Error", body), "text/xml"
        else:
            text, kind = json.dumps(body, separators=(",", ":"), ensure_ascii=False), "application/json"
        return self._respond(text, kind, status, request_id)

    async def _answer(self, request: web.Request, raw: RawRequest, call: Call, entry: dict) -> dict:
        if self._cloud.timing.latency:
            await asyncio.sleep(self._cloud.timing.latency)
        if raw.method not in ("GET", "POST"):
            raise ApiError(405, "UnsupportedHTTPMethod", "This http method is not supported.")
        named = self._cloud.behaviours.missing_parameter == "named"
        if not call.action:
            raise missing_parameter("Action", named)
        caller = authenticate(raw, call, self.credentials, self._cloud.behaviours)
        action = ACTIONS.get(call.action)
        if not call.version:
            raise missing_parameter("Version", True)
        if action is None or action.version != call.version:
            raise ApiError(404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
        params = Parameters(call.arguments, self._cloud.behaviours)
        authorize(self._cloud, caller, SERVICES[call.version], call.action, params)
        self._throttle.count(caller.access_key_id, call.action)
        fault = self._faults.take(call.action)
        entry["fault"] = fault.fault if fault else ""
        await self._suffer(request, fault)
        context = Context(
            self._cloud, self._lifecycle, self._assistant, self._files, self.credentials, self._sessions,
            params, caller, raw.headers.get("host", ""), request.secure, fault,
        )  # fmt: skip
        result = action.handler(context)
        body = await result if inspect.isawaitable(result) else result
        if fault and fault.fault == "reset_after":
            await self._cut(request)
        return body

    async def _suffer(self, request: web.Request, fault: Fault | None) -> None:
        """The part of a fault that comes before the action."""
        if fault is None:
            return
        if fault.latency_ms:
            await asyncio.sleep(fault.latency_ms / 1000)
        if fault.fault == "error":
            raise ApiError(fault.status, fault.code, fault.message)
        if fault.fault == "reset":
            await self._cut(request)
        if fault.fault == "timeout":
            deadline = time.monotonic() + _LONGEST_SILENCE
            while time.monotonic() < deadline and request.transport is not None and not request.transport.is_closing():
                await asyncio.sleep(0.05)
            raise _ConnectionLost

    async def _cut(self, request: web.Request) -> None:
        """Reset the connection as a dying load balancer does: no answer, no orderly end."""
        transport = request.transport
        if transport is not None:
            sock = transport.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        raise _ConnectionLost

    def _respond(self, text: str, kind: str, status: int, request_id: str) -> web.Response:
        return web.Response(
            body=text.encode(),
            status=status,
            headers={"x-acs-request-id": request_id, "x-acs-trace-id": uuid.uuid4().hex},
            content_type=kind,
            charset="utf-8",
        )


@web.middleware
async def cut_connections(request: web.Request, handler) -> web.StreamResponse:
    """Let a cut connection end quietly: whatever is returned here has nowhere to go."""
    try:
        return await handler(request)
    except _ConnectionLost:
        return web.Response()
