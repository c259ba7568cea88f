# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes from ssh to a session and back, until either side ends it.

Note that this plugin util is **PRIVATE** to the collection. It knows neither aiohttp nor files: both ends are passed in.
"""

from __future__ import annotations

import asyncio
import time
import typing as t

from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError

from . import wire
from .pace import Pace

KEEPALIVE = 60.0
"""The agent hangs up after three minutes without a message; websocket pings don't count."""
BANNER_TIMEOUT = 30.0


class TunnelError(AccessError):
    """The tunnel cannot go on. The text is one clause."""

    code = "tunnel"


class Frames(t.Protocol):
    """A websocket."""

    async def send(self, frame: bytes) -> None:
        """Send a binary frame; waits while the network is slower than we are. Raises ConnectionError."""

    async def receive(self) -> bytes:
        """The next binary frame; raises ConnectionError with a clause when there is none any more."""


class Local(t.Protocol):
    """The side of ssh."""

    async def read(self, size: int) -> bytes:
        """At most so many bytes, or none at the end."""

    async def write(self, data: bytes) -> None:
        """Write all; waits while ssh is slower than the network. Raises ConnectionError."""


class Pump:
    """One session. What waits, waits in the pipes of the operating system: nothing piles up in here."""

    def __init__(
        self, frames: Frames, local: Local, clock: t.Callable[[], float] = time.monotonic, keepalive: float = KEEPALIVE,
        banner_timeout: float = BANNER_TIMEOUT,
    ) -> None:  # fmt: skip
        self._frames, self._local, self._clock = frames, local, clock
        self._keepalive, self._banner_timeout = keepalive, banner_timeout
        self._pace = Pace()
        self._sequence = 0
        self._last_sent = clock()
        self._speaks = asyncio.Event()
        self._hung_up = asyncio.Event()
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Return when it has ended as it should; raises TunnelError."""
        work = (self._upward(), self._downward(), self._keep_alive(), self._watch_banner(), self._wait_for_hang_up())
        parts = [asyncio.ensure_future(part) for part in work]
        try:
            done, _others = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
        problems = [part.exception() for part in parts if part in done and part.exception()]
        # What the service said explains why sending failed, so it goes first.
        for problem in sorted(problems, key=lambda each: not isinstance(each, TunnelError)):
            raise problem if isinstance(problem, TunnelError) else TunnelError(f"the connection broke ({problem})") from None

    def hang_up(self) -> None:
        """End the session as ssh's end of file would; what waits to be sent is not."""
        self._hung_up.set()

    async def _wait_for_hang_up(self) -> None:
        await self._hung_up.wait()
        await self._send(wire.CLOSE, b"1")

    async def _upward(self) -> None:
        # The agent may drop what comes before it has connected, and connected it has once the server's banner is here.
        await self._speaks.wait()
        while True:
            await asyncio.sleep(self._pace.wait(self._clock()))
            data = await self._local.read(wire.PAYLOAD_LIMIT)
            if not data:
                await self._send(wire.CLOSE, b"1")
                return
            await self._send(wire.INPUT, data)
            self._pace.sent(len(data), self._clock())

    async def _downward(self) -> None:
        while True:
            frame = await self._frames.receive()
            try:
                message = wire.decode(frame)
            except wire.WireError:
                continue
            if message.kind == wire.OUTPUT and message.payload:
                self._speaks.set()
                try:
                    await self._local.write(message.payload)
                except ConnectionError:
                    await self._send(wire.CLOSE, b"1")  # ssh is gone
                    return
            elif message.kind == wire.CLOSE:
                return
            elif message.kind == wire.STATUS and self._obeys_end(message.payload):
                return

    def _obeys_end(self, payload: bytes) -> bool:
        status = wire.read_status(payload)
        if isinstance(status, wire.Speed):
            self._pace.set_speed(status.bits_per_second)
        if isinstance(status, wire.End):
            if status.problem:
                raise TunnelError(status.problem)
            return True
        return False

    async def _keep_alive(self) -> None:
        while True:
            due = self._last_sent + self._keepalive - self._clock()
            if due > 0:
                await asyncio.sleep(due)
            else:
                await self._send(wire.INPUT, b"")

    async def _watch_banner(self) -> None:
        await asyncio.sleep(self._banner_timeout)
        if not self._speaks.is_set():
            raise TunnelError(f"no SSH server answered within {self._banner_timeout:.0f} seconds")
        await asyncio.Event().wait()

    async def _send(self, kind: int, payload: bytes) -> None:
        async with self._lock:
            frame = wire.encode(kind, payload, self._sequence, time.time())
            self._sequence += 1
            self._last_sent = self._clock()
            await self._frames.send(frame)
