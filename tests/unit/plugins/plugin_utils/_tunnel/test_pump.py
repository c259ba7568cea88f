# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pump alone, between two ends of the test's own: what would take minutes against a real clock."""

from __future__ import annotations

import asyncio

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._tunnel import wire
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._tunnel.pump import Pump, TunnelError


class Frames:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.coming: asyncio.Queue = asyncio.Queue()
        self.broken = False

    async def send(self, frame: bytes) -> None:
        if self.broken:
            raise ConnectionResetError("cut off")
        self.sent.append(frame)

    async def receive(self) -> bytes:
        frame = await self.coming.get()
        if isinstance(frame, Exception):
            raise frame
        return frame

    def say(self, kind: int, payload: bytes) -> None:
        self.coming.put_nowait(wire.encode(kind, payload, 0, 1.0))

    def messages(self) -> list[wire.Message]:
        return [wire.decode(frame) for frame in self.sent]


class Local:
    def __init__(self) -> None:
        self.input: asyncio.Queue = asyncio.Queue()
        self.output = b""

    async def read(self, size: int) -> bytes:
        data = await self.input.get()
        assert len(data) <= size
        return data

    async def write(self, data: bytes) -> None:
        self.output += data


def run(script, **options):
    """Run the pump while the script plays both ends; what the pump raises is raised."""

    async def both():
        frames, local = Frames(), Local()
        pump = asyncio.ensure_future(Pump(frames, local, **options).run())
        script_task = asyncio.ensure_future(script(frames, local))
        try:
            await asyncio.wait_for(pump, 10)
        finally:
            await asyncio.wait_for(script_task, 10)
        return frames, local

    return asyncio.run(both())


def test_silence_is_kept_alive_by_empty_messages_which_count_in_the_sequence():
    async def script(frames, local):
        frames.say(wire.OUTPUT, b"banner")
        await asyncio.sleep(0.35)
        local.input.put_nowait(b"")

    frames, _local = run(script, keepalive=0.1)
    kinds = frames.messages()
    assert kinds[:-1] == [wire.Message(wire.INPUT, b"")] * 3
    assert kinds[-1] == wire.Message(wire.CLOSE, b"1")
    assert [int.from_bytes(frame[18:26], "little") for frame in frames.sent] == [0, 1, 2, 3]


def test_no_keepalive_while_there_is_traffic():
    async def script(frames, local):
        frames.say(wire.OUTPUT, b"banner")
        for _number in range(5):
            local.input.put_nowait(b"x")
            await asyncio.sleep(0.05)
        local.input.put_nowait(b"")

    frames, _local = run(script, keepalive=0.2)
    assert wire.Message(wire.INPUT, b"") not in frames.messages()


def test_silence_instead_of_a_banner_is_an_error():
    async def script(frames, local):
        pass

    with pytest.raises(TunnelError, match="no SSH server answered within 0 seconds"):
        run(script, banner_timeout=0.1)


def test_the_reason_that_the_service_gave_is_told_even_if_sending_failed():
    async def script(frames, local):
        frames.say(wire.OUTPUT, b"banner")
        await asyncio.sleep(0.05)
        frames.broken = True
        frames.say(wire.STATUS, b"\x05FlowExceedLimit")
        local.input.put_nowait(b"x")

    with pytest.raises(TunnelError, match="speed limit"):
        run(script)


def test_a_broken_connection_is_an_error():
    async def script(frames, local):
        frames.coming.put_nowait(ConnectionResetError("cut off, code 1006"))

    with pytest.raises(TunnelError, match=r"the connection broke \(cut off, code 1006\)"):
        run(script)


def test_frames_that_are_no_message_and_unknown_types_are_passed_over():
    async def script(frames, local):
        frames.coming.put_nowait(b"garbage")
        frames.say(99, b"?")
        frames.say(wire.STATUS, b"\x03")
        frames.say(wire.OUTPUT, b"banner")
        await asyncio.sleep(0.05)
        local.input.put_nowait(b"")

    assert run(script)[1].output == b"banner"


def test_the_service_s_close_message_ends_it():
    async def script(frames, local):
        frames.say(wire.OUTPUT, b"last")
        frames.say(wire.CLOSE, b"1")

    assert run(script)[1].output == b"last"
