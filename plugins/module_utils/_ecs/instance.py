# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance as DescribeInstances and DescribeCloudAssistantStatus report it, in plain words.

Nothing is judged here: what becomes a word of a command is checked where that happens.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

from typing import Any, Dict, Iterable, List, Mapping, NamedTuple

from .._ids import is_address, is_region
from .answer import items_of, mapping_of, number_of, text_of, texts_of, unique, word_of
from .tags import read_tags


class Instance(NamedTuple):
    """What ECS shows of one instance. What the answer leaves out is empty."""

    instance_id: str
    name: str
    hostname: str
    description: str
    region: str
    zone: str
    status: str
    os_type: str
    os_name: str
    image_id: str
    image_user: str
    """The user that gets the key pair on this image, if ECS reports one."""
    instance_type: str
    cpu: int
    memory_mib: int
    network_type: str
    vpc_id: str
    vswitch_id: str
    security_group_ids: List[str]
    resource_group_id: str
    key_pair_name: str
    public_ips: List[str]
    eip: str
    private_ips: List[str]
    ipv6_ips: List[str]
    charge_type: str
    created_at: str
    expires_at: str
    tags: Dict[str, str]

    @property
    def is_windows(self) -> bool:
        return self.os_type == "windows"

    @property
    def is_running(self) -> bool:
        return self.status == "Running"

    @property
    def login_user(self) -> str:
        """The user that gets the key pair on this image, root unless ECS reports another; empty on Windows."""
        return "" if self.is_windows else self.image_user or "root"

    @property
    def public_ip(self) -> str:
        return (self.public_ips or [""])[0]

    @property
    def private_ip(self) -> str:
        return (self.private_ips or [""])[0]

    def to_dict(self) -> Dict[str, Any]:
        """The details needed for a login; texts that cannot be a region or an address are left out."""
        public, private = keep_addresses(self.public_ips), keep_addresses(self.private_ips)
        return {
            "instance_id": self.instance_id,
            "name": self.name,
            "hostname": self.hostname,
            "region": self.region if is_region(self.region) else "",
            "zone": self.zone,
            "status": self.status,
            "os_type": self.os_type,
            "os_name": self.os_name,
            "image_id": self.image_id,
            "login_user": self.login_user,
            "key_pair_name": self.key_pair_name,
            "public_ip": public[0] if public else "",
            "public_ips": public,
            "private_ip": private[0] if private else "",
            "private_ips": private,
            "ipv6_ips": keep_addresses(self.ipv6_ips),
            "vpc_id": self.vpc_id,
            "security_group_ids": self.security_group_ids,
            "resource_group_id": self.resource_group_id,
            "tags": self.tags,
        }


class Agent(NamedTuple):
    """The Cloud Assistant agent of an instance. If ECS does not list it, it was never installed."""

    version: str = ""
    online: bool = False
    last_heard: str = ""

    @property
    def installed(self) -> bool:
        return bool(self.version) or self.online

    def to_dict(self) -> Dict[str, Any]:
        return {"installed": self.installed, "online": self.online, "version": self.version}


def read_instance(raw: Mapping[str, Any], region: str = "") -> Instance:
    """One entry of DescribeInstances; I(region) is where it was asked for."""
    vpc = mapping_of(raw.get("VpcAttributes"))
    eip = text_of(mapping_of(raw.get("EipAddress")).get("IpAddress"))
    as_non_root = text_of(mapping_of(raw.get("ImageOptions")).get("LoginAsNonRoot")).lower()
    interfaces = items_of(raw, "NetworkInterfaces", "NetworkInterface")
    return Instance(
        instance_id=text_of(raw.get("InstanceId")),
        name=text_of(raw.get("InstanceName")),
        hostname=text_of(raw.get("HostName")),
        description=text_of(raw.get("Description")),
        region=text_of(raw.get("RegionId")) or region,
        zone=text_of(raw.get("ZoneId")),
        status=text_of(raw.get("Status")),
        os_type=text_of(raw.get("OSType")).lower(),
        os_name=text_of(raw.get("OSNameEn")) or text_of(raw.get("OSName")),
        image_id=text_of(raw.get("ImageId")),
        image_user={"true": "ecs-user", "false": "root"}.get(as_non_root, ""),
        instance_type=text_of(raw.get("InstanceType")),
        cpu=number_of(raw.get("Cpu")),
        memory_mib=number_of(raw.get("Memory")),
        network_type=text_of(raw.get("InstanceNetworkType")),
        vpc_id=text_of(vpc.get("VpcId")),
        vswitch_id=text_of(vpc.get("VSwitchId")),
        security_group_ids=texts_of(raw, "SecurityGroupIds", "SecurityGroupId"),
        resource_group_id=text_of(raw.get("ResourceGroupId")),
        key_pair_name=text_of(raw.get("KeyPairName")),
        public_ips=unique([*texts_of(raw, "PublicIpAddress", "IpAddress"), eip]),
        eip=eip,
        # Instances of a VPC have their address there, those of the classic network in InnerIpAddress.
        private_ips=texts_of(vpc, "PrivateIpAddress", "IpAddress") or texts_of(raw, "InnerIpAddress", "IpAddress"),
        ipv6_ips=unique(text_of(item.get("Ipv6Address")) for each in interfaces for item in items_of(each, "Ipv6Sets", "Ipv6Set")),
        charge_type=text_of(raw.get("InstanceChargeType")),
        created_at=text_of(raw.get("CreationTime")),
        expires_at=text_of(raw.get("ExpiredTime")),
        tags=read_tags(raw.get("Tags")),
    )


def read_agent(raw: Mapping[str, Any]) -> Agent:
    """One entry of DescribeCloudAssistantStatus."""
    online = text_of(raw.get("CloudAssistantStatus")).lower() == "true"
    return Agent(word_of(raw.get("CloudAssistantVersion"), 40), online, word_of(raw.get("LastHeartbeatTime"), 40))


def keep_addresses(texts: Iterable[str]) -> List[str]:
    """Those that are addresses."""
    return [text for text in texts if is_address(text)]
