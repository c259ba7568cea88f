# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of one audit, such as those of slices, as one picture. Everything is judged again afterwards.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from .join import sort_picture
from .picture import PERSON, PROGRAM, UNKNOWN, Entry, Instance, Key, Person, Picture, Place
from .roster import join_digests

_RANK = {PROGRAM: 0, UNKNOWN: 1, PERSON: 2}


def merge(parts: Sequence[Picture]) -> Picture:
    """The last part is this run's. Of an instance that several have, the latest that was seen counts, and nothing else of it."""
    chosen = _choose(parts)
    people: dict[str, Person] = {}
    keys: dict[str, Key] = {}
    entries: list[Entry] = []
    places: list[Place] = []
    instances: dict[str, Instance] = {}
    for index, part in enumerate(parts):
        mine = {name for name, owner in chosen.items() if owner == index}
        instances.update({name: part.instances[name] for name in mine})
        entries += [entry for entry in part.entries if entry.instance in mine]
        places += [place for place in part.places if place.instance in mine]
        for person in part.people.values():
            before = people.get(person.name)
            if before is None or _RANK[person.kind] > _RANK[before.kind]:
                people[person.name] = person
        for key in part.keys.values():
            keys[key.fingerprint] = _join_keys(keys.get(key.fingerprint, key), key)
    named = {entry.person for entry in entries} | {name for name, person in people.items() if person.in_team}
    there = {place.fingerprint for place in places}
    origin = parts[-1].origin._replace(
        limit=", ".join(dict.fromkeys(part.origin.limit for part in parts if part.origin.limit)),
        team=any(part.origin.team for part in parts),
        owner=next((part.origin.owner for part in reversed(parts) if part.origin.team), ""),
        account=", ".join(sorted({each for part in parts for each in (part.origin.account or "").split(", ") if each})) or None,
        team_sha256=join_digests(part.origin.team_sha256 for part in parts),
        inventory=max(len(instances), *(part.origin.inventory for part in parts)),
    )
    joined = Picture(
        origin,
        instances,
        {name: person for name, person in people.items() if name in named},
        {name: key for name, key in keys.items() if name in there},
        entries,
        places,
    )
    return sort_picture(joined)


def _choose(parts: Sequence[Picture]) -> dict[str, int]:
    chosen: dict[str, int] = {}
    for index, part in enumerate(parts):
        for name, instance in part.instances.items():
            other = chosen.get(name)
            if other is None or _weight(part, instance) >= _weight(parts[other], parts[other].instances[name]):
                chosen[name] = index
    return chosen


def _weight(part: Picture, instance: Instance) -> tuple[bool, str]:
    return instance.seen, part.origin.generated_at


def _join_keys(one: Key, other: Key) -> Key:
    first = min(filter(None, (one.first_seen, other.first_seen)), default=None)
    return one._replace(type=one.type or other.type, bits=one.bits or other.bits, in_team=tuple(sorted({*one.in_team, *other.in_team})), first_seen=first)
