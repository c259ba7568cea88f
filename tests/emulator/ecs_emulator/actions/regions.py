# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeRegions."""

from __future__ import annotations

from ecs_emulator.actions import Context, action


@action("DescribeRegions")
def describe_regions(context: Context) -> dict:
    """Every region, each with this very server as its endpoint: a client that follows it must not leave the machine."""
    regions = [
        {"RegionId": region_id, "LocalName": region_id, "RegionEndpoint": context.endpoint, "Status": "available"} for region_id in context.cloud.regions
    ]
    return {"Regions": {"Region": regions}}
