# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever stands in an answer of the API, it is read as what it should be or as nothing."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs import answer
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.instance import read_agent, read_instance
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.invocation import read_invocation
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.security_group import judge_access
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.session import MOST_PAGES, bodies_by_token
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.tags import read_tags
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.plan import read_key_pair
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.readiness import find_agent_problem

ODD = [
    None,
    True,
    5,
    -1,
    10**300,
    1.5,
    "",
    "x",
    "9" * 5000,
    "\ud800",
    [],
    [None],
    [[]],
    ["x"],
    [{}],
    {},
    {"a": 1},
    {"Tag": 5},
    {"Tag": [5, {}, {"TagKey": []}]},
]
FIELDS = [
    "InstanceId",
    "InstanceName",
    "HostName",
    "RegionId",
    "Status",
    "OSType",
    "Cpu",
    "Memory",
    "VpcAttributes",
    "EipAddress",
    "ImageOptions",
    "NetworkInterfaces",
    "PublicIpAddress",
    "SecurityGroupIds",
    "InnerIpAddress",
    "Tags",
    "KeyPairName",
    "CloudAssistantVersion",
    "CloudAssistantStatus",
    "InvocationStatus",
    "Output",
    "ErrorCode",
    "ErrorInfo",
    "ExitCode",
    "Priority",
    "Policy",
    "PortRange",
    "IpProtocol",
    "SourceCidrIp",
    "Direction",
    "KeyPairFingerPrint",
    "PublicKey",
    "CreationTime",
    "ResourceGroupId",
]


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:30])
def test_records_of_odd_values(value):
    raw = dict.fromkeys(FIELDS, value)
    instance = read_instance(raw)
    assert all(isinstance(one, (str, int, list, dict)) for one in instance) and isinstance(instance.name, str)
    assert all(isinstance(one, str) for one in [*instance.public_ips, *instance.private_ips, *instance.ipv6_ips, *instance.tags, *instance.tags.values()])
    find_agent_problem(read_agent({**raw, "CloudAssistantStatus": "true"}))
    assert isinstance(read_invocation(raw).why, str)
    assert isinstance(read_key_pair(raw).fingerprint, str)
    assert read_tags(value) in ({}, {"": ""})
    rule = {**raw, "IpProtocol": "tcp"}
    judge_access([{"SecurityGroupId": "sg-1", "Permissions": {"Permission": [rule, {**rule, "PortRange": "1/65535", "SourceCidrIp": None}]}}], "192.0.2.1", 22)


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:30])
def test_lists_of_odd_values(value):
    for body in (value, {"Outer": value}, {"Outer": {"Inner": value}}):
        assert all(isinstance(item, dict) for item in answer.items_of(body, "Outer", "Inner"))
        assert all(isinstance(item, str) for item in answer.texts_of(body, "Outer", "Inner"))
    assert isinstance(answer.number_of(value), int) and 0 <= answer.number_of(value) <= 2**31
    assert len(answer.word_of(value)) <= 100
    answer.text_of(value).encode()


def test_a_list_that_never_ends_is_given_up():
    asked = []

    def call(action, params):
        asked.append(params["NextToken"])
        return {"NextToken": "token-%d" % len(asked)}

    with pytest.raises(EcsError, match="does not end after 1000 pages"):
        list(bodies_by_token(call, "DescribeInstances", {}))
    assert len(asked) == MOST_PAGES


@pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "a"], ["a", ""], ["a", None], ["a", ["b"]], ["a", {}], ["a", "b", "c", "b"]])
def test_a_list_ends_where_its_tokens_do_or_come_again(tokens):
    asked = []

    def call(action, params):
        asked.append(params["NextToken"])
        return {"NextToken": tokens[len(asked) - 1]}

    assert len(list(bodies_by_token(call, "DescribeInstances", {}))) == len(tokens)
