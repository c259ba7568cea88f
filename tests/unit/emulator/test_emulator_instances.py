# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances: both paging styles, filters, transient states, what a boot injects."""

from __future__ import annotations

import pytest
from alibabacloud_ecs20140526 import models
from ecs_emulator.testing import running

from .emulator_tools import as_json, code, ids, sdk

FLEET = {
    "resource_groups": [{"id": "rg-1"}],
    "key_pairs": [{"name": "ops"}, {"name": "other"}],
    "security_groups": [{"name": "closed", "security_group_id": "sg-closed"}],
    "instances": [
        {"name": "web", "count": 12, "tags": {"role": "web"}, "zone": "cn-hangzhou-b"},
        {"name": "db", "instance_id": "i-db", "status": "Stopped", "tags": {"role": "db", "tier": "1"}, "key_pair": "ops"},
        {"name": "win", "os_type": "windows", "public_ip": "", "vpc_id": "vpc-2", "resource_group_id": "rg-1"},
        {"name": "user", "login_user": "ecs-user", "eip": "203.0.113.9", "private_ip": "10.9.9.9", "security_groups": ["closed"]},
        {"name": "far", "region": "cn-beijing"},
    ],
}


@pytest.fixture(scope="module")
def fleet():
    with running(FLEET) as emulator:
        yield emulator


def names(emulator, **filters):
    found = emulator.call("DescribeInstances", **{"PageSize": 100, **filters})["Instances"]["Instance"]
    return [instance["InstanceName"] for instance in found]


def status(emulator, instance_id):
    (instance,) = emulator.call("DescribeInstances", InstanceIds=as_json(instance_id))["Instances"]["Instance"]
    return instance["Status"]


@pytest.mark.parametrize("algorithm", [None, "v2"])
def test_vendor_sdk_reads_every_page_by_token(fleet, algorithm):
    client, found, token, pages = sdk(fleet, algorithm), [], None, 0
    while token != "":
        request = models.DescribeInstancesRequest(region_id=fleet.region, max_results=10, next_token=token)
        body = client.describe_instances(request).body
        found += [instance.instance_name for instance in body.instances.instance]
        token, pages = body.next_token, pages + 1
    assert found == ["web-%02d" % number for number in range(1, 13)] + ["db", "win", "user"]
    assert pages == 2


def test_page_numbers_and_limits(fleet):
    first = fleet.call("DescribeInstances")
    assert (len(first["Instances"]["Instance"]), first["TotalCount"], first["PageSize"]) == (10, 15, 10)
    assert names(fleet, PageSize=10, PageNumber=2) == ["web-11", "web-12", "db", "win", "user"]
    assert code(fleet.call, "DescribeInstances", PageSize=101)[0] == 400
    # MaxResults outside 10..100 is taken as the nearer of the two.
    assert len(fleet.call("DescribeInstances", MaxResults=1)["Instances"]["Instance"]) == 10
    assert len(fleet.call("DescribeInstances", MaxResults=1000)["Instances"]["Instance"]) == 15
    assert code(fleet.call, "DescribeInstances", NextToken="forged") == (400, "InvalidParameter.NextToken")


def test_filters(fleet):
    assert names(fleet, InstanceName="web-0*") == ["web-%02d" % number for number in range(1, 10)]
    assert names(fleet, InstanceName="web-0") == []
    assert names(fleet, Status="Stopped") == ["db"]
    assert names(fleet, KeyPairName="ops") == ["db"]
    assert names(fleet, VpcId="vpc-2") == ["win"]
    assert names(fleet, ZoneId="cn-hangzhou-a") == ["db", "win", "user"]
    assert names(fleet, Tag=[{"Key": "role"}, {"Key": "tier", "Value": "1"}]) == ["db"]
    assert names(fleet, ResourceGroupId="rg-1") == ["win"]
    assert names(fleet, SecurityGroupId="sg-closed") == ["user"]
    assert names(fleet, PrivateIpAddresses='["10.9.9.9"]') == ["user"]
    assert names(fleet, EipAddresses='["203.0.113.9"]') == ["user"]
    assert names(fleet, RegionId="cn-beijing") == ["far"]
    assert names(fleet, RegionId="us-west-1") == []
    assert names(fleet, InstanceIds=as_json("i-db", "i-unknown", ids(fleet)[-1])) == ["db"]
    too_many = as_json(*("i-%d" % number for number in range(101)))
    assert code(fleet.call, "DescribeInstances", InstanceIds=too_many) == (400, "InvalidInstanceIds.Malformed")


