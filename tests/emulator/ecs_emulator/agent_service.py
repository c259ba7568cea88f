# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that the agents of real instances talk to: one unix socket per instance says which instance it is.

Paths and answers of the key list are the vendor's; how a key gets from an instance to the server, and how the plugin manager
learns what to do, is not documented and our own.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from dataclasses import replace
from functools import partial
from pathlib import Path

from aiohttp import web

from ecs_emulator.backends.cloud_dir import SOCKET
from ecs_emulator.key_server import KeyServer
from ecs_emulator.models import Instance

_SLOW = 10.0


class AgentService:
    """Serves the sockets of all instances."""

    def __init__(self, keys: KeyServer) -> None:
        self._keys = keys
        self._runners: list[web.AppRunner] = []

    async def listen(self, instance: Instance, folder: Path) -> None:
        """Serve one instance's socket in its folder."""
        app = web.Application()
        app.router.add_get("/luban/api/v1/task/list_ssh_public_key", partial(self._list_keys, instance))
        app.router.add_post("/luban/api/v1/task/send_ssh_public_key", partial(self._send_key, instance))
        app.router.add_post("/luban/api/v1/plugin/list", partial(self._plan_plugin, instance))
        runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.5, access_log=None)
        self._runners.append(runner)
        await runner.setup()
        await web.SockSite(runner, _bind(folder)).start()

    async def close(self) -> None:
        """Stop serving."""
        await asyncio.gather(*(runner.cleanup() for runner in self._runners))

    async def _list_keys(self, instance: Instance, request: web.Request) -> web.StreamResponse:
        state = instance.connect.key_server
        if state == "down":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if state == "slow":
            await asyncio.sleep(_SLOW)
        if state == "error":
            return web.Response(status=500, text="internal error\n")
        if state == "garbage":
            return web.Response(text="<html>login</html>\n")
        keys = self._keys.keys(instance.instance_id, request.query.get("username", ""))
        infos = [{"userName": key.user_name, "publicKey": key.public_key, "expiredTime": int(key.expires * 1000)} for key in keys]
        return web.json_response({"instanceId": instance.instance_id, "requestId": os.urandom(8).hex(), "keyInfos": infos})

    async def _send_key(self, instance: Instance, request: web.Request) -> web.StreamResponse:
        if instance.connect.key_server in ("down", "error"):
            return web.Response(status=500, text="internal error\n")
        body = json.loads(await request.text())
        key = self._keys.register(instance.instance_id, body["userName"], body["publicKey"])
        return web.json_response({"expiredTime": int(key.expires * 1000)})

    async def _plan_plugin(self, instance: Instance, request: web.Request) -> web.StreamResponse:
        """What the plugin manager shall do: end with a code, or go on after some seconds."""
        return web.json_response(take_plugin_plan(instance))


def take_plugin_plan(instance: Instance) -> dict:
    """The next run of an instance's plugin manager; a code that was set for some runs is used up once."""
    connect = instance.connect
    if connect.plugin_exit_code and connect.plugin_exit_times:
        left = connect.plugin_exit_times - 1
        instance.connect = replace(connect, plugin_exit_times=left, plugin_exit_code=connect.plugin_exit_code if left else 0)
    return {"exitCode": connect.plugin_exit_code, "seconds": connect.plugin_seconds}


def _bind(folder: Path) -> socket.socket:
    """A listening socket in the folder, whose path may be longer than the address of a socket may be."""
    (folder / SOCKET).unlink(missing_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.bind("/proc/self/fd/%d/%s" % (handle, SOCKET))
    finally:
        os.close(handle)
    # Who may use it is decided by who sees the folder: this instance, with any of its users.
    (folder / SOCKET).chmod(0o666)
    sock.setblocking(False)
    return sock
