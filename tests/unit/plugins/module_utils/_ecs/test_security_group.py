# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an address reaches a port: priorities, refusals, ranges, and what cannot be told."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.security_group import judge_access

ME = "198.51.100.7"


def rule(source="0.0.0.0/0", ports="22/22", policy="Accept", priority="1", protocol="TCP", **more):
    return dict(
        {
            "Direction": "ingress",
            "IpProtocol": protocol,
            "PortRange": ports,
            "Policy": policy,
            "Priority": priority,
            "SourceCidrIp": source,
        },
        **more,
    )


def group(*rules, name="sg-a"):
    return {"SecurityGroupId": name, "Permissions": {"Permission": list(rules)}}


@pytest.mark.parametrize(
    ("groups", "allowed", "reason"),
    [
        pytest.param([group(rule())], True, "allowed by a rule of sg-a", id="open to all"),
        pytest.param([group()], False, "no rule of its security groups mentions", id="nothing said: refused"),
        pytest.param([], False, "no rule of its security groups mentions", id="no group"),
        pytest.param([group(rule("203.0.113.0/24"))], False, "no rule", id="for others only"),
        pytest.param([group(rule("198.51.100.0/24"))], True, "allowed", id="for my network"),
        pytest.param([group(rule(ports="1/1024"))], True, "allowed", id="range"),
        pytest.param([group(rule(ports="80/80"))], False, "no rule", id="another port"),
        pytest.param([group(rule(ports="-1/-1", protocol="ALL"))], True, "allowed", id="everything"),
        pytest.param([group(rule(protocol="UDP"))], False, "no rule", id="UDP"),
        pytest.param([group(rule(Direction="egress"))], False, "no rule", id="the other direction"),
        pytest.param(
            [group(rule(priority="2"), rule(policy="Drop", priority="1"))], False, "refused by a rule of sg-a",
            id="refused first",
        ),
        pytest.param([group(rule(priority="1"), rule(policy="Drop", priority="2"))], True, "allowed", id="allowed first"),
        pytest.param([group(rule()), group(rule(policy="Drop"), name="sg-b")], False, "of sg-b", id="equals: refusal wins"),
        pytest.param([group(), group(rule(), name="sg-b")], True, "of sg-b", id="another group allows"),
        pytest.param([group(rule("", SourceGroupId="sg-x"))], None, "depends on a rule of sg-a", id="from a group: unknown"),
        pytest.param(
            [group(rule("", SourcePrefixListId="pl-x", policy="Drop"), rule(priority="2"))], None, "depends",
            id="perhaps refused before",
        ),
        pytest.param(
            [group(rule("", SourceGroupId="sg-x"), rule(priority="2"))], True, "allowed", id="allowed either way"
        ),
        pytest.param([group(rule("", Ipv6SourceCidrIp="::/0"))], False, "no rule", id="IPv6 only"),
    ],
)  # fmt: skip
def test_verdict(groups, allowed, reason):
    verdict = judge_access(groups, ME, 22)
    assert verdict.allowed is allowed
    assert reason in verdict.reason


def test_ipv6():
    assert judge_access([group(rule("", Ipv6SourceCidrIp="2001:db8::/32"))], "2001:db8::7", 22).allowed is True
