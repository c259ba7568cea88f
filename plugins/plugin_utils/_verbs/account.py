# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account whose instances a run is about. It is asked for once; without an answer the run goes on.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_instance_id
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable, shorten

from .tools import Tools, reason

_KIND = "account"


def find_account(tools: Tools, hosts: Iterable[Mapping[str, Any]]) -> str | None:
    """The id of the account that the credentials belong to, None if it was not seen; I(hosts) are the variables of each host.

    Hosts that are not instances belong to no account.
    """
    known = tools.store.read(_KIND)
    if known is None:
        ours = next((each for each in hosts if is_instance_id(str(each.get("ecs_instance_id") or ""))), None)
        if ours is None:
            return None
        region = ours.get("ecs_region")
        result = tools.on_controller("access_account", {"region": region} if region else {})
        known = {"id": result.get("account_id"), "why": "" if result.get("account_id") else reason(result)}
        tools.store.write(_KIND, known)
    return known["id"]


def account_lines(tools: Tools) -> list[str]:
    """A line below the table if the account was asked for and not seen."""
    known = tools.store.read(_KIND)
    return [f"The account was not seen: {shorten(printable(known['why']), 300)}"] if known and known["why"] else []
