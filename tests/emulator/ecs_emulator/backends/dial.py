# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connecting from inside the network namespace of a container, whose ports need not be published."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Sequence

from ecs_emulator.backends.podman import podman_environment

# Runs in the namespace: connects and hands the connected socket back over its standard output, which is a socket too.
_CONNECT = """
import socket, sys
try:
    connected = socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3]))
except OSError as error:
    sys.exit(str(error))
socket.send_fds(socket.socket(fileno=1), [b"+"], [connected.fileno()])
"""


async def dial(enter: Sequence[str], host: str, port: int, timeout: float = 10.0) -> socket.socket:
    """A connected, non-blocking socket; ``enter`` is the command that enters the namespace. OSError says why not."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *enter, sys.executable, "-I", "-S", "-c", _CONNECT, host, str(port), str(timeout),
                stdin=asyncio.subprocess.DEVNULL, stdout=theirs.fileno(), stderr=asyncio.subprocess.PIPE, env=podman_environment(),
            )  # fmt: skip
        try:
            _nothing, reason = await asyncio.wait_for(process.communicate(), timeout + 10)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise OSError("cannot connect to %s:%d: %s" % (host, port, reason.decode("utf-8", "replace").strip() or "no reason given"))
        ours.setblocking(False)
        _data, handles, _flags, _address = socket.recv_fds(ours, 1, 1)
    connected = socket.socket(fileno=handles[0])
    connected.setblocking(False)
    return connected
