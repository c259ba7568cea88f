# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control paths under /_emulator/: faults and the request log."""

from __future__ import annotations

import json

from aiohttp import web

from ecs_emulator.faults import Faults, parse_fault
from ecs_emulator.request_log import RequestLog


def add_control_routes(app: web.Application, faults: Faults, requests: RequestLog) -> None:
    """Serve /_emulator/faults and /_emulator/requests."""

    async def get_faults(request: web.Request) -> web.Response:
        return web.json_response({"faults": faults.to_list()})

    async def post_fault(request: web.Request) -> web.Response:
        try:
            fault = parse_fault(json.loads(await request.text()))
        except ValueError as error:
            text = "the body is not JSON" if isinstance(error, json.JSONDecodeError) else str(error)
            return web.json_response({"error": text}, status=400)
        faults.add(fault)
        return web.json_response({"faults": faults.to_list()}, status=201)

    async def delete_faults(request: web.Request) -> web.Response:
        faults.clear()
        return web.Response(status=204)

    async def get_requests(request: web.Request) -> web.Response:
        return web.json_response(requests.to_dict())

    async def delete_requests(request: web.Request) -> web.Response:
        requests.clear()
        return web.Response(status=204)

    app.router.add_get("/_emulator/faults", get_faults)
    app.router.add_post("/_emulator/faults", post_fault)
    app.router.add_delete("/_emulator/faults", delete_faults)
    app.router.add_get("/_emulator/requests", get_requests)
    app.router.add_delete("/_emulator/requests", delete_requests)
