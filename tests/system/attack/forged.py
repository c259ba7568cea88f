# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API that lies: a proxy between the collection and the embedded cloud that changes answers on their way back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import threading
from typing import Any, Callable, Iterator, Mapping

from aiohttp import ClientSession, web
from lab.fleet import Fleet
from yarl import URL

# What belongs to one connection, not to the request.
DROPPED = ("content-length", "accept-encoding", "connection", "transfer-encoding")


@contextlib.contextmanager
def forged(cloud: Fleet, changes: Mapping[str, Callable[[dict[str, Any]], None]]) -> Iterator[dict[str, str]]:
    """What a user would export to work on a cloud that shows the instances of these names as their changes make them."""

    def change(answer: Any) -> None:
        found = answer.get("Instances")
        for instance in found["Instance"] if isinstance(found, dict) else ():
            changes.get(instance["InstanceName"], lambda _instance: None)(instance)

    with rewriting(cloud, change) as environment:
        yield environment


@contextlib.contextmanager
def rewriting(cloud: Fleet, change: Callable[[dict[str, Any]], None]) -> Iterator[dict[str, str]]:
    """The same for whole answers of any action, errors too: change() may alter each of them."""
    loop, runners = asyncio.new_event_loop(), []
    context = ssl.create_default_context(cafile=cloud.ca_file)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def pass_on(request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in DROPPED}
        address = URL(cloud.endpoint + request.raw_path, encoded=True)
        passed = {"headers": headers, "data": await request.read(), "ssl": context}
        async with ClientSession() as client, client.request(request.method, address, **passed) as answer:
            body = await answer.json(content_type=None)
            change(body)
            return web.Response(status=answer.status, body=json.dumps(body).encode(), content_type="application/json")

    async def start() -> int:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", pass_on)
        # A script in the query makes a long line.
        runners.append(web.AppRunner(app, max_line_size=1 << 20))
        await runners[0].setup()
        await web.TCPSite(runners[0], "127.0.0.1", 0).start()
        return runners[0].addresses[0][1]

    try:
        port = asyncio.run_coroutine_threadsafe(start(), loop).result(timeout=30)
        yield {**cloud.environment(), "ALIBABA_CLOUD_ECS_ENDPOINT": f"http://127.0.0.1:{port}"}
    finally:
        for runner in runners:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(timeout=30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
