# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that others wrote: read within limits, or not at all.

A few bytes of it can ask for far more memory than they take, or for more recursion than Python has; a number can be no number.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import json
import math
from typing import Any, List

from ._errors import AccessError

MOST_BYTES = 4 * 1024 * 1024
DEEPEST = 50
MOST_VALUES = 250 * 1000
_LONGEST_NUMBER = 40


class JsonRefused(AccessError):
    """It is not JSON, or not within the limits. The text is one clause."""

    code = "json"


def read_json(text: Any, most: int = MOST_BYTES) -> Any:
    """The value in I(text) (str, or bytes of UTF-8); raises JsonRefused."""
    if len(text) > most:
        raise JsonRefused("it is longer than %d bytes" % most)
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        # Those that stand in texts count too: no answer has so many.
        if text.count(",") + text.count("[") + text.count("{") > MOST_VALUES:
            raise JsonRefused("it has more than %d values" % MOST_VALUES)
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_read_float, parse_int=_read_int)
    except (ValueError, RecursionError):
        raise JsonRefused("it is not JSON")
    _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level: List[Any] = [[value]]
    for _depth in range(DEEPEST + 1):
        level = [item for held in level for item in (held.values() if isinstance(held, dict) else held) if isinstance(item, (dict, list))]
    if level:
        raise JsonRefused("it is nested more than %d levels deep" % DEEPEST)


def _refuse_constant(name: str) -> Any:
    raise JsonRefused("it has %s for a number" % name)


def _read_float(text: str) -> float:
    number = float(text) if len(text) <= _LONGEST_NUMBER else math.inf
    if not math.isfinite(number):
        raise JsonRefused("it has a number that is too large")
    return number


def _read_int(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise JsonRefused("it has a number that is too large")
    return int(text)
