# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnel as ssh runs it: a process with pipes, against the embedded cloud's websocket and a server of the test's own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from ecs_emulator.testing import running

PROGRAM = Path(__file__).resolve().parents[5] / "plugins" / "plugin_utils" / "_program.py"
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
            [sys.executable, str(PROGRAM), "_tunnel.main", str(self.ticket), str(self.report)],
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


def test_the_server_s_close_ends_it_after_everything_was_handed_on(emulator, server, tmp_path):
    tunnel = start(emulator, tmp_path, server)
    tunnel.read(len(BANNER))
    server.connection().sendall(b"x" * 30000)
    server.connection().close()
    assert tunnel.read(30000) == b"x" * 30000
    assert tunnel.end() == (0, "")


def test_input_waits_for_the_banner(emulator, tmp_path):
    """The emulator drops what comes before the agent has connected, as the vendor's agent does."""
    late = socket.create_server(("127.0.0.1", 0))

    class Late:
        address = late.getsockname()[:2]

    tunnel = start(emulator, tmp_path, Late)
    tunnel.write(b"early")
    connection, _peer = late.accept()
    connection.settimeout(0.5)
    with pytest.raises(TimeoutError):
        connection.recv(100)
    connection.sendall(BANNER)
    connection.settimeout(10)
    assert connection.recv(100) == b"early"
    tunnel.process.stdin.close()
    tunnel.end()
    connection.close()
    late.close()
    assert connection_of(emulator).dropped_bytes == 0


def test_a_killed_ssh_leaves_no_session(emulator, server, tmp_path):
    tunnel = start(emulator, tmp_path, server)
    tunnel.read(len(BANNER))
    tunnel.process.stdin.close()
    tunnel.process.stdout.close()
    assert tunnel.process.wait(20) == 0
    emulator.wait_until(lambda: connection_of(emulator).reason == "ClosedByClient")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_ends_the_session_as_it_should(emulator, server, tmp_path, number):
    """ssh hangs up on its ProxyCommand; the agent shall not wait for minutes for somebody who is gone."""
    tunnel = start(emulator, tmp_path, server)
    tunnel.read(len(BANNER))
    tunnel.process.send_signal(number)
    assert tunnel.end() == (0, "")
    emulator.wait_until(lambda: connection_of(emulator).reason == "ClosedByClient")


def test_a_killed_tunnel_ends_the_session(emulator, server, tmp_path):
    tunnel = start(emulator, tmp_path, server)
    tunnel.read(len(BANNER))
    tunnel.process.kill()
    emulator.wait_until(lambda: connection_of(emulator).ended is not None)


def set_speed(emulator, bits_per_second: int) -> None:
    """What the service may do to open sessions at any time."""
    body = json.dumps({"speed": bits_per_second}).encode()
    request = urllib.request.Request(f"{emulator.endpoint}/_emulator/sessions", data=body, headers={"Content-Type": "application/json"})
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()


def test_a_slow_reader_holds_the_sender_back(emulator, server, tmp_path):
    tunnel = start(emulator, tmp_path, server)
    tunnel.read(len(BANNER))
    set_speed(emulator, 2**31)
    connection = server.connection()
    connection.settimeout(2)
    with pytest.raises(TimeoutError):
        connection.sendall(b"y" * 50_000_000)
    resident = int(Path(f"/proc/{tunnel.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert connection_of(emulator).bytes_out < 10_000_000
    assert resident < 80_000_000
    tunnel.process.kill()
    tunnel.process.wait()


@pytest.mark.parametrize(
    ("speed", "size", "fastest", "slowest"),
    [
        pytest.param(None, 60_000, 1.5, 8.0, id="default: about 24 KB/s"),
        pytest.param(2_000_000, 500_000, 1.2, 8.0, id="ten times as fast"),
        pytest.param(100_000, 25_000, 1.2, 8.0, id="half as fast"),
    ],
)
def test_it_sends_as_fast_as_the_service_allows_and_no_faster(emulator, server, tmp_path, speed, size, fastest, slowest):
    tunnel = start(emulator, tmp_path, server)
    tunnel.read(len(BANNER))
    if speed:
        set_speed(emulator, speed)
        time.sleep(0.2)
    connection = server.connection()
    began = time.monotonic()
    threading.Thread(target=tunnel.write, args=(b"z" * size,), daemon=True).start()
    received = 0
    while received < size:
        received += len(connection.recv(65536))
    assert fastest < time.monotonic() - began < slowest
    tunnel.process.stdin.close()
    assert tunnel.end() == (0, "")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"fault": "error", "code": "x", "status": 401}, "127.0.0.1 refused the connection: the session's token is not valid or has expired [401]"),
        ({"fault": "error", "code": "x", "status": 429}, "the service has too many sessions [429]"),
        ({"fault": "error", "code": "x", "status": 503}, "HTTP status 503 [503]"),
        ({"fault": "cut"}, "the connection broke (cut off, code 1006)"),
        ({"fault": "close", "code": "FlowExceedLimit"}, "more was sent than its speed limit allows"),
        ({"fault": "close", "code": "AgentTimeout"}, "the agent ended the session"),
    ],
)
def test_faults_of_the_service_are_one_line(emulator, server, tmp_path, fault, words):
    emulator.faults("Session", **fault)
    tunnel = start(emulator, tmp_path, server)
    status, said = tunnel.end()
    assert status == 1
    assert said.startswith("Session Manager tunnel: ")
    assert said.count("\n") == 1
    assert words in said
    assert "token=" not in said
    assert tunnel.report.read_text() == said.strip()
    assert tunnel.report.stat().st_mode & 0o777 == 0o600


