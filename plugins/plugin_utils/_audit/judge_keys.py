# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with keys, wherever they are.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator, Sequence

from .finding import HIGH, LOW, MEDIUM, Finding
from .picture import Entry, Key, Picture, Place
from .roster import ROOT
from .words import list_names

UNUSED_DAYS = 90
_RSA_WEAK_BITS = 2048

_Entries = dict[tuple[str, str], list[Entry]]


def judge_keys(picture: Picture, now: datetime.datetime) -> Iterator[Finding]:
    """Every key; places are sorted by fingerprint."""
    entries = entries_by_account(picture)
    for fingerprint, group in itertools.groupby(picture.places, key=lambda place: place.fingerprint):
        key, places = picture.keys[fingerprint], [place for place in group if place.effective != "no"]
        if places:
            for place in places:
                yield from _judge_place(picture, key, place, entries.get((place.instance, place.account), []))
            yield from _judge_sharing(picture, key, places)
            yield from _judge_use(picture, key, places, now)


def entries_by_account(picture: Picture) -> _Entries:
    """Entries by instance and account."""
    found: _Entries = {}
    for entry in picture.entries:
        found.setdefault((entry.instance, entry.account), []).append(entry)
    return found


def _judge_place(picture: Picture, key: Key, place: Place, entries: Sequence[Entry]) -> Iterator[Finding]:
    where = f"{place.source}{f' ({place.comment})' if place.comment else ''}"
    # An authority that sshd trusts for every account is one thing, not one for each account.
    authority = place.kind == "certificate_authority"
    spot = path_of(place.source) if authority else f"{place.account} {path_of(place.source)}"
    if is_weak(key):
        text = f"{key.type}{f', {key.bits} bits' if key.bits else ''}: {where}"
        yield Finding("weak_key", MEDIUM, key.fingerprint, place.instance, text, spot)
    mine = next((entry for entry in entries if entry.person in (*key.in_team, place.owner_of_account)), None)
    if mine is None:
        return
    if mine.is_root and (not picture.origin.team or key.in_team) and not (mine.person == "root" and mine.expected):
        want = mine.expected
        severity = HIGH if picture.origin.team and (want is None or want.right != ROOT) else MEDIUM
        whose = f"the key of {', '.join(key.in_team)}" if key.in_team else "a key"
        yield Finding("root_by_key", severity, key.fingerprint, place.instance, f"{whose} logs in as {place.account}: {where}", spot)
    elif picture.origin.team and not key.in_team and _is_unknown(picture, place, mine):
        severity = HIGH if mine.right == ROOT else MEDIUM
        given = "; this team file gave it before" if place.given else ""
        what = "a certificate authority" if authority else f"in the account {place.account}"
        yield Finding("unknown_key", severity, key.fingerprint, place.instance, f"{what}: {where}{given}", spot)


def _is_unknown(picture: Picture, place: Place, entry: Entry) -> bool:
    """Accounts that nobody lists are findings as a whole; keys that another team's record has are that team's."""
    foreign = entry.owner not in (None, picture.origin.owner)
    return not (place.given and foreign) and (foreign or entry.is_root or picture.people[entry.person].in_team)


def _judge_sharing(picture: Picture, key: Key, places: Sequence[Place]) -> Iterator[Finding]:
    places = [place for place in places if place.kind == "key"]
    accounts = sorted({place.owner_of_account for place in places if place.account != "root"})
    people = sorted({*key.in_team, *accounts})
    if len(people) < 2 or set(accounts) <= set(key.in_team):
        return
    spots = [f"{picture.instances[place.instance].name} {place.source}" for place in places]
    yield Finding("shared_key", MEDIUM, key.fingerprint, None, f"shared by {list_names(people)}: {list_names(spots)}")


def _judge_use(picture: Picture, key: Key, places: Sequence[Place], now: datetime.datetime) -> Iterator[Finding]:
    limit = (now - datetime.timedelta(days=UNUSED_DAYS)).date().isoformat()
    own = [place for place in places if place.kind == "key"]
    # Days compare as texts. Nothing is unused where the log does not reach back.
    logs = [picture.instances[place.instance].log_since or "9999" for place in own]
    if own and all(log[:10] <= limit for log in logs) and all((place.last_used or "")[:10] < limit for place in own):
        last = max((place.last_used or "" for place in own), default="")
        text = f"last used {last[:10]}" if last else "no use in the logs"
        names = sorted({picture.instances[place.instance].name for place in own})
        yield Finding("unused", LOW, key.fingerprint, None, f"{text}, on {list_names(names)}")


def is_weak(key: Key) -> bool:
    """Whether the type is one that OpenSSH has given up, or the key is short enough to be broken."""
    return key.type == "ssh-dss" or (key.type == "ssh-rsa" and key.bits is not None and key.bits < _RSA_WEAK_BITS)


def path_of(source: str) -> str:
    """A place without the number of its line, which changes when another line does."""
    head, _colon, tail = source.rpartition(":")
    return head if head and tail.isdigit() else source
