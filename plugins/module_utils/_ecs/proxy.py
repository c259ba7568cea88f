# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which proxy, if any, and how to keep the SDK from choosing another.

The SDK takes HTTP_PROXY and HTTPS_PROXY from the environment by itself and has no notion of NO_PROXY, so for a host that
must be reached directly the variables have to be out of its sight during the call.

Note that this module util is **PRIVATE** to the collection.
"""

import ipaddress
import os
import threading
from contextlib import contextmanager
from typing import ContextManager, Dict, Iterator, Mapping, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit

from .settings import Endpoint, is_loopback

_PLAIN = ("HTTP_PROXY", "http_proxy")
_VARIABLES = _PLAIN + ("HTTPS_PROXY", "https_proxy")


class Proxies(NamedTuple):
    """Proxy URLs for plain and TLS requests; both None means direct."""

    http: Optional[str] = None
    https: Optional[str] = None


def choose_proxies(endpoint: Endpoint, environ: Mapping[str, str]) -> Proxies:
    """The proxies for I(endpoint): none for loopback and whatever NO_PROXY covers."""
    host = endpoint.name
    if is_loopback(host) or is_covered(host, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
        return Proxies()
    return Proxies(
        environ.get("HTTP_PROXY") or environ.get("http_proxy") or None,
        environ.get("HTTPS_PROXY") or environ.get("https_proxy") or None,
    )


def is_covered(host: str, no_proxy: str) -> bool:
    """Whether the list I(no_proxy) names I(host): exactly, as a parent domain, as a network (CIDR), or by C(*)."""
    host = host.lower().rstrip(".")
    for entry in no_proxy.lower().split(","):
        entry = entry.strip().rstrip(".")
        if "/" in entry:
            if _is_in_network(host, entry):
                return True
            continue
        if entry.startswith("["):
            entry = entry[1:].partition("]")[0]
        elif entry.count(":") == 1:
            entry = entry.partition(":")[0]
        if entry.startswith("*."):
            entry = entry[1:]
        if entry == "*" or (entry and (host == entry.lstrip(".") or host.endswith("." + entry.lstrip(".")))):
            return True
    return False


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def proxies_in_the_way(url: str, environ: Mapping[str, str]) -> Tuple[str, ...]:
    """The variables to hide while the SDK looks for credentials, at I(url) if that is known.

    What it asks in clear is the metadata service of this very machine. A proxy would answer for the machine it runs on.
    """
    if not url:
        return _PLAIN
    parts = urlsplit(url)
    return _VARIABLES if choose_proxies(Endpoint(parts.netloc, parts.scheme), environ) == Proxies() else ()


class _Hiding:
    """Takes variables out of os.environ while at least one caller needs it, and puts each back after its last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users: Dict[str, int] = dict.fromkeys(_VARIABLES, 0)
        self._saved: Dict[str, str] = {}

    def snapshot(self) -> Dict[str, str]:
        """The environment as the user set it, even while another thread hides a part."""
        with self._lock:
            return dict(os.environ, **self._saved)

    @contextmanager
    def hidden(self, names: Tuple[str, ...]) -> Iterator[None]:
        with self._lock:
            for name in names:
                self._users[name] += 1
                if name in os.environ:
                    self._saved[name] = os.environ.pop(name)
        try:
            yield
        finally:
            with self._lock:
                for name in names:
                    self._users[name] -= 1
                    if not self._users[name] and name in self._saved:
                        os.environ[name] = self._saved.pop(name)


_HIDING = _Hiding()


def read_environment() -> Dict[str, str]:
    """The environment including variables that are hidden at this moment."""
    return _HIDING.snapshot()


def hidden_proxies(names: Tuple[str, ...] = _VARIABLES) -> ContextManager[None]:
    """A context in which the process has none of these proxy variables."""
    return _HIDING.hidden(names)
