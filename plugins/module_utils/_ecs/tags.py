# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of a cloud resource: what to set and what to remove.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from .answer import items_of, text_of

MOST_TAGS = 20
_RESERVED = ("aliyun", "acs:")


class TagChange(NamedTuple):
    """Tags to set (new or with another value), keys to remove, and the tags afterwards."""

    to_set: Dict[str, str]
    to_remove: List[str]
    after: Dict[str, str]


def plan_tags(current: Mapping[str, str], wanted: Optional[Mapping[str, str]], purge: bool) -> TagChange:
    """How to get from I(current) to I(wanted). None leaves all alone; an empty mapping with I(purge) clears.

    Tags that the service sets itself (C(aliyun...), C(acs:...)) are never removed.
    """
    if wanted is None:
        return TagChange({}, [], dict(current))
    to_set = {key: value for key, value in wanted.items() if current.get(key) != value}
    to_remove = sorted(key for key in current if key not in wanted and not is_reserved(key)) if purge else []
    after = {key: value for key, value in current.items() if key not in to_remove}
    after.update(wanted)
    return TagChange(to_set, to_remove, after)


def is_reserved(key: str) -> bool:
    """Whether only the service itself may set this tag."""
    return key.lower().startswith(_RESERVED)


def normalize_tags(tags: Optional[Mapping[Any, Any]]) -> Optional[Dict[str, str]]:
    """Keys and values as text, as the service keeps them: numbers and booleans of YAML are what people write."""
    if tags is None:
        return None
    return {str(key): _to_text(value) for key, value in tags.items()}


def find_tag_problem(tags: Optional[Mapping[str, str]]) -> Optional[str]:
    """One sentence on what the service would refuse, or None."""
    if not tags:
        return None
    if len(tags) > MOST_TAGS:
        return "tags holds %d tags; the service takes at most %d" % (len(tags), MOST_TAGS)
    for key, value in sorted(tags.items()):
        if not key or len(key) > 128 or len(value) > 128:
            return "tags: key %r must have 1 to 128 characters, its value at most 128" % key[:40]
        if is_reserved(key):
            return "tags: key %r starts with aliyun or acs:, which is reserved for the service" % key
        if "://" in key and key.lower().startswith(("http://", "https://")):
            return "tags: key %r starts with http:// or https://, which the service refuses" % key[:40]
    return None


def read_tags(raw: Optional[Mapping[str, Any]]) -> Dict[str, str]:
    """Tags as the API lists them (C(Tag[].TagKey/TagValue), sometimes C(Key/Value)) as a dictionary."""
    return {
        text_of(entry.get("TagKey", entry.get("Key"))): text_of(entry.get("TagValue", entry.get("Value"))) for entry in items_of({"Tags": raw}, "Tags", "Tag")
    }


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
