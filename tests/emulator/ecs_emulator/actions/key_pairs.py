# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateKeyPair, ImportKeyPair, DescribeKeyPairs, DeleteKeyPairs, AttachKeyPair, DetachKeyPair."""

from __future__ import annotations

import asyncio
from typing import Callable

from ecs_emulator import public_keys, tagging
from ecs_emulator.actions import Context, action
from ecs_emulator.errors import ApiError, instance_not_found, unsupported_value
from ecs_emulator.matching import matches_pattern
from ecs_emulator.models import Instance, KeyPair
from ecs_emulator.paging import page_of
from ecs_emulator.timestamps import iso_minutes

_ATTACH_LIMIT = 50
_DELETE_LIMIT = 100


@action("CreateKeyPair")
async def create_key_pair(context: Context) -> dict:
    """Make a key; the answer is the only place where its private half ever is."""
    region, name = context.region, context.params.require("KeyPairName")
    if not public_keys.is_name_for_create(name):
        raise _malformed_name()
    tags, group = _labels(context, reserved_values=True)
    private_key, public_key = await asyncio.get_running_loop().run_in_executor(None, public_keys.make_key)
    blob = public_keys.find_blob(public_key)
    assert blob is not None
    pair = context.cloud.add_key_pair(region, name, public_key, public_keys.fingerprint_md5(blob))
    pair.tags, pair.resource_group_id = tags, group
    return dict(_identity(pair), KeyPairId=pair.key_pair_id, PrivateKeyBody=private_key)


@action("ImportKeyPair")
def import_key_pair(context: Context) -> dict:
    """Keep a public key."""
    region, name = context.region, context.params.require("KeyPairName")
    public_key = context.params.require("PublicKeyBody").strip()
    if not public_keys.is_name_for_import(name):
        raise _malformed_name()
    blob = public_keys.find_blob(public_key)
    if blob is None:
        raise ApiError(400, "InvalidPublicKeyBody.Malformed", "The specified parameter PublicKeyBody is not valid.")
    tags, group = _labels(context)
    sha1 = context.cloud.behaviours.imported_fingerprint == "sha1"
    fingerprint = public_keys.fingerprint_sha1(blob) if sha1 else public_keys.fingerprint_md5(blob)
    pair = context.cloud.add_key_pair(region, name, public_key, fingerprint)
    pair.tags, pair.resource_group_id = tags, group
    return _identity(pair)


@action("DescribeKeyPairs")
def describe_key_pairs(context: Context) -> dict:
    """Pairs by name (``*`` matches anything), fingerprint, tags and resource group."""
    params = context.params
    name, fingerprint, group = (params.get(key) for key in ("KeyPairName", "KeyPairFingerPrint", "ResourceGroupId"))
    tags = tagging.parse_filter(params)
    found = [
        pair
        for pair in context.region.key_pairs.values()
        if (not name or matches_pattern(pair.name, name))
        and (not fingerprint or pair.fingerprint == fingerprint)
        and (not group or pair.resource_group_id == group)
        and tagging.matches(pair.tags, tags)
    ]
    page = page_of(found, _without_token(context), limit=50)
    with_key = params.flag("IncludePublicKey") and context.cloud.behaviours.describe_public_key == "given"
    fields = {key: page.fields[key] for key in ("TotalCount", "PageNumber", "PageSize")}
    return dict(fields, KeyPairs={"KeyPair": [_describe(pair, with_key) for pair in page.items]})


@action("DeleteKeyPairs")
def delete_key_pairs(context: Context) -> dict:
    """Delete all the named pairs, or none when one is bound."""
    region = context.region
    context.params.require("KeyPairNames")
    names = context.params.json_list("KeyPairNames", _DELETE_LIMIT)
    if not names:
        raise unsupported_value("KeyPairNames")
    for name in names:
        if name not in region.key_pairs and context.cloud.behaviours.delete_unknown_key_pair == "error":
            raise ApiError(404, "InvalidKeyPair.NotFound", "The specified KeyPair does not exist in our records.")
        if name in region.key_pairs and context.cloud.bound_instances(region, name):
            raise ApiError(
                400,
                "InvalidParameter.KeypairAlreadyAttachedInstance",
                "The specified parameter KeyPairNames is invalid: a key pair is attached to an instance.",
            )
    for name in names:
        region.key_pairs.pop(name, None)
    return {}


