# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only file that imports the vendor's SDK, and one signed call through it.

Note that this module util is **PRIVATE** to the collection.
"""

import logging
import os
import sys
import threading
from contextlib import contextmanager
from typing import Any, Dict, Iterable, Iterator, Mapping, NamedTuple, Optional, Set

from .._errors import AccessError, LibraryMissing
from .errors import ANSWER_LOST, BAD_ANSWER, CONNECTION_FAILED, EcsError, make_api_error
from .http import guard_sdk
from .proxy import Proxies, choose_proxies, hidden_proxies, read_environment
from .request import split_params
from .settings import CloudSettings, Endpoint
from .trust import find_ca_bundle

PYTHON_NEEDED = (3, 9)
LIBRARY = "alibabacloud-ecs20140526 and alibabacloud-credentials"
USER_AGENT = "alicloud.ecs_access"

_CONNECT_TIMEOUT = 5


class PythonTooOld(AccessError):
    """The SDK needs a newer Python."""

    code = "python_too_old"


class Credential(NamedTuple):
    """Whom a request is signed as. Has the names that the SDK reads."""

    access_key_id: str
    access_key_secret: str
    security_token: Optional[str] = None
    type: str = "access_key"
    provider_name: Optional[str] = None

    def __repr__(self) -> str:
        return "Credential(access_key_id=%r)" % self.access_key_id


def check_python() -> None:
    """Raise PythonTooOld when the SDK cannot run here."""
    if sys.version_info < PYTHON_NEEDED:
        raise PythonTooOld(
            "this module needs Python %d.%d or newer where it runs (the Alibaba Cloud SDK does); it runs on %d.%d. "
            "Run it on the controller (delegate_to: localhost) or set ansible_python_interpreter" % (PYTHON_NEEDED + tuple(sys.version_info[:2]))
        )


def load_client_class() -> type:
    """The client of the SDK that calls any action of any API."""
    check_python()
    try:
        from alibabacloud_tea_openapi.client import Client
    except ImportError as exc:
        raise LibraryMissing(LIBRARY) from exc
    silence_sdk()
    guard_sdk()
    _start_anew_in_forks()
    return Client


_hooks: Set[str] = set()


def _start_anew_in_forks() -> None:
    """Let no forked process use the connections of its parent: each would read the answers that are meant for the other.

    The SDK keeps its connections for as long as the process lives, and Ansible forks a worker for each task.
    """
    if _hooks:
        return
    from darabonba.core import DaraCore

    os.register_at_fork(after_in_child=lambda: getattr(DaraCore, "_sessions", {}).clear())
    _hooks.add("fork")


def silence_sdk() -> None:
    """Take the SDK's own log handlers away: they print URLs and tracebacks, secrets included, to stderr."""
    for name in ("darabonba-core", "alibabacloud-tea", "credentials"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [logging.NullHandler()]
        logger.propagate = False


def find_endpoint(region: str) -> Endpoint:
    """The public host of a region by the vendor's package for ECS, the installed version of which may know newer regions than we do."""
    try:
        from alibabacloud_ecs20140526.client import Client
        from alibabacloud_tea_openapi.utils_models import Config
    except ImportError as exc:
        raise LibraryMissing(LIBRARY) from exc
    return Endpoint(Client(Config(region_id=region))._endpoint, "https")


class _Signer(threading.local):
    """What the SDK asks for a credential; ours was resolved before the call, in the same thread."""

    credential: Optional[Credential] = None

    def get_credential(self) -> Optional[Credential]:
        return self.credential


class Caller:
    """Sends signed calls of one API version to one endpoint. Safe to use from several threads."""

    def __init__(self, settings: CloudSettings, version: str, region: str, endpoint: Endpoint) -> None:
        client_class = load_client_class()
        from alibabacloud_tea_openapi import utils_models
        from darabonba.runtime import RuntimeOptions

        self._models = utils_models
        self._runtime_class = RuntimeOptions
        self._version = version
        self._signer = _Signer()
        config = utils_models.Config(
            credential=self._signer,
            region_id=region,
            endpoint=endpoint.host,
            protocol=endpoint.protocol.upper(),
            connect_timeout=min(_CONNECT_TIMEOUT, settings.api_timeout) * 1000,
            read_timeout=settings.api_timeout * 1000,
            max_idle_conns=max(10, settings.api_concurrency),
            user_agent=USER_AGENT,
        )
        self._client = client_class(config)
        self.endpoint = endpoint
        environ = read_environment()
        self._ca_bundle = find_ca_bundle(environ) if self.endpoint.protocol == "https" else None
        self._proxies = choose_proxies(self.endpoint, environ)
        self._hide = self._proxies == Proxies() and choose_proxies(_ANYWHERE, dict(environ, NO_PROXY="", no_proxy="")) != Proxies()

    def send(self, action: str, params: Mapping[str, Any], credential: Credential, secrets: Iterable[str] = ()) -> Dict[str, Any]:
        """Call once and return the body; raises EcsError."""
        self._signer.credential = credential
        wire = split_params(params)
        request = self._models.OpenApiRequest(query=wire.query, body=wire.form or None)
        call = self._models.Params(
            action=action,
            version=self._version,
            protocol="HTTPS",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        try:
            runtime = self._runtime_class(http_proxy=self._proxies.http, https_proxy=self._proxies.https, ca=self._ca_bundle)
            with self._proxy_environment():
                answer = self._client.call_api(call, request, runtime)
        except Exception as exc:  # noqa: BLE001 - the SDK has no common base: ours is the only type that leaves
            raise _translate(action, exc, self.endpoint, secrets) from None
        body = answer.get("body")
        if not isinstance(body, dict):
            raise _bad_answer(action, self.endpoint)
        return body

    @contextmanager
    def _proxy_environment(self) -> Iterator[None]:
        if self._hide:
            with hidden_proxies():
                yield
        else:
            yield


_ANYWHERE = Endpoint("ecs.aliyuncs.com", "https")


def _translate(action: str, exc: Exception, endpoint: Endpoint, secrets: Iterable[str]) -> EcsError:
    status = getattr(exc, "status_code", None)
    if isinstance(status, int) and status >= 400:
        data = getattr(exc, "data", None) or {}
        retry_after = getattr(exc, "retry_after", None) or 0
        return make_api_error(
            action,
            status,
            data.get("Code") or getattr(exc, "code", None),
            data.get("Message"),
            data.get("RequestId") or getattr(exc, "request_id", None),
            float(retry_after) / 1000,
            secrets,
        )
    names = _exception_names(exc)
    if "Redirected" in names:
        return EcsError(action, BAD_ANSWER, "%s redirects elsewhere, which is not followed" % endpoint.host, hint="Check endpoint and the proxy variables.")
    if "RetryError" not in names or "AnswerRefused" in names:
        # The transport worked, so what came back was not JSON (or not an object).
        return _bad_answer(action, endpoint)
    reason = next((text for name, text in _NOT_SENT if name in names), None)
    if reason:
        return EcsError(
            action,
            CONNECTION_FAILED,
            "cannot reach %s: %s" % (endpoint.host, reason),
            hint="Check endpoint, region, the network and the proxy variables.",
        )
    reason = "no answer in time" if "ReadTimeout" in names else "the connection broke before the answer"
    return EcsError(
        action,
        ANSWER_LOST,
        "%s from %s" % (reason, endpoint.host) if "answer in" in reason else "%s of %s came" % (reason, endpoint.host),
        hint="The service may or may not have acted; running again finds out.",
    )


# Exception class names of requests and urllib3 that prove that no request left, most telling first.
_NOT_SENT = (
    ("ProxyError", "the proxy refuses or fails"),
    ("SSLError", "TLS failed (certificate not trusted, or not a TLS port)"),
    ("NameResolutionError", "the name is not known"),
    ("gaierror", "the name is not known"),
    ("ConnectionRefusedError", "connection refused"),
    # Before the timeouts: urllib3 derives it from one.
    ("NewConnectionError", "no connection"),
    ("ConnectTimeout", "no connection in time"),
    ("ConnectTimeoutError", "no connection in time"),
    ("InvalidProxyURL", "the proxy variable is not a URL"),
    ("InvalidURL", "the endpoint is not a valid host"),
    ("LocationParseError", "the endpoint is not a valid host"),
)


def _exception_names(exc: Optional[BaseException]) -> set:
    """The class names of I(exc) and all it wraps. Names only: their texts hold URLs."""
    names: Set[str] = set()
    pending = [exc]
    seen = set()
    while pending:
        current = pending.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        names.update(kind.__name__ for kind in type(current).__mro__)
        pending.extend([current.__cause__, current.__context__, getattr(current, "inner_exception", None)])
        pending.append(getattr(current, "reason", None))
        pending.extend(current.args)
    return names


def _bad_answer(action: str, endpoint: Endpoint) -> EcsError:
    return EcsError(
        action,
        BAD_ANSWER,
        "what %s answered is not from this API" % endpoint.host,
        hint="Check endpoint and the proxy variables.",
    )
