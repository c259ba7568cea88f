# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host of each region is the one that the vendor's own client would choose."""

import subprocess
import sys

import pytest
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs import endpoints, sdk
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings

VENDORS = Client(Config(region_id="cn-hangzhou"))._endpoint_map


def vendors_choice(region):
    return Client(Config(region_id=region))._endpoint


@pytest.mark.parametrize("region", [*VENDORS, *sorted(endpoints._USUAL)])
def test_the_vendors_choice(region):
    assert endpoints.ecs_endpoint(region, "public") == (vendors_choice(region), "https")


def test_no_region_stands_apart_that_the_vendor_does_not_name():
    assert endpoints._OTHERS.keys() == VENDORS.keys()


def test_the_vendors_package_is_asked_for_others():
    assert endpoints.ecs_endpoint("cn-tomorrow-9", "public") is None
    assert sdk.find_endpoint("cn-tomorrow-9") == ("ecs.cn-tomorrow-9.aliyuncs.com", "https")
    settings = read_settings({"region": "cn-tomorrow-9", "access_key_id": "kim", "access_key_secret": "secret"}, {})
    assert EcsClient(settings)._caller.endpoint.host == "ecs.cn-tomorrow-9.aliyuncs.com"


def test_inside_a_vpc_every_region_has_its_own():
    assert endpoints.ecs_endpoint("cn-wuhan", "vpc") == ("ecs-vpc.cn-wuhan.aliyuncs.com", "https")
    assert endpoints.sts_endpoint("cn-wuhan", "vpc") == ("sts-vpc.cn-wuhan.aliyuncs.com", "https")
    assert endpoints.sts_endpoint("cn-wuhan", "public") == ("sts.aliyuncs.com", "https")


CALL = """
import json, sys
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings
assert EcsClient(read_settings(json.loads(sys.argv[1]), {})).describe_instances()
print(*sys.modules)
"""


def test_a_call_loads_no_models_of_ecs(cloud):
    options = '{"region": "%s", "access_key_id": "%s", "access_key_secret": "%s", "endpoint": "%s"}'
    given = options % (cloud.region, cloud.access_key_id, cloud.access_key_secret, cloud.endpoint)
    done = subprocess.run([sys.executable, "-c", CALL, given], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "alibabacloud_tea_openapi.client" in loaded
    assert not [name for name in loaded if name.startswith("alibabacloud_ecs")]
