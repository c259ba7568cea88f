# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of what we gave to whom on this host, by whose team file it was.

Without it, a person who is dropped from a file would keep everything. What it does not hold is never taken from anybody.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import json
import re
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from .._errors import AccessError
from .._openssh.keys import KeyFormatError, parse_public_key

FORMAT = 1
MAX_SIZE = 1024 * 1024
_NAME = re.compile(r"[^\x00-\x20\x7f:,/]{1,256}\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}\Z")
_SUDO = ("", "some", "root")
MOST_ROTATIONS = 20


class RecordError(AccessError):
    """The record of a host is not usable. The message completes "the record ... "; C(code) is damaged, future or foreign."""


class Given(NamedTuple):
    """What one account has by one team file. C(keys): the names of the options that we set, by type and base64 of the key.

    C(made): the account itself is ours; another one was there before.
    """

    uid: Optional[int]
    since: str
    keys: Dict[str, Tuple[str, ...]] = {}
    sudo: str = ""
    groups: Tuple[str, ...] = ()
    expires: str = ""
    made: bool = False

    @property
    def empty(self) -> bool:
        """Whether only the account itself is left."""
        return not (self.keys or self.sudo or self.groups)


Owned = Dict[str, Given]


class Place(NamedTuple):
    """The instance that a record belongs to: its id, where that was given, and what the host itself calls it."""

    instance: str = ""
    machine: str = ""

    def is_other(self, other: "Place") -> bool:
        """Whether the two are known to differ."""
        if self.instance and other.instance:
            return self.instance != other.instance
        return bool(self.machine and other.machine and self.machine != other.machine)


class Rotation(NamedTuple):
    """One key that another one takes the place of: since when both work here, and when the old one left; empty while it has not."""

    old: str
    new: str
    pair: str
    since: str
    ended: str = ""


class Record(NamedTuple):
    """The whole record: what each owner gave, and the rotations of shared keys, the oldest first."""

    place: Place
    owners: Dict[str, Owned] = {}
    rotations: Tuple[Rotation, ...] = ()

    def with_rotation(self, rotation: Rotation) -> "Record":
        """The same with this one in place of an earlier one of the same keys; only so many are kept."""
        rest = [other for other in self.rotations if (other.old, other.new) != (rotation.old, rotation.new)]
        return self._replace(rotations=tuple((rest + [rotation])[-MOST_ROTATIONS:]))

    def others(self, owner: str) -> Owned:
        """What accounts have by the files of all other owners."""
        found: Owned = {}
        for name, owned in sorted(self.owners.items()):
            if name != owner:
                found = merge(found, owned)
        return found


def merge(one: Owned, two: Owned) -> Owned:
    """What either of two gives."""
    merged = dict(one)
    for name, given in two.items():
        before = merged.get(name, given)
        merged[name] = Given(
            uid=given.uid if given.uid is not None else before.uid,
            since=min(before.since, given.since),
            keys={**before.keys, **given.keys},
            sudo=max(before.sudo, given.sudo, key=_SUDO.index),
            groups=tuple(sorted(set(before.groups) | set(given.groups))),
            expires=given.expires or before.expires,
            made=given.made or before.made,
        )
    return merged


def render_record(record: Record) -> bytes:
    """The text of the file."""
    owners = {owner: {name: _entry(given) for name, given in owned.items()} for owner, owned in record.owners.items() if owned}
    content: Dict[str, Any] = {"format": FORMAT, "instance": record.place.instance, "machine": record.place.machine, "owners": owners}
    if record.rotations:
        content["rotations"] = [rotation._asdict() for rotation in record.rotations]
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode("ascii")


def _entry(given: Given) -> Dict[str, Any]:
    values = dict(given._asdict(), keys={key: list(options) for key, options in given.keys.items()}, groups=list(given.groups))
    if not given.made:
        del values["made"]
    return values


def parse_record(content: bytes, here: Place) -> Record:
    """Read the file of this instance; raises RecordError."""
    try:
        values = json.loads(content.decode("utf-8"))
        version = values["format"]
        if not isinstance(version, int) or isinstance(version, bool):
            raise ValueError("format")
        if version > FORMAT:
            raise RecordError("has the format %d of a newer version of this collection" % version, "future")
        if version != FORMAT:
            raise ValueError("format")
        record = Record(
            Place(_text(values["instance"]), _text(values["machine"])),
            {_name(owner): _owned(owned) for owner, owned in values["owners"].items()},
            tuple(_rotation(entry) for entry in values.get("rotations", [])),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, KeyFormatError):
        raise RecordError("is damaged", "damaged")
    if record.place.is_other(here):
        other = record.place.instance if record.place.instance and here.instance else "another machine"
        names = sorted({name for owned in record.owners.values() for name in owned})
        raise RecordError("is that of %s, from which this one was copied (it names %s)" % (other, ", ".join(names[:5]) or "nobody"), "foreign")
    return record


def _owned(values: Mapping[str, Any]) -> Owned:
    return {_name(name): _given(given) for name, given in values.items()}


def _given(values: Mapping[str, Any]) -> Given:
    uid, since, sudo, made = values["uid"], _text(values["since"]), values["sudo"], values.get("made", False)
    if not (uid is None or (isinstance(uid, int) and not isinstance(uid, bool) and 0 <= uid < 2**32)):
        raise ValueError("uid")
    if not isinstance(made, bool) or not _DAY.match(since) or sudo not in _SUDO or not (values["expires"] == "" or _text(values["expires"]).isdigit()):
        raise ValueError("value")
    keys = {}
    for line, options in values["keys"].items():
        key = parse_public_key(line, "record")
        keys["%s %s" % (key.key_type, line.split()[1])] = tuple(_text(option) for option in options)
    return Given(uid, since, keys, sudo, tuple(_name(group) for group in values["groups"]), values["expires"], made)


def _rotation(values: Mapping[str, Any]) -> Rotation:
    rotation = Rotation(*(_text(values[field]) for field in Rotation._fields))
    if not all(_FINGERPRINT.match(text) for text in (rotation.old, rotation.new)):
        raise ValueError("fingerprint")
    if not _TIME.match(rotation.since) or (rotation.ended and not _TIME.match(rotation.ended)):
        raise ValueError("time")
    return rotation


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 256 or not value.isprintable():
        raise ValueError("text")
    return value


def is_name(text: str) -> bool:
    """Whether this can be an account, a group or an owner in a record."""
    return _NAME.match(text) is not None


def _name(value: Any) -> str:
    if not isinstance(value, str) or not is_name(value):
        raise ValueError("name")
    return value
