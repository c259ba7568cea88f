# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Frequency of a command: ``rate(5m)``, ``at(2030-01-02 03:04:05 GMT+8:00)``, or a cron expression. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ecs_emulator.errors import invalid_parameter

_RATE = re.compile(r"rate\((\d{1,6})([smhd])\)\Z")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?: (\S+))?\)\Z")
_CRON = re.compile(r"\S+(?: \S+){5,7}\Z")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SHORTEST, _LONGEST = 60, 7 * 86400


class Schedule(NamedTuple):
    """When a command runs."""

    interval: int = 0
    """Seconds between two runs; 0 when it does not run at intervals."""
    moment: float | None = None
    """The one time at which it runs. A cron expression has neither: it never comes due here."""


def parse_frequency(text: str, timeout: int) -> Schedule:
    """Read a Frequency; InvalidParameter.Frequency when it is none or its interval is out of range."""
    rate, at = _RATE.match(text), _AT.match(text)
    if rate:
        interval = int(rate[1]) * _UNITS[rate[2]]
        if not max(_SHORTEST, timeout + 1) <= interval <= _LONGEST:
            raise invalid_parameter("Frequency")
        return Schedule(interval=interval)
    if at:
        try:
            moment = datetime.strptime(at[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=_zone(at[2] or "UTC"))
        except (ValueError, KeyError):
            raise invalid_parameter("Frequency") from None
        return Schedule(moment=moment.timestamp())
    if not _CRON.match(text):
        raise invalid_parameter("Frequency")
    return Schedule()


def _zone(name: str) -> tzinfo:
    """UTC, GMT+8:00 or Asia/Shanghai; ValueError or KeyError for anything else."""
    offset = re.match(r"GMT([+-])(\d{1,2}):(\d\d)\Z", name)
    if offset:
        shift = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(shift if offset[1] == "+" else -shift)
    return timezone.utc if name == "UTC" else ZoneInfo(name)
