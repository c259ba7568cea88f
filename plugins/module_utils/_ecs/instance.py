# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance as DescribeInstances and DescribeCloudAssistantStatus tell it, in plain words.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

from typing import Any, Dict, Iterable, List, Mapping, Optional

from .._ids import is_address, is_region
from .tags import read_tags


def keep_addresses(texts: Iterable[str]) -> List[str]:
    """Those that are addresses, each once."""
    return [text for text in dict.fromkeys(texts) if is_address(text)]


def read_instance(raw: Mapping[str, Any]) -> Dict[str, Any]:
    """What somebody who wants to log in needs to know. What the answer leaves out is empty, never missing."""
    vpc = _mapping(raw.get("VpcAttributes"))
    eip = _text(_mapping(raw.get("EipAddress")).get("IpAddress"))
    public = _texts(raw.get("PublicIpAddress"), "IpAddress")
    public = keep_addresses([*public, eip])
    # Instances of a VPC have their address there, those of the classic network in InnerIpAddress.
    private = keep_addresses(_texts(vpc.get("PrivateIpAddress"), "IpAddress") or _texts(raw.get("InnerIpAddress"), "IpAddress"))
    os_type = _text(raw.get("OSType")).lower()
    return {
        "instance_id": _text(raw.get("InstanceId")),
        "name": _text(raw.get("InstanceName")),
        "hostname": _text(raw.get("HostName")),
        "region": raw["RegionId"] if is_region(raw.get("RegionId")) else "",
        "zone": _text(raw.get("ZoneId")),
        "status": _text(raw.get("Status")),
        "os_type": os_type,
        "os_name": _text(raw.get("OSNameEn")) or _text(raw.get("OSName")),
        "image_id": _text(raw.get("ImageId")),
        "login_user": find_login_user(raw) or "",
        "key_pair_name": _text(raw.get("KeyPairName")),
        "public_ip": public[0] if public else "",
        "public_ips": public,
        "private_ip": private[0] if private else "",
        "private_ips": private,
        "ipv6_ips": _ipv6_addresses(raw),
        "vpc_id": _text(vpc.get("VpcId")),
        "security_group_ids": _texts(raw.get("SecurityGroupIds"), "SecurityGroupId"),
        "resource_group_id": _text(raw.get("ResourceGroupId")),
        "tags": read_tags(raw.get("Tags")),
    }


def find_login_user(raw: Mapping[str, Any]) -> Optional[str]:
    """The user that the image gives the key pair to; None on Windows."""
    if _text(raw.get("OSType")).lower() == "windows":
        return None
    as_non_root = _text(_mapping(raw.get("ImageOptions")).get("LoginAsNonRoot")).lower()
    return "ecs-user" if as_non_root == "true" else "root"


def read_assistant(raw: Optional[Mapping[str, Any]]) -> Dict[str, Any]:
    """The Cloud Assistant agent; C(None), no word of it, means that there never was one."""
    raw = raw or {}
    version = _text(raw.get("CloudAssistantVersion"))
    online = _text(raw.get("CloudAssistantStatus")).lower() == "true"
    return {"installed": bool(version) or online, "online": online, "version": version}


def _ipv6_addresses(raw: Mapping[str, Any]) -> List[str]:
    interfaces = _items(raw.get("NetworkInterfaces"), "NetworkInterface")
    return keep_addresses(_text(item.get("Ipv6Address")) for each in interfaces for item in _items(each.get("Ipv6Sets"), "Ipv6Set"))


def _items(value: Any, name: str) -> List[Mapping[str, Any]]:
    items = _mapping(value).get(name)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _texts(value: Any, name: str) -> List[str]:
    items = _mapping(value).get(name)
    return [_text(item) for item in items if item] if isinstance(items, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return "" if value is None else str(value)
