# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A company's proxy: it looks into TLS with an authority of its own, and refuses long request lines as many proxies do."""

import http.client
import socket
import socketserver
import ssl
import threading
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

LIMIT = 8192


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        head = self._read_head()
        if head and head[0].startswith(b"CONNECT "):
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self.server.connects.append(head[0].split()[1].decode())
            self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
            head = self._read_head()
        while head:
            self._serve(head)
            head = self._read_head()

    def _read_head(self):
        lines = []
        while True:
            line = self.rfile.readline(1024 * 1024)
            if line in (b"\r\n", b""):
                return lines
            lines.append(line.rstrip(b"\r\n"))

    def _serve(self, head):
        headers = {name.strip().lower(): value.strip() for name, _colon, value in (line.decode().partition(":") for line in head[1:])}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.server.lines.append(head[0])
        if len(head[0]) > LIMIT:
            return self._answer(414, b"<html>414 Request-URI Too Large</html>", "text/html")
        if headers.get("upgrade", "").lower() == "websocket":
            return self._pass_on(head)
        upstream = self._connect()
        upstream.putrequest("POST", head[0].split()[1].decode(), skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(body)
        answer = upstream.getresponse()
        self._answer(answer.status, answer.read(), answer.headers["Content-Type"])
        upstream.close()

    def _connect(self):
        address, port = self.server.upstream.hostname, self.server.upstream.port
        if self.server.upstream.scheme == "http":
            return http.client.HTTPConnection(address, port, timeout=10)
        return http.client.HTTPSConnection(address, port, timeout=10, context=ssl.create_default_context(cafile=self.server.ca_file))

    def _pass_on(self, head):
        """Bytes either way, until one side ends."""
        upstream = self._connect()
        upstream.connect()
        upstream.sock.sendall(b"\r\n".join([*head, b"", b""]))
        threading.Thread(target=_copy, args=(upstream.sock, self.connection), daemon=True).start()
        _copy(self.connection, upstream.sock)
        upstream.close()

    def _answer(self, status, body, content_type):
        head = "HTTP/1.1 %d Answer\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (status, content_type, len(body))
        self.wfile.write(head.encode() + body)


def _copy(source, target):
    with suppress(OSError):
        while True:
            data = source.recv(65536)
            if not data:
                break
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up is none of the test's business."""


@contextmanager
def narrow_proxy(upstream, context=None, ca_file=None):
    """Serves; C(.url) is its own address, C(.lines) are the request lines that came and C(.connects) the hosts that were asked for.

    With I(context) it poses as those hosts; I(ca_file) vouches for an upstream that speaks TLS.
    """
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.upstream, server.context, server.ca_file, server.lines, server.connects = urlsplit(upstream), context, ca_file, [], []
        server.url = "http://127.0.0.1:%d" % server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
            server.socket.shutdown(socket.SHUT_RDWR)
