# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of access.html, small enough for thousands of instances: texts stand once, and cells refer to them by number.

A cell is a person on an instance. Equal cells of one person share a shape, and a person's cells are one list of numbers: the distance
to the instance of the cell before, the shape, and for each login method of the shape the days since its last use, -1 for none.
``page.js`` has the reading half.
Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
import itertools
from typing import Any

from .document import Audit, key_holders
from .facts import EFFECTIVE, KINDS
from .finding import KINDS as FINDINGS
from .finding import SEVERITIES, Finding
from .judge_instances import Path
from .picture import PERSON, PROGRAM, UNKNOWN, Entry, Instance, Place, place_holders
from .roster import ABSENT, EXPIRED, LOCKED, PRESENT, RIGHTS, Expected

_STATES = (PRESENT, EXPIRED, LOCKED, ABSENT)
_MOST_FINDINGS = 5000
_MOST_OF_A_KIND = 50
_MOST_CHANGES = 2000
_NOT_GROUPS = ("all", "ungrouped")


class _Table:
    """Values, each once, by number."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}

    def __call__(self, value: Any) -> int:
        return self.numbers.setdefault(value, len(self.numbers))

    @property
    def values(self) -> list[Any]:
        return list(self.numbers)


class PageData:
    """Builds the data."""

    def __init__(self, audit: Audit) -> None:
        self._audit, self._picture = audit, audit.picture
        self._texts = _Table()
        self._texts("")
        self._instances = {name: index for index, name in enumerate(self._picture.instances)}
        self._keys = {name: index for index, name in enumerate(self._picture.keys)}
        self._today = _parse_day(self._picture.origin.generated_at)
        self._places: dict[tuple[str, str, str], list[Place]] = {}
        for place in self._picture.places:
            for name in place_holders(self._picture, place):
                self._places.setdefault((name, place.instance, place.account), []).append(place)

    def render(self) -> dict[str, Any]:
        """Plain values; page.js has a comment for each."""
        picture, text = self._picture, self._texts
        groups, regions, tags = _Table(), _Table(), _Table()
        instances = [self._instance(instance, groups, regions, tags) for instance in picture.instances.values()]
        cells = {name: list(group) for name, group in itertools.groupby(picture.entries, key=lambda entry: entry.person)}
        people = [self._person(name, cells.get(name, [])) for name in picture.people]
        holders, kinds, shown = key_holders(picture), list(FINDINGS), self._shown_findings()
        names = {name: index for index, name in enumerate(picture.people)}
        keys = [
            [name, text(key.type or ""), key.bits or 0, [names[holder] for holder in holders.get(name, []) if holder in names], int(bool(key.in_team)),
             text((key.first_seen or "")[:10])]
            for name, key in picture.keys.items()
        ]  # fmt: skip
        findings = [
            [kinds.index(finding.kind), SEVERITIES.index(finding.severity), text(finding.subject), self._instances.get(finding.instance or "", -1),
             text(finding.evidence), [text(word) for word in finding.accepted] if finding.accepted else 0]
            for finding in shown
        ]  # fmt: skip
        return {
            "about": self._about(),
            "kinds": list(FINDINGS.items()),
            "people": people,
            "instances": instances,
            "keys": keys,
            "paths": [self._path(path, names) for path in self._audit.paths],
            "findings": findings,
            "more": len(self._audit.findings) - len(shown),
            "changes": None if self._audit.changes is None else self._audit.changes[:_MOST_CHANGES],
            "groups": groups.values,
            "regions": regions.values,
            "tags": tags.values,
            "texts": text.values,
        }

    def _shown_findings(self) -> list[Finding]:
        """The most severe. One instance has only so many of a kind: it could make up any number, and hide those of others behind them."""
        counts: dict[tuple[str, str], int] = {}
        shown = []
        for finding in self._audit.findings:
            pair = (finding.instance or "", finding.kind)
            counts[pair] = counts.get(pair, 0) + 1
            if counts[pair] <= _MOST_OF_A_KIND or not pair[0]:
                shown.append(finding)
        return shown[:_MOST_FINDINGS]

    def _about(self) -> dict[str, Any]:
        origin, picture = self._picture.origin, self._picture
        words = ("generated_at", "collection", "run_by", "limit", "account", "team", "owner", "team_sha256")
        return {
            **{word: getattr(origin, word) for word in words},
            "compared_with": self._audit.compared_with,
            "seen": sum(instance.seen for instance in picture.instances.values()),
            "expected": len(picture.instances),
            "inventory": origin.inventory,
        }

    def _instance(self, instance: Instance, groups: _Table, regions: _Table, tags: _Table) -> list[Any]:
        text = self._texts
        return [
            instance.name,
            0 if instance.id == instance.name else instance.id,
            regions(instance.region or ""),
            [groups(group) for group in instance.groups if group not in _NOT_GROUPS],
            [tags(tag) for tag in instance.tags],
            int(instance.seen),
            text(instance.why or ""),
            text(instance.via or ""),
            text((instance.log_since or "")[:10]),
            [[text(unread.what), text(unread.why)] for unread in instance.unread],
            [text(sentence) for sentence in instance.at_next_boot],
        ]

    def _person(self, name: str, entries: list[Entry]) -> list[Any]:
        person = self._picture.people[name]
        shapes = _Table()
        numbers: list[int] = []
        last = 0
        # Entries and instances are in the same order, so that no distance is negative.
        for found, some in itertools.groupby(entries, key=lambda entry: entry.instance):
            instance, group, used = self._instances[found], list(some), list[int]()
            shape = (*self._expected(group[0].expected), int((name, group[0].instance) in self._audit.changed), tuple(self._entry(e, used) for e in group))
            numbers += [instance - last, shapes(shape), *used]
            last = instance
        return [name, (PERSON, PROGRAM, UNKNOWN).index(person.kind), int(person.in_team), self._texts(person.owner or ""), shapes.values, numbers]

    def _expected(self, expected: Expected | None) -> tuple[int, int, int]:
        if expected is None:
            return (-1, 0, 0)
        return (_STATES.index(expected.state), RIGHTS.index(expected.right), self._texts(expected.until or ""))

    def _entry(self, entry: Entry, used: list[int]) -> tuple[Any, ...]:
        """One account of a cell; gains days since the last use of each method."""
        text = self._texts
        methods = []
        for place in self._places.get((entry.person, entry.instance, entry.account), []):
            used.append(self._days(place.last_used))
            detail = " ".join(filter(None, (place.comment, ",".join(place.options))))
            methods.append((self._keys[place.fingerprint], KINDS.index(place.kind), text(place.source), text(detail),
                            EFFECTIVE.index(place.effective), text(place.why or "")))  # fmt: skip
        for method in entry.others:
            used.append(self._days(method.last_used))
            methods.append((-1, KINDS.index(method.kind), text(method.source), 0, EFFECTIVE.index(method.effective), text(method.why or "")))
        flags = int(entry.sure) + 2 * int(entry.nopasswd) + 4 * int(entry.is_root)
        rules = tuple(text(by) for by in entry.by) if entry.works else ()
        return (text(entry.account), RIGHTS.index(entry.right), flags, text(entry.state), rules, text(", ".join(entry.commands)), text(entry.owner or ""),
                tuple(methods))  # fmt: skip

    def _days(self, time: str | None) -> int:
        day = _parse_day(time or "")
        return max(0, (self._today - day).days) if day and self._today else -1

    def _path(self, path: Path, names: dict[str, int]) -> list[Any]:
        text = self._texts
        opens = [[self._instances[opened.instance], text(opened.account), RIGHTS.index(opened.right)] for opened in path.opens]
        people = [names[name] for name in path.people if name in names]
        encrypted = -1 if path.encrypted is None else int(path.encrypted)
        return [
            self._instances[path.instance],
            text(path.path),
            text(path.account or ""),
            self._keys[path.fingerprint],
            encrypted,
            people,
            opens,
            path.opens_count,
        ]


def _parse_day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text[:10])
    except ValueError:
        return None
