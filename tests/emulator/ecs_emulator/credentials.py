# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may call: access keys, temporary credentials, the age of a request, nonces that were used."""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from datetime import datetime, timezone
from typing import NamedTuple

from ecs_emulator.cloud import Clock
from ecs_emulator.errors import ApiError
from ecs_emulator.policies import Statement
from ecs_emulator.specs import Fleet

REQUEST_LIFETIME = 900
"""Seconds by which a request's timestamp may differ from the server's clock, and for which nonces are remembered."""


class Caller(NamedTuple):
    """Who signed a request."""

    access_key_id: str
    identity_type: str
    arn: str
    principal_id: str
    account_id: str
    statements: tuple[Statement, ...] | None = None
    """The policy of a RAM user; None for who may do everything."""


class _Secret(NamedTuple):
    caller: Caller
    secret: str
    token: str
    expires: float | None


class TemporaryCredentials(NamedTuple):
    """What AssumeRole hands out."""

    access_key_id: str
    access_key_secret: str
    security_token: str
    expires: float


class Credentials:
    """All keys that are or were valid."""

    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self._clock = clock
        owner = Caller(fleet.access_key_id, "Account", "acs:ram::%s:root" % fleet.account_id, fleet.account_id, fleet.account_id)
        self._secrets = {fleet.access_key_id: _Secret(owner, fleet.access_key_secret, "", None)}
        for user in fleet.users:
            arn = "acs:ram::%s:user/%s" % (fleet.account_id, user.name)
            caller = Caller(user.access_key_id, "RAMUser", arn, user.name, fleet.account_id, user.statements)
            self._secrets[user.access_key_id] = _Secret(caller, user.access_key_secret, "", None)
        self._nonces: set[str] = set()
        self._nonces_by_age: deque[tuple[float, str]] = deque()

    def issue(self, caller: Caller, lifetime: float) -> TemporaryCredentials:
        """Temporary credentials for the caller (whose access key id is replaced by the new one)."""
        issued = TemporaryCredentials(
            "STS." + secrets.token_urlsafe(18).replace("-", "x").replace("_", "x"),
            secrets.token_urlsafe(30).replace("-", "x").replace("_", "x"),
            "CAIS" + secrets.token_urlsafe(90).replace("-", "+").replace("_", "/"),
            self._clock() + lifetime,
        )
        self._secrets[issued.access_key_id] = _Secret(
            caller._replace(access_key_id=issued.access_key_id), issued.access_key_secret, issued.security_token, issued.expires
        )
        return issued

    def secret_of(self, access_key_id: str) -> str:
        """The secret, or InvalidAccessKeyId.NotFound."""
        known = self._secrets.get(access_key_id)
        if known is None:
            raise ApiError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        return known.secret

    def check_token(self, access_key_id: str, token: str) -> Caller:
        """The caller, once the security token fits the key and has not expired."""
        known = self._secrets[access_key_id]
        if known.expires is None:
            if token:
                raise ApiError(400, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey.")
            return known.caller
        if not token:
            raise ApiError(400, "MissingSecurityToken", "SecurityToken is mandatory for this action.")
        if not hmac.compare_digest(known.token.encode(), token.encode()):
            raise ApiError(400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
        if self._clock() >= known.expires:
            raise ApiError(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
        return known.caller

    def check_timestamp(self, text: str) -> None:
        """Refuse a request that is too old, too new or undated."""
        try:
            moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
        except ValueError:
            raise ApiError(400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.") from None
        if abs(self._clock() - moment.timestamp()) > REQUEST_LIFETIME:
            raise ApiError(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")

    def use_nonce(self, access_key_id: str, nonce: str) -> None:
        """Remember a nonce; refuse one that was used."""
        now = self._clock()
        while self._nonces_by_age and self._nonces_by_age[0][0] < now - 2 * REQUEST_LIFETIME:
            self._nonces.discard(self._nonces_by_age.popleft()[1])
        key = "%s %s" % (access_key_id, nonce)
        if key in self._nonces:
            raise ApiError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces.add(key)
        self._nonces_by_age.append((now, key))
