# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host that is left answers, when it is refused, and its row in the table.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_login_name

from .onboarding import action_texts

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_MOST_RECORD = 1024 * 1024
_UNUSABLE = ("damaged", "foreign")


class Seen(NamedTuple):
    """What there is of ours on a host."""

    state: str
    problem: str
    content: bytes
    sha256: str
    people: list[str]
    """Accounts that the record has of the owner who leaves."""
    others: list[str]
    """Other owners in the record."""
    files: list[str]
    """What would be removed."""
    kept: list[str]
    temporary_keys: str
    login: str
    armed: bool = False
    """Whether a change of sshd is not proven yet."""
    vanished: tuple[str, ...] = ()
    """Those of the people of whom the host has no account any more."""


def read_seen(answer: Mapping[str, Any]) -> Seen:
    """From the module's answer, of which only what has the right type is taken; raises ValueError."""
    record = answer.get("record")
    record = record if isinstance(record, Mapping) else {}
    try:
        content = base64.b64decode(str(record.get("content", "")), validate=True)
    except ValueError:
        content = b""
    sha256 = str(record.get("sha256", ""))
    if len(content) > _MOST_RECORD or ((content or sha256) and hashlib.sha256(content).hexdigest() != sha256):
        raise ValueError("the host sent a record that cannot be read; nothing was changed")
    login = answer.get("login") or ""
    if login and not is_login_name(login):
        # A login as this user is proven from here.
        raise ValueError("the host reports a name for the account of this run that no user can have")
    others = record.get("others")
    return Seen(
        str(record.get("state", "")),
        str(record.get("problem", "")),
        content,
        sha256,
        action_texts(record.get("people")),
        sorted(map(str, others)) if isinstance(others, Mapping) else [],
        action_texts(answer.get("actions")),
        action_texts(answer.get("kept")),
        str(answer.get("temporary_keys", "")),
        login,
        answer.get("armed") is True,
        tuple(action_texts(record.get("vanished"))),
    )


def record_name(host: str, sha256: str) -> str:
    """The name of the file that a record is kept in; another record of the same host gets another one."""
    return f"{_UNSAFE.sub('_', host)[:100].lstrip('.')}-{sha256[:12]}.json"


def refusal(seen: Seen, login: str, protected: Collection[str]) -> str:
    """Why not everything can be removed; empty if it can be."""
    if seen.state in _UNUSABLE:
        return f"the record of this host {seen.problem}, so nobody knows who was given what"
    if not login:
        return "who this run is logged in as cannot be seen"
    if login in seen.people and login not in protected:
        return (
            f"this run is logged in as {login}, who is one of those to go, and no other login that becomes root is known; log in as a user who stays "
            f"(ecs_access_login_as), or name {login} in ssh_users_protected"
        )
    return ""


def read_taken(answer: Mapping[str, Any], people: Collection[str]) -> tuple[list[str], list[str]]:
    """Whose accounts were removed, and what a person has to know of the others and of what is left."""
    record = answer.get("record")
    record = record if isinstance(record, Mapping) else {}
    gone = [name for name in action_texts(record.get("removed")) if name in people]
    return gone, [*action_texts(record.get("notes")), *action_texts(answer.get("remains"))]


def outcome(seen: Seen, everything: bool, row: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """The row of a host that was left as far as it goes."""
    whys = []
    if seen.others:
        whys.append(f"{', '.join(seen.others)} also manage{'s' if len(seen.others) == 1 else ''} this host: only the part of {owner} was left")
    elif seen.kept:
        whys.append("not removed: " + "; ".join(seen.kept))
    if seen.state in _UNUSABLE:
        whys.append(f"the record {seen.problem}")
    if everything and seen.state == "missing":
        whys.append("without a record nobody is known whose access could be removed")
    if seen.temporary_keys == "others":
        whys.append("sshd_config has lines for temporary keys that are not of this collection; they stay")
    failed = bool(seen.kept) and not seen.others
    return {**row, "failed": failed, "finding": failed, "why": "; ".join(whys)}
