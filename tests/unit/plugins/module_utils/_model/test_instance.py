# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer of the API says about an instance, whatever it leaves out."""

from ansible_collections.alicloud.ecs_access.plugins.module_utils._model.instance import read_assistant, read_instance


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
    )
    assert found["name"] == "{{ name }}"
    assert (found["login_user"], found["key_pair_name"]) == ("ecs-user", "deploy")
    assert (found["public_ip"], found["public_ips"]) == ("203.0.113.10", ["203.0.113.10", "203.0.113.11"])
    assert (found["private_ips"], found["ipv6_ips"]) == (["192.0.2.10"], ["2001:db8::1"])
    assert (found["security_group_ids"], found["tags"]) == (["sg-1"], {"role": "web"})


def test_what_is_left_out_is_empty_and_never_missing():
    found = read_instance({"InstanceId": "i-1"})
    assert found["login_user"] == "root"
    assert {key: value for key, value in found.items() if value} == {"instance_id": "i-1", "login_user": "root"}


def test_windows_has_no_login_user_and_the_classic_network_another_place_for_addresses():
    found = read_instance({"InstanceId": "i-1", "OSType": "Windows", "InnerIpAddress": {"IpAddress": ["192.0.2.9"]}})
    assert (found["os_type"], found["login_user"], found["private_ip"]) == ("windows", "", "192.0.2.9")


def test_assistant():
    assert read_assistant({"CloudAssistantStatus": "true", "CloudAssistantVersion": "2.2.3.578"}) == {
        "installed": True,
        "online": True,
        "version": "2.2.3.578",
    }
    assert read_assistant({"CloudAssistantStatus": "false", "CloudAssistantVersion": "2.2.3.578"})["online"] is False
    assert read_assistant(None) == {"installed": False, "online": False, "version": ""}
