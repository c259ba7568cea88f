# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One websocket of a session: bytes between a client and a port of an instance, with the vendor's speed and time limits."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import time

from aiohttp import WSMsgType, web

from ecs_emulator import session_wire as wire
from ecs_emulator.behaviours import Behaviours
from ecs_emulator.connect import OUTPUT_BUFFER_VERSION, is_at_least
from ecs_emulator.faults import Fault
from ecs_emulator.models import Instance
from ecs_emulator.sessions import Connection, Session
from ecs_emulator.specs import SessionLimits

log = logging.getLogger(__name__)

_DEFAULT_RATE = 200 * 1024
_EARLY_INPUT_LIMIT = 1024 * 1024
CUT = "Cut"
CLOSED_BY_CLIENT = "ClosedByClient"
CONNECT_FAILED = "ConnectFailed"


class Allowance:
    """How many bytes may come: a bucket that fills at the session's speed."""

    def __init__(self, bits_per_second: int, burst_seconds: float, now: float) -> None:
        self._rate = bits_per_second / 8
        self._size = max(2 * wire.PAYLOAD_LIMIT, self._rate * burst_seconds)
        self._left, self._at = self._size, now

    def takes(self, size: int, now: float) -> bool:
        """Whether so many bytes are within the limit."""
        self._left = min(self._size, self._left + (now - self._at) * self._rate) - size
        self._at = now
        return self._left >= 0


