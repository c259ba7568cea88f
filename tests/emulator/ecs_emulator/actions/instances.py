# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeInstances, DescribeInstanceAttribute and the form in which instances are shown."""

from __future__ import annotations

from typing import Callable

from ecs_emulator import tagging
from ecs_emulator.actions import Context, action
from ecs_emulator.cloud import Cloud
from ecs_emulator.errors import ApiError, dry_run, instance_not_found
from ecs_emulator.matching import matches_pattern
from ecs_emulator.models import Instance
from ecs_emulator.paging import page_of
from ecs_emulator.timestamps import iso_minutes

_LIMIT = 100
_ATTRIBUTES = (
    "ClusterId", "Cpu", "CreationTime", "Description", "EipAddress", "ExpiredTime", "HostName", "ImageId", "InnerIpAddress",
    "InstanceChargeType", "InstanceId", "InstanceName", "InstanceNetworkType", "InstanceType", "InternetChargeType",
    "InternetMaxBandwidthIn", "InternetMaxBandwidthOut", "IoOptimized", "Memory", "OperationLocks", "PublicIpAddress", "RegionId",
    "SecurityGroupIds", "SerialNumber", "Status", "StoppedMode", "VlanId", "VpcAttributes", "ZoneId",
)  # fmt: skip
"""What DescribeInstanceAttribute shows of an instance."""
_OS_NAMES = {
    "debian11": "Debian 11.11 64-bit",
    "debian12": "Debian 12.11 64-bit",
    "debian13": "Debian 13.0 64-bit",
    "el-like": "Alibaba Cloud Linux 3.2104 LTS 64-bit",
}


@action("DescribeInstances")
def describe_instances(context: Context) -> dict:
    """Instances of a region by id, name, status, key pair, network, tags ... Unknown ids are simply missing."""
    region, params = context.region, context.params
    if params.flag("DryRun"):
        raise dry_run()
    instance_ids = params.json_list("InstanceIds", _LIMIT, "InvalidInstanceIds.Malformed")
    if "InstanceIds" in params:
        found = [region.instances[item] for item in dict.fromkeys(instance_ids) if item in region.instances]
    else:
        found = list(region.instances.values())
    for keep in _filters(context):
        found = [instance for instance in found if keep(instance)]
    page = page_of(found, params, limit=_LIMIT, lowest=10)
    return dict(page.fields, Instances={"Instance": [show_instance(context.cloud, instance) for instance in page.items]})


def _filters(context: Context) -> list[Callable[[Instance], bool]]:
    """One function per filter that the request has."""
    params = context.params
    filters: list[Callable[[Instance], bool]] = []

    def equal(name: str, read: Callable[[Instance], object]) -> None:
        if name in params:
            wanted = params.get(name)
            filters.append(lambda instance: read(instance) == wanted)

    def among(name: str, read: Callable[[Instance], str]) -> None:
        if name in params:
            wanted = set(params.json_list(name, _LIMIT))
            filters.append(lambda instance: read(instance) in wanted)

    equal("Status", lambda instance: instance.status)
    equal("KeyPairName", lambda instance: instance.key_pair_name)
    equal("VpcId", lambda instance: instance.spec.vpc_id)
    equal("ZoneId", lambda instance: instance.spec.zone)
    equal("VSwitchId", vswitch_id)
    equal("ImageId", lambda instance: instance.spec.image)
    equal("InstanceType", lambda instance: instance.spec.instance_type)
    equal("InstanceNetworkType", lambda instance: "vpc")
    equal("ResourceGroupId", lambda instance: instance.resource_group_id)
    equal("LockReason", lambda instance: instance.spec.lock)
    among("PrivateIpAddresses", lambda instance: instance.private_ip)
    among("PublicIpAddresses", lambda instance: instance.public_address)
    among("EipAddresses", lambda instance: instance.spec.eip)
    if "SecurityGroupId" in params:
        group = params.get("SecurityGroupId")
        filters.append(lambda instance: group in instance.spec.security_group_ids)
    if "InstanceName" in params:
        pattern = params.get("InstanceName")
        filters.append(lambda instance: matches_pattern(instance.spec.name, pattern))
    tags = tagging.parse_filter(params)
    if tags:
        filters.append(lambda instance: tagging.matches(instance.tags, tags))
    return filters


def vswitch_id(instance: Instance) -> str:
    """One virtual switch per VPC."""
    return instance.spec.vpc_id.replace("vpc-", "vsw-", 1)


