# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls per minute: every access key has its own count of every action."""

from __future__ import annotations

from collections import deque
from typing import Callable, Mapping

from ecs_emulator.errors import ApiError

_MINUTE = 60


class Throttle:
    """Refuses what comes too often; ``*`` among the limits stands for every action without a limit of its own."""

    def __init__(self, limits: Mapping[str, int], clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._calls: dict[tuple[str, str], deque[float]] = {}

    def count(self, access_key_id: str, action: str) -> None:
        """Count a call; Throttling.User when the last minute had as many as it may have."""
        limit = self._limits.get(action, self._limits.get("*"))
        if limit is None:
            return
        now, calls = self._clock(), self._calls.setdefault((access_key_id, action), deque())
        while calls and calls[0] <= now - _MINUTE:
            calls.popleft()
        if len(calls) >= limit:
            raise ApiError(400, "Throttling.User", "Request was denied due to user flow control.")
        calls.append(now)
