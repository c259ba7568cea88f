# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance answered, read field by field. Whoever has root there chose all of it.

What does not have the expected form is left out, and counted in C(unread): what was not seen is never taken for fine.
Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable

from .facts import EFFECTIVE, KINDS, STATES, Account, Facts, Method, PrivateKey, Right, Unread

SCHEMA = "alicloud.ecs_access/host/1"
LONGEST = 500
_LONGEST_NAME = 256
_MOST = {"accounts": 20000, "login_methods": 20000, "root": 5000, "private_keys": 2000, "at_next_boot": 100, "unread": 500}
_MOST_WORDS = 100
_NAME = re.compile(r"[^\s:,/]+\Z")
_FINGERPRINT = re.compile(r"(?:SHA256:[A-Za-z0-9+/]{43}|MD5:(?:[0-9a-f]{2}:){15}[0-9a-f]{2})\Z")
_DAY = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]\Z")
_TIME = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9](?::[0-6][0-9](?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?\Z")
_PASSWORDS = ("set", "locked", "none")
_MOST_NUMBER = 2**32

Item = TypeVar("Item")


class Malformed(ValueError):
    """A field does not have the form of its kind."""


def read_host(value: Any) -> Facts:
    """The facts in an answer; of anything else, the reason why the instance was not seen."""
    if not isinstance(value, Mapping):
        return Facts(why="the answer is not a dictionary")
    if value.get("schema") != SCHEMA:
        return Facts(why=f"the answer is not of the form {SCHEMA}")
    why = lenient(text, value.get("why"))
    via = value.get("via") if value.get("via") in ("ssh", "assistant") else None
    if value.get("seen") is not True:
        return Facts(why=why or "no reason given", via=via)
    lost: dict[str, int] = {}
    unread = [*_items(value, "unread", _read_unread, lost)]
    facts = Facts(
        seen=True,
        via=via,
        accounts=_unique(_items(value, "accounts", _read_account, lost)),
        methods=_unique(_items(value, "login_methods", _read_method, lost)),
        rights=_unique(_items(value, "root", _read_right, lost)),
        private_keys=_unique(_items(value, "private_keys", _read_private_key, lost)),
        at_next_boot=_unique(_items(value, "at_next_boot", text, lost)),
        log_since=lenient(time, value.get("log_since")),
    )
    unread += [Unread(part, f"{count} entries do not have the expected form, or are too many") for part, count in lost.items()]
    return facts._replace(unread=_unique(iter(unread)))


def text(value: Any) -> str:
    """One line that can be shown anywhere."""
    if not isinstance(value, str):
        raise Malformed("not a text")
    return _inert(value[:LONGEST])


def _inert(value: str) -> str:
    """As C(printable) has it, which looks at each character; most texts need no such look."""
    return value if value.isascii() and value.isprintable() and "{" not in value else printable(value)


def name(value: Any) -> str:
    """The name of an account."""
    if not isinstance(value, str) or len(value) > _LONGEST_NAME or not _NAME.match(value) or _inert(value) != value:
        raise Malformed("not a name")
    return value


def fingerprint(value: Any) -> str:
    """A fingerprint as ssh-keygen prints it."""
    if not isinstance(value, str) or not _FINGERPRINT.match(value):
        raise Malformed("not a fingerprint")
    return value


def number(value: Any) -> int:
    """A small number, such as a uid."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST_NUMBER:
        raise Malformed("not a number")
    return value


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Malformed("neither true nor false")
    return value


def day(value: Any) -> str:
    """A day such as 2027-01-31."""
    if not isinstance(value, str) or not _DAY.match(value):
        raise Malformed("not a day")
    return value


def time(value: Any) -> str:
    """A time as ISO 8601 writes it."""
    if not isinstance(value, str) or not _TIME.match(value):
        raise Malformed("not a time")
    return value


def one_of(words: tuple[str, ...]) -> Callable[[Any], str]:
    """One of some words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise Malformed(f"not one of {', '.join(words)}")
        return value

    return read


def optional(read: Callable[[Any], Item], value: Any) -> Item | None:
    """The same where the value may be missing."""
    return None if value is None else read(value)


def lenient(read: Callable[[Any], Item], value: Any) -> Item | None:
    """The same where a wrong value means no more than a missing one."""
    try:
        return optional(read, value)
    except Malformed:
        return None


def texts(value: Any) -> tuple[str, ...]:
    """A short list of texts."""
    if not isinstance(value, list) or len(value) > _MOST_WORDS:
        raise Malformed("not a short list")
    return tuple(text(entry) for entry in value)


def _items(value: Mapping[str, Any], part: str, read: Callable[[Any], Item], lost: dict[str, int]) -> Iterator[Item]:
    entries = value.get(part)
    if not isinstance(entries, list):
        lost[part] = 1
        return
    if len(entries) > _MOST[part]:
        lost[part] = len(entries) - _MOST[part]
    for entry in entries[: _MOST[part]]:
        try:
            yield read(entry)
        except Malformed:
            lost[part] = lost.get(part, 0) + 1


def _unique(items: Iterator[Item]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys(items))


def _fields(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Malformed("not a dictionary")
    return value


def _read_account(value: Any) -> Account:
    entry = _fields(value)
    given = entry.get("record")
    record: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    return Account(
        name(entry.get("name")),
        optional(number, entry.get("uid")),
        one_of(STATES)(entry.get("state")),
        one_of(_PASSWORDS)(entry.get("password")),
        lenient(day, entry.get("expires")),
        flag(entry.get("system")),
        lenient(name, record.get("owner")),
        lenient(text, record.get("since")),
        tuple(sorted(key for key in lenient(texts, record.get("keys")) or () if _FINGERPRINT.match(key))),
    )


def _read_method(value: Any) -> Method:
    entry = _fields(value)
    kind = one_of(KINDS)(entry.get("kind"))
    seen = optional(fingerprint, entry.get("fingerprint"))
    if kind == "key" and seen is None:
        raise Malformed("a key without its fingerprint")
    return Method(
        name(entry.get("account")),
        kind,
        text(entry.get("source")),
        seen,
        lenient(text, entry.get("type")),
        lenient(number, entry.get("bits")),
        lenient(text, entry.get("comment")) or "",
        lenient(texts, entry.get("options")) or (),
        one_of(EFFECTIVE)(entry.get("effective")),
        lenient(text, entry.get("why")),
        lenient(time, entry.get("last_used")),
    )


def _read_right(value: Any) -> Right:
    entry = _fields(value)
    return Right(name(entry.get("account")), text(entry.get("by")), flag(entry.get("nopasswd")), texts(entry.get("commands")))


def _read_private_key(value: Any) -> PrivateKey:
    entry = _fields(value)
    return PrivateKey(
        text(entry.get("path")), lenient(name, entry.get("account")), lenient(fingerprint, entry.get("fingerprint")), lenient(flag, entry.get("encrypted"))
    )


def _read_unread(value: Any) -> Unread:
    entry = _fields(value)
    return Unread(text(entry.get("what")), text(entry.get("why")))