def show_instance(cloud: Cloud, instance: Instance) -> dict:
    """An instance as DescribeInstances shows it."""
    spec = instance.spec
    public = instance.public_address
    os_name = "Windows Server 2022 Datacenter 64-bit" if instance.is_windows else _OS_NAMES.get(spec.image, spec.image)
    shown = {
        "InstanceId": spec.instance_id,
        "InstanceName": spec.name,
        "Description": spec.description,
        "HostName": spec.host_name or spec.instance_id,
        "RegionId": spec.region,
        "ZoneId": spec.zone,
        "Status": instance.status,
        "StoppedMode": "KeepCharging" if instance.status == "Stopped" else "Not-applicable",
        "OSType": spec.os_type,
        "OSName": os_name,
        "OSNameEn": os_name,
        "ImageId": spec.image,
        "ImageOptions": {"LoginAsNonRoot": spec.login_user != "root"},
        "InstanceType": spec.instance_type,
        "InstanceTypeFamily": ".".join(spec.instance_type.split(".")[:2]),
        "Cpu": 1,
        "Memory": 1024,
        "CreationTime": iso_minutes(instance.created),
        "StartTime": iso_minutes(instance.started),
        "ExpiredTime": "2099-12-31T15:59Z",
        "AutoReleaseTime": "",
        "InstanceChargeType": "PostPaid",
        "InternetChargeType": "PayByTraffic",
        "InternetMaxBandwidthIn": 100,
        "InternetMaxBandwidthOut": 100 if public else 0,
        "SpotStrategy": "NoSpot",
        "DeletionProtection": False,
        "DeviceAvailable": True,
        "IoOptimized": True,
        "Recyclable": False,
        "SerialNumber": "%s-serial" % spec.instance_id,
        "InstanceNetworkType": "vpc",
        "VlanId": "",
        "ClusterId": "",
        "InnerIpAddress": {"IpAddress": []},
        "PublicIpAddress": {"IpAddress": [public] if public else []},
        "EipAddress": {
            "Bandwidth": 100 if instance.spec.eip else 0,
            "IpAddress": spec.eip,
            "AllocationId": "eip-" + spec.instance_id[2:] if spec.eip else "",
            "InternetChargeType": "PayByTraffic" if spec.eip else "",
            "IsSupportUnassociate": bool(spec.eip),
        },
        "VpcAttributes": {
            "VpcId": spec.vpc_id,
            "VSwitchId": vswitch_id(instance),
            "NatIpAddress": "",
            "PrivateIpAddress": {"IpAddress": [instance.private_ip]},
        },
        "NetworkInterfaces": {
            "NetworkInterface": [
                {
                    "NetworkInterfaceId": "eni-" + spec.instance_id[2:],
                    "PrimaryIpAddress": instance.private_ip,
                    "MacAddress": "",
                    "Type": "Primary",
                    "PrivateIpSets": {"PrivateIpSet": [{"PrivateIpAddress": instance.private_ip, "Primary": True}]},
                }
            ]
        },
        "SecurityGroupIds": {"SecurityGroupId": list(spec.security_group_ids)},
        "ResourceGroupId": instance.resource_group_id,
        "OperationLocks": {"LockReason": [{"LockReason": spec.lock}] if spec.lock else []},
        "MetadataOptions": {"HttpEndpoint": "", "HttpTokens": ""},
    }
    # The real answer leaves these out when there is nothing to say.
    if instance.key_pair_name:
        shown["KeyPairName"] = instance.key_pair_name
    if instance.tags:
        shown["Tags"] = {"Tag": tagging.to_list(instance.tags)}
    return shown


@action("DescribeInstanceAttribute")
def describe_instance_attribute(context: Context) -> dict:
    """One instance; the shape differs a little from DescribeInstances."""
    shown = show_instance(context.cloud, context.cloud.instance(context.params.require("InstanceId")))
    attributes = {name: shown[name] for name in _ATTRIBUTES}
    attributes["IoOptimized"] = "optimized" if shown["IoOptimized"] else "none"
    attributes["EipAddress"] = {name: value for name, value in shown["EipAddress"].items() if name != "IsSupportUnassociate"}
    return attributes


@action("DescribeInstanceStatus")
def describe_instance_status(context: Context) -> dict:
    """The statuses of a region's instances, or of those that the call names."""
    region, params = context.region, context.params
    instance_ids = list(dict.fromkeys(params.list("InstanceId")))
    if len(instance_ids) > _LIMIT:
        raise ApiError(403, "InstanceIds.ExceedLimit", "The number of instance IDs exceeds the upper limit.")
    unknown = [item for item in instance_ids if item not in region.instances]
    if unknown and context.cloud.behaviours.status_unknown_instance == "error":
        raise instance_not_found()
    zone = params.get("ZoneId")
    found = [item for item in region.instances.values() if zone in ("", item.spec.zone) and (not instance_ids or item.instance_id in instance_ids)]
    page = page_of(found, params.without("MaxResults", "NextToken"), limit=50)
    statuses = [{"InstanceId": item.instance_id, "Status": item.status} for item in page.items]
    fields = {key: page.fields[key] for key in ("TotalCount", "PageNumber", "PageSize")}
    return dict(fields, InstanceStatuses={"InstanceStatus": statuses})
