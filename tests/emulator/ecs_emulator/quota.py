# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many commands an account may run in a day."""

from __future__ import annotations

from collections import deque
from typing import Callable

from ecs_emulator.errors import ApiError

_DAY = 86400


class InvocationQuota:
    """Counts calls, or instances, of the last 24 hours."""

    def __init__(self, limit: int, per_instance: bool, clock: Callable[[], float]) -> None:
        self.limit = limit
        self._per_instance = per_instance
        self._clock = clock
        self._taken: deque[tuple[float, int]] = deque()

    def take(self, instances: int) -> None:
        """Count one call; Invocation.ExceedQuota, and nothing counted, when it is one too many."""
        now, weight = self._clock(), instances if self._per_instance else 1
        while self._taken and self._taken[0][0] <= now - _DAY:
            self._taken.popleft()
        if sum(taken for _moment, taken in self._taken) + weight > self.limit:
            raise ApiError(403, "Invocation.ExceedQuota", "The invocation quota of the current day has been exceeded.")
        self._taken.append((now, weight))
