# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a raw request to its action, parameters and caller, in either signature style."""

from __future__ import annotations

import hashlib
import hmac
from typing import Mapping, NamedTuple
from urllib.parse import parse_qsl

from ecs_emulator import signature
from ecs_emulator.behaviours import Behaviours
from ecs_emulator.credentials import Caller, Credentials
from ecs_emulator.errors import ApiError

_MUST_BE_SIGNED = ("host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256")
_PROTOCOL_PARAMETERS = (
    "Action", "Version", "Format", "AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce",
    "SignatureType", "Timestamp", "SecurityToken",
)  # fmt: skip


class RawRequest(NamedTuple):
    """An HTTP request as it came; header names in lower case."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes


class Call(NamedTuple):
    """What a request asks for, before anybody has looked at who asks."""

    style: str
    action: str
    version: str
    access_key_id: str
    parameters: dict[str, str]
    """Query and form parameters together, those of the protocol included."""

    @property
    def arguments(self) -> dict[str, str]:
        """The action's own parameters."""
        return {key: value for key, value in self.parameters.items() if key not in _PROTOCOL_PARAMETERS}


def parse_call(request: RawRequest) -> Call:
    """Read a request without checking anything."""
    parameters = dict(_pairs(request.query_string))
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        parameters.update(_pairs(request.body.decode("utf-8", "replace")))
    if request.headers.get("authorization", "").startswith("ACS3-") or "x-acs-signature-nonce" in request.headers:
        authorization = signature.parse_acs3_authorization(request.headers.get("authorization", ""))
        key_id = authorization.access_key_id if authorization else request.headers.get("x-acs-accesskey-id", "")
        action = request.headers.get("x-acs-action") or parameters.get("Action", "")
        version = request.headers.get("x-acs-version") or parameters.get("Version", "")
        return Call("acs3", action, version, key_id, parameters)
    return Call("rpc", parameters.get("Action", ""), parameters.get("Version", ""), parameters.get("AccessKeyId", ""), parameters)


def wants_xml(call: Call, behaviours: Behaviours) -> bool:
    """Whether the answer is XML: where Format asks for it, or a request of the older style has no Format."""
    given = call.parameters.get("Format", "").upper()
    return given == "XML" or (not given and call.style == "rpc" and behaviours.default_format == "xml")


def authenticate(request: RawRequest, call: Call, credentials: Credentials, behaviours: Behaviours) -> Caller:
    """The caller, once key, timestamp, signature, token and nonce hold."""
    if not call.access_key_id:
        raise ApiError(400, "MissingAccessKeyId", "AccessKeyId is mandatory for this action.")
    secret = credentials.secret_of(call.access_key_id)
    if call.style == "acs3":
        date, nonce = request.headers.get("x-acs-date", ""), request.headers.get("x-acs-signature-nonce", "")
        token = request.headers.get("x-acs-security-token", "")
    else:
        date, nonce = call.parameters.get("Timestamp", ""), call.parameters.get("SignatureNonce", "")
        token = call.parameters.get("SecurityToken", "")
    if not date:
        raise ApiError(400, "MissingTimestamp", "Timestamp is mandatory for this action.")
    credentials.check_timestamp(date)
    if call.style == "acs3":
        _check_acs3(request, secret, behaviours)
    else:
        _check_rpc(request, call, secret, behaviours)
    caller = credentials.check_token(call.access_key_id, token)
    if not nonce:
        raise ApiError(400, "MissingSignatureNonce", "SignatureNonce is mandatory for this action.")
    credentials.use_nonce(call.access_key_id, nonce)
    return caller


def _check_acs3(request: RawRequest, secret: str, behaviours: Behaviours) -> None:
    authorization = signature.parse_acs3_authorization(request.headers.get("authorization", ""))
    if authorization is None:
        raise ApiError(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
    unsigned = [name for name in _MUST_BE_SIGNED if name in request.headers and name not in authorization.signed_headers]
    payload_hash = request.headers.get("x-acs-content-sha256", "")
    if unsigned or payload_hash != hashlib.sha256(request.body).hexdigest():
        raise ApiError(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
    expected = signature.compute_acs3(
        secret, request.method, request.path, _pairs(request.query_string), request.headers,
        authorization.signed_headers, payload_hash,
    )  # fmt: skip
    if not hmac.compare_digest(expected.signature, authorization.signature):
        raise _wrong_signature(expected.signed_text, behaviours)


def _check_rpc(request: RawRequest, call: Call, secret: str, behaviours: Behaviours) -> None:
    given = call.parameters.get("Signature", "")
    if not given:
        raise ApiError(400, "MissingSignature", "Signature is mandatory for this action.")
    if call.parameters.get("SignatureMethod", "HMAC-SHA1") != "HMAC-SHA1":
        raise ApiError(400, "InvalidSignatureMethod", "Specified signature method is not valid.")
    expected = signature.compute_rpc(secret, request.method, call.parameters)
    if not hmac.compare_digest(expected.signature.encode(), given.encode()):
        raise _wrong_signature(expected.signed_text, behaviours)


def _wrong_signature(signed_text: str, behaviours: Behaviours) -> ApiError:
    """As the real service does, the message shows what the server signed: parameters and tokens included."""
    if behaviours.wrong_signature == "incomplete":
        return ApiError(
            400,
            "IncompleteSignature",
            "The request signature does not conform to Aliyun standards. server string to sign is:" + signed_text,
        )
    return ApiError(
        400,
        "SignatureDoesNotMatch",
        "Specified signature is not matched with our calculation. server string to sign is:" + signed_text,
    )


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True)
