# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts, host variables and the address of an instance."""

from __future__ import annotations

import json

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.instance import read_instance
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.facts import find_address, from_cache, render_hostvars, to_cache

# As DescribeInstances answers, less what is not used.
WEB = {
    "InstanceId": "i-bp1",
    "InstanceName": "web-1",
    "HostName": "web1",
    "Description": "front",
    "RegionId": "cn-hangzhou",
    "ZoneId": "cn-hangzhou-b",
    "Status": "Running",
    "OSType": "linux",
    "OSName": "Debian",
    "OSNameEn": "Debian 12",
    "ImageId": "debian_12",
    "ImageOptions": {"LoginAsNonRoot": True},
    "InstanceType": "ecs.c7.large",
    "Cpu": 2,
    "Memory": 4096,
    "InstanceNetworkType": "vpc",
    "VpcAttributes": {"VpcId": "vpc-1", "VSwitchId": "vsw-1", "PrivateIpAddress": {"IpAddress": ["10.0.0.5"]}},
    "InnerIpAddress": {"IpAddress": []},
    "PublicIpAddress": {"IpAddress": ["203.0.113.5"]},
    "EipAddress": {"IpAddress": "", "AllocationId": ""},
    "NetworkInterfaces": {"NetworkInterface": [{"Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": "2001:db8::5"}, {"Ipv6Address": "2001:db8::6"}]}}]},
    "SecurityGroupIds": {"SecurityGroupId": ["sg-1", "sg-2"]},
    "ResourceGroupId": "rg-1",
    "KeyPairName": "team",
    "InstanceChargeType": "PostPaid",
    "CreationTime": "2026-01-02T03:04Z",
    "ExpiredTime": "2099-12-31T15:59Z",
    "Tags": {"Tag": [{"TagKey": "role", "TagValue": "web"}, {"TagKey": "env", "TagValue": "prod"}]},
}


def test_host_variables_of_a_full_answer():
    variables = render_hostvars(read_instance(WEB, "eu-central-1"), "", "")
    assert {name: value for name, value in variables.items() if not name.startswith("ecs_")} == {
        "instance_id": "i-bp1",
        "name": "web-1",
        "hostname": "web1",
        "description": "front",
        "region": "cn-hangzhou",
        "zone": "cn-hangzhou-b",
        "status": "Running",
        "os_type": "linux",
        "os_name": "Debian 12",
        "image_id": "debian_12",
        "instance_type": "ecs.c7.large",
        "cpu": 2,
        "memory_mib": 4096,
        "network_type": "vpc",
        "vpc_id": "vpc-1",
        "vswitch_id": "vsw-1",
        "security_group_ids": ["sg-1", "sg-2"],
        "resource_group_id": "rg-1",
        "key_pair_name": "team",
        "login_user": "ecs-user",
        "public_ip": "203.0.113.5",
        "public_ips": ["203.0.113.5"],
        "eip": "",
        "private_ip": "10.0.0.5",
        "private_ips": ["10.0.0.5"],
        "ipv6_ips": ["2001:db8::5", "2001:db8::6"],
        "charge_type": "PostPaid",
        "created_at": "2026-01-02T03:04Z",
        "expires_at": "2099-12-31T15:59Z",
        "tags": {"role": "web", "env": "prod"},
    }


def test_what_the_answer_leaves_out_is_empty_and_never_missing():
    facts = render_hostvars(read_instance({"InstanceId": "i-1", "Tags": None, "PublicIpAddress": {}}, "cn-beijing"), "", "")
    assert facts.keys() == render_hostvars(read_instance(WEB, "x"), "", "").keys()
    assert (facts["region"], facts["login_user"], facts["cpu"]) == ("cn-beijing", "root", 0)
    rest = {name: value for name, value in facts.items() if not name.startswith("ecs_") and name not in ("instance_id", "region", "login_user")}
    assert not any(rest.values())


@pytest.mark.parametrize(
    ("os_type", "options", "user"),
    [
        pytest.param("linux", {"LoginAsNonRoot": True}, "ecs-user", id="image made for ecs-user"),
        pytest.param("linux", {"LoginAsNonRoot": "true"}, "ecs-user", id="the same said as text"),
        pytest.param("linux", {"LoginAsNonRoot": False}, "root", id="root"),
        pytest.param("linux", None, "root", id="not said: root"),
        pytest.param("windows", None, "", id="windows: nobody"),
    ],
)
def test_login_user(os_type, options, user):
    assert read_instance({"OSType": os_type, "ImageOptions": options}, "r").login_user == user


@pytest.mark.parametrize(
    ("change", "public"),
    [
        pytest.param({}, ["203.0.113.5"], id="public address"),
        pytest.param({"PublicIpAddress": {"IpAddress": []}, "EipAddress": {"IpAddress": "198.51.100.7"}}, ["198.51.100.7"], id="eip"),
        pytest.param({"EipAddress": {"IpAddress": "198.51.100.7"}}, ["203.0.113.5", "198.51.100.7"], id="both"),
        pytest.param({"PublicIpAddress": {"IpAddress": []}}, [], id="none"),
    ],
)
def test_public_addresses(change, public):
    facts = read_instance({**WEB, **change}, "r")
    assert facts.public_ips == public
    assert facts.public_ip == (public[0] if public else "")


def test_private_address_in_the_classic_network():
    raw = {"InnerIpAddress": {"IpAddress": ["10.1.1.1"]}, "VpcAttributes": {"PrivateIpAddress": {"IpAddress": []}}}
    assert read_instance(raw, "r").private_ip == "10.1.1.1"


@pytest.mark.parametrize(
    ("connect_with", "address"),
    [
        pytest.param(["public", "private"], "203.0.113.5", id="first wins"),
        pytest.param(["private", "public"], "10.0.0.5", id="order counts"),
        pytest.param(["ipv6"], "2001:db8::5", id="ipv6"),
        pytest.param(["instance_id"], "i-bp1", id="instance id"),
        pytest.param([], None, id="nothing wanted"),
    ],
)
def test_address(connect_with, address):
    assert find_address(read_instance(WEB, "r"), connect_with) == address


def test_address_falls_to_the_next_kind_and_then_to_none():
    facts = read_instance({**WEB, "PublicIpAddress": {"IpAddress": []}}, "r")
    assert find_address(facts, ["public", "private"]) == "10.0.0.5"
    assert find_address(facts, ["public"]) is None


def test_prefix_and_suffix_change_names_but_not_those_that_playbooks_use():
    facts = read_instance(WEB, "r")
    hostvars = render_hostvars(facts, "cloud_", "_now")
    assert hostvars["cloud_name_now"] == "web-1"
    assert hostvars["cloud_tags_now"] == {"role": "web", "env": "prod"}
    assert sorted(name for name in hostvars if not name.startswith("cloud_")) == ["ecs_instance_id", "ecs_login_user", "ecs_region"]
    assert len(render_hostvars(facts, "ecs_", "")) == len(hostvars) - 3


def test_what_is_cached_is_plain_and_comes_back_whole():
    web = read_instance(WEB)
    cached = json.loads(json.dumps(to_cache(web)))
    assert cached["tags"] == [["role", "web"], ["env", "prod"]]
    assert not [value for value in cached.values() if isinstance(value, dict)]
    assert from_cache(cached) == web
