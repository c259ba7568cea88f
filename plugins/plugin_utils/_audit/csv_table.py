# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of access.csv: a line for each login method of each person on each instance.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import shorten

from .picture import Entry, Instance, Picture, Place, place_holders
from .roster import NONE

COLUMNS = (
    "person", "kind", "in_team", "instance", "name", "region", "account", "right", "team_gives", "unexpected", "until",
    "method", "fingerprint", "type", "bits", "source", "comment", "effective", "why", "last_used", "root_by", "nopasswd",
)  # fmt: skip
# Programs for tables take what begins with these for a formula; the last four are the same in their wide forms. Where a semicolon or a tab
# is what separates cells, as it is in many countries, a cell also begins after one inside a text, in spite of the quotes.
# Blanks are walked from their first one only: otherwise a text of tabs takes the square of its length.
_BEGINNING = re.compile(r"(?:;|(?<![\s\";]))[\s\"]*(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
_SEPARATOR = re.compile(r"[;\t\r\n]")
# One line is written for each login method: without a limit, a host with many of them and many rules would fill memory and disk.
_LONGEST_CELL = 1000


def render_csv(picture: Picture) -> str:
    """All of it, with a line of column names."""
    held: dict[tuple[str, str, str], list[Place]] = {}
    for place in picture.places:
        for name in place_holders(picture, place):
            held.setdefault((name, place.instance, place.account), []).append(place)
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in picture.entries:
        for method in _methods(picture, entry, held.get((entry.person, entry.instance, entry.account), [])):
            writer.writerow([as_text(cell) for cell in [*_access(picture, entry), *method, " ".join(entry.by), entry.nopasswd]])
    return stream.getvalue()


def as_text(value: Any) -> str:
    """A cell that no program for tables takes for a formula, and not a long one."""
    text = "" if value is None else {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    text = shorten(text, _LONGEST_CELL)
    is_formula = text.startswith(("\t", "\r", "\n")) or (not text.startswith(";") and _BEGINNING.match(text))
    marked = _BEGINNING.sub(lambda found: _SEPARATOR.sub(r"\g<0>'", found.group()), text)
    return "'" + marked if is_formula else marked


def _access(picture: Picture, entry: Entry) -> list[Any]:
    person, instance, want = picture.people[entry.person], picture.instances[entry.instance], entry.expected
    unexpected = picture.origin.team and entry.exceeds
    gives = want.right if want else NONE
    return [person.name, person.kind, person.in_team, instance.id, instance.name, instance.region, entry.account, _right(instance, entry), gives, unexpected,
            want.until if want else None]  # fmt: skip


def _right(instance: Instance, entry: Entry) -> str:
    return entry.right if instance.seen else "not seen"


def _methods(picture: Picture, entry: Entry, places: list[Place]) -> list[list[Any]]:
    found = []
    for place in places:
        key = picture.keys[place.fingerprint]
        found.append([place.kind, key.fingerprint, key.type, key.bits, place.source, place.comment, place.effective, place.why, place.last_used])
    for method in entry.others:
        found.append([method.kind, None, None, None, method.source, None, method.effective, method.why, method.last_used])
    return found or [[None] * 9]
