# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was asked, for tests to look at; secrets never get in."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

SECRETS = frozenset(("Signature", "AccessKeySecret", "SecurityToken", "PrivateKeyBody", "Password", "WebSocketUrl", "Content"))
"""Content is what SendFile sends."""
HIDDEN = "(hidden)"
_KEPT = 20000


def redact(value: Any) -> Any:
    """A copy without the values of secret keys, at any depth."""
    if isinstance(value, dict):
        return {key: HIDDEN if key in SECRETS else redact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    return value


class RequestLog:
    """The last requests and a count of all."""

    def __init__(self) -> None:
        self._by_action: Counter[str] = Counter()
        self._requests: deque[dict] = deque(maxlen=_KEPT)

    def clear(self) -> None:
        """Forget all."""
        self._by_action.clear()
        self._requests.clear()

    def add(self, entry: dict, parameters: dict[str, str], response: dict | None) -> None:
        """Record one request; the response is kept for actions that change something."""
        action = entry["action"]
        self._by_action[action] += 1
        entry["parameters"] = redact(parameters)
        if response is not None and not action.startswith(("Describe", "List")):
            entry["response"] = redact(response)
        self._requests.append(entry)

    def to_dict(self) -> dict:
        """The form in which the control path shows it."""
        return {
            "total": sum(self._by_action.values()),
            "by_action": dict(self._by_action),
            "requests": list(self._requests),
        }
