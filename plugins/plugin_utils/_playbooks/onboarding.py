# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is brought onto a host, and who has logged in to it and become root.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# The oldest minor version of Python 3 that runs modules, by line of ansible-core.
_OLDEST_PYTHON = {"2.16": 6, "2.17": 7, "2.18": 8, "2.19": 8}
_NEWEST_OLDEST = 9


def oldest_python(core: str) -> int:
    """The minor version of Python 3 that this ansible-core needs on a host."""
    return _OLDEST_PYTHON.get(".".join(core.split(".")[:2]), _NEWEST_OLDEST)


def present_users(accounts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of the accounts that must exist and be able to log in."""
    return list(dict.fromkeys(account["name"] for account in accounts if account.get("state") in (None, "present")))


def users_who_said(results: Iterable[Mapping[str, Any]], word: str) -> list[str]:
    """The loop items for which the far side printed I(word) as a line. The exit status of ssh proves nothing."""
    return [result["item"] for result in results if word in result.get("stdout_lines", [])]


def logins_outcome(
    outcome: Mapping[str, Any], users: Iterable[str], tried: Iterable[str], logged_in: Iterable[str], became_root: Iterable[str]
) -> dict[str, Any]:
    """The outcome of a host on which every login with a key at hand was tried."""
    opened = list(logged_in)
    refused = [name for name in tried if name not in opened]
    return {
        **outcome,
        "people": len(list(users)),
        "login": opened,
        "sudo": list(became_root),
        "failed": bool(refused),
        "why": f"login refused: {', '.join(refused)}" if refused else "",
    }


def unreachable_outcome(outcome: Mapping[str, Any], msg: str, awaits_key: bool) -> dict[str, Any]:
    """The outcome of a host that could not be reached; I(awaits_key): in check mode its key is not live yet."""
    if awaits_key:
        return {**outcome, "failed": False, "why": "check mode: the host cannot be checked before the key pair is live"}
    return {**outcome, "failed": True, "why": msg}
