# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom to sign as: fixed keys, the SDK's providers, and a role assumed on top of either.

Note that this module util is **PRIVATE** to the collection.
"""

import json
import os
import re
import threading
from calendar import timegm
from time import strptime
from typing import Any, Callable, Dict, Optional, Tuple
from urllib.parse import urlsplit

from .errors import NO_CREDENTIALS, EcsError
from .http import guard_sdk
from .profiles import find_profile_problem
from .proxy import hidden_proxies, proxies_in_the_way, read_environment
from .sdk import Credential, silence_sdk
from .settings import CloudSettings, is_loopback

_REFRESH_AHEAD = 300  # seconds before the end at which assumed credentials are replaced
_WAYS = "give access_key_id and access_key_secret (ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET), profile, credentials_uri or ram_role_name"


class CredentialSource:
    """Answers with a valid credential, however long the run takes. Safe to use from several threads."""

    def __init__(self, settings: CloudSettings, assume_role: Callable[[Credential], Dict[str, Any]], now: Callable[[], float]) -> None:
        self._settings = settings
        self._assume_role = assume_role
        self._now = now
        self._lock = threading.Lock()
        self._provider: Any = None
        self._hidden: Tuple[str, ...] = ()
        self._assumed: Optional[Credential] = None
        self._assumed_until = 0.0

    def get(self) -> Credential:
        """The credential to sign the next call with; raises EcsError."""
        if not self._settings.assume_role_arn:
            return self._base()
        with self._lock:
            if self._assumed is None or self._now() >= self._assumed_until - _REFRESH_AHEAD:
                self._assumed, self._assumed_until = _read_assumed(self._assume_role(self._base()))
            return self._assumed

    def _base(self) -> Credential:
        settings = self._settings
        if settings.access_key_id and settings.access_key_secret:
            kind = "sts" if settings.security_token else "access_key"
            return Credential(settings.access_key_id, settings.access_key_secret, settings.security_token, kind)
        try:
            if self._provider is None:
                uri = _check_uri(settings.credentials_uri or ("" if settings.ram_role_name else _find_uri(settings.profile)))
                self._hidden = proxies_in_the_way(uri, read_environment())
                self._provider = _make_provider(settings, uri)
            with hidden_proxies(self._hidden):
                found = self._provider.get_credentials()
        except EcsError:
            raise
        except Exception:  # noqa: BLE001 - providers raise everything, with whole URLs and answers in the text
            raise _no_credentials(settings) from None
        token = found.get_security_token()
        if not found.get_access_key_id() or not found.get_access_key_secret():
            raise _no_credentials(settings)
        return Credential(found.get_access_key_id(), found.get_access_key_secret(), token, "sts" if token else "access_key")


def _find_uri(profile: Optional[str]) -> str:
    """The address in a profile of the CLI's configuration whose mode is CredentialsURI: the one mode that the SDK does not know."""
    if os.environ.get("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "").lower() == "true":
        return ""
    try:
        with open(os.path.expanduser("~/.aliyun/config.json"), encoding="utf-8") as stream:
            config = json.load(stream)
        name = profile or config["current"]
        return next(str(one["credentials_uri"]) for one in config["profiles"] if (one["name"], one["mode"]) == (name, "CredentialsURI"))
    except (OSError, ValueError, LookupError, TypeError, StopIteration):
        return ""


def _check_uri(uri: str) -> str:
    """The address of credentials; raises EcsError when they would go over the network in clear."""
    try:
        parts = urlsplit(uri)
        is_safe = not re.search(r"[@#\\\s]", uri) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")))
    except ValueError:
        is_safe = False
    if uri and not is_safe:
        hint = "Use https, or http to a loopback address."
        raise EcsError("Authentication", NO_CREDENTIALS, "the credentials URI is not a URL that keeps credentials private", hint=hint)
    return uri


def _make_provider(settings: CloudSettings, uri: str) -> Any:
    from alibabacloud_credentials import provider
    from alibabacloud_credentials.http import HttpOptions

    silence_sdk()
    guard_sdk()
    if uri:
        return provider.URLCredentialsProvider(uri=uri, http_options=HttpOptions(connect_timeout=3000, read_timeout=5000))
    if settings.ram_role_name:
        return provider.EcsRamRoleCredentialsProvider(role_name=settings.ram_role_name, async_update_enabled=False)
    if settings.profile:
        return _ProfileProvider(provider, settings.profile)
    return provider.DefaultCredentialsProvider()


class _ProfileProvider:
    """A named profile from the CLI's configuration or, where that has none of this name, the SDK's own file."""

    def __init__(self, provider: Any, name: str) -> None:
        self._candidates = [
            provider.CLIProfileCredentialsProvider(profile_name=name),
            provider.ProfileCredentialsProvider(profile_name=name),
        ]

    def get_credentials(self) -> Any:
        for candidate in self._candidates[:-1]:
            try:
                found = candidate.get_credentials()
            except Exception:  # noqa: BLE001 - see _base; the last candidate speaks for all
                continue
            self._candidates = [candidate]
            return found
        return self._candidates[-1].get_credentials()


def _because(profile: Optional[str]) -> str:
    """What is wrong with the CLI's configuration, where it is asked."""
    is_asked = os.environ.get("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "").lower() != "true"
    problem = find_profile_problem(profile or os.environ.get("ALIBABA_CLOUD_PROFILE")) if is_asked else ""
    return "; " + problem if problem else ""


def _no_credentials(settings: CloudSettings) -> EcsError:
    if settings.credentials_uri:
        message = "credentials_uri gave no usable credentials"
        hint = "Check that the address answers with Code, AccessKeyId, AccessKeySecret, SecurityToken and Expiration."
    elif settings.ram_role_name:
        message = "the instance metadata gave no credentials for the RAM role %s" % settings.ram_role_name
        hint = "This works on an ECS instance that has this role attached only."
    elif settings.profile:
        message = "there are no usable credentials in the profile %s%s" % (settings.profile, _because(settings.profile))
        hint = "Looked in ~/.aliyun/config.json and in %s." % (os.environ.get("ALIBABA_CLOUD_CREDENTIALS_FILE") or "~/.alibabacloud/credentials.ini")
    else:
        message = "no credentials were found%s" % _because(None)
        hint = _WAYS[0].upper() + _WAYS[1:] + "."
    return EcsError("Authentication", NO_CREDENTIALS, message, hint=hint)


def _read_assumed(answer: Dict[str, Any]) -> tuple:
    found = answer.get("Credentials") or {}
    try:
        until = float(timegm(strptime(found["Expiration"], "%Y-%m-%dT%H:%M:%SZ")))
        return Credential(found["AccessKeyId"], found["AccessKeySecret"], found["SecurityToken"], "sts"), until
    except (KeyError, TypeError, ValueError):
        raise EcsError("AssumeRole", "BadAnswer", "the answer holds no credentials", hint="Check sts_endpoint.") from None
