# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands between the collection and an embedded cloud, and changes what comes back."""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

from hostile import mangle, mutate, text, to_json


class ForgedApi:
    """While I(random) is set, answers are changed: all of them, or with I(item) only the entries about one instance."""

    def __init__(self, endpoint: str) -> None:
        self.random: Random | None = None
        self.item = ""
        self._endpoint = endpoint
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                with contextlib.suppress(OSError):
                    api.pass_on(self)

            do_GET = do_POST

            def log_message(self, *_what: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_what: Any) -> None:
                """Who hangs up on a lie does as he should."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = "http://127.0.0.1:%d" % self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def pass_on(self, request: BaseHTTPRequestHandler) -> None:
        """One request and its answer."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in request.headers.items() if name.lower() not in ("content-length", "connection", "accept-encoding")}
        onward = urllib.request.Request(self._endpoint + request.path, body, headers, method=request.command)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(onward, timeout=30) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        more: dict[str, str] = {}
        if self.random is not None:
            status, content, more = self._forge(self.random, status, content)
        request.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **more}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(content)

    def _forge(self, random: Random, status: int, content: bytes) -> tuple[int, bytes, dict[str, str]]:
        value = json.loads(content)
        if self.item:
            return status, to_json(_forge_entries(random, value, self.item)), {}
        kind = random.random()
        if kind < 0.3:
            return status, content, {}
        if kind < 0.4:
            return status, mangle(random, content), {}
        if kind < 0.45:
            return random.choice((301, 302, 307, 308, 204, 304)), content, {"Location": random.choice(("http://192.0.2.1/", "/", "https://evil.invalid/"))}
        if kind < 0.55:
            error = {"Code": text(random), "Message": text(random), "RequestId": text(random)}
            return random.choice((400, 403, 404, 429, 500, 503, 599)), to_json(mutate(random, error) if random.random() < 0.3 else error), {}
        return status, to_json(mutate(random, value, random.choice((1, 1, 2, 8)))), {}


def _forge_entries(random: Random, value: Any, item: str) -> Any:
    """Only what belongs to the one instance is changed, and not whose it is."""
    if isinstance(value, dict):
        if value.get("InstanceId") == item:
            changed = mutate(random, value, random.choice((1, 2, 5)))
            return {**changed, "InstanceId": item if random.random() < 0.8 else changed.get("InstanceId")} if isinstance(changed, dict) else changed
        return {key: _forge_entries(random, one, item) for key, one in value.items()}
    return [_forge_entries(random, one, item) for one in value] if isinstance(value, list) else value
