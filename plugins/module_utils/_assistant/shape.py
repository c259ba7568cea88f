# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer of a guest has to look like before anything is read in it. An attacker who is root there can answer anything.

A shape is C(bool), C(int), C(float), a Text, a List, a Table, or a dictionary with the shape of each key.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, Dict, Mapping, NamedTuple

from .._errors import AccessError


class GuestError(AccessError):
    """The guest gave no usable answer, or nothing can be sent to it."""

    code = "guest"


class Text(NamedTuple):
    """A text of at most so many characters."""

    most: int = 8192


class List(NamedTuple):
    """At most so many values of one shape."""

    shape: Any
    most: int = 5000


class Table(NamedTuple):
    """Values of one shape by names that are not known here."""

    shape: Any
    most: int = 500


class Maybe(NamedTuple):
    """A key that may be missing."""

    shape: Any


LINE = Text(300)
WORDS = List(Text())


def unexpected() -> GuestError:
    return GuestError("unexpected response from the instance")


def fit(value: Any, shape: Any) -> Any:
    """The value without the keys that the shape does not have; raises GuestError where it is another."""
    if isinstance(shape, Text):
        _require(isinstance(value, str) and len(value) <= shape.most)
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(shape, List):
        _require(isinstance(value, list) and len(value) <= shape.most)
        return [fit(item, shape.shape) for item in value]
    if isinstance(shape, Table):
        _require(isinstance(value, dict) and len(value) <= shape.most)
        return {fit(name, LINE): fit(item, shape.shape) for name, item in value.items()}
    if isinstance(shape, dict):
        return _fit_keys(value, shape)
    if shape is float:
        _require(isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**53)
        return float(value)
    _require(isinstance(value, shape) and isinstance(value, bool) == (shape is bool) and (shape is bool or abs(value) < 2**53))
    return value


def _fit_keys(value: Any, shapes: Mapping[str, Any]) -> Dict[str, Any]:
    _require(isinstance(value, dict))
    found = {}
    for name, shape in shapes.items():
        if isinstance(shape, Maybe):
            if name in value:
                found[name] = fit(value[name], shape.shape)
        else:
            _require(name in value)
            found[name] = fit(value[name], shape)
    return found


def _require(fits: bool) -> None:
    if not fits:
        raise unexpected()
