# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the SDK's requests leave this machine and their answers come in: those of the API and those for credentials alike.

The SDK follows redirects to wherever they lead, waits for a slow answer without end, and takes one of any size. So its sessions are
replaced by one that does none of it. What it refuses is raised as C(OSError), which the SDK takes for a failure of the network.

Note that this module util is **PRIVATE** to the collection.
"""

import re
import socket
import threading
import time
from contextlib import suppress
from typing import Any, List, Set
from urllib.parse import urlsplit, urlunsplit

from .._json import MOST_BYTES, JsonRefused, read_json
from .settings import LOCALHOST, is_loopback

METADATA = "100.100.100.200"
"""Where an instance asks for the credentials of its role; it has no encrypted address."""

_CHUNK = 8192


class Redirected(OSError):
    """The answer sends us elsewhere."""


class NotEncrypted(OSError):
    """Plain http to another machine."""


class AnswerRefused(OSError):
    """An answer that is larger or deeper than any of the API's."""


_guarded: Set[str] = set()


def guard_sdk() -> None:
    """Have the SDK's requests go through C(send) from now on."""
    if _guarded:
        return
    import requests
    from darabonba import core as darabonba_core
    from Tea import core as tea_core

    class Session(requests.Session):
        """No redirects, no plain http to others, no endless answers."""

        def send(self, request: Any, **kwargs: Any) -> Any:
            return send(super().send, request, kwargs)

        def mount(self, prefix: str, adapter: Any) -> None:
            _watch(adapter)
            super().mount(prefix, adapter)

    darabonba_core.Session = Session
    tea_core.Session = Session
    _guarded.add("sessions")


def send(transmit: Any, request: Any, kwargs: Any) -> Any:
    """Send and have the whole answer, by I(transmit), the method of the session; raises OSError."""
    import requests

    urls = [request.url]
    if urlsplit(request.url).scheme != "https":
        urls = _plain_urls(request.url)
        kwargs["proxies"] = {}
    kwargs.update(allow_redirects=False, stream=True)
    for request.url in urls:
        with _Watch(sum(kwargs["timeout"])) as watch:
            try:
                answer = transmit(request, **kwargs)
                answer._content = _read_body(answer)
                if not watch.is_over:
                    return answer
            except OSError as exc:
                if not watch.is_over and (request.url == urls[-1] or not isinstance(exc, requests.exceptions.ConnectionError)):
                    raise
        if watch.is_over:
            break
    # What was cut off may look like an answer that ended.
    raise requests.exceptions.ReadTimeout("too slow")


class _Watch:
    """Ends the connection of this thread in time: each byte that comes would start the patience of a socket anew."""

    current = threading.local()

    def __init__(self, seconds: float) -> None:
        self._socket: Any = None
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._end

    def cover(self, connection: socket.socket) -> None:
        """The answer will come over this one."""
        self._socket = connection

    def __enter__(self) -> "_Watch":
        self.current.watch = self
        self._timer.start()
        return self

    def __exit__(self, *_what: object) -> None:
        self._timer.cancel()
        self._socket = None

    def _cut(self) -> None:
        if self._socket is not None:
            with suppress(OSError, TypeError):
                # Not the method of a TLS socket, which would also forget how to read what has come.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _plain_urls(url: str) -> List[str]:
    """Where plain http may go: to this machine, whose own name nobody is asked for, and to the metadata service."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if "@" in parts.netloc or parts.scheme != "http" or not (host == METADATA or is_loopback(host)):
        raise NotEncrypted("not encrypted")
    if host != "localhost":
        return [url]
    port = ":%d" % parts.port if parts.port else ""
    return [urlunsplit(parts._replace(netloc=address + port)) for address in LOCALHOST]


def _read_body(answer: Any) -> bytes:
    """Not more than there can be, and nothing that would take far more room once it is read."""
    body = bytearray()
    try:
        if 300 <= answer.status_code < 400:
            raise Redirected("redirected")
        if _number(answer.headers.get("content-length")) > MOST_BYTES:
            raise AnswerRefused("too large")
        for chunk in answer.iter_content(_CHUNK):
            body += chunk
            if len(body) > MOST_BYTES:
                raise AnswerRefused("too large")
        if body.lstrip()[:1] in (b"{", b"["):
            read_json(bytes(body))
    except JsonRefused as exc:
        raise AnswerRefused(exc.text)
    except BaseException:
        answer.close()
        raise
    return bytes(body)


def _number(text: Any) -> int:
    return int(text) if re.match(r"[0-9]{1,18}\Z", str(text)) else 0


def _watch(adapter: Any) -> None:
    """Have the adapter's connections seen by the watch of their thread."""
    make_proxy_manager = adapter.proxy_manager_for

    def proxy_manager_for(*args: Any, **kwargs: Any) -> Any:
        manager = make_proxy_manager(*args, **kwargs)
        manager.pool_classes_by_scheme = _watched_pools()
        return manager

    adapter.poolmanager.pool_classes_by_scheme = _watched_pools()
    adapter.proxy_manager_for = proxy_manager_for


def _watched_pools() -> Any:
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

    return {"http": _watched(HTTPConnectionPool), "https": _watched(HTTPSConnectionPool)}


def _watched(pool: Any) -> Any:
    class Connection(pool.ConnectionCls):
        def getresponse(self, *args: Any, **kwargs: Any) -> Any:
            _Watch.current.watch.cover(self.sock)
            return super().getresponse(*args, **kwargs)

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})