@action("AttachKeyPair")
def attach_key_pair(context: Context) -> dict:
    """Bind a pair to instances, replacing any other; guests see it at their next boot."""
    return _bind_or_unbind(context, context.cloud.bind, lambda instance, name: None)


@action("DetachKeyPair")
def detach_key_pair(context: Context) -> dict:
    """Unbind a pair from instances."""

    def check(instance: Instance, name: str) -> ApiError | None:
        if instance.key_pair_name == name or context.cloud.behaviours.detach_not_bound == "success":
            return None
        return ApiError(400, "InvalidKeyPairName.NotFound", "The specified KeyPair is not attached to the instance.")

    def unbind(instance: Instance, name: str) -> None:
        if instance.key_pair_name == name:
            context.cloud.unbind(instance)

    return _bind_or_unbind(context, unbind, check)


def _bind_or_unbind(context: Context, change: Callable[[Instance, str], None], check: Callable[[Instance, str], ApiError | None]) -> dict:
    """Common to both: limits, failures of the whole call first, then one result per instance."""
    region, params, behaviours = context.region, context.params, context.cloud.behaviours
    name = params.require("KeyPairName")
    params.require("InstanceIds")
    instance_ids = list(dict.fromkeys(params.json_list("InstanceIds", _ATTACH_LIMIT)))
    if not instance_ids:
        raise unsupported_value("InstanceIds")
    context.cloud.key_pair(region, name)
    if behaviours.attach_unknown_instance == "call" and any(item not in region.instances for item in instance_ids):
        raise instance_not_found()
    if behaviours.attach_windows_instance == "call" and any(item in region.instances and region.instances[item].is_windows for item in instance_ids):
        raise _windows()
    results = []
    for index, instance_id in enumerate(instance_ids):
        instance = region.instances.get(instance_id)
        broken = context.broken_item(index, len(instance_ids))
        if broken:
            error: ApiError | None = ApiError(broken.status, broken.code, broken.message)
        elif instance is None:
            error = instance_not_found()
        elif instance.is_windows:
            error = _windows()
        else:
            error = check(instance, name)
        if error is None and instance is not None:
            change(instance, name)
        results.append(_result(instance_id, error))
    failed = sum(1 for result in results if not result["Success"])
    answer = {"KeyPairName": name, "TotalCount": len(results), "FailCount": failed, "Results": {"Result": results}}
    return _as_strings(answer) if behaviours.result_types == "string" else answer


def _result(instance_id: str, error: ApiError | None) -> dict:
    if error is None:
        return {"InstanceId": instance_id, "Code": "200", "Message": "successful", "Success": True}
    return {"InstanceId": instance_id, "Code": error.code, "Message": error.message, "Success": False}


def _as_strings(answer: dict) -> dict:
    """The same answer with numbers and booleans as text: the SDK's own models type them so."""
    results = [dict(result, Success=str(result["Success"]).lower()) for result in answer["Results"]["Result"]]
    return dict(
        answer,
        TotalCount=str(answer["TotalCount"]),
        FailCount=str(answer["FailCount"]),
        Results={"Result": results},
    )


def _labels(context: Context, reserved_values: bool = False) -> tuple[dict[str, str], str]:
    """Tags and resource group of a new pair."""
    group = context.params.get("ResourceGroupId")
    context.cloud.check_resource_group(group)
    return tagging.parse_tags(context.params, reserved_values), group


def _without_token(context: Context):
    """DescribeKeyPairs knows no NextToken: it is ignored as any unknown parameter is."""
    return context.params.without("NextToken", "MaxResults")


def _identity(pair: KeyPair) -> dict:
    return {"KeyPairName": pair.name, "KeyPairFingerPrint": pair.fingerprint}


def _describe(pair: KeyPair, with_key: bool) -> dict:
    shown = {
        "KeyPairName": pair.name,
        "KeyPairFingerPrint": pair.fingerprint,
        "CreationTime": iso_minutes(pair.created),
        "ResourceGroupId": pair.resource_group_id,
        "Tags": {"Tag": tagging.to_list(pair.tags)},
    }
    return dict(shown, PublicKey=pair.public_key) if with_key else shown


def _malformed_name() -> ApiError:
    return ApiError(400, "InvalidKeyPairName.Malformed", "The specified parameter KeyPairName is not valid.")


def _windows() -> ApiError:
    return ApiError(403, "DependencyViolation.WindowsInstance", "The operation is not allowed because the instance is a Windows instance.")
