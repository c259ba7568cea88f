# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ProxyCommand of ssh. Run by C(_program.py): TICKET REPORT, two paths.

The ticket, a file of mode 0600, holds the session's URL and token, and is removed as soon as it is read. Nothing secret is in
arguments, environment or messages. With ControlPersist, ssh lets nobody see what its ProxyCommand writes to stderr, so the
last words also go into the report, for the connection plugin to read.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import typing as t

from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.login import NO_TICKET
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._tunnel.pump import Pump, TunnelError
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._tunnel.socket import SessionSocket

_CHUNK = 16 * 1024


class Ticket(t.NamedTuple):
    """What to connect to. The representation must not get into a log."""

    url: str
    token: str

    def __repr__(self) -> str:
        return "Ticket()"


def take_ticket(path: str) -> Ticket:
    """Read the ticket and remove it; raises TunnelError."""
    try:
        with open(path, encoding="utf-8") as stream:
            ticket = Ticket(**json.load(stream))
        os.unlink(path)
    except (OSError, ValueError, TypeError):
        raise TunnelError(NO_TICKET) from None
    return ticket


class Pipes:
    """Standard input and output."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls) -> Pipes:
        """Take over this process's own."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_CHUNK)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
        transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout.buffer)
        transport.set_write_buffer_limits(_CHUNK)
        return cls(reader, asyncio.StreamWriter(transport, protocol, None, loop))

    async def read(self, size: int) -> bytes:
        return await self._reader.read(size)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def flush(self) -> None:
        """Return when ssh has taken everything, or is gone."""
        self._writer.transport.set_write_buffer_limits(0)
        with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
            await asyncio.wait_for(self._writer.drain(), 10)


async def run(ticket: Ticket) -> None:
    """Serve ssh until the session ends; raises TunnelError."""
    pipes = await Pipes.open()
    async with SessionSocket.open(ticket.url, ticket.token) as frames:
        pump = Pump(frames, pipes)
        for number in (signal.SIGHUP, signal.SIGTERM):  # the first is how ssh ends its ProxyCommand
            asyncio.get_running_loop().add_signal_handler(number, pump.hang_up)
        try:
            await pump.run()
        finally:
            await pipes.flush()


def main(words: t.Sequence[str]) -> int:
    """The exit status; ssh makes nothing of it but that the connection is over."""
    ticket, report = words
    try:
        asyncio.run(run(take_ticket(ticket)))
    except TunnelError as problem:
        leave_word(f"Session Manager tunnel: {problem}.", report)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def leave_word(sentence: str, report: str) -> None:
    """Write the sentence to stderr, and to the report for those who cannot see stderr."""
    with contextlib.suppress(OSError):
        os.write(2, f"{sentence}\n".encode())
    with contextlib.suppress(OSError):
        handle = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        os.write(handle, sentence.encode())
        os.close(handle)
