# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options and environment become one checked record.

Note that this module util is **PRIVATE** to the collection.
"""

import os
import re
from typing import Any, Dict, Mapping, NamedTuple, Optional
from urllib.parse import urlsplit

from .._errors import AccessError
from .._ids import is_address, is_region
from .._text import shorten
from .options import NUMBER_DEFAULTS, OPTION_ENV

# Every source of credentials, most specific first. A source is chosen as a whole: never an id from here and a secret
# from there.
_SOURCES = ("access_key_id", "credentials_uri", "ram_role_name", "profile")
_KEY_PARTS = ("access_key_id", "access_key_secret", "security_token")
_LIMITS = {"api_timeout": (1, 600), "api_retries": (0, 20), "api_concurrency": (1, 64)}
LOCALHOST = ("127.0.0.1", "[::1]")
"""What C(localhost) stands for, without asking anybody."""


class SettingsError(AccessError):
    """An option is missing or wrong."""

    code = "settings"


class Endpoint(NamedTuple):
    """Where requests go: C(host) or C(host:port), and C(http) or C(https)."""

    host: str
    protocol: str

    @property
    def name(self) -> str:
        """The host without the port and without brackets."""
        return urlsplit("//" + self.host).hostname or self.host

    @property
    def url(self) -> str:
        return "%s://%s" % (self.protocol, self.host)

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.name)


class CloudSettings(NamedTuple):
    """Everything the client must know. C(None) means not given."""

    region: Optional[str] = None
    access_key_id: Optional[str] = None
    access_key_secret: Optional[str] = None
    security_token: Optional[str] = None
    profile: Optional[str] = None
    credentials_uri: Optional[str] = None
    ram_role_name: Optional[str] = None
    assume_role_arn: Optional[str] = None
    role_session_name: Optional[str] = None
    external_id: Optional[str] = None
    sts_endpoint: Optional[Endpoint] = None
    endpoint: Optional[Endpoint] = None
    network: str = "public"
    api_timeout: int = NUMBER_DEFAULTS["api_timeout"]
    api_retries: int = NUMBER_DEFAULTS["api_retries"]
    api_concurrency: int = NUMBER_DEFAULTS["api_concurrency"]

    def __repr__(self) -> str:
        # The generated one would print the secret into a log or a traceback.
        return "CloudSettings(region=%r, endpoint=%r)" % (self.region, self.endpoint)

    @property
    def secrets(self) -> tuple:
        """The values that may never be shown."""
        return tuple(value for value in (self.access_key_secret, self.security_token) if value)


def read_settings(options: Mapping[str, Any], environ: Optional[Mapping[str, str]] = None) -> CloudSettings:
    """Combine I(options) (missing and C(None) mean not given) with the environment; raises SettingsError.

    The region may stay unset: who needs one asks for it (C(require_region)), the inventory lists regions of its own.
    """
    environ = os.environ if environ is None else environ
    given = {name: _text(options.get(name)) for name in OPTION_ENV}
    values = {name: given[name] or _from_environment(name, environ) for name in OPTION_ENV}
    values.update(_choose_credentials(given, environ))
    _check_credentials(values)
    if values["region"] is not None:
        check_region(values["region"])
    endpoints = {name: parse_endpoint(values.pop(name), name) for name in ("endpoint", "sts_endpoint")}
    numbers = {name: _number(name, options.get(name)) for name in NUMBER_DEFAULTS}
    settings: Dict[str, Any] = dict(values, **endpoints)
    return CloudSettings(network=_network(options.get("network")), **dict(settings, **numbers))


def check_region(region: str) -> str:
    """Return I(region) when it can be a region id; it becomes part of a host name, so nothing else may pass."""
    if not is_region(region):
        raise SettingsError("region %r is not a region id; give one such as cn-hangzhou or eu-central-1" % shorten(region, 64))
    return region


def require_region(region: Optional[str]) -> str:
    """Return the region or raise SettingsError with the ways to give one."""
    if not region:
        raise SettingsError("no region is given; set the option region or the variable ALIBABA_CLOUD_REGION_ID")
    return check_region(region)


def parse_endpoint(text: Optional[str], option: str) -> Optional[Endpoint]:
    """Read C(host), C(host:port) or a URL. Plain http is for loopback only: everything else would leak the answers."""
    if text is None:
        return None
    protocol, separator, rest = text.partition("://")
    if not separator:
        protocol, rest = "https", text
    protocol = protocol.lower()
    if protocol not in ("http", "https"):
        raise SettingsError("%s: %r is not http or https" % (option, shorten(protocol, 64)))
    host = rest[:-1] if rest.endswith("/") else rest
    try:
        parts = urlsplit("//" + host)
        name, port = parts.hostname, parts.port
    except ValueError:
        name, port = None, None
    if "@" in host:
        raise SettingsError("%s must not hold a user name or password; give host, host:port or a URL" % option)
    if not name or parts.netloc != host or not re.match(r"^[A-Za-z0-9.:_-]+\Z", name) or port == 0 or host.endswith(":"):
        raise SettingsError("%s %r is not a host, host:port or URL without a path" % (option, shorten(text, 64)))
    if protocol == "http" and not is_loopback(name):
        raise SettingsError("%s uses plain http to %s; http is accepted to a loopback address only, use https" % (option, name))
    return Endpoint(host, protocol)


def is_loopback(host: str) -> bool:
    """Whether I(host) is this machine by name or address. Other names are not resolved: DNS may not decide this."""
    return host == "localhost" or (is_address(host) and (host == "::1" or host.startswith("127.")))


def _choose_credentials(given: Mapping[str, Optional[str]], environ: Mapping[str, str]) -> Dict[str, Optional[str]]:
    names = set(_SOURCES + _KEY_PARTS)
    chosen = [source for source in _SOURCES if any(given[name] for name in _parts(source))]
    if len(chosen) > 1:
        raise SettingsError("%s are given together; give one source of credentials" % " and ".join(chosen))
    if chosen:
        return {name: given[name] for name in names}
    # Like the vendor's own tools: an access key in the environment comes before the other variables.
    found = {name: _from_environment(name, environ) for name in names}
    source = next((name for name in _SOURCES if found[name]), None)
    return {name: found[name] if source and name in _parts(source) else None for name in names}


def _parts(source: str) -> tuple:
    return _KEY_PARTS if source == "access_key_id" else (source,)


def _check_credentials(values: Mapping[str, Optional[str]]) -> None:
    if values["access_key_id"] and not values["access_key_secret"]:
        raise SettingsError("access_key_id is given without access_key_secret; give both, from the same place")
    for name in ("access_key_secret", "security_token"):
        if values[name] and not values["access_key_id"]:
            raise SettingsError("%s is given without access_key_id; give both, from the same place" % name)


def _from_environment(option: str, environ: Mapping[str, str]) -> Optional[str]:
    for name in OPTION_ENV[option]:
        value = _text(environ.get(name))
        if value:
            return value
    return None


def _text(value: Any) -> Optional[str]:
    return None if value is None else str(value).strip() or None


def _network(value: Any) -> str:
    if value in (None, "public", "vpc"):
        return value or "public"
    raise SettingsError("network %r is neither public nor vpc" % shorten(str(value), 64))


def _number(name: str, value: Any) -> int:
    if value is None:
        return NUMBER_DEFAULTS[name]
    low, high = _LIMITS[name]
    if not low <= int(value) <= high:
        raise SettingsError("%s must be from %d to %d, not %s" % (name, low, high, value))
    return int(value)
