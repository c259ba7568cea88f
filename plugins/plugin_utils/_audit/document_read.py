# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An access.json of an earlier run or of another part, read back. Each field is checked; the first that is wrong ends it.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .document import SCHEMA
from .facts import EFFECTIVE, KINDS, Method, PrivateKey, Unread
from .join import sort_picture
from .picture import PERSON, PROGRAM, UNKNOWN, Entry, Instance, Key, Origin, Person, Picture, Place
from .roster import ABSENT, EXPIRED, LOCKED, PRESENT, RIGHTS, Expected
from .shape import Malformed, day, fingerprint, flag, number, one_of, optional, text, texts, time

MOST_BYTES = 512 * 1024 * 1024
_MOST = 5 * 1000 * 1000
_MOST_GROUPS = 2000
_STATES = ("open", "locked", "expired", "nologin", "missing", "unseen")

Item = TypeVar("Item")


class DocumentRefused(ValueError):
    """The file is not an access.json. The message completes the sentence "the file ... "."""


def read_document(content: bytes) -> Picture:
    """The picture in a file; raises DocumentRefused."""
    if len(content) > MOST_BYTES:
        raise DocumentRefused(f"is larger than {MOST_BYTES // 1024 // 1024} MiB")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise DocumentRefused("is not JSON") from None
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise DocumentRefused(f"is not an access.json of the form {SCHEMA}")
    try:
        return sort_picture(_read_picture(value))
    except (Malformed, TypeError, KeyError, AttributeError) as exc:
        raise DocumentRefused(f"does not have the form {SCHEMA}: {exc}") from None


def _read_picture(value: Mapping[str, Any]) -> Picture:
    instances = {instance.id: instance for instance in _list(value["instances"], _read_instance)}
    people: dict[str, Person] = {}
    entries: list[Entry] = []
    for person in _list(value["people"], dict):
        name = text(person["name"])
        people[name] = Person(name, one_of((PERSON, PROGRAM, UNKNOWN))(person["kind"]), flag(person["in_team"]), optional(text, person["owner"]))
        entries += [_read_entry(name, entry) for entry in _list(person["accounts"], dict)]
    keys: dict[str, Key] = {}
    places: list[Place] = []
    for key in _list(value["keys"], dict):
        name = fingerprint(key["fingerprint"])
        keys[name] = Key(name, optional(text, key["type"]), optional(number, key["bits"]), texts(key["in_team"]), optional(time, key["first_seen"]))
        places += [_read_place(name, place) for place in _list(key["where"], dict)]
    if {entry.instance for entry in entries} | {place.instance for place in places} > set(instances):
        raise Malformed("an account is on an instance that is not listed")
    part = value["part"] or {}
    origin = Origin(
        time(value["generated_at"]),
        text(value["collection"]),
        text(value["run_by"]),
        text(value["limit"]),
        optional(text, value["account"]),
        flag(value["team"]),
        text(value["owner"]),
        optional(text, value["team_sha256"]),
        number(part.get("of", len(instances))),
    )
    return Picture(origin, instances, people, keys, entries, places)


def _list(value: Any, read: Callable[[Any], Item]) -> list[Item]:
    if not isinstance(value, list) or len(value) > _MOST:
        raise Malformed("a list is missing or too long")
    return [read(entry) for entry in value]


def _words(value: Any) -> tuple[str, ...]:
    return tuple(_list(value, text)[:_MOST_GROUPS])


def _read_instance(value: Any) -> Instance:
    return Instance(
        text(value["id"]),
        text(value["name"]),
        optional(text, value["region"]),
        _words(value["groups"]),
        _words(value["tags"]),
        flag(value["seen"]),
        optional(text, value["why"]),
        optional(text, value["via"]),
        optional(time, value["log_since"]),
        tuple(
            PrivateKey(text(key["path"]), optional(text, key["account"]), optional(fingerprint, key["fingerprint"]), optional(flag, key["encrypted"]))
            for key in _list(value["private_keys"], dict)
        ),
        _words(value["at_next_boot"]),
        tuple(Unread(text(unread["what"]), text(unread["why"])) for unread in _list(value["unread"], dict)),
    )


def _read_entry(person: str, value: Mapping[str, Any]) -> Entry:
    account = text(value["account"])
    return Entry(
        person,
        text(value["instance"]),
        account,
        optional(number, value["uid"]),
        one_of(_STATES)(value["state"]),
        one_of(RIGHTS)(value["right"]),
        flag(value["sure"]),
        _words(value["by"]),
        _words(value["commands"]),
        flag(value["nopasswd"]),
        optional(text, value["owner"]),
        optional(_read_expected, value["expected"]),
        tuple(_read_method(account, method) for method in _list(value["others"], dict)),
    )


def _read_expected(value: Any) -> Expected:
    state = one_of((PRESENT, EXPIRED, LOCKED, ABSENT))(value["state"])
    return Expected(state, one_of(RIGHTS)(value["right"]), optional(day, value["until"]), flag(value["nopasswd"]))


def _read_method(account: str, value: Mapping[str, Any]) -> Method:
    return Method(
        account,
        one_of(KINDS)(value["kind"]),
        text(value["source"]),
        effective=one_of(EFFECTIVE)(value["effective"]),
        why=optional(text, value["why"]),
        last_used=optional(time, value["last_used"]),
    )


def _read_place(name: str, value: Mapping[str, Any]) -> Place:
    return Place(
        name,
        text(value["instance"]),
        text(value["account"]),
        text(value["owner_of_account"]),
        one_of(KINDS)(value["kind"]),
        text(value["source"]),
        text(value["comment"]),
        texts(value["options"]),
        one_of(EFFECTIVE)(value["effective"]),
        optional(text, value["why"]),
        optional(time, value["last_used"]),
        flag(value["given"]),
    )
