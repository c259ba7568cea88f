# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of access.json: a picture as plain values, and the same read back.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from .facts import Method
from .finding import Finding
from .judge_instances import Path
from .picture import Entry, Picture, Place
from .roster import LOCKED

SCHEMA = "alicloud.ecs_access/audit/1"


class Audit(NamedTuple):
    """A picture, and what was concluded from it.

    C(changes): sentences, None where nothing was compared. C(changed): pairs of person and instance.
    """

    picture: Picture
    findings: list[Finding]
    paths: list[Path]
    compared_with: str | None = None
    changes: list[str] | None = None
    changed: Collection[tuple[str, str]] = ()


def render_document(audit: Audit) -> dict[str, Any]:
    """Plain values, in one order."""
    picture = audit.picture
    origin = picture.origin
    seen = sum(instance.seen for instance in picture.instances.values())
    entries = {name: list(group) for name, group in itertools.groupby(picture.entries, key=lambda entry: entry.person)}
    places = {name: list(group) for name, group in itertools.groupby(picture.places, key=lambda place: place.fingerprint)}
    holders = key_holders(picture)
    return {
        "schema": SCHEMA,
        "collection": origin.collection,
        "run_by": origin.run_by,
        "limit": origin.limit,
        "generated_at": origin.generated_at,
        "account": origin.account,
        "regions": sorted({instance.region for instance in picture.instances.values() if instance.region}),
        "team": origin.team,
        "owner": origin.owner,
        "team_sha256": origin.team_sha256,
        "expected": len(picture.instances),
        "seen": seen,
        "part": {"hosts": len(picture.instances), "of": origin.inventory} if origin.inventory > len(picture.instances) else None,
        "instances": [
            {
                **instance._asdict(),
                "groups": list(instance.groups),
                "tags": list(instance.tags),
                "private_keys": [key._asdict() for key in instance.private_keys],
                "at_next_boot": list(instance.at_next_boot),
                "unread": [unread._asdict() for unread in instance.unread],
            }
            for instance in picture.instances.values()
        ],
        "people": [
            {**person._asdict(), "until": _last_day(entries.get(name, [])), "accounts": [_plain_entry(entry) for entry in entries.get(name, [])]}
            for name, person in picture.people.items()
        ],
        "keys": [
            {
                **key._asdict(),
                "in_team": list(key.in_team),
                "holders": holders.get(name, []),
                "certain": bool(key.in_team) or any(place.given for place in places.get(name, ())),
                "last_used": max((place.last_used or "" for place in places.get(name, ())), default="") or None,
                "where": [_plain_place(place) for place in places.get(name, [])],
            }
            for name, key in picture.keys.items()
        ],
        "paths": [
            {**path._asdict(), "people": list(path.people), "opens": [opened._asdict() for opened in path.opens]}
            for path in audit.paths
        ],
        "findings": [_plain_finding(finding) for finding in audit.findings],
        "compared": None if audit.changes is None else {"with": audit.compared_with, "changes": list(audit.changes)},
    }  # fmt: skip


def key_holders(picture: Picture) -> dict[str, list[str]]:
    """Who holds each key: by the team, else by the accounts that it opens."""
    found: dict[str, set[str]] = {name: set(key.in_team) for name, key in picture.keys.items()}
    for place in picture.places:
        if not picture.keys[place.fingerprint].in_team:
            found[place.fingerprint].add(place.owner_of_account)
    return {name: sorted(names) for name, names in found.items()}


def _last_day(entries: Sequence[Entry]) -> str | None:
    days = [entry.expected.until for entry in entries if entry.expected and entry.expected.state != LOCKED]
    return max(filter(None, days), default=None) if None not in days else None


def _plain_entry(entry: Entry) -> dict[str, Any]:
    return {
        **_without(entry._asdict(), "person"),
        "by": list(entry.by),
        "commands": list(entry.commands),
        "expected": entry.expected._asdict() if entry.expected else None,
        "others": [_plain_method(method) for method in entry.others],
    }


def _plain_method(method: Method) -> dict[str, Any]:
    return {"kind": method.kind, "source": method.source, "effective": method.effective, "why": method.why, "last_used": method.last_used}


def _plain_place(place: Place) -> dict[str, Any]:
    return {**_without(place._asdict(), "fingerprint"), "options": list(place.options)}


def _plain_finding(finding: Finding) -> dict[str, Any]:
    accepted = finding.accepted._asdict() if finding.accepted else None
    return {"id": finding.id, **finding._asdict(), "accepted": accepted}


def _without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
