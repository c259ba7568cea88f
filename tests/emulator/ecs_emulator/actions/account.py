# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeAccountAttributes: what the account may do."""

from __future__ import annotations

from ecs_emulator.actions import Context, action


@action("DescribeAccountAttributes")
def describe_account_attributes(context: Context) -> dict:
    """The quotas that the call names, or all that this cloud has; others are missing."""
    assert context.region
    attributes = {
        "instance-network-type": "vpc",
        "max-axt-command-count": "500",
        "max-axt-invocation-daily": str(context.cloud.quota.limit),
    }
    wanted = context.params.list("AttributeName") or list(attributes)
    items = [{"AttributeName": name, "AttributeValues": {"ValueItem": [{"Value": attributes[name]}]}} for name in wanted if name in attributes]
    return {"AccountAttributeItems": {"AccountAttributeItem": items}}
