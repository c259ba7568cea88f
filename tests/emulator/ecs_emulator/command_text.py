# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a Cloud Assistant command: decoding, the size limit, ``{{parameters}}``. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Mapping

from ecs_emulator.errors import ApiError, invalid_parameter

CONTENT_LIMIT = 24 * 1024
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_:-]+)\s*\}\}")


def is_base64(encoding: str) -> bool:
    """Whether a ContentEncoding means base64; upper and lower case are the same."""
    return encoding.lower() == "base64"


def decode_content(content: str, encoding: str) -> bytes:
    """The script of a CommandContent; what counts for the limit is its base64 form. An unknown encoding counts as PlainText."""
    script = content.encode()
    if is_base64(encoding):
        try:
            script = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            raise invalid_parameter("CommandContent") from None
    if len(base64.b64encode(script)) > CONTENT_LIMIT:
        raise ApiError(403, "CmdContent.ExceedLimit", "The length of the command content exceeds the upper limit.")
    return script


def parse_command_parameters(text: str) -> dict[str, str]:
    """The JSON object of the parameter Parameters, its names in lower case: they are not case-sensitive."""
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        raise invalid_parameter("Parameters") from None
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise invalid_parameter("Parameters")
    if len(value) > 10:
        raise ApiError(403, "ParameterCount.ExceedLimit", "The number of parameters exceeds the upper limit.")
    if any(not key or len(key) > 64 for key in value):
        raise ApiError(403, "ParameterKey.ExceedLimit", "The length of a parameter name exceeds the upper limit.")
    lower = {key.lower(): item for key, item in value.items()}
    if len(lower) != len(value):
        raise ApiError(403, "ParameterKey.Duplicate", "The parameter names contain a duplicate.")
    return lower


def placeholders(script: bytes) -> list[str]:
    """The names of a script's own parameters, in the order of their first use."""
    names = (match.group(1).lower() for match in _PLACEHOLDER.finditer(script.decode("utf-8", "replace")))
    return list(dict.fromkeys(name for name in names if not name.startswith("acs::")))


def substitute(script: bytes, parameters: Mapping[str, str]) -> bytes:
    """Put values in place of ``{{name}}``, as plain text: the service does not quote. Unknown names become empty."""
    return _PLACEHOLDER.sub(lambda match: parameters.get(match.group(1).lower(), ""), script.decode()).encode()
