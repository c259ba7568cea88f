# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says about an instance: plain facts, host variables, the address to connect to.

Facts are what is cached, so they hold nothing but plain text, numbers and lists: a cache plugin may give dictionaries with
certain keys a meaning of their own, and tags have keys that somebody else has chosen.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import typing as t

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_address, is_instance_id, is_region

Facts = dict[str, t.Any]

# The collection's playbooks look for these, whatever hostvars_prefix and hostvars_suffix say.
FIXED_NAMES = {"instance_id": "ecs_instance_id", "region": "ecs_region", "login_user": "ecs_login_user"}


def parse_instance(raw: t.Mapping[str, t.Any], region: str) -> Facts:
    """The facts of one instance as DescribeInstances tells it. What the answer leaves out is empty, never missing."""
    vpc = _mapping(raw.get("VpcAttributes"))
    eip = _text(_mapping(raw.get("EipAddress")).get("IpAddress"))
    public_ips = _unique([*_texts(raw.get("PublicIpAddress"), "IpAddress"), eip])
    # Instances of a VPC have their address there, those of the classic network in InnerIpAddress.
    private_ips = _texts(vpc.get("PrivateIpAddress"), "IpAddress") or _texts(raw.get("InnerIpAddress"), "IpAddress")
    os_type = _text(raw.get("OSType")).lower()
    return {
        "instance_id": _text(raw.get("InstanceId")),
        "name": _text(raw.get("InstanceName")),
        "hostname": _text(raw.get("HostName")),
        "description": _text(raw.get("Description")),
        "region": _text(raw.get("RegionId")) or region,
        "zone": _text(raw.get("ZoneId")),
        "status": _text(raw.get("Status")),
        "os_type": os_type,
        "os_name": _text(raw.get("OSNameEn")) or _text(raw.get("OSName")),
        "image_id": _text(raw.get("ImageId")),
        "instance_type": _text(raw.get("InstanceType")),
        "cpu": _number(raw.get("Cpu")),
        "memory_mib": _number(raw.get("Memory")),
        "network_type": _text(raw.get("InstanceNetworkType")),
        "vpc_id": _text(vpc.get("VpcId")),
        "vswitch_id": _text(vpc.get("VSwitchId")),
        "security_group_ids": _texts(raw.get("SecurityGroupIds"), "SecurityGroupId"),
        "resource_group_id": _text(raw.get("ResourceGroupId")),
        "key_pair_name": _text(raw.get("KeyPairName")),
        "login_user": _login_user(raw, os_type),
        "public_ip": public_ips[0] if public_ips else "",
        "public_ips": public_ips,
        "eip": eip,
        "private_ip": private_ips[0] if private_ips else "",
        "private_ips": private_ips,
        "ipv6_ips": _ipv6_addresses(raw),
        "charge_type": _text(raw.get("InstanceChargeType")),
        "created_at": _text(raw.get("CreationTime")),
        "expires_at": _text(raw.get("ExpiredTime")),
        "tags": [[_text(tag.get("TagKey")), _text(tag.get("TagValue"))] for tag in _items(raw.get("Tags"), "Tag")],
    }


def find_forgery(facts: Facts) -> str | None:
    """Why an answer of the API can't be believed, or None: ids and addresses become words of commands."""
    if not is_instance_id(facts["instance_id"]):
        return f"{facts['instance_id']!r} is not an instance id"
    if not is_region(facts["region"]):
        return f"{facts['region']!r}, which the API gives for {facts['instance_id']}, is not a region"
    for address in [*facts["public_ips"], *facts["private_ips"], *facts["ipv6_ips"]]:
        if not is_address(address):
            return f"{address!r}, which the API gives for {facts['instance_id']}, is not an IP address"
    return None


def render_hostvars(facts: Facts, prefix: str, suffix: str) -> dict[str, t.Any]:
    """The host variables that I(facts) become, without C(ansible_host)."""
    values = dict(facts, tags=dict(facts["tags"]))
    hostvars = {f"{prefix}{name}{suffix}": value for name, value in values.items()}
    hostvars.update({fixed: values[name] for name, fixed in FIXED_NAMES.items()})
    return hostvars


def find_address(facts: Facts, connect_with: t.Sequence[str]) -> str | None:
    """The first address of the wanted kinds that the instance has."""
    addresses = {
        "public": facts["public_ip"],
        "private": facts["private_ip"],
        "ipv6": facts["ipv6_ips"][0] if facts["ipv6_ips"] else "",
        "instance_id": facts["instance_id"],
    }
    return next((addresses[kind] for kind in connect_with if addresses[kind]), None)


def _login_user(raw: t.Mapping[str, t.Any], os_type: str) -> str:
    if os_type == "windows":
        return ""
    as_non_root = _mapping(raw.get("ImageOptions")).get("LoginAsNonRoot")
    return "ecs-user" if str(as_non_root).lower() == "true" else "root"


def _ipv6_addresses(raw: t.Mapping[str, t.Any]) -> list[str]:
    found = []
    for interface in _items(raw.get("NetworkInterfaces"), "NetworkInterface"):
        found += [_text(item.get("Ipv6Address")) for item in _items(interface.get("Ipv6Sets"), "Ipv6Set")]
    return _unique(found)


def _items(value: t.Any, name: str) -> list[t.Mapping[str, t.Any]]:
    """The API wraps every list: C({"Tag": [{...}]})."""
    items = _mapping(value).get(name)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _texts(value: t.Any, name: str) -> list[str]:
    items = _mapping(value).get(name)
    return _unique([_text(item) for item in items]) if isinstance(items, list) else []


def _mapping(value: t.Any) -> t.Mapping[str, t.Any]:
    return value if isinstance(value, dict) else {}


def _unique(values: t.Iterable[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value]


def _text(value: t.Any) -> str:
    return "" if value is None else str(value)


def _number(value: t.Any) -> int:
    return value if isinstance(value, int) else 0
