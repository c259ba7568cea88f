# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed access to the flat string parameters of a request."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Mapping

from ecs_emulator.behaviours import Behaviours
from ecs_emulator.errors import ApiError, invalid_parameter, unsupported_value

_INDEXED = re.compile(r"^(?P<name>[A-Za-z]+)\.(?P<index>[0-9]+)(?:\.(?P<field>[A-Za-z]+))?$")


def missing_parameter(name: str, named: bool = False) -> ApiError:
    """The answer to a request without a mandatory parameter; the service knows two forms of it."""
    if named:
        return ApiError(400, "Missing%s" % name, "%s is mandatory for this action." % name)
    text = 'The input parameter "%s" that is mandatory for processing this request is not supplied.' % name
    return ApiError(400, "MissingParameter", text)


class Parameters:
    """The parameters of one request, by name."""

    def __init__(self, values: Mapping[str, str], behaviours: Behaviours) -> None:
        self._values = values
        self.behaviours = behaviours

    def __contains__(self, name: str) -> bool:
        return bool(self._values.get(name))

    def without(self, *names: str) -> Parameters:
        """The same parameters less some."""
        values = {key: value for key, value in self._values.items() if key not in names}
        return Parameters(values, self.behaviours)

    def with_values(self, **values: str) -> Parameters:
        """The same parameters with some set."""
        return Parameters(dict(self._values, **values), self.behaviours)

    def to_dict(self) -> dict[str, str]:
        """All of them."""
        return dict(self._values)

    def digest(self) -> str:
        """The same for requests that ask for the same."""
        return hashlib.sha256(json.dumps(self._values, sort_keys=True).encode()).hexdigest()

    def missing(self, name: str) -> ApiError:
        """The error that says so."""
        return missing_parameter(name, self.behaviours.missing_parameter == "named")

    def get(self, name: str, default: str = "") -> str:
        """The value; an empty one counts as not given."""
        return self._values.get(name) or default

    def require(self, name: str) -> str:
        """The value of a mandatory parameter."""
        value = self._values.get(name)
        if not value:
            raise self.missing(name)
        return value

    def check_client_token(self) -> None:
        """InvalidClientToken.Malformed unless ClientToken can be one."""
        token = self.get("ClientToken")
        if len(token) > 64 or not token.isascii():
            raise ApiError(400, "InvalidClientToken.Malformed", "The specified ClientToken is not valid.")

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean, which clients write as true, True or TRUE."""
        value = self._values.get(name)
        if not value:
            return default
        if value.lower() not in ("true", "false"):
            raise invalid_parameter(name)
        return value.lower() == "true"

    def number(self, name: str, default: int, low: int, high: int | None = None, code: str = "") -> int:
        """A whole number within limits."""
        value = self._values.get(name)
        if not value:
            return default
        if not re.match(r"^[0-9]{1,9}$", value) or int(value) < low or (high is not None and int(value) > high):
            raise invalid_parameter(name, code)
        return int(value)

    def json_list(self, name: str, limit: int, code: str = "") -> list[str]:
        """A JSON array of strings such as InstanceIds; empty when not given. ``code`` replaces the usual error code."""
        refused = invalid_parameter(name, code) if code else unsupported_value(name)
        text = self._values.get(name)
        if not text:
            return []
        try:
            value = json.loads(text)
        except ValueError:
            raise refused from None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value) or len(value) > limit:
            raise refused
        return value

    def list(self, name: str) -> list[str]:
        """``Name.1``, ``Name.2`` ... in the order of their numbers; empty values are left out."""
        return [fields[""] for fields in self._indexed(name) if fields.get("")]

    def records(self, name: str) -> list[dict[str, str]]:
        """``Name.1.Key``, ``Name.1.Value``, ``Name.2.Key`` ... as one dictionary per number."""
        return [fields for fields in self._indexed(name) if any(key for key in fields)]

    def _indexed(self, name: str) -> list[dict[str, str]]:
        found: dict[int, dict[str, str]] = {}
        prefix = name + "."
        for key, value in self._values.items():
            if key.startswith(prefix):
                match = _INDEXED.match(key)
                if match and match.group("name") == name:
                    found.setdefault(int(match.group("index")), {})[match.group("field") or ""] = value
        return [found[index] for index in sorted(found)]