def test_what_an_instance_shows(fleet):
    shown = {item["InstanceName"]: item for item in fleet.call("DescribeInstances", PageSize=100)["Instances"]["Instance"]}
    assert shown["user"]["ImageOptions"]["LoginAsNonRoot"] is True
    assert shown["user"]["EipAddress"]["IpAddress"] == "203.0.113.9"
    assert shown["db"]["ImageOptions"]["LoginAsNonRoot"] is False
    assert shown["db"]["KeyPairName"] == "ops"
    assert shown["win"]["OSType"] == "windows"
    assert shown["win"]["PublicIpAddress"]["IpAddress"] == []
    assert shown["web-01"]["PublicIpAddress"]["IpAddress"][0].startswith("198.18.")
    assert "KeyPairName" not in shown["web-01"]
    assert "Tags" not in shown["user"]
    assert len({item["VpcAttributes"]["PrivateIpAddress"]["IpAddress"][0] for item in shown.values()}) == 15
    one = fleet.call("DescribeInstanceAttribute", InstanceId="i-db")
    assert (one["InstanceName"], one["Status"]) == ("db", "Stopped")
    assert code(fleet.call, "DescribeInstanceAttribute", InstanceId="i-none") == (404, "InvalidInstanceId.NotFound")


def test_regions_point_back_to_this_server(fleet):
    regions = fleet.call("DescribeRegions")["Regions"]["Region"]
    assert "cn-beijing" in [region["RegionId"] for region in regions]
    assert {region["RegionEndpoint"] for region in regions} == {fleet.endpoint.partition("//")[2]}


def test_security_groups():
    rules = [
        {"ports": "22/22", "source": "203.0.113.0/24", "priority": 5},
        {"ports": "22/22", "source": "2001:db8::/32", "policy": "drop"},
        {"protocol": "all", "ports": "-1/-1", "direction": "egress"},
    ]
    with running({"instances": [{"name": "web", "security_groups": [{"name": "mine", "rules": rules}]}]}) as emulator:
        (instance,) = emulator.call("DescribeInstances")["Instances"]["Instance"]
        (group_id,) = instance["SecurityGroupIds"]["SecurityGroupId"]
        shown = emulator.call("DescribeSecurityGroupAttribute", SecurityGroupId=group_id)
        assert (shown["SecurityGroupName"], shown["VpcId"]) == ("mine", instance["VpcAttributes"]["VpcId"])
        first, second, third = shown["Permissions"]["Permission"]
        assert (first["IpProtocol"], first["PortRange"], first["SourceCidrIp"], first["Policy"], first["Priority"]) == (
            "TCP", "22/22", "203.0.113.0/24", "Accept", "5",
        )  # fmt: skip
        assert (second["Ipv6SourceCidrIp"], second["SourceCidrIp"], second["Policy"]) == ("2001:db8::/32", "", "Drop")
        assert (third["Direction"], third["DestCidrIp"]) == ("egress", "0.0.0.0/0")
        inward = emulator.call("DescribeSecurityGroupAttribute", SecurityGroupId=group_id, Direction="ingress")
        assert len(inward["Permissions"]["Permission"]) == 2
        groups = emulator.call("DescribeSecurityGroups", SecurityGroupName="mine")["SecurityGroups"]["SecurityGroup"]
        assert [group["SecurityGroupId"] for group in groups] == [group_id]
        unknown = code(emulator.call, "DescribeSecurityGroupAttribute", SecurityGroupId="sg-none")
        assert unknown == (404, "InvalidSecurityGroupId.NotFound")


