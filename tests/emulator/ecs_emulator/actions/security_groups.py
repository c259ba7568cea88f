# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeSecurityGroups, DescribeSecurityGroupAttribute."""

from __future__ import annotations

from ecs_emulator.actions import Context, action
from ecs_emulator.errors import ApiError, dry_run, invalid_parameter
from ecs_emulator.paging import page_of
from ecs_emulator.specs import RuleSpec, SecurityGroupSpec
from ecs_emulator.timestamps import iso_minutes, iso_seconds


@action("DescribeSecurityGroups")
def describe_security_groups(context: Context) -> dict:
    """Groups of a region by id and name."""
    params = context.params
    if params.flag("DryRun"):
        raise dry_run()
    found = list(context.region.security_groups.values())
    if "SecurityGroupIds" in params:
        wanted = params.json_list("SecurityGroupIds", 100)
        found = [group for group in found if group.security_group_id in wanted]
    if "SecurityGroupId" in params:
        found = [group for group in found if group.security_group_id == params.get("SecurityGroupId")]
    if "SecurityGroupName" in params:
        found = [group for group in found if group.name == params.get("SecurityGroupName")]
    page = page_of(found, params)
    shown = [_show_group(context, group) for group in page.items]
    return dict(page.fields, RegionId=context.region.region_id, SecurityGroups={"SecurityGroup": shown})


@action("DescribeSecurityGroupAttribute")
def describe_security_group_attribute(context: Context) -> dict:
    """One group with its rules; all of them unless NextToken or MaxResults is given."""
    params = context.params
    group = context.region.security_groups.get(params.require("SecurityGroupId"))
    if group is None:
        raise ApiError(404, "InvalidSecurityGroupId.NotFound", "The specified SecurityGroupId does not exist.")
    direction = params.get("Direction", "all")
    if direction not in ("ingress", "egress", "all"):
        raise invalid_parameter("Direction")
    rules = [rule for rule in group.rules if direction in ("all", rule.direction)]
    next_token = ""
    if "MaxResults" in params or "NextToken" in params:
        page = page_of(rules, params, limit=1000, default=500, lowest=10)
        rules, next_token = list(page.items), page.fields["NextToken"]
    permissions = [_show_rule(context, rule) for rule in rules]
    return {
        "RegionId": group.region,
        "SecurityGroupId": group.security_group_id,
        "SecurityGroupName": group.name,
        "Description": "",
        "VpcId": _vpc_of(context, group),
        "InnerAccessPolicy": "Accept",
        "Permissions": {"Permission": permissions},
        "NextToken": next_token,
    }


def _vpc_of(context: Context, group: SecurityGroupSpec) -> str:
    """The VPC of the first member; a group without members is in none that anybody could ask for."""
    for instance in context.region.instances.values():
        if group.security_group_id in instance.spec.security_group_ids:
            return instance.spec.vpc_id
    return ""


def _show_group(context: Context, group: SecurityGroupSpec) -> dict:
    return {
        "SecurityGroupId": group.security_group_id,
        "SecurityGroupName": group.name,
        "SecurityGroupType": "normal",
        "Description": "",
        "VpcId": _vpc_of(context, group),
        "ResourceGroupId": "",
        "CreationTime": iso_minutes(context.cloud.created),
        "Tags": {"Tag": []},
    }


def _show_rule(context: Context, rule: RuleSpec) -> dict:
    """Policy and protocol come back in the API's own capitals, as in real answers."""
    outward = rule.direction == "egress"
    v6 = ":" in rule.source
    cidr = "" if rule.source_group or v6 else rule.source
    cidr6 = rule.source if v6 and not rule.source_group else ""
    return {
        "Direction": rule.direction,
        "IpProtocol": rule.protocol.upper(),
        "PortRange": rule.ports,
        "SourcePortRange": "",
        "Policy": rule.policy.capitalize(),
        "Priority": str(rule.priority),
        "NicType": "intranet",
        "SourceCidrIp": "" if outward else cidr,
        "Ipv6SourceCidrIp": "" if outward else cidr6,
        "SourceGroupId": "" if outward else rule.source_group,
        "SourceGroupName": "",
        "SourceGroupOwnerAccount": "",
        "SourcePrefixListId": "",
        "SourcePrefixListName": "",
        "DestCidrIp": cidr if outward else "",
        "Ipv6DestCidrIp": cidr6 if outward else "",
        "DestGroupId": rule.source_group if outward else "",
        "DestGroupName": "",
        "DestGroupOwnerAccount": "",
        "DestPrefixListId": "",
        "DestPrefixListName": "",
        "Description": rule.description,
        "CreateTime": iso_seconds(context.cloud.created),
    }
