# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host answers for a region.

The vendor's package for ECS has the same table, but importing it loads more than a thousand files of models that no call here uses,
and doubles what the SDK takes to start. So it is asked about regions only that are not known here. A test compares the two tables.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

from typing import Optional

from .settings import Endpoint

# The regions whose host is not named after them.
_HOSTS = {
    "ecs-cn-hangzhou.aliyuncs.com": """
        cn-hangzhou cn-shanghai-finance-1 cn-shenzhen-finance-1 cn-beijing-nu16-b01 cn-fujian cn-haidian-cm12-c01 cn-hangzhou-bj-b01
        cn-hangzhou-internal-prod-1 cn-hangzhou-internal-test-1 cn-hangzhou-internal-test-2 cn-hangzhou-internal-test-3
        cn-hangzhou-test-306 cn-shanghai-et15-b01 cn-shanghai-et2-b01 cn-shanghai-internal-test-1 cn-shenzhen-st4-d01
        cn-shenzhen-su18-b01 cn-zhangbei-na61-b01
    """,
    "ecs.aliyuncs.com": """
        cn-north-2-gov-1 ap-northeast-2-pop cn-beijing-finance-pop cn-beijing-gov-1 cn-hangzhou-finance cn-hongkong-finance-pop
        cn-shanghai-inner cn-shenzhen-inner cn-wuhan cn-yushanfang cn-zhangbei rus-west-1-pop
    """,
    "ecs.cn-qingdao-nebula.aliyuncs.com": "cn-edge-1 cn-huhehaote-nebula-1 cn-zhengzhou-nebula-1",
    "ecs.cn-zhangjiakou.aliyuncs.com": "cn-zhangjiakou-na62-a01",
    "ecs.cn-shenzhen-cloudstone.aliyuncs.com": "eu-west-1-oxs",
}
_USUAL_REGIONS = """
    ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-5 ap-southeast-6 ap-southeast-7
    cn-beijing cn-chengdu cn-fuzhou cn-guangzhou cn-hangzhou cn-heyuan cn-hongkong cn-huhehaote cn-nanjing cn-qingdao cn-shanghai
    cn-shenzhen cn-wulanchabu cn-zhangjiakou eu-central-1 eu-west-1 me-central-1 me-east-1 us-east-1 us-west-1
"""
_USUAL = frozenset(_USUAL_REGIONS.split())
_OTHERS = {region: host for host, regions in _HOSTS.items() for region in regions.split()}


def ecs_endpoint(region: str, network: str) -> Optional[Endpoint]:
    """Where ECS answers for I(region), over the public network or from inside a C(vpc); None for a region that is not known here."""
    if network == "vpc":
        return _inside("ecs", region)
    host = _OTHERS.get(region) or ("ecs.%s.aliyuncs.com" % region if region in _USUAL else None)
    return Endpoint(host, "https") if host else None


def sts_endpoint(region: str, network: str) -> Endpoint:
    """Where roles are assumed: publicly one host serves all regions."""
    return _inside("sts", region) if network == "vpc" else Endpoint("sts.aliyuncs.com", "https")


def _inside(product: str, region: str) -> Endpoint:
    # The table is of public hosts: inside, every region has its own.
    return Endpoint("%s-vpc.%s.aliyuncs.com" % (product, region), "https")
