# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's two paging styles: page numbers, and a token that says where the next page starts."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple, Sequence, TypeVar

from ecs_emulator.errors import invalid_parameter
from ecs_emulator.parameters import Parameters

Item = TypeVar("Item")


class Page(NamedTuple):
    """One page: the items and the fields of the answer that speak of paging."""

    items: Sequence
    fields: dict


def page_of(items: Sequence[Item], params: Parameters, limit: int = 100, default: int = 10, lowest: int = 1) -> Page:
    """Cut a page out of all items: by token when MaxResults or NextToken is given, by number otherwise.

    By token, TotalCount means nothing unless the fleet says so. MaxResults outside ``lowest``..``limit`` is taken as the nearer
    of the two, PageSize over the limit is refused.
    """
    total = len(items)
    if "MaxResults" in params or "NextToken" in params:
        size = min(max(params.number("MaxResults", default, 0), lowest), limit)
        start = _decode(params.get("NextToken"))
        rest = start + size < total
        shown_total = total if params.behaviours.total_count == "right" else 0
        fields = {"TotalCount": shown_total, "PageSize": size, "PageNumber": 1, "NextToken": _encode(start + size) if rest else ""}
        return Page(items[start : start + size], fields)
    size = params.number("PageSize", default, 1, limit, "InvalidParameter")
    number = params.number("PageNumber", 1, 1, None, "InvalidParameter")
    start = (number - 1) * size
    return Page(items[start : start + size], {"TotalCount": total, "PageSize": size, "PageNumber": number, "NextToken": ""})


def _encode(start: int) -> str:
    return base64.urlsafe_b64encode(b"next:%d" % start).decode().rstrip("=")


def _decode(token: str) -> int:
    if not token:
        return 0
    try:
        kind, _unused, start = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition(":")
        if kind != "next":
            raise ValueError(kind)
        return int(start)
    except (binascii.Error, ValueError):
        raise invalid_parameter("NextToken") from None
