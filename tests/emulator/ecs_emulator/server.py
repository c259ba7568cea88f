# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server: cloud, guests and HTTP put together, started and stopped as one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Collection

from aiohttp import web

from ecs_emulator.assistant import Assistant
from ecs_emulator.cloud import Clock, Cloud
from ecs_emulator.control import add_control_routes
from ecs_emulator.control_guests import add_guest_routes
from ecs_emulator.faults import Faults
from ecs_emulator.file_sender import FileSender
from ecs_emulator.guard import make_guard, own_names
from ecs_emulator.http import BODY_LIMIT, Api, cut_connections
from ecs_emulator.key_server import KeyServer
from ecs_emulator.lifecycle import Lifecycle
from ecs_emulator.request_log import RequestLog
from ecs_emulator.session_web import PATH, SessionGate
from ecs_emulator.sessions import Sessions
from ecs_emulator.specs import Fleet
from ecs_emulator.tls import make_tls


class Server:
    """One embedded cloud on one address."""

    def __init__(
        self,
        fleet: Fleet,
        state_dir: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        allowed_hosts: Collection[str] = (),
        clock: Clock = time.time,
        tls: bool = False,
    ) -> None:
        self.fleet = fleet
        self.cloud = Cloud(fleet, clock)
        self.faults = Faults()
        self.requests = RequestLog()
        self.assistant = Assistant(self.cloud)
        self.files = FileSender(self.cloud)
        self.keys = KeyServer(clock, lists_expired=fleet.behaviours.expired_keys == "listed")
        self.sessions = Sessions(self.cloud)
        self.lifecycle = Lifecycle(self.cloud, state_dir, self.keys, self.assistant.boot)
        self.api = Api(self.cloud, self.lifecycle, self.assistant, self.files, self.sessions, self.faults, self.requests)
        self.tls = make_tls(state_dir / "tls", [*allowed_hosts, *own_names(host)]) if tls else None
        self._host = host
        self._port = port
        app = web.Application(
            middlewares=[make_guard([*allowed_hosts, *own_names(host)]), cut_connections],
            client_max_size=BODY_LIMIT,
            # A query of this API may carry a whole command or key: far more than the usual line.
            handler_args={"max_line_size": 256 * 1024, "max_field_size": 64 * 1024, "access_log": None},
        )
        app.router.add_route("*", "/", self.api.handle)
        app.router.add_get(PATH, SessionGate(self.cloud, self.sessions, self.faults).handle)
        add_control_routes(app, self.faults, self.requests)
        add_guest_routes(app, self.cloud, self.keys, self.sessions)
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=1.0)

    @property
    def endpoint(self) -> str:
        """The URL at which it serves."""
        host = "[%s]" % self._host if ":" in self._host else self._host
        return "%s://%s:%d" % ("https" if self.tls else "http", host, self._port)

    async def start(self) -> None:
        """Boot the instances, then listen."""
        try:
            await self.lifecycle.create_guests()
            await self._runner.setup()
            context = self.tls.context if self.tls else None
            await web.TCPSite(self._runner, self._host, self._port, backlog=1024, ssl_context=context).start()
            self._port = self._runner.addresses[0][1]
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop listening and remove every guest."""
        self.sessions.cut_all()
        await self._runner.cleanup()
        await self.assistant.close()
        await self.files.close()
        await self.lifecycle.destroy_guests()

    def ready_facts(self) -> dict:
        """What a client needs to know: the content of the ready file."""
        return {
            "endpoint": self.endpoint,
            "ca_file": str(self.tls.ca_file) if self.tls else None,
            "access_key_id": self.fleet.access_key_id,
            "access_key_secret": self.fleet.access_key_secret,
            "region": self.fleet.region,
            "instances": [
                {
                    "instance_id": instance.instance_id,
                    "name": instance.spec.name,
                    "backend": instance.spec.backend,
                    "ssh_host": instance.guest.ssh_host if instance.guest else None,
                    "ssh_port": instance.guest.ssh_port if instance.guest else None,
                    "container": instance.guest.container if instance.guest else None,
                }
                for instance in self.cloud.instances.values()
            ],
        }
