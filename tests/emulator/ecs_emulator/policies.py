# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RAM policies: statements, and what they say to one action on one resource. Pure."""

from __future__ import annotations

import re
from typing import Any, Iterable, Mapping, NamedTuple

_KEYS = ("Effect", "Action", "Resource")


class Statement(NamedTuple):
    """One statement of a policy."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def concerns(self, action: str, resource: str) -> bool:
        """Whether it is about this action on this resource; actions have no case."""
        return any(_matches(pattern.lower(), action.lower()) for pattern in self.actions) and any(_matches(item, resource) for item in self.resources)


def find_denial(statements: Iterable[Statement], action: str, resource: str) -> str:
    """ExplicitDeny when a statement denies, which wins; ImplicitDeny when none allows; empty when it is allowed."""
    concerned = [statement for statement in statements if statement.concerns(action, resource)]
    if any(not statement.allows for statement in concerned):
        return "ExplicitDeny"
    return "" if concerned else "ImplicitDeny"


def parse_statement(content: object) -> Statement:
    """Read one statement of a policy document; ValueError with one sentence."""
    if not isinstance(content, Mapping):
        raise ValueError("a statement is not a mapping")
    if "Condition" in content:
        raise ValueError("a statement has a Condition, which this emulator does not evaluate: leave the statement out, or its Condition")
    unknown = [str(key) for key in content if key not in _KEYS]
    missing = [key for key in _KEYS if key not in content]
    if unknown or missing:
        raise ValueError("a statement has exactly Effect, Action and Resource, but %s" % (f"also '{unknown[0]}'" if unknown else f"no {missing[0]}"))
    if content["Effect"] not in ("Allow", "Deny"):
        raise ValueError("Effect is Allow or Deny, not '%s'" % content["Effect"])
    return Statement(content["Effect"] == "Allow", _texts(content, "Action"), _texts(content, "Resource"))


def _texts(content: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """A text or a list of texts."""
    values = content[key] if isinstance(content[key], list) else [content[key]]
    if not values or not all(isinstance(value, str) for value in values):
        raise ValueError("%s is not a text or a list of texts" % key)
    return tuple(values)


def _matches(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern in which ``*`` stands for any characters and ``?`` for one."""
    wildcards = {"*": ".*", "?": "."}
    return re.fullmatch("".join(wildcards.get(character) or re.escape(character) for character in pattern), text, re.DOTALL) is not None
