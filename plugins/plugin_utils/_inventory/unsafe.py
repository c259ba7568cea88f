# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from the API is never a template, an expression or a condition.

From ansible-core 2.19 on, text is not evaluated unless it is marked as trusted, and nothing from the API ever is. Older cores
evaluate whatever is not marked as unsafe.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import re
import typing as t

try:
    from ansible.template import trust_as_template as _trust  # noqa: F401  pylint: disable=unused-import

    _wrap: t.Callable[[str], t.Any] | None = None
except ImportError:
    from ansible.utils.unsafe_proxy import wrap_var

    _wrap = wrap_var

# Words, ids, addresses and times mean nothing to Jinja beyond themselves. They stay as they are, because old cores print
# each marked text as {"__ansible_unsafe": ...} in ansible-inventory --list, and not all readers of that understand it.
_INERT = re.compile(r"[\w.:/@+ -]*\Z")


def mark_unsafe(value: t.Any) -> t.Any:
    """I(value) with every text in it, keys included, kept from being evaluated."""
    if _wrap is None:
        return value
    if isinstance(value, str):
        return value if _INERT.match(value) else _wrap(value)
    if isinstance(value, dict):
        return {mark_unsafe(key): mark_unsafe(item) for key, item in value.items()}
    if isinstance(value, list):
        return [mark_unsafe(item) for item in value]
    return value
