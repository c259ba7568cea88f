# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients, keys and refusals that the tests of the embedded cloud share."""

from __future__ import annotations

import json
import time
from typing import Any, Callable

import pytest
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from ecs_emulator.client import ApiFailure
from ecs_emulator.testing import Emulator


class Clock:
    """The server's clock: real time plus a shift."""

    def __init__(self) -> None:
        self.shift = 0.0

    def __call__(self) -> float:
        return time.time() + self.shift


def sdk(emulator: Emulator, algorithm: str | None = None, **overrides: Any) -> Client:
    """The vendor's client; algorithm v2 is the older signature style."""
    settings = dict(
        access_key_id=emulator.access_key_id,
        access_key_secret=emulator.access_key_secret,
        region_id=emulator.region,
        endpoint=emulator.endpoint.partition("//")[2],
        protocol="HTTP",
        signature_algorithm=algorithm,
    )
    settings.update(overrides)
    return Client(Config(**settings))


def refusal(function: Callable[..., Any], *args: Any, **kwargs: Any) -> ApiFailure:
    """The error that a call is refused with."""
    with pytest.raises(ApiFailure) as caught:
        function(*args, **kwargs)
    return caught.value


def code(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    failure = refusal(function, *args, **kwargs)
    return failure.status, failure.code


def ids(emulator: Emulator) -> list[str]:
    """Every instance's id, in the order of the fleet."""
    return list(emulator.cloud.instances)


def as_json(*items: str) -> str:
    """A JSON array as the API wants it."""
    return json.dumps(items)


def public_line(kind: str = "rsa", comment: str = "") -> str:
    """A fresh public key line."""
    if kind == "rsa":
        key: Any = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    elif kind == "ecdsa":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    return "%s %s" % (line, comment) if comment else line