class SessionSocket:
    """Lives as long as its websocket."""

    def __init__(
        self,
        session: Session,
        target: tuple[Instance, str],
        limits: SessionLimits,
        behaviours: Behaviours,
        request: web.Request,
        stream: web.WebSocketResponse,
        fault: Fault | None,
        now: float,
    ) -> None:
        self.connection = Connection(started=now)
        self._session, self._limits, self._behaviours = session, limits, behaviours
        self._instance, self._host = target
        self._request, self._stream, self._fault = request, stream, fault
        self._sequence = 0
        self._expected = 0
        self._interval = wire.send_interval(limits.rate)
        self._allowance = Allowance(limits.rate, limits.burst_seconds, time.monotonic())
        self._opened = self._heard = time.monotonic()
        self._early: list[bytes] = []
        self._writer: asyncio.StreamWriter | None = None
        self._again = asyncio.Event()
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def end(self, reason: str) -> None:
        """Say why and close; the first reason counts."""
        if not self._over.done():
            self._over.set_result(reason)

    def cut(self) -> None:
        """Break the connection without a word."""
        self.end(CUT)

    def set_speed(self, bits_per_second: int) -> None:
        """Tell the client how fast it may send, and hold it to that."""
        self._allowance = Allowance(bits_per_second, self._limits.burst_seconds, time.monotonic())
        self._interval = wire.send_interval(bits_per_second)
        self._tell = asyncio.ensure_future(self._send(wire.STATUS, wire.send_speed(bits_per_second)))

    async def run(self) -> None:
        """Serve until somebody ends it."""
        parts = (self._from_client(), self._from_instance(), self._watch_time())
        tasks = [asyncio.ensure_future(self._guarded(part)) for part in parts]
        try:
            reason = await self._over
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._writer is not None:
                self._writer.close()
        self.connection.reason = reason
        await self._say_goodbye(reason)

    async def _guarded(self, part) -> None:
        try:
            await part
        except (ConnectionError, asyncio.TimeoutError) as error:
            log.info("session %s: %s", self._session.session_id, error)
            self.end(CLOSED_BY_CLIENT)
        except Exception:
            log.exception("session %s failed inside the emulator", self._session.session_id)
            self.end("ProcessDataError")

    async def _say_goodbye(self, reason: str) -> None:
        transport = self._request.transport
        if reason == CUT:
            if transport is not None:
                sock = transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                transport.abort()
            return
        try:
            if reason == CONNECT_FAILED:
                await self._send(wire.STATUS, bytes((wire.CONNECT_FAILED,)))
            elif reason != CLOSED_BY_CLIENT:
                await self._send(wire.STATUS, bytes((wire.CLOSED,)) + reason.encode())
            await asyncio.wait_for(self._stream.close(), 5)
        except (ConnectionError, asyncio.TimeoutError):
            pass

    async def _watch_time(self) -> None:
        limits = self._limits
        while True:
            due = min(self._heard + limits.idle_seconds, self._opened + limits.longest_seconds)
            left = due - time.monotonic()
            if left <= 0:
                self.end("AgentTimeout")
                return
            await asyncio.sleep(left)

    async def _from_client(self) -> None:
        async for frame in self._stream:
            try:
                if frame.type != WSMsgType.BINARY:
                    raise ValueError("not a binary frame")
                message = wire.decode(frame.data)
            except ValueError as error:
                log.info("session %s: a frame was ignored: %s", self._session.session_id, error)
                self.connection.ignored_frames += 1
                continue
            self._heard = time.monotonic()
            self.connection.messages_in += 1
            self.connection.sequence_errors += message.sequence != self._expected
            self._expected = message.sequence + 1
            if message.kind == wire.INPUT:
                await self._take(message.payload)
            elif message.kind == wire.CLOSE:
                self.end(CLOSED_BY_CLIENT)
                return
            elif message.kind == wire.STATUS and message.payload[:1] == bytes((wire.SEND_SPEED,)):
                speed = int.from_bytes(message.payload[1:], "big")
                self._interval = wire.send_interval(speed) if speed else self._interval
        self.end(CLOSED_BY_CLIENT)

    async def _take(self, payload: bytes) -> None:
        """Input for the instance."""
        if len(payload) > wire.PAYLOAD_LIMIT:
            self.end("ProcessDataError")
        elif not self._allowance.takes(len(payload), time.monotonic()):
            self.end("FlowExceedLimit")
        elif payload:
            self.connection.bytes_in += len(payload)
            await self._check_fault()
            self._again.set()
            if self._writer is not None:
                self._writer.write(payload)
                await self._writer.drain()
            elif self._behaviours.session_early_input == "kept" and sum(map(len, self._early)) < _EARLY_INPUT_LIMIT:
                self._early.append(payload)
            else:
                self.connection.dropped_bytes += len(payload)

    async def _from_instance(self) -> None:
        if self._limits.announce_rate or self._limits.rate != _DEFAULT_RATE:
            await self._send(wire.STATUS, wire.send_speed(self._limits.rate))
        if self._instance.status != "Running" or not self._instance.agent_online or self._instance.guest is None:
            self.end(CONNECT_FAILED)
            return
        if not self._session.port:
            self.end("OpenPtyFailed")
            return
        await asyncio.sleep(self._limits.connect_delay_seconds)
        while True:
            try:
                sock = await self._instance.guest.dial(self._host, self._session.port)
            except OSError as error:
                log.info("session %s: %s", self._session.session_id, error)
                newer = is_at_least(self._instance.spec.assistant.version, OUTPUT_BUFFER_VERSION)
                self.end("OpenTargetPortFailed" if newer else "Open_port_failed")
                return
            reader, self._writer = await asyncio.open_connection(sock=sock)
            for payload in self._early:
                self._writer.write(payload)
            self._early.clear()
            await self._copy_output(reader)
            if self._behaviours.session_port_closed == "exit":
                self.end("Exit")
                return
            # The older agent says nothing; with the client's next message it connects once more.
            self._writer.close()
            self._writer = None
            self._again.clear()
            await self._again.wait()

    async def _copy_output(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                data = await reader.read(wire.PAYLOAD_LIMIT)
            except ConnectionError:
                return
            if not data:
                return
            self.connection.bytes_out += len(data)
            await self._check_fault()
            await self._send(wire.OUTPUT, data)
            await asyncio.sleep(self._interval)

    async def _check_fault(self) -> None:
        fault = self._fault
        if fault is None:
            return
        if fault.fault == "delay":
            await asyncio.sleep(fault.latency_ms / 1000)
        elif self.connection.bytes_in + self.connection.bytes_out >= fault.after_bytes:
            self.end(CUT if fault.fault == "cut" else fault.code)
            await asyncio.sleep(3600)  # until run() cancels: nothing passes any more

    async def _send(self, kind: int, payload: bytes) -> None:
        given = self._behaviours.session_ids == "given"
        message = wire.Message(
            kind,
            payload,
            self._sequence,
            int(time.time() * 1000),
            self._session.session_id if given else "",
            self._session.instance.instance_id if given else "",
        )
        self._sequence += 1
        await self._stream.send_bytes(wire.encode(message))
