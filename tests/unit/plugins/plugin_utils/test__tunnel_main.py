# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnel as ssh runs it: a process with pipes, against the embedded cloud's websocket and a server of the test's own."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from ecs_emulator.testing import running

PROGRAM = Path(__file__).resolve().parents[4] / "plugins" / "plugin_utils" / "_tunnel_main.py"
BANNER = b"SSH-2.0-test\r\n"


class Server:
    """A port that greets, then does as the test says."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()[:2]
        self.connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _peer = self._listener.accept()
                connection.settimeout(20)
                connection.sendall(BANNER)
                self.connections.append(connection)

    def connection(self) -> socket.socket:
        deadline = time.monotonic() + 10
        while not self.connections:
            assert time.monotonic() < deadline, "nobody came"
            time.sleep(0.01)
        return self.connections[-1]

    def close(self) -> None:
        for each in (self._listener, *self.connections):
            each.close()


class Tunnel:
    """One process of the tunnel."""

    def __init__(self, folder: Path, ticket: dict | None) -> None:
        self.ticket, self.report = folder / "ticket", folder / "report"
        if ticket is not None:
            self.ticket.write_text(json.dumps(ticket))
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(self.ticket), str(self.report)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, bufsize=0, cwd=folder,
        )  # fmt: skip

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.process.stdout.read(size - len(data))
            assert piece, (data, self.process.stderr.read())
            data += piece
        return data

    def write(self, data: bytes) -> None:
        self.process.stdin.write(data)

    def end(self) -> tuple[int, str]:
        """Status and last words."""
        status = self.process.wait(20)
        return status, self.process.stderr.read().decode()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


def start(emulator, folder: Path, server: Server, name: str = "web") -> Tunnel:
    emulator.lead_sessions(server.address, name)
    answer = emulator.call("StartTerminalSession", **{"InstanceId.1": emulator.instance(name).instance_id, "PortNumber": "22"})
    return Tunnel(folder, {"url": answer["WebSocketUrl"], "token": answer["SecurityToken"]})


FLEET = {"instances": [{"name": "web"}], "sessions": {"connect_delay_seconds": 0.05}}


@pytest.fixture(scope="module")
def emulator():
    with running(FLEET) as started:
        yield started


def connection_of(emulator):
    return list(emulator.sessions)[-1].connections[-1]


def test_bytes_pass_both_ways_and_the_end_of_ssh_ends_the_session(emulator, server, tmp_path):
    tunnel = start(emulator, tmp_path, server)
    assert tunnel.read(len(BANNER)) == BANNER
    tunnel.write(b"hello")
    assert server.connection().recv(100) == b"hello"
    server.connection().sendall(bytes(range(256)) * 40)
    assert tunnel.read(10240) == bytes(range(256)) * 40
    tunnel.process.stdin.close()
    assert tunnel.end() == (0, "")
    emulator.wait_until(lambda: connection_of(emulator).reason == "ClosedByClient")
    assert connection_of(emulator).sequence_errors == 0
    assert not tunnel.ticket.exists()
    assert not tunnel.report.exists()
