# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values out of the API's answers, whatever stands where they should: what is of another type is not there.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, Dict, Iterable, List, Mapping


def text_of(value: Any) -> str:
    """A text; numbers and booleans come as JSON types or as text, depending on the gateway."""
    if isinstance(value, str):
        # Half of a surrogate pair cannot be written anywhere.
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else ""


def word_of(value: Any, limit: int = 100) -> str:
    """A text of one line, and not a long one: an id, a code, a state."""
    return " ".join(text_of(value).split())[:limit]


def number_of(value: Any, most: int = 2**31) -> int:
    """A number from 0 to I(most), 0 for anything else."""
    try:
        number = int(text_of(value))
    except ValueError:
        return 0
    return number if 0 <= number <= most else 0


def mapping_of(value: Any) -> Mapping[str, Any]:
    """A mapping, empty for anything else."""
    return value if isinstance(value, dict) else {}


def items_of(body: Any, outer: str, inner: str) -> List[Dict[str, Any]]:
    """The entries of a list, which the API wraps in an object: C({"Tags": {"Tag": [{...}]}})."""
    return [item for item in _list(body, outer, inner) if isinstance(item, dict)]


def texts_of(body: Any, outer: str, inner: str) -> List[str]:
    """The same for a list of texts, each once."""
    return unique(map(text_of, _list(body, outer, inner)))


def unique(texts: Iterable[str]) -> List[str]:
    """The texts that are not empty, each once."""
    return [text for text in dict.fromkeys(texts) if text]


def _list(body: Any, outer: str, inner: str) -> List[Any]:
    found = mapping_of(mapping_of(body).get(outer)).get(inner)
    return found if isinstance(found, list) else []
