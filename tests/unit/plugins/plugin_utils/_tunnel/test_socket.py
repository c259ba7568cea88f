# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a session's token may go: to the address that was given, encrypted or on this machine, and nowhere from there."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import re
import socket
import threading
from typing import Iterator

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._tunnel.pump import TunnelError
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._tunnel.socket import SessionSocket, check_url


@contextlib.contextmanager
def listening(answer: str, address: str = "127.0.0.1") -> Iterator[tuple[int, list[bytes]]]:
    """Its port, and what each connection asked."""
    asked: list[bytes] = []
    with socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _peer = listener.accept()
                    with connection:
                        asked.append(connection.recv(65536))
                        key = re.search(rb"(?i)sec-websocket-key: (\S+)", asked[-1])
                        accept = hashlib.sha1((key[1] if key else b"") + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
                        connection.sendall(answer.replace("ACCEPT", base64.b64encode(accept).decode()).encode())

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], asked


WELCOME = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n"


async def _connect(url: str) -> None:
    async with SessionSocket.open(url, "the-token"):
        pass


def connect(url: str) -> None:
    asyncio.run(asyncio.wait_for(_connect(url), 20))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["http://127.0.0.1:%d/", "ws://localhost:%d/", "//127.0.0.1:%d/", "https://127.0.0.1:%d/"])
def test_a_redirect_is_not_followed(status: int, target: str) -> None:
    with listening(WELCOME) as (port, elsewhere):
        answer = f"HTTP/1.1 {status} Moved\r\nLocation: {target % port}\r\nContent-Length: 0\r\n\r\n"
        with listening(answer) as (first, asked), pytest.raises(TunnelError, match="redirects to another address"):
            connect(f"ws://127.0.0.1:{first}/?sessionId=s-1")
    assert (len(asked), elsewhere) == (1, [])


@pytest.mark.parametrize(
    "host",
    [
        "localhost.evil", "127.1", "127.999.0.1", "0x7f000001", "2130706433", "[::ffff:127.0.0.1]", "localhost@evil", "127.0.0.1@evil", "evil\\@127.0.0.1",
        "127.0.0.1\\@evil", "user:word@127.0.0.1", "localhost.", "127.0.0.1.", "[::1%25lo]", "[::1%lo]", "[fe80::1%eth0]", "192.0.2.1", "0.0.0.0", "[::]", "",
        "\uff11\uff12\uff17.0.0.1", "127.0.0.1\n", " 127.0.0.1", "127.0.0.1#@evil", "100.100.100.200", "lo\u0441alhost",
    ],
)  # fmt: skip
@pytest.mark.parametrize("rest", ["", ":80/?sessionId=s"])
def test_plain_text_goes_to_this_machine_only(host: str, rest: str) -> None:
    with pytest.raises(TunnelError, match="the service gave an address"):
        check_url(f"ws://{host}{rest}")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "WS://192.0.2.1/", "file:///etc/passwd", "wss://a@b/", "wss:/x", "x", "wss://a/\n", "wss://a b/", "wss://a/\\b"]
)
def test_what_is_no_address_of_a_session(url: str) -> None:
    with pytest.raises(TunnelError, match="the service gave an address"):
        check_url(url)


def test_what_is_one() -> None:
    for url in ("wss://a.example:443/?sessionId=1&token=a%2Fb", "ws://127.0.0.1:80/x", "ws://[::1]:80", "ws://LOCALHOST/", "wss://192.0.2.1?x"):
        assert check_url(url) == url


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_localhost_is_connected_to_without_a_resolver(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **others: (asked.append(host), resolve(host, *more, **others))[1])
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "WS_PROXY"):
        monkeypatch.setenv(variable, "http://192.0.2.1:3128")
    with listening(WELCOME, address) as (port, requests):
        connect(f"ws://localhost:{port}/?sessionId=s-1")
    assert len(requests) == 1 and "localhost" not in asked
