# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the metadata service answers, and what is made of services that are none."""

import socket
import threading
import time

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import look_bound

K = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHmOVHLYjRb/ZCUlrdiQxHEtRp+9A5wOeWnghpH/rwYB"


@pytest.fixture
def serve(monkeypatch):
    """serve(answer): a service that sends what answer(request) returns, in one piece or in several."""
    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(look_bound, "SERVICE", listener.getsockname())

    def listen(answer):
        def work():
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                for part in answer(connection.recv(4096).decode()):
                    try:
                        connection.sendall(part.encode())
                    except OSError:
                        break
                connection.close()

        threading.Thread(target=work, daemon=True).start()

    yield listen
    listener.close()


def dribble(_request):
    while True:
        time.sleep(0.05)
        yield "x"


def test_the_key_is_read_with_a_token(serve):
    def answer(request):
        if request.startswith("PUT /latest/api/token HTTP/1.0\r\n"):
            yield "HTTP/1.1 200 OK\r\n\r\na-token\n"
        elif "X-aliyun-ecs-metadata-token: a-token\r\n" in request:
            yield "HTTP/1.1 200 OK\r\nX: y\r\n\r\n"
            yield K + " pair\n"

    serve(answer)
    assert [key.line for key in look_bound.read_bound_keys()] == [K + " pair"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda _request: ["HTTP/1.1 404 Not Found\r\n\r\n" + K], id="no pair"),
        pytest.param(lambda _request: ["HTTP/1.1 200 OK\r\n\r\n<html>"], id="another service"),
        pytest.param(lambda _request: [], id="hangs up"),
        pytest.param(lambda _request: ["\0" * 100], id="rubbish"),
        pytest.param(dribble, id="dribbles"),
    ],
)
def test_no_key(serve, answer):
    serve(answer)
    start = time.monotonic()
    assert look_bound.read_bound_keys() == []
    assert time.monotonic() - start < 10


def test_nobody_there(monkeypatch):
    monkeypatch.setattr(look_bound, "SERVICE", ("127.0.0.1", 1))
    assert look_bound.read_bound_keys() == []
