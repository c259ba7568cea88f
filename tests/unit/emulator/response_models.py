# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the vendor's SDK expects in an answer: names and types of fields, read from its response models."""

from __future__ import annotations

import inspect
import re
import typing
from typing import Any, Iterator, NamedTuple

from alibabacloud_ecs20140526 import models
from darabonba.model import DaraModel

# How from_map reads a field: its name in the answer, then the attribute that keeps it.
READ = re.compile(r"if m\.get\('([^']+)'\) is not None:.*?self\.(\w+)", re.DOTALL)
SIMPLE = {str: str, bool: bool, int: int, float: (int, float)}


class Field(NamedTuple):
    """One place where an answer was compared with its model."""

    path: str
    kind: str
    """``answered``, ``missing``, ``unknown`` or ``mistyped``."""


def model_of(action: str) -> type[DaraModel]:
    """The model of an action's answer."""
    return getattr(models, action + "ResponseBody")


def fields_of(model: type[DaraModel]) -> dict[str, Any]:
    """Name in the answer -> type, for one model."""
    types = typing.get_type_hints(model.__init__, {"main_models": models, "List": list, "Dict": dict, "Any": Any})
    names = READ.findall(inspect.getsource(model.from_map))
    assert len(names) == len(types), model.__name__
    return {name: types[attribute] for name, attribute in names}


def compare(value: Any, expected: Any, path: str) -> Iterator[Field]:
    """Every field of an answer, and every field that its model has and the answer has not."""
    if isinstance(expected, type) and issubclass(expected, DaraModel):
        if not isinstance(value, dict):
            yield Field(path, "mistyped")
            return
        known = fields_of(expected)
        for name in value.keys() | known.keys():
            inner = "%s.%s" % (path, name) if path else name
            if name not in known:
                yield Field(inner, "unknown")
            elif name not in value:
                yield Field(inner, "missing")
            else:
                yield Field(inner, "answered")
                yield from compare(value[name], known[name], inner)
    elif typing.get_origin(expected) is list:
        if not isinstance(value, list):
            yield Field(path, "mistyped")
            return
        for item in value:
            yield from compare(item, typing.get_args(expected)[0], path + "[]")
    elif expected in SIMPLE and (not isinstance(value, SIMPLE[expected]) or (isinstance(value, bool) and expected is not bool)):
        yield Field(path, "mistyped")
