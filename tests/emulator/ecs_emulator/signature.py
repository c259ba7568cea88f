# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two signature styles of the API: ACS3-HMAC-SHA256 (headers) and HMAC-SHA1 (RPC parameters). Pure.

Both functions compute what the client should have sent; comparing is the caller's work.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Iterable, Mapping, NamedTuple
from urllib.parse import quote

ACS3 = "ACS3-HMAC-SHA256"


class Computed(NamedTuple):
    """An expected signature, with the text that was signed (the API shows it to a client that signed otherwise)."""

    signature: str
    signed_text: str


class Acs3Authorization(NamedTuple):
    """The parsed Authorization header."""

    access_key_id: str
    signed_headers: tuple[str, ...]
    signature: str


def percent_encode(text: str) -> str:
    """RFC 3986 encoding: everything but unreserved characters."""
    return quote(text, safe="~")


def parse_acs3_authorization(header: str) -> Acs3Authorization | None:
    """Read ``ACS3-HMAC-SHA256 Credential=..,SignedHeaders=..,Signature=..``; None when it is not of that form."""
    scheme, _unused, rest = header.strip().partition(" ")
    if scheme != ACS3:
        return None
    fields = {}
    for part in rest.split(","):
        name, separator, value = part.strip().partition("=")
        if not separator:
            return None
        fields[name] = value
    if set(fields) != {"Credential", "SignedHeaders", "Signature"} or not all(fields.values()):
        return None
    return Acs3Authorization(fields["Credential"], tuple(fields["SignedHeaders"].split(";")), fields["Signature"])


def compute_acs3(
    secret: str,
    method: str,
    path: str,
    query: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    signed_headers: Iterable[str],
    payload_hash: str,
) -> Computed:
    """The ACS3 signature of a request; ``headers`` has lower-case names, ``query`` decoded pairs."""
    names = sorted(signed_headers)
    canonical = "\n".join(
        [
            method,
            path or "/",
            "&".join("%s=%s" % (percent_encode(key), percent_encode(value)) for key, value in sorted(query)),
            "".join("%s:%s\n" % (name, headers.get(name, "").strip()) for name in names),
            ";".join(names),
            payload_hash,
        ]
    )
    to_sign = "%s\n%s" % (ACS3, hashlib.sha256(canonical.encode()).hexdigest())
    return Computed(hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest(), canonical)


def compute_rpc(secret: str, method: str, parameters: Mapping[str, str]) -> Computed:
    """The HMAC-SHA1 signature over all parameters but ``Signature``."""
    pairs = sorted((key, value) for key, value in parameters.items() if key != "Signature")
    canonical = "&".join("%s=%s" % (percent_encode(key), percent_encode(value)) for key, value in pairs)
    to_sign = "%s&%s&%s" % (method, percent_encode("/"), percent_encode(canonical))
    digest = hmac.new((secret + "&").encode(), to_sign.encode(), hashlib.sha1).digest()
    return Computed(base64.b64encode(digest).decode(), to_sign)
