# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may talk to the server at all: a web page in somebody's browser must not be able to run commands here."""

from __future__ import annotations

import ipaddress
from typing import Collection

from aiohttp import web


def host_of(header: str) -> str:
    """The host of a Host header, without port and brackets, in lower case."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.rpartition(":")[0].lower() if header.count(":") == 1 else header.lower()


def is_loopback(host: str) -> bool:
    """Whether a name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def own_names(listen_host: str) -> list[str]:
    """The Host names that listening on an address allows: itself, unless it means every address of the machine."""
    return [] if listen_host in ("", "0.0.0.0", "::") else [listen_host]


def make_guard(allowed_hosts: Collection[str]):
    """A middleware that refuses pages (Origin), foreign names (DNS rebinding) and control from other machines."""
    allowed = frozenset(host.lower() for host in allowed_hosts)

    @web.middleware
    async def guard(request: web.Request, handler) -> web.StreamResponse:
        if "Origin" in request.headers:
            raise web.HTTPForbidden(text="Requests from web pages (Origin header) are refused.\n")
        host = host_of(request.headers.get("Host", ""))
        if not is_loopback(host) and host not in allowed:
            raise web.HTTPForbidden(text="The Host header does not name this server; see --allow-host.\n")
        if request.path.startswith("/_emulator/") and not is_loopback(request.remote or ""):
            raise web.HTTPForbidden(text="The control paths serve this machine only.\n")
        return await handler(request)

    return guard
