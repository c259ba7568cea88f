# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API is asked for and what is sorted out here."""

from __future__ import annotations

import json

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.instance import read_instance
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.filters import (
    FilterError,
    is_match,
    parse_filter,
    request_parameters,
)

WEB = read_instance(
    {
        "InstanceId": "i-1",
        "InstanceName": "web.1",
        "Status": "Running",
        "OSType": "linux",
        "ZoneId": "z-b",
        "KeyPairName": "team",
        "SecurityGroupIds": {"SecurityGroupId": ["sg-1", "sg-2"]},
        "Tags": {"Tag": [{"TagKey": "env", "TagValue": "prod"}, {"TagKey": "empty", "TagValue": ""}]},
    },
    "cn-hangzhou",
)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        pytest.param({}, True, id="nothing wanted: everything"),
        pytest.param({"status": "running"}, True, id="status in any spelling"),
        pytest.param({"status": ["Stopped", "Running"]}, True, id="any of several"),
        pytest.param({"status": "Running", "zone": "z-c"}, False, id="every key must match"),
        pytest.param({"os_type": "Windows"}, False, id="other system"),
        pytest.param({"name": "web.1"}, True, id="name"),
        pytest.param({"name": "web?1"}, True, id="question mark is any character"),
        pytest.param({"name": "webx1"}, False, id="a dot is a dot"),
        pytest.param({"name": "*.1"}, True, id="star"),
        pytest.param({"name": "web"}, False, id="the whole name counts"),
        pytest.param({"name": "[w]eb.1"}, False, id="no character classes"),
        pytest.param({"security_group_id": "sg-2"}, True, id="one of its security groups"),
        pytest.param({"key_pair_name": ""}, False, id="no key pair"),
        pytest.param({"tags": {"env": "prod"}}, True, id="tag"),
        pytest.param({"tags": {"env": ["test", "prod"]}}, True, id="tag with any of several values"),
        pytest.param({"tags": {"env": None}}, True, id="tag with any value"),
        pytest.param({"tags": {"empty": ""}}, True, id="tag with an empty value"),
        pytest.param({"tags": {"env": ""}}, False, id="an empty value is a value"),
        pytest.param({"tags": {"role": None}}, False, id="tag that is not there"),
        pytest.param({"instance_id": []}, False, id="none of no ids"),
    ],
)
def test_match(given, match):
    assert is_match(WEB, parse_filter(given, "filters")) is match


@pytest.mark.parametrize(
    ("given", "parameters"),
    [
        pytest.param({}, [{}], id="everything in one query"),
        pytest.param({"status": "stopped"}, [{"Status": "Stopped"}], id="status as the API spells it"),
        pytest.param({"status": ["Running", "Stopped"]}, [{}], id="several values: sorted out here"),
        pytest.param({"zone": "b", "vpc_id": "v"}, [{"ZoneId": "b", "VpcId": "v"}], id="two keys"),
        pytest.param({"name": "web-*"}, [{"InstanceName": "web-*"}], id="the API knows the star"),
        pytest.param({"name": "web-?"}, [{}], id="but no question mark"),
        pytest.param({"os_type": "linux"}, [{}], id="nor the system"),
        pytest.param(
            {"tags": {"a": "1", "b": None, "c": ["1", "2"]}},
            [{"Tag": [{"Key": "a", "Value": "1"}, {"Key": "b"}]}],
            id="tags",
        ),
        pytest.param({"instance_id": "i-1"}, [{"InstanceIds": '["i-1"]'}], id="one id"),
        pytest.param({"instance_id": []}, [], id="no ids: no call"),
        pytest.param({"status": []}, [], id="no status: no call"),
    ],
)
def test_request_parameters(given, parameters):
    assert request_parameters(parse_filter(given, "filters")) == parameters


def test_many_ids_are_asked_for_in_batches_of_a_hundred_and_each_once():
    ids = [f"i-{number}" for number in range(250)]
    queries = request_parameters(parse_filter({"instance_id": ids + ids, "status": "Running"}, "filters"))
    assert [len(json.loads(query["InstanceIds"])) for query in queries] == [100, 100, 50]
    assert [item for query in queries for item in json.loads(query["InstanceIds"])] == ids
    assert {query["Status"] for query in queries} == {"Running"}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        pytest.param(["Running"], "filters must be a mapping such as 'status: Running', not a list", id="a list"),
        pytest.param({"stauts": "Running"}, "filters has no key 'stauts'; did you mean status?", id="misspelt"),
        pytest.param({"tag:env": "prod"}, "filters has no key 'tag:env'; known are ", id="another tool's spelling"),
        pytest.param({"cpu": "me"}, "filters has no key 'cpu'; known are image_id, instance_id, ", id="unknown"),
        pytest.param({"tags": ["env"]}, "filters.tags must be a mapping of tag keys to values, not a list", id="tags as a list"),
        pytest.param({"status": {"a": 1}}, "filters.status must be a text or a list of texts, not a mapping", id="mapping"),
        pytest.param({"name": None}, "filters.name must be a text or a list of texts, not nothing", id="nothing"),
        pytest.param({"tags": {"on": [True]}}, "filters.tags.on must be a text or a list of texts, not true or false", id="yes in YAML"),
    ],
)
def test_wrong_filters(given, sentence):
    with pytest.raises(FilterError) as caught:
        parse_filter(given, "filters")
    assert str(caught.value).startswith(sentence)
