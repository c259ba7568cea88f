# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simplest possible client of a session, for ssh's ProxyCommand: standard input and output against a websocket.

Arguments: URL. It is a test's own: what the collection brings along is not involved.
"""

from __future__ import annotations

import asyncio
import os
import struct
import sys
import time

import aiohttp

INTERVAL = 0.083


def frame(kind: int, sequence: int, payload: bytes) -> bytes:
    """The client's form of a message."""
    return struct.pack("<I4sBBQqI", kind, b"1.01", 0, 0, int(time.time() * 1000), sequence, len(payload)) + payload


async def main(url: str) -> None:
    """Copy until either side ends."""
    async with aiohttp.ClientSession() as client, client.ws_connect(url) as stream:
        interval, greeted = INTERVAL, asyncio.Event()

        async def send_input() -> None:
            await greeted.wait()
            reader = asyncio.StreamReader()
            await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
            sequence = 0
            while data := await reader.read(2048):
                await stream.send_bytes(frame(0, sequence, data))
                sequence += 1
                await asyncio.sleep(interval)
            await stream.send_bytes(frame(3, sequence, b"1"))
            await stream.close()

        sending = asyncio.ensure_future(send_input())
        async for message in stream:
            data = message.data
            n = data[8]
            payload = data[30 + n + data[9 + n] :]
            if data[0] == 1:
                greeted.set()
                os.write(1, payload)
            elif payload[0] == 7:
                interval = 1000 // (int.from_bytes(payload[1:], "big") // 8 // 2048) / 1000
            else:
                print("status", payload, file=sys.stderr)
                break
        sending.cancel()


asyncio.run(main(sys.argv[1]))
