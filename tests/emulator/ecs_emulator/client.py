# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small signed client with the standard library alone, for tests and by hand."""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
import time
import uuid
from typing import Any, Mapping
from urllib.parse import SplitResult, urlencode, urlsplit

from ecs_emulator import signature


class ApiFailure(Exception):
    """The API answered with an error."""

    def __init__(self, status: int, body: dict) -> None:
        super().__init__("%s (%d): %s" % (body.get("Code"), status, body.get("Message")))
        self.status = status
        self.code = body.get("Code", "")
        self.body = body


def flatten(parameters: Mapping[str, Any]) -> dict[str, str]:
    """``{"InstanceId": ["a"], "Tag": [{"Key": "k"}]}`` to ``{"InstanceId.1": "a", "Tag.1.Key": "k"}``."""
    flat: dict[str, str] = {}
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            flat.update({"%s.%s" % (name, key): item for key, item in flatten(value).items()})
        elif isinstance(value, (list, tuple)):
            flat.update(flatten({"%s.%d" % (name, number): item for number, item in enumerate(value, 1)}))
        elif isinstance(value, bool):
            flat[name] = str(value).lower()
        elif value is not None:
            flat[name] = str(value)
    return flat


def _connect(url: SplitResult, timeout: float, ca_file: str | None) -> http.client.HTTPConnection:
    if url.scheme != "https":
        return http.client.HTTPConnection(url.hostname or "", url.port, timeout=timeout)
    context = ssl.create_default_context(cafile=ca_file)
    return http.client.HTTPSConnection(url.hostname or "", url.port, timeout=timeout, context=context)


def call(
    endpoint: str,
    access_key_id: str,
    access_key_secret: str,
    action: str,
    parameters: Mapping[str, Any],
    version: str = "2014-05-26",
    security_token: str = "",
    timeout: float = 30,
    ca_file: str | None = None,
) -> dict:
    """Send one request, signed with ACS3-HMAC-SHA256; raises ApiFailure."""
    url = urlsplit(endpoint)
    query = flatten(parameters)
    payload_hash = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": url.netloc,
        "x-acs-action": action,
        "x-acs-version": version,
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-content-sha256": payload_hash,
    }
    if security_token:
        headers["x-acs-accesskey-id"] = access_key_id
        headers["x-acs-security-token"] = security_token
    names = sorted(headers)
    computed = signature.compute_acs3(access_key_secret, "POST", "/", query.items(), headers, names, payload_hash)
    headers["authorization"] = "%s Credential=%s,SignedHeaders=%s,Signature=%s" % (
        signature.ACS3, access_key_id, ";".join(names), computed.signature,
    )  # fmt: skip
    connection = _connect(url, timeout, ca_file)
    try:
        connection.request("POST", "/?" + urlencode(query), headers=headers)
        response = connection.getresponse()
        body = json.loads(response.read())
    finally:
        connection.close()
    if response.status != 200:
        raise ApiFailure(response.status, body)
    return body
