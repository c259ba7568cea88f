# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances the inventory holds: what the API is asked for, and what is sorted out here.

A filter is a mapping: every key must match, and a key with several values matches any of them.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.instance import Instance
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError

from .._output.similar import did_you_mean

# Filter key -> parameter of DescribeInstances, where it takes exactly one value. The others are matched here only.
_PARAMETERS = {
    "image_id": "ImageId",
    "instance_type": "InstanceType",
    "key_pair_name": "KeyPairName",
    "resource_group_id": "ResourceGroupId",
    "security_group_id": "SecurityGroupId",
    "status": "Status",
    "vpc_id": "VpcId",
    "vswitch_id": "VSwitchId",
    "zone": "ZoneId",
}
FILTER_KEYS = tuple(sorted([*_PARAMETERS, "instance_id", "name", "os_type", "tags"]))
_IDS_PER_CALL = 100
_TAGS_PER_CALL = 20


class FilterError(AccessError):
    """A filter cannot be understood."""

    code = "filter"


class Filter(t.NamedTuple):
    """C(values): key -> any of these; C(tags): tag key -> any of these values, C(None) = any value at all."""

    values: dict[str, list[str]]
    tags: dict[str, list[str] | None]


def parse_filter(given: t.Any, option: str) -> Filter:
    """Check one filter as it stands in the inventory file; I(option) is where, for the message."""
    if not isinstance(given, dict):
        raise FilterError(f"{option} must be a mapping such as 'status: Running', not {_kind(given)}")
    for key in given:
        if key not in FILTER_KEYS:
            hint = did_you_mean(key, FILTER_KEYS, f"; known are {', '.join(FILTER_KEYS)}")
            raise FilterError(f"{option} has no key {str(key)!r}{hint}")
    tags = given.get("tags", {})
    if not isinstance(tags, dict):
        raise FilterError(f"{option}.tags must be a mapping of tag keys to values, not {_kind(tags)}")
    return Filter(
        values={key: _values(key, value, f"{option}.{key}") for key, value in given.items() if key != "tags"},
        tags={str(key): None if value is None else _texts(value, f"{option}.tags.{key}") for key, value in tags.items()},
    )


def request_parameters(wanted: Filter) -> list[dict[str, t.Any]]:
    """The parameters of the calls that find at least what I(wanted) describes. No call when nothing can match."""
    if any(not values for values in wanted.values.values()):
        return []
    parameters: dict[str, t.Any] = {}
    for key, name in _PARAMETERS.items():
        if len(wanted.values.get(key, ())) == 1:
            parameters[name] = wanted.values[key][0]
    names = wanted.values.get("name", ())
    # The API knows the wildcard *, and no other.
    if len(names) == 1 and "?" not in names[0]:
        parameters["InstanceName"] = names[0]
    tags = [{"Key": key} if values is None else {"Key": key, "Value": values[0]} for key, values in wanted.tags.items() if values is None or len(values) == 1]
    if tags:
        parameters["Tag"] = tags[:_TAGS_PER_CALL]
    ids = list(dict.fromkeys(wanted.values.get("instance_id", ())))
    if not ids:
        return [parameters]
    batches = [ids[start : start + _IDS_PER_CALL] for start in range(0, len(ids), _IDS_PER_CALL)]
    return [dict(parameters, InstanceIds=json.dumps(batch)) for batch in batches]


def is_match(instance: Instance, wanted: Filter) -> bool:
    """Whether the instance is one that I(wanted) describes."""
    return all(_has_value(instance, key, values) for key, values in wanted.values.items()) and _has_tags(instance, wanted.tags)


def _has_value(instance: Instance, key: str, values: list[str]) -> bool:
    if key == "security_group_id":
        return any(value in instance.security_group_ids for value in values)
    if key == "name":
        return any(_wildcard(value).match(instance.name) for value in values)
    return getattr(instance, key) in values


def _has_tags(instance: Instance, wanted: dict[str, list[str] | None]) -> bool:
    tags = instance.tags
    return all(key in tags and (values is None or tags[key] in values) for key, values in wanted.items())


def _wildcard(text: str) -> re.Pattern[str]:
    parts = [{"*": ".*", "?": "."}.get(part, re.escape(part)) for part in re.split(r"([*?])", text)]
    return re.compile(f"{''.join(parts)}\\Z", re.DOTALL)


def _values(key: str, value: t.Any, option: str) -> list[str]:
    # As the API spells them.
    spell = {"status": str.capitalize, "os_type": str.lower}.get(key, str)
    return [spell(text) for text in _texts(value, option)]


def _texts(value: t.Any, option: str) -> list[str]:
    items = value if isinstance(value, list) else [value]
    for item in items:
        if isinstance(item, bool) or not isinstance(item, (str, int, float)):
            raise FilterError(f"{option} must be a text or a list of texts, not {_kind(item)}; quote true, false, yes and no")
    return [str(item) for item in items]


def _kind(value: t.Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "a number")
