# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that hand out credentials: an address of the user's own, and the metadata service of an ECS instance.

The metadata service has an address that the SDK does not let anybody choose. So it is given to a network of its own, in which the
test's children then run, and from which whatever else they need is passed on to this machine's.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Iterable, Iterator, Mapping

METADATA = ("100.100.100.200", 80)
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class _Service(BaseHTTPRequestHandler):
    """GET /credentials for anybody; the metadata service's paths with its token."""

    credentials: Callable[[], Mapping[str, Any]]
    role = ""

    def do_PUT(self) -> None:
        self._answer(200 if self.path == "/latest/api/token" else 404, "a-token")

    def do_GET(self) -> None:
        folder, _slash, name = self.path.rpartition("/")
        trusted = self.headers.get("X-aliyun-ecs-metadata-token") == "a-token"
        of_role = folder == "/latest/meta-data/ram/security-credentials" and trusted
        if of_role and not name:
            self._answer(200, self.role)
        elif self.path == "/credentials" or (of_role and name == self.role):
            self._answer(200, json.dumps({**type(self).credentials(), "Code": "Success"}))
        else:
            self._answer(404, "")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_args: Any) -> None:
        """Nothing."""


@contextlib.contextmanager
def credentials_service(credentials: Callable[[], Mapping[str, Any]], listener: socket.socket | None = None, role: str = "") -> Iterator[str]:
    """Serve what I(credentials) answers on each call, on loopback or on a socket of the caller's; its address."""
    handler = type("Service", (_Service,), {"credentials": staticmethod(credentials), "role": role})
    service = ThreadingHTTPServer(("127.0.0.1", 0), handler, bind_and_activate=listener is None)
    if listener is not None:
        service.socket.close()
        service.socket = listener
    threading.Thread(target=service.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{service.server_port if listener is None else 0}/credentials"
    finally:
        service.shutdown()
        service.server_close()


@contextlib.contextmanager
def on_an_instance(role: str, credentials: Callable[[], Mapping[str, Any]], reachable: Iterable[tuple[str, int]]) -> Iterator[None]:
    """Children that are started within this run where the metadata service knows the role; only I(reachable) is there besides."""
    addresses = list(reachable)

    def build() -> tuple[int, list[socket.socket]]:
        # In a thread of its own, since it is the thread that moves.
        if _libc.unshare(_CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        for command in ("ip link set lo up", f"ip address add {METADATA[0]}/32 dev lo"):
            subprocess.run(command.split(), check=True)
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY), [socket.create_server(address) for address in (METADATA, *addresses)]

    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    with ThreadPoolExecutor(1) as builder:
        inside, listeners = builder.submit(build).result()
    for listener, address in zip(listeners[1:], addresses):
        threading.Thread(target=_pass_on, args=(listener, address), daemon=True).start()
    with credentials_service(credentials, listeners[0], role):
        _libc.setns(inside, _CLONE_NEWNET)
        try:
            yield
        finally:
            _libc.setns(home, _CLONE_NEWNET)
            for handle in (inside, home):
                os.close(handle)
            for listener in listeners[1:]:
                listener.shutdown(socket.SHUT_RDWR)
                listener.close()


def _pass_on(listener: socket.socket, address: tuple[str, int]) -> None:
    with contextlib.suppress(OSError):
        while True:
            near, _peer = listener.accept()
            far = socket.create_connection(address)
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=_copy, args=(source, target), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
