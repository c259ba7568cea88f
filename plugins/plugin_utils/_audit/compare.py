# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has changed since an earlier audit, by person. What was not seen in both is never called new or removed.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .finding import LOW, Finding
from .picture import Picture
from .roster import LOGIN, NONE, PRESENT, RIGHTS, ROOT, SOME
from .words import list_names

_GAINED = {LOGIN: "can log in", SOME: "has sudo rights", ROOT: "can become root"}
_LOST = {LOGIN: "can no longer log in", SOME: "has no sudo rights any more", ROOT: "can no longer become root"}


class Comparison(NamedTuple):
    """Sentences, findings about instances that moved, and the pairs of person and instance that changed."""

    changes: list[str]
    moved: list[Finding]
    cells: set[tuple[str, str]]


def compare(before: Picture, now: Picture) -> Comparison:
    """Rights of people first, then keys, then instances."""
    both = {name for name, instance in now.instances.items() if instance.seen and name in before.instances and before.instances[name].seen}
    old, new = _rights(before), _rights(now)
    found: dict[tuple[str, str, str], list[str]] = {}
    cells: set[tuple[str, str]] = set()
    for person, instance in sorted({*old, *new}):
        if instance not in both:
            continue
        was, has = old.get((person, instance), NONE), new.get((person, instance), NONE)
        if was == has:
            continue
        cells.add((person, instance))
        sign, word = ("+", _GAINED[has]) if RIGHTS.index(has) > RIGHTS.index(was) else ("-", _LOST[LOGIN if has == NONE else was])
        found.setdefault((person, sign, word), []).append(now.instances[instance].name)
    # People of the team first: an instance can make up any number of others.
    listed = {name for name, person in now.people.items() if person.in_team}
    ordered = sorted(found.items(), key=lambda item: (item[0][0] not in listed, item[0]))
    changes = [f"{sign} {person} {word} on {list_names(sorted(names))}" for (person, sign, word), names in ordered]
    return Comparison([*changes, *_keys(before, now, both), *_instances(before, now)], list(_moved(before, now)), cells)


def first_seen(before: Picture | None, now: Picture) -> Picture:
    """The same picture, with the day on which each key was seen first."""
    known = before.keys if before else {}
    keys = {}
    for name, key in now.keys.items():
        earlier = known[name].first_seen if name in known else None
        keys[name] = key._replace(first_seen=earlier or key.first_seen or now.origin.generated_at)
    return now._replace(keys=keys)


def _rights(picture: Picture) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for entry in picture.entries:
        pair = (entry.person, entry.instance)
        found[pair] = max(found.get(pair, NONE), entry.right, key=RIGHTS.index)
    return found


def _keys(before: Picture, now: Picture, both: set[str]) -> Iterator[str]:
    old, new = _opened(before, both), _opened(now, both)
    for sign, verb, found, other in (("+", "now opens", new, old), ("-", "no longer opens", old, new)):
        gone: dict[tuple[str, str], list[str]] = {}
        for fingerprint, account, instance in sorted(found - other):
            gone.setdefault((fingerprint, account), []).append(now.instances[instance].name)
        for (fingerprint, account), names in gone.items():
            yield f"{sign} the key {fingerprint} {verb} the account {account} on {list_names(sorted(names))}"


def _opened(picture: Picture, both: set[str]) -> set[tuple[str, str, str]]:
    return {(place.fingerprint, place.account, place.instance) for place in picture.places if place.effective != "no" and place.instance in both}


def _instances(before: Picture, now: Picture) -> Iterator[str]:
    added = sorted(instance.name for name, instance in now.instances.items() if name not in before.instances)
    unseen = sorted(instance.name for name, instance in now.instances.items() if name in before.instances and before.instances[name].seen and not instance.seen)
    absent = sorted(instance.name for name, instance in before.instances.items() if name not in now.instances)
    if added:
        yield f"+ {list_names(added)} {'is' if len(added) == 1 else 'are'} in the audit for the first time"
    if unseen:
        yield f"? {list_names(unseen)} could not be read this time; nothing is known of changes there"
    if absent:
        yield f"? {list_names(absent)} {'was' if len(absent) == 1 else 'were'} in the earlier audit only; nothing is known of changes there"


def _moved(before: Picture, now: Picture) -> Iterator[Finding]:
    """The same team file, other people on an instance: a group or a tag has changed."""
    if now.origin.team_sha256 is None or now.origin.team_sha256 != before.origin.team_sha256:
        return
    old, new = _expected(before), _expected(now)
    for name in sorted(now.instances.keys() & before.instances.keys()):
        gained, lost = sorted(new.get(name, set()) - old.get(name, set())), sorted(old.get(name, set()) - new.get(name, set()))
        texts = [f"the rules now have {list_names(gained)} here"] if gained else []
        texts += [f"the rules no longer have {list_names(lost)} here"] if lost else []
        if texts:
            text = f"{' and '.join(texts)}, though the team file is the same: a group or a tag of the instance has changed"
            yield Finding("moved", LOW, now.instances[name].name, name, text)


def _expected(picture: Picture) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in picture.entries:
        # People whose rules end are no longer expected because of the day.
        if entry.expected is not None and entry.expected.state == PRESENT and entry.expected.until is None:
            found.setdefault(entry.instance, set()).add(entry.person)
    return found