def test_stop_start_and_reboot_pass_through_transient_states():
    with running({"instances": [{"name": "web"}], "timing": {"transition_ms": 150}}) as emulator:
        (web,) = ids(emulator)
        for action, during, after in (("RebootInstance", "Starting", "Running"), ("StopInstance", "Stopping", "Stopped"),
                                      ("StartInstance", "Starting", "Running")):  # fmt: skip
            emulator.call(action, InstanceId=web)
            assert status(emulator, web) == during
            for other in ("StartInstance", "StopInstance", "RebootInstance"):
                assert code(emulator.call, other, InstanceId=web) == (403, "IncorrectInstanceStatus")
            emulator.wait_until(lambda wanted=after: status(emulator, web) == wanted)


def test_wrong_status_unknown_instance_lock_and_dry_run(emulator):
    web = ids(emulator)[0]
    assert code(emulator.call, "StartInstance", InstanceId=web) == (403, "IncorrectInstanceStatus")
    assert code(emulator.call, "RebootInstance", InstanceId="i-none") == (404, "InvalidInstanceId.NotFound")
    assert code(emulator.call, "RebootInstance") == (400, "MissingParameter")
    assert code(emulator.call, "RebootInstance", InstanceId=web, DryRun=True) == (400, "DryRunOperation")
    assert status(emulator, web) == "Running"
    with running({"instances": [{"name": "locked", "lock": "security"}]}) as locked:
        refused = code(locked.call, "RebootInstance", InstanceId=ids(locked)[0])
        assert refused == (403, "InstanceLockedForSecurity")


def test_batches_answer_together_or_one_by_one():
    with running({"instances": [{"name": "up"}, {"name": "down", "status": "Stopped"}]}) as emulator:
        up, down = ids(emulator)
        assert code(emulator.call, "RebootInstances", InstanceId=[up, down]) == (403, "IncorrectInstanceStatus")
        assert status(emulator, up) == "Running"
        answer = emulator.call("RebootInstances", InstanceId=[up, down], BatchOptimization="SuccessFirst")
        first, second = answer["InstanceResponses"]["InstanceResponse"]
        assert (first["Code"], first["PreviousStatus"], first["CurrentStatus"]) == ("200", "Running", "Starting")
        assert (second["Code"], second["CurrentStatus"]) == ("IncorrectInstanceStatus", "Stopped")
        emulator.wait_until(lambda: status(emulator, up) == "Running")
        emulator.call("StartInstances", InstanceId=[down])
        emulator.wait_until(lambda: status(emulator, down) == "Running")
        emulator.call("StopInstances", InstanceId=[up, down])
        emulator.wait_until(lambda: status(emulator, up) == status(emulator, down) == "Stopped")
        assert code(emulator.call, "StopInstances", InstanceId=["i-none"]) == (404, "InvalidInstanceId.NotFound")


def test_reboot_may_leave_the_instance_running_at_first():
    with running({"instances": [{"name": "web"}], "timing": {"reboot_lag_ms": 200, "transition_ms": 200}}) as emulator:
        (web,) = ids(emulator)
        emulator.call("RebootInstance", InstanceId=web)
        assert status(emulator, web) == "Running"
        emulator.wait_until(lambda: status(emulator, web) == "Starting")
        emulator.wait_until(lambda: status(emulator, web) == "Running")


