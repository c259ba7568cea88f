# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags: limits, filters, the form of the wire."""

from __future__ import annotations

from typing import Mapping, Sequence

from ecs_emulator.errors import ApiError
from ecs_emulator.parameters import Parameters

TAG_QUOTA = 20
_KEY_LENGTH = 128
_VALUE_LENGTH = 128


def parse_tags(params: Parameters, reserved_values: bool = False) -> dict[str, str]:
    """``Tag.N.Key`` and ``Tag.N.Value`` of a request that sets tags; ``reserved_values``: no value may begin with ``acs:`` either."""
    records = params.records("Tag")
    if len(records) > TAG_QUOTA:
        raise quota_exceeded()
    tags: dict[str, str] = {}
    for record in records:
        key, value = record.get("Key", record.get("key", "")), record.get("Value", record.get("value", ""))
        if not key or len(key) > _KEY_LENGTH or key.startswith(("aliyun", "acs:")) or _has_url(key):
            raise ApiError(400, "InvalidTagKey.Malformed", "The specified Tag.n.Key is not valid.")
        if len(value) > _VALUE_LENGTH or _has_url(value) or (reserved_values and value.startswith("acs:")):
            raise ApiError(400, "InvalidTagValue.Malformed", "The specified Tag.n.Value is not valid.")
        if key in tags:
            raise ApiError(400, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key.")
        tags[key] = value
    return tags


def parse_filter(params: Parameters) -> list[tuple[str, str | None]]:
    """The tags that a query asks for; None stands for any value."""
    return [(record.get("Key", ""), record.get("Value") or None) for record in params.records("Tag")]


def matches(tags: Mapping[str, str], wanted: Sequence[tuple[str, str | None]]) -> bool:
    """Whether all wanted tags are there."""
    return all(key in tags and value in (None, tags[key]) for key, value in wanted)


def merge(tags: dict[str, str], new: Mapping[str, str]) -> None:
    """Set tags within the quota."""
    if len(set(tags) | set(new)) > TAG_QUOTA:
        raise quota_exceeded()
    tags.update(new)


def quota_exceeded() -> ApiError:
    """More tags than a resource may have."""
    return ApiError(403, "QuotaExceed.Tags", "The maximum number of tags is exceeded.")


def to_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as Describe actions show them."""
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def _has_url(text: str) -> bool:
    return "http://" in text or "https://" in text
