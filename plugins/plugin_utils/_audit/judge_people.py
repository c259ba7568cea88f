# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with people's access, by the team file.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from .finding import HIGH, INFO, LOW, MEDIUM, Finding
from .picture import Entry, Picture
from .roster import ABSENT, EXPIRED, LOCKED, LOGIN, NONE, PRESENT, RIGHTS, ROOT, SOME
from .words import describe_access, describe_right


def judge_people(picture: Picture) -> Iterator[Finding]:
    """Every person on every instance; entries are sorted by both."""
    for (_person, _instance), group in itertools.groupby(picture.entries, key=lambda entry: (entry.person, entry.instance)):
        entries = list(group)
        for entry in entries:
            if entry.works:
                yield from _judge_access(picture, entry)
            if picture.origin.team and picture.people[entry.person].in_team and entry.owner not in (None, picture.origin.owner):
                text = f"the record on the instance has the account {entry.account} of the team {entry.owner} too"
                yield Finding("two_owners", LOW, entry.person, entry.instance, text, entry.account)
        if picture.origin.team and picture.instances[entries[0].instance].seen:
            yield from _judge_missing(picture, entries)


def _judge_access(picture: Picture, entry: Entry) -> Iterator[Finding]:
    person, want = picture.people[entry.person], entry.expected
    access = describe_access(entry)
    if not picture.origin.team:
        if entry.nopasswd and entry.right == ROOT and not entry.is_root:
            yield Finding("passwordless_sudo", MEDIUM, entry.person, entry.instance, access, entry.account)
        return
    if want is not None and want.state == EXPIRED:
        yield Finding("expired_open", HIGH, entry.person, entry.instance, f"{access}; the last day was {want.until}", entry.account)
    elif want is not None and want.state in (LOCKED, ABSENT):
        yield Finding("leaver", HIGH, entry.person, entry.instance, f"{access}; the team file has the person as {want.state}", entry.account)
    elif want is None and not person.in_team:
        yield from _judge_stranger(picture, entry, access)
    elif entry.is_root and entry.person != "root":
        # Judged by the key, which is what leads there.
        return
    elif want is None:
        yield Finding("not_in_team", _severity(entry), entry.person, entry.instance, f"{access}; the team file has no access here", entry.account)
    elif entry.exceeds:
        text = f"{access}; the team file gives: {describe_right(want.right)}"
        yield Finding("not_in_team", HIGH, entry.person, entry.instance, text, f"{entry.account} {entry.right}")
    elif entry.nopasswd and entry.right == ROOT and not want.nopasswd and not entry.is_root:
        yield Finding("passwordless_sudo", MEDIUM, entry.person, entry.instance, f"{access}; the team file asks for a password", entry.account)


def _judge_stranger(picture: Picture, entry: Entry, access: str) -> Iterator[Finding]:
    if entry.owner is not None and entry.owner == picture.origin.owner:
        text = f"{access}; this team file gave it before and does not list the person any more"
        yield Finding("leaver", HIGH, entry.person, entry.instance, text, entry.account)
    elif entry.owner is None and not entry.is_root:
        yield Finding("not_in_team", _severity(entry), entry.person, entry.instance, f"{access}; the team file does not list it", entry.account)


def _severity(entry: Entry) -> str:
    return HIGH if entry.right in (ROOT, SOME) else MEDIUM


def _judge_missing(picture: Picture, entries: list[Entry]) -> Iterator[Finding]:
    first = entries[0]
    want = first.expected
    if want is None or want.state != PRESENT:
        return
    has = max((entry.right for entry in entries), key=RIGHTS.index)
    if RIGHTS.index(has) >= RIGHTS.index(want.right):
        return
    text = "no login method works" if has == NONE else f"has {describe_right(has)}" if has != LOGIN else "can log in, without the rights"
    unread = picture.instances[first.instance].hides_access or any(method.kind == "command" for entry in entries for method in entry.others)
    # It may be in what was not read.
    severity, doubt = (INFO, "; part of the instance could not be read") if unread else (MEDIUM, "")
    yield Finding("missing", severity, first.person, first.instance, f"{text}; the team file gives: {describe_right(want.right)}{doubt}", want.right)
