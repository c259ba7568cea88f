# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions whose cost is bounded: all alternatives are followed at once, so that no text makes a match slow.

Python's own matcher tries alternatives one after another, and a pattern such as C((a+)+$) takes it hours. Names of hosts and groups may
come from tags. What needs more than one pass (back references, look-around) is refused.
Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from typing import Any

try:
    from re import _parser as sre_parse  # type: ignore[attr-defined]
except ImportError:
    # Before Python 3.11.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import sre_parse

_MAX_STATES = 2000
_MAX_TEXT = 1000
_MAX_REPEAT = 200

Accepts = Callable[[str], bool]


class RegexRefused(ValueError):
    """The text is not a regular expression, or not one with a bounded cost."""


class LinearRegex:
    """Matches from the beginning of a text, as C(re.match) does."""

    def __init__(self, pattern: str) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parsed = sre_parse.parse(pattern)
        except (re.error, RecursionError, OverflowError) as exc:
            raise RegexRefused(f"not a regular expression: {exc}") from None
        # Each state has the test of one character, or none, and where it leads to.
        self._states: list[tuple[Any, tuple[int, ...]]] = []
        self._ignore_case = bool(parsed.state.flags & re.IGNORECASE)
        self._dot_all = bool(parsed.state.flags & re.DOTALL)
        self._end = self._new("end")
        try:
            self._start = self._sequence(list(parsed), self._end)
        except RecursionError:
            raise RegexRefused("too deeply nested") from None

    def match(self, text: str) -> bool:
        """Whether the text begins with what the pattern describes."""
        text = text[:_MAX_TEXT]
        current = self._close([self._start], 0, len(text))
        for position, char in enumerate(text, 1):
            if self._end in current:
                return True
            reached = [target for state in current for target in self._step(state, char)]
            current = self._close(reached, position, len(text))
        return self._end in current

    def _step(self, state: int, char: str) -> tuple[int, ...]:
        test, targets = self._states[state]
        if not callable(test):
            return ()
        variants = {char, char.lower(), char.upper()} if self._ignore_case else {char}
        return targets if any(test(one) for one in variants) else ()

    def _close(self, states: Iterable[int], position: int, length: int) -> set[int]:
        """The states, and all that are reached from them without a character."""
        found: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state in found:
                continue
            found.add(state)
            test, targets = self._states[state]
            if test is None or (test == "first" and position == 0) or (test == "last" and position == length):
                waiting += targets
        return found

    def _new(self, test: Any, *targets: int) -> int:
        if len(self._states) >= _MAX_STATES:
            raise RegexRefused("too large")
        self._states.append((test, targets))
        return len(self._states) - 1

    def _sequence(self, items: list[Any], then: int) -> int:
        for item in reversed(items):
            then = self._item(item, then)
        return then

    def _item(self, item: Any, then: int) -> int:
        name, value = str(item[0]), item[1]
        if name in ("LITERAL", "NOT_LITERAL", "IN", "ANY", "CATEGORY"):
            return self._new(_test(name, value, self._dot_all), then)
        if name == "BRANCH":
            return self._new(None, *(self._sequence(list(branch), then) for branch in value[1]))
        if name == "SUBPATTERN" and not value[1] and not value[2]:
            return self._sequence(list(value[3]), then)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            return self._repeat(value[0], value[1], list(value[2]), then)
        if name == "AT" and str(value) in ("AT_BEGINNING", "AT_BEGINNING_STRING"):
            return self._new("first", then)
        if name == "AT" and str(value) in ("AT_END", "AT_END_STRING"):
            return self._new("last", then)
        raise RegexRefused("look-around, back references, word boundaries and local flags are not supported")

    def _repeat(self, least: int, most: Any, items: list[Any], then: int) -> int:
        endless = str(most) == "MAXREPEAT"
        if max(least, 0 if endless else int(most)) > _MAX_REPEAT:
            raise RegexRefused(f"repeats more than {_MAX_REPEAT} times")
        if endless:
            loop = self._new(None)
            again = self._sequence(items, loop)
            self._states[loop] = (None, (again, then))
            then = loop
        else:
            leave = then
            for _optional in range(int(most) - least):
                then = self._new(None, self._sequence(items, then), leave)
        for _required in range(least):
            then = self._sequence(items, then)
        return then


def _test(name: str, value: Any, dot_all: bool) -> Accepts:
    if name == "LITERAL":
        return lambda char: ord(char) == value
    if name == "NOT_LITERAL":
        return lambda char: ord(char) != value
    if name == "ANY":
        return lambda char: dot_all or char != "\n"
    if name == "CATEGORY":
        return _category(str(value))
    negated = bool(value) and str(value[0][0]) == "NEGATE"
    tests = [_member(str(kind), member) for kind, member in value[negated:]]
    return lambda char: any(test(char) for test in tests) != negated


def _member(kind: str, value: Any) -> Accepts:
    if kind == "RANGE":
        return lambda char: value[0] <= ord(char) <= value[1]
    return _test(kind, value, False)


def _category(name: str) -> Accepts:
    letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}.get(name.rpartition("_")[2])
    if letter is None:
        raise RegexRefused("look-around, back references, word boundaries and local flags are not supported")
    matcher = re.compile("\\" + (letter.upper() if "_NOT_" in name else letter))
    return lambda char: matcher.match(char) is not None
