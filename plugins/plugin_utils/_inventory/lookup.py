# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The value that an expression names, where it does no more than name one.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import re
import typing as t

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?\Z")


def read_plain(expression: t.Any, variables: t.Mapping[str, t.Any]) -> t.Any:
    """The value of C(name) or C(name.key), for keys of mappings; raises LookupError for every other expression."""
    if not isinstance(expression, str) or not _NAME.match(expression):
        raise LookupError(expression)
    name, _dot, key = expression.partition(".")
    value = variables[name]
    if not key:
        return value
    # Jinja prefers the methods of a mapping to its keys.
    if not isinstance(value, dict) or hasattr(value, key):
        raise LookupError(expression)
    return value[key]
