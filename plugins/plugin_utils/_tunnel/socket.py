# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The websocket of a session, on aiohttp: the vendor's SDK brings it along, so it is there already.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import sys
import typing as t
from urllib.parse import urlsplit

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.proxy import choose_proxies, read_environment
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import Endpoint, SettingsError, is_loopback
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.trust import make_context

from .pump import TunnelError

TOKEN_HEADER = "x-acs-session-token"
_CONNECT_TIMEOUT = 15.0

_STATUS = {
    401: "the session's token is not valid or has expired",
    403: "the session does not exist, has ended, or its URL has expired (it is valid for ten minutes)",
    404: "there is no Session Manager at this address",
    407: "the proxy wants a user name and a password",
    429: "the service has too many sessions",
}


# What is left out could be read in two ways: a user's name in front of the host, a backslash, characters that are not ASCII.
_URL = re.compile(r"wss?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?][!-\[\]-~]*)?\Z")


def check_url(url: str) -> str:
    """The URL to connect to; raises TunnelError. The token in it must not go over the network in clear."""
    if not _URL.match(url):
        raise TunnelError("the service gave an address that is not one of a session (wss)")
    parts = urlsplit(url)
    if parts.scheme != "wss" and not is_loopback(parts.hostname or ""):
        raise TunnelError("the service gave an address that is not encrypted (wss)")
    # Older servers write the parameter's name small, and read it written as here only. So does the vendor's client.
    return url.replace("sessionid", "sessionId", 1)


class SessionSocket:
    """Frames over a websocket."""

    def __init__(self, stream: t.Any, kinds: t.Any) -> None:
        self._stream, self._kinds = stream, kinds

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, url: str, token: str) -> t.AsyncIterator[SessionSocket]:
        """Connect; raises TunnelError. The connection is closed at the end."""
        try:
            import aiohttp
        except ImportError:
            raise TunnelError(f"the Python library aiohttp is missing; install it for {sys.executable}") from None
        url = check_url(url)
        context = find_context(url)
        headers = {TOKEN_HEADER: "" if "token=" in urlsplit(url).query else token}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT, sock_read=None)
        traces = aiohttp.TraceConfig()
        traces.on_request_redirect.append(refuse_redirect)
        connector = aiohttp.TCPConnector(resolver=_resolver(aiohttp)) if urlsplit(url).hostname == "localhost" else None
        async with aiohttp.ClientSession(timeout=timeout, trace_configs=[traces], connector=connector) as session:
            try:
                stream = await asyncio.wait_for(
                    session.ws_connect(url, headers=headers, proxy=find_proxy(url), ssl=context, max_msg_size=1024 * 1024, autoping=True),
                    _CONNECT_TIMEOUT,
                )
            except TunnelError as exc:
                problem = exc.text
            except (aiohttp.ClientError, OSError, ValueError, asyncio.TimeoutError) as exc:
                problem = describe(exc, urlsplit(url).hostname or "")
            else:
                problem = ""
            if problem:
                # Outside of the handler: exceptions of aiohttp carry the URL with the token.
                raise TunnelError(problem)
            try:
                yield cls(stream, aiohttp.WSMsgType)
            finally:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(stream.close(), 5)

    async def send(self, frame: bytes) -> None:
        await self._stream.send_bytes(frame)

    async def receive(self) -> bytes:
        while True:
            message = await self._stream.receive()
            if message.type == self._kinds.BINARY:
                return message.data
            if message.type in (self._kinds.CLOSE, self._kinds.CLOSING, self._kinds.CLOSED, self._kinds.ERROR):
                code = self._stream.close_code
                raise ConnectionResetError("closed by the service" if code == 1000 else "cut off" + (f", code {code}" if code else ""))


async def refuse_redirect(*_what: object) -> None:
    """The token is for the service alone."""
    raise TunnelError("the service redirects to another address, which is not followed")


def _resolver(aiohttp: t.Any) -> t.Any:
    class Localhost(aiohttp.abc.AbstractResolver):
        """What localhost stands for, without asking anybody."""

        async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[dict[str, t.Any]]:
            known = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
            return [{"hostname": host, "host": each, "port": port, "family": kind, "proto": 0, "flags": socket.AI_NUMERICHOST} for kind, each in known]

        async def close(self) -> None:
            """Nothing is open."""

    return Localhost()


def find_proxy(url: str) -> str | None:
    """The proxy that the environment names for this address, by the same rules as for the API."""
    return choose_proxies(Endpoint(urlsplit(url).netloc, "https"), read_environment()).https


def find_context(url: str) -> ssl.SSLContext | bool:
    """Whose certificates are believed, by the same rules as for the API; raises TunnelError."""
    if urlsplit(url).scheme != "wss":
        return True
    try:
        return make_context(read_environment())
    except SettingsError as exc:
        raise TunnelError(exc.text) from None


def describe(exc: BaseException, host: str) -> str:
    """A clause without the URL, which holds the token."""
    status = getattr(exc, "status", None)
    if isinstance(status, int) and status:
        return f"{host} refused the connection: " + (_STATUS.get(status) or f"HTTP status {status}") + f" [{status}]"
    name = type(exc).__name__
    if "Timeout" in name:
        return f"no connection to {host} in time"
    if "Proxy" in name:
        return f"the proxy on the way to {host} refuses or fails"
    if "SSL" in name or "Certificate" in name:
        return f"TLS with {host} failed: its certificate is not trusted, or something stands in between"
    cause = getattr(exc, "os_error", None) or exc
    reason = getattr(cause, "strerror", None)
    return f"cannot connect to {host}" + (f": {reason}" if reason else "")
