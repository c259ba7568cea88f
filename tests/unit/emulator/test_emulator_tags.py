# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags and resource groups of instances and key pairs."""

from __future__ import annotations

import pytest
from alibabacloud_ecs20140526 import models
from ecs_emulator.testing import running

from .emulator_tools import code, ids, sdk


@pytest.fixture
def tagged():
    fleet = {
        "resource_groups": [{"id": "rg-team"}],
        "key_pairs": [{"name": "ops", "tags": {"env": "prod", "owner": "ann"}}, {"name": "dev"}],
        "instances": [{"name": "web", "tags": {"env": "prod"}}],
    }
    with running(fleet) as emulator:
        yield emulator


def tags_of(emulator, name="ops"):
    (pair,) = emulator.call("DescribeKeyPairs", KeyPairName=name)["KeyPairs"]["KeyPair"]
    return {tag["TagKey"]: tag["TagValue"] for tag in pair["Tags"]["Tag"]}


@pytest.mark.parametrize("algorithm", [None, "v2"])
def test_vendor_sdk_tags_lists_and_untags(tagged, algorithm):
    client, common = sdk(tagged, algorithm), {"region_id": tagged.region, "resource_type": "keypair"}
    client.tag_resources(
        models.TagResourcesRequest(
            resource_id=["ops", "dev"], tag=[models.TagResourcesRequestTag(key="env", value="test"),
                                             models.TagResourcesRequestTag(key="empty", value="")], **common)
    )  # fmt: skip
    assert tags_of(tagged) == {"env": "test", "owner": "ann", "empty": ""}
    assert tags_of(tagged, "dev") == {"env": "test", "empty": ""}
    listed = client.list_tag_resources(models.ListTagResourcesRequest(resource_id=["ops"], **common)).body
    assert {item.tag_key: item.tag_value for item in listed.tag_resources.tag_resource} == tags_of(tagged)
    client.untag_resources(models.UntagResourcesRequest(resource_id=["ops"], tag_key=["env", "never-was"], **common))
    assert tags_of(tagged) == {"owner": "ann", "empty": ""}
    client.untag_resources(models.UntagResourcesRequest(resource_id=["ops"], all=True, **common))
    assert tags_of(tagged) == {}


def test_instances_have_tags_too(tagged):
    (web,) = ids(tagged)
    tagged.call("TagResources", ResourceType="instance", ResourceId=[web], Tag=[{"Key": "role", "Value": "web"}])
    (instance,) = tagged.call("DescribeInstances", Tag=[{"Key": "role", "Value": "web"}])["Instances"]["Instance"]
    assert {tag["TagKey"] for tag in instance["Tags"]["Tag"]} == {"env", "role"}


def test_refusals_change_nothing(tagged):
    def tag(tags, names=("ops",), kind="keypair"):
        return code(tagged.call, "TagResources", ResourceType=kind, ResourceId=list(names), Tag=tags)

    good = [{"Key": "a", "Value": "b"}]
    many = [{"Key": "k%d" % number, "Value": ""} for number in range(21)]
    assert tag(many) == (403, "QuotaExceed.Tags")
    assert tag(many[:19]) == (403, "QuotaExceed.Tags")
    assert tag([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]) == (400, "Duplicate.TagKey")
    for key in ("aliyun-x", "acs:x", "http://x", "k" * 129):
        assert tag([{"Key": key, "Value": ""}]) == (400, "InvalidTagKey.Malformed")
    assert tag([{"Key": "a", "Value": "https://x"}]) == (400, "InvalidTagValue.Malformed")
    assert tag(good, ["ops", "nope"]) == (404, "InvalidResourceId.NotFound")
    assert tag(good, ["ops", "ops"]) == (400, "Duplicate.ResourceId")
    assert tag(good, ["n%d" % number for number in range(51)]) == (400, "NumberExceed.ResourceIds")
    assert tag(good, kind="planet") == (404, "InvalidResourceType.NotFound")
    assert tag([]) == (400, "MissingParameter")
    assert tags_of(tagged) == {"env": "prod", "owner": "ann"}


def test_new_pairs_check_tags_and_group(tagged, rsa_line):
    common = {"KeyPairName": "fresh", "PublicKeyBody": rsa_line}
    assert code(tagged.call, "ImportKeyPair", Tag=[{"Key": "acs:x"}], **common) == (400, "InvalidTagKey.Malformed")
    assert code(tagged.call, "ImportKeyPair", ResourceGroupId="rg-none", **common) == (404, "InvalidResourceGroup.NotFound")
    tagged.call("ImportKeyPair", ResourceGroupId="rg-team", Tag=[{"Key": "a", "Value": "b"}], **common)
    (pair,) = tagged.call("DescribeKeyPairs", ResourceGroupId="rg-team")["KeyPairs"]["KeyPair"]
    assert pair["KeyPairName"] == "fresh"


def test_moving_to_another_resource_group(tagged):
    move = {"ResourceType": "keypair", "ResourceId": "ops"}
    assert code(tagged.call, "JoinResourceGroup", ResourceGroupId="rg-none", **move) == (404, "InvalidResourceGroup.NotFound")
    assert code(tagged.call, "JoinResourceGroup", ResourceGroupId="rg-team", ResourceType="keypair", ResourceId="nope") == (
        404, "InvalidResourceId.NotFound",
    )  # fmt: skip
    tagged.call("JoinResourceGroup", ResourceGroupId="rg-team", **move)
    (pair,) = tagged.call("DescribeKeyPairs", KeyPairName="ops")["KeyPairs"]["KeyPair"]
    assert pair["ResourceGroupId"] == "rg-team"


def test_a_value_alone_is_no_filter_for_list_tag_resources(tagged):
    refused = code(tagged.call, "ListTagResources", ResourceType="keypair", Tag=[{"Value": "prod"}])
    assert refused == (400, "InvalidParameter.TagValue")


def test_reserved_values_are_refused_where_a_key_pair_is_created(tagged, rsa_line):
    reserved = [{"Key": "a", "Value": "acs:b"}]
    assert code(tagged.call, "CreateKeyPair", KeyPairName="new", Tag=reserved) == (400, "InvalidTagValue.Malformed")
    answer = tagged.call("ImportKeyPair", KeyPairName="new", PublicKeyBody=rsa_line, Tag=reserved)
    assert set(answer) == {"RequestId", "KeyPairName", "KeyPairFingerPrint"}
    assert tags_of(tagged, "new") == {"a": "acs:b"}
    tagged.call("TagResources", ResourceType="keypair", ResourceId=["dev"], Tag=reserved)
    assert set(tagged.call("CreateKeyPair", KeyPairName="made")) == {"RequestId", "KeyPairName", "KeyPairFingerPrint", "KeyPairId", "PrivateKeyBody"}


def test_what_may_leave_the_region_out(tagged):
    for kind, name in (("keypair", "ops"), ("instance", ids(tagged)[0])):
        tagged.call("JoinResourceGroup", RegionId=None, ResourceType=kind, ResourceId=name, ResourceGroupId="rg-team")
    assert tagged.cloud.regions[tagged.region].key_pairs["ops"].resource_group_id == "rg-team"
    assert tagged.instance("web").resource_group_id == "rg-team"
    assert tagged.call("DescribeUserBusinessBehavior", RegionId=None, StatusKey="sessionManagerStatus")["StatusValue"] == "enabled"
    for action in ("TagResources", "ListTagResources"):
        assert code(tagged.call, action, RegionId=None, ResourceType="keypair", ResourceId=["ops"]) == (400, "MissingParameter")
