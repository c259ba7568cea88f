# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer of the API says about an instance, whatever it leaves out."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.instance import Agent, read_agent, read_instance
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_instance_id


def test_a_full_answer():
    found = read_instance(
        {
            "InstanceId": "i-1",
            "InstanceName": "{{ name }}",
            "OSType": "linux",
            "Status": "Running",
            "KeyPairName": "deploy",
            "ImageOptions": {"LoginAsNonRoot": True},
            "PublicIpAddress": {"IpAddress": ["203.0.113.10"]},
            "EipAddress": {"IpAddress": "203.0.113.11"},
            "VpcAttributes": {"VpcId": "vpc-1", "PrivateIpAddress": {"IpAddress": ["192.0.2.10"]}},
            "NetworkInterfaces": {"NetworkInterface": [{"Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": "2001:db8::1"}]}}]},
            "SecurityGroupIds": {"SecurityGroupId": ["sg-1"]},
            "Tags": {"Tag": [{"TagKey": "role", "TagValue": "web"}]},
        }
    ).to_dict()
    assert found["name"] == "{{ name }}"
    assert (found["login_user"], found["key_pair_name"]) == ("ecs-user", "deploy")
    assert (found["public_ip"], found["public_ips"]) == ("203.0.113.10", ["203.0.113.10", "203.0.113.11"])
    assert (found["private_ips"], found["ipv6_ips"]) == (["192.0.2.10"], ["2001:db8::1"])
    assert (found["security_group_ids"], found["tags"]) == (["sg-1"], {"role": "web"})


def test_what_is_left_out_is_empty_and_never_missing():
    found = read_instance({"InstanceId": "i-1"}).to_dict()
    assert found["login_user"] == "root"
    assert {key: value for key, value in found.items() if value} == {"instance_id": "i-1", "login_user": "root"}


def test_windows_has_no_login_user_and_the_classic_network_another_place_for_addresses():
    found = read_instance({"InstanceId": "i-1", "OSType": "Windows", "InnerIpAddress": {"IpAddress": ["192.0.2.9"]}}).to_dict()
    assert (found["os_type"], found["login_user"], found["private_ip"]) == ("windows", "", "192.0.2.9")


@pytest.mark.parametrize(
    ("options", "told", "user"),
    [
        ({"LoginAsNonRoot": True}, "ecs-user", "ecs-user"),
        ({"LoginAsNonRoot": "false"}, "root", "root"),
        ({}, "", "root"),
        (None, "", "root"),
    ],
)
def test_the_user_of_an_image_is_root_unless_ecs_tells_of_another(options, told, user):
    found = read_instance({"InstanceId": "i-1", "ImageOptions": options})
    assert (found.image_user, found.login_user) == (told, user)


def test_the_region_that_was_asked_stands_in_for_one_that_is_not_told():
    assert read_instance({"InstanceId": "i-1"}, "cn-beijing").region == "cn-beijing"
    assert read_instance({"InstanceId": "i-1", "RegionId": "cn-hangzhou"}, "cn-beijing").region == "cn-hangzhou"


@pytest.mark.parametrize(
    ("raw", "agent", "shown"),
    [
        ({}, Agent(), (False, False)),
        ({"CloudAssistantStatus": "true", "CloudAssistantVersion": "2.2"}, Agent("2.2", True), (True, True)),
        ({"CloudAssistantStatus": True}, Agent("", True), (True, True)),
        ({"CloudAssistantStatus": "false", "CloudAssistantVersion": "2.2", "LastHeartbeatTime": "t"}, Agent("2.2", False, "t"), (True, False)),
    ],
)
def test_agents(raw, agent, shown):
    assert read_agent(raw) == agent
    assert agent.to_dict() == {"installed": shown[0], "online": shown[1], "version": agent.version}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i-bp1abcdefghij", True),
        ("mi-hz01abc", True),
        ("i-web-1", True),
        ("web-1", False),
        ("", False),
        ("*", False),
        ("i-a,i-b", False),
        ("!i-a", False),
        ("-oProxyCommand=id", False),
        ("i-a\n@cert-authority *", False),
        ("i-a b", False),
        ("|1|x", False),
        ("i" * 65, False),
    ],
)
def test_only_an_instance_id_may_name_a_host_in_known_hosts(text, expected):
    assert is_instance_id(text) is expected


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param("-oProxyCommand=touch /tmp/x", id="an option"),
        pytest.param("192.0.2.1 -oProxyCommand=x", id="an address and an option"),
        pytest.param("192.0.2.1\nHost *", id="two lines"),
        pytest.param("root@192.0.2.1", id="a user"),
        pytest.param("{{ lookup('pipe', 'id') }}", id="a template"),
        pytest.param("fe80::1%eth0", id="a zone"),
        pytest.param("evil.example", id="a name"),
        pytest.param("3221225985", id="a number"),
    ],
)
def test_what_is_no_address_is_left_out(forged):
    raw = {
        "InstanceId": "i-1",
        "PublicIpAddress": {"IpAddress": [forged, "203.0.113.10"]},
        "EipAddress": {"IpAddress": forged},
        "VpcAttributes": {"PrivateIpAddress": {"IpAddress": [forged]}},
        "NetworkInterfaces": {"NetworkInterface": [{"Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": forged}, {"Ipv6Address": "2001:db8::1"}]}}]},
    }
    found = read_instance(raw).to_dict()
    assert (found["public_ips"], found["private_ips"], found["ipv6_ips"]) == (["203.0.113.10"], [], ["2001:db8::1"])
