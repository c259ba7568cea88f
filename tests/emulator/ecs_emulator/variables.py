# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of a user of an embedded cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def variables_of(account: Mapping[str, Any]) -> dict[str, str]:
    """Variables that lead to a server; I(account) has at least the fields of its ready file that are not about instances."""
    return {
        **({"REQUESTS_CA_BUNDLE": account["ca_file"]} if account["ca_file"] else {}),
        "ALIBABA_CLOUD_ACCESS_KEY_ID": account["access_key_id"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": account["access_key_secret"],
        "ALIBABA_CLOUD_REGION_ID": account["region"],
        "ALIBABA_CLOUD_ECS_ENDPOINT": account["endpoint"],
        "ALIBABA_CLOUD_STS_ENDPOINT": account["endpoint"],
    }