def test_an_ended_session_is_refused(emulator, server, tmp_path):
    emulator.lead_sessions(server.address, "web")
    answer = emulator.call("StartTerminalSession", **{"InstanceId.1": emulator.instance("web").instance_id, "PortNumber": "22"})
    emulator.call("EndTerminalSession", SessionId=answer["SessionId"])
    tunnel = Tunnel(tmp_path, {"url": answer["WebSocketUrl"], "token": answer["SecurityToken"]})
    assert "the session does not exist, has ended, or its URL has expired" in tunnel.end()[1]


def test_no_sshd_is_named(emulator, tmp_path):
    class Nobody:
        address = ("127.0.0.1", 1)

    assert "does sshd listen there?" in start(emulator, tmp_path, Nobody).end()[1]


@pytest.mark.parametrize(
    ("ticket", "words"),
    [
        pytest.param(None, "no session was opened for it", id="no ticket"),
        pytest.param({"nonsense": 1}, "no session was opened for it", id="not a ticket"),
        pytest.param({"url": "ws://198.51.100.7/session?token=secret", "token": "secret"}, "not encrypted (wss)", id="a token in clear"),
        pytest.param({"url": "http://127.0.0.1/x?token=secret", "token": "secret"}, "not one of a session (wss)", id="no websocket"),
        pytest.param({"url": "ws://127.0.0.1:1/x?token=secret", "token": "secret"}, "cannot connect to 127.0.0.1", id="nobody there"),
        pytest.param({"url": "wss://127.0.0.1:1/x?token=secret", "token": "secret"}, "cannot connect to 127.0.0.1", id="nobody there, TLS"),
    ],
)
def test_what_can_t_be_connected_to_is_said_without_the_token(tmp_path, ticket, words):
    tunnel = Tunnel(tmp_path, ticket)
    status, said = tunnel.end()
    assert status == 1
    assert words in said
    assert "secret" not in said
    assert said.count("\n") == 1


def test_older_servers_spelling_and_ids_in_frames(server, tmp_path):
    behaviours = {"session_url": "sessionid", "session_ids": "given", "session_port_closed": "exit"}
    with running({**FLEET, "behaviours": behaviours}) as other:
        tunnel = start(other, tmp_path, server)
        assert tunnel.read(len(BANNER)) == BANNER
        tunnel.write(b"hello")
        assert server.connection().recv(10) == b"hello"
        tunnel.process.stdin.close()
        assert tunnel.end() == (0, "")


def test_refusal_within_the_websocket_is_understood(server, tmp_path):
    with running({**FLEET, "behaviours": {"session_refusal": "status"}}) as other:
        other.lead_sessions(server.address, "web")
        answer = other.call("StartTerminalSession", **{"InstanceId.1": other.instance("web").instance_id, "PortNumber": "22"})
        other.call("EndTerminalSession", SessionId=answer["SessionId"])
        tunnel = Tunnel(tmp_path, {"url": answer["WebSocketUrl"], "token": answer["SecurityToken"]})
        assert "could not connect to the instance" in tunnel.end()[1]