def test_boots_inject_the_bound_pair_and_take_back_the_one_before():
    with running({"key_pairs": [{"name": "one"}, {"name": "two"}], "instances": [{"name": "web"}]}) as emulator:
        (web,) = ids(emulator)
        keys = {name: pair.public_key for name, pair in emulator.cloud.regions[emulator.region].key_pairs.items()}
        boots = emulator.instance("web").guest.boots

        def reboot():
            count = len(boots)
            emulator.call("RebootInstance", InstanceId=web)
            emulator.wait_until(lambda: len(boots) > count and status(emulator, web) == "Running")
            return boots[-1]

        first = reboot()
        assert (first.public_key, first.previous_public_keys, first.password_login) == (None, (), True)
        emulator.call("AttachKeyPair", KeyPairName="one", InstanceIds=as_json(web))
        assert len(boots) == 1, "attaching alone does not touch the guest"
        second = reboot()
        assert (second.public_key, second.previous_public_keys, second.password_login) == (keys["one"], (), False)
        again = reboot()
        assert (again.public_key, again.previous_public_keys) == (keys["one"], ())
        emulator.call("AttachKeyPair", KeyPairName="two", InstanceIds=as_json(web))
        third = reboot()
        assert (third.public_key, third.previous_public_keys) == (keys["two"], (keys["one"],))
        emulator.call("DetachKeyPair", KeyPairName="two", InstanceIds=as_json(web))
        fourth = reboot()
        assert (fourth.public_key, fourth.previous_public_keys, fourth.password_login) == (None, (keys["two"],), True)
        assert reboot().previous_public_keys == ()


def test_five_thousand_instances_start_fast_and_page_fast():
    import time

    started = time.monotonic()
    with running({"instances": [{"name": "many", "count": 5000}]}) as emulator:
        assert time.monotonic() - started < 5
        found = set()
        for page in range(1, 51):
            found.update(names(emulator, PageNumber=page))
        assert len(found) == 5000
        # The median of what the server itself needed: a broken index shows as hundreds of milliseconds, a slow machine does not.
        spent = sorted(entry["milliseconds"] for entry in emulator.requests("DescribeInstances"))
        assert spent[len(spent) // 2] < 50


def test_describe_instance_attribute_shows_what_the_sdk_knows_in_its_types(fleet):
    answer = fleet.call("DescribeInstanceAttribute", InstanceId=fleet.instance("user").instance_id)
    known = models.DescribeInstanceAttributeResponseBody().from_map(answer)
    assert set(answer) <= set(known.to_map())
    assert (answer["IoOptimized"], answer["EipAddress"]) == (
        "optimized",
        {"IpAddress": "203.0.113.9", "AllocationId": "eip-" + fleet.instance("user").instance_id[2:], "InternetChargeType": "PayByTraffic", "Bandwidth": 100},
    )
    (listed,) = fleet.call("DescribeInstances", InstanceName="user")["Instances"]["Instance"]
    assert listed["IoOptimized"] is True


def test_describe_instance_status(fleet):
    client, query = sdk(fleet), models.DescribeInstanceStatusRequest
    body = client.describe_instance_status(query(region_id=fleet.region, page_size=50)).body
    assert (body.total_count, body.page_size, len(body.instance_statuses.instance_status)) == (15, 50, 15)
    body = client.describe_instance_status(query(region_id=fleet.region, instance_id=["i-db"])).body
    assert [(item.instance_id, item.status) for item in body.instance_statuses.instance_status] == [("i-db", "Stopped")]
    assert len(fleet.call("DescribeInstanceStatus", ZoneId="cn-hangzhou-b")["InstanceStatuses"]["InstanceStatus"]) == 10
    assert code(fleet.call, "DescribeInstanceStatus", InstanceId=["i-none"]) == (404, "InvalidInstanceId.NotFound")
    assert code(fleet.call, "DescribeInstanceStatus", PageSize=51) == (400, "InvalidParameter")


def test_total_count_means_nothing_with_a_token_unless_the_fleet_says_so():
    for choice, total in (("zero", 0), ("right", 2)):
        with running({"instances": [{"name": "web", "count": 2}], "behaviours": {"total_count": choice, "status_unknown_instance": "missing"}}) as emulator:
            assert emulator.call("DescribeInstances", MaxResults=10)["TotalCount"] == total
            assert emulator.call("DescribeInstances", PageSize=10)["TotalCount"] == 2
            assert emulator.call("DescribeInstanceStatus", InstanceId=["i-none"])["InstanceStatuses"]["InstanceStatus"] == []
