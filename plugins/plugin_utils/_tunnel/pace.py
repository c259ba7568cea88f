# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the next message may be sent.

The vendor's programs wait between two messages, whatever their size: 83 ms at the default of 200 kbit/s. That is the pace of full
messages here too. A small one only uses up its share, its header included, so that a dialogue of small messages, which is what a
login is, does not wait for a limit on bytes that it is far away from.

Note that this plugin util is **PRIVATE** to the collection. It is pure: the clock's value is passed in.
"""

from __future__ import annotations

DEFAULT_SPEED = 200 * 1024
"""Bits per second until the service sets another speed."""

_FULL = 2048
_OVERHEAD = 64
# A process that was woken late may catch up by this much, so that the pace holds on average.
_SLACK = 0.05


def send_interval(bits_per_second: int) -> float:
    """Seconds between two full messages: the vendor's whole milliseconds, and exact below one message per second."""
    messages = bits_per_second // 8 // _FULL
    return (1000 // messages) / 1000 if messages else _FULL * 8 / bits_per_second


class Pace:
    """Keeps to a speed."""

    def __init__(self, bits_per_second: int = DEFAULT_SPEED) -> None:
        self._interval = send_interval(bits_per_second)
        self._free_at = 0.0

    def set_speed(self, bits_per_second: int) -> None:
        """From the next message on."""
        self._interval = send_interval(bits_per_second)

    def wait(self, now: float) -> float:
        """Seconds until something may be sent."""
        return max(0.0, self._free_at - now)

    def sent(self, size: int, now: float) -> None:
        """A payload of so many bytes was sent."""
        share = (size + _OVERHEAD) / (_FULL + _OVERHEAD)
        self._free_at = max(self._free_at, now - _SLACK) + share * self._interval
