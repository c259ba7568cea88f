# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TagResources, UntagResources, ListTagResources, JoinResourceGroup: for instances and key pairs."""

from __future__ import annotations

from ecs_emulator import tagging
from ecs_emulator.actions import Context, action
from ecs_emulator.errors import ApiError, invalid_parameter
from ecs_emulator.models import Instance, KeyPair
from ecs_emulator.paging import page_of

_RESOURCE_LIMIT = 50


@action("TagResources")
def tag_resources(context: Context) -> dict:
    """Set tags on several resources, or on none when one is unknown or would have too many."""
    resources = _find_resources(context)
    tags = tagging.parse_tags(context.params)
    if not tags:
        raise context.params.missing("Tag")
    for _unused, resource in resources:
        tagging.merge(dict(resource.tags), tags)
    for _unused, resource in resources:
        resource.tags.update(tags)
    return {}


@action("UntagResources")
def untag_resources(context: Context) -> dict:
    """Remove tags; those that are not there are passed over."""
    resources, keys, everything = _find_resources(context), context.params.list("TagKey"), context.params.flag("All")
    if len(keys) > tagging.TAG_QUOTA:
        raise ApiError(400, "NumberExceed.Tags", "The maximum number of Tags is exceeded.")
    if not keys and not everything:
        raise context.params.missing("TagKey")
    for _unused, resource in resources:
        if not keys:
            resource.tags.clear()
        for key in keys:
            resource.tags.pop(key, None)
    return {}


@action("ListTagResources")
def list_tag_resources(context: Context) -> dict:
    """Tags of resources by id, by tag, or both."""
    assert context.region
    kind = _resource_type(context)
    wanted = tagging.parse_filter(context.params)
    if any(not key for key, _unused in wanted):
        raise invalid_parameter("TagValue")
    names = context.params.list("ResourceId")
    if len(names) > _RESOURCE_LIMIT:
        raise ApiError(400, "NumberExceed.ResourceIds", "The maximum number of ResourceIds is exceeded.")
    known = _resources(context, kind)
    rows = [
        {"ResourceId": name, "ResourceType": kind, "TagKey": key, "TagValue": value}
        for name, resource in known.items()
        if (not names or name in names) and tagging.matches(resource.tags, wanted)
        for key, value in resource.tags.items()
        if not wanted or any(key == wanted_key for wanted_key, _unused in wanted)
    ]
    page = page_of(rows, context.params.with_values(MaxResults="50"), limit=50)
    return {"TagResources": {"TagResource": list(page.items)}, "NextToken": page.fields["NextToken"]}


@action("JoinResourceGroup")
def join_resource_group(context: Context) -> dict:
    """Move one resource to another resource group."""
    group = context.params.require("ResourceGroupId")
    resource_id, kind = context.params.require("ResourceId"), _resource_type(context)
    everywhere = kind == "instance" and "RegionId" not in context.params
    resource = context.cloud.instances.get(resource_id) if everywhere else _resources(context, kind).get(resource_id)
    if resource is None:
        raise _resource_not_found()
    context.cloud.check_resource_group(group)
    resource.resource_group_id = group
    return {}


def _resource_type(context: Context) -> str:
    kind = context.params.require("ResourceType")
    if kind not in ("instance", "keypair"):
        raise ApiError(404, "InvalidResourceType.NotFound", "The ResourceType provided does not exist in our records.")
    return kind


def _resources(context: Context, kind: str) -> dict[str, Instance] | dict[str, KeyPair]:
    """A key pair is addressed by its name."""
    region = context.optional_region
    return region.instances if kind == "instance" else region.key_pairs


def _find_resources(context: Context) -> list[tuple[str, Instance | KeyPair]]:
    assert context.region
    kind = _resource_type(context)
    names = context.params.list("ResourceId")
    if not names:
        raise context.params.missing("ResourceId")
    if len(names) > _RESOURCE_LIMIT:
        raise ApiError(400, "NumberExceed.ResourceIds", "The maximum number of ResourceIds is exceeded.")
    if len(set(names)) < len(names):
        raise ApiError(400, "Duplicate.ResourceId", "The ResourceId.N contain duplicate resource.")
    known = _resources(context, kind)
    if any(name not in known for name in names):
        raise _resource_not_found()
    return [(name, known[name]) for name in names]


def _resource_not_found() -> ApiError:
    return ApiError(404, "InvalidResourceId.NotFound", "The specified ResourceIds are not found in our records.")
