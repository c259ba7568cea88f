# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The raw facts of a host, as its chapters give them: one record a line, each with the shape that its kind has.

Who is root on the host can answer anything: a record that does not have its shape is refused with the whole answer.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from .._assistant.shape import List as ListOf
from .._assistant.shape import Table, Text, fit, unexpected
from .._openssh.rules import Effective

_PATH, _NAME, _WORD = Text(4096), Text(300), Text(100)
_NODE = (_PATH, int, int, int)


class AccountRecord(NamedTuple):
    """An account: its lines without secrets, its groups, and which settings sshd applies to it (-1: not known)."""

    number: int
    passwd: str
    shadow: str
    groups: Tuple[str, ...]
    settings: int
    shell_works: bool


class FileRecord(NamedTuple):
    """A file of keys as one account has it; accounts that share one have its number in common."""

    number: int
    path: str
    account: str
    state: str
    open_to: Tuple[Tuple[str, int, int, int], ...]


class KeyRecord(NamedTuple):
    """A line of a file."""

    file: int
    line: int
    written_type: str
    key_type: str
    fingerprint: str
    bits: int
    options: str
    comment: str


class AuthorityRecord(NamedTuple):
    """A key whose certificates are trusted, of a file that TrustedUserCAKeys names."""

    path: str
    line: int
    written_type: str
    key_type: str
    fingerprint: str
    bits: int
    options: str
    comment: str


class RevokedRecord(NamedTuple):
    """A fingerprint of the RevokedKeys file; the fingerprint is empty for what the list is itself: missing or binary."""

    path: str
    fingerprint: str
    state: str


class SudoersLine(NamedTuple):
    """A line that stands in a file."""

    path: str
    number: int
    text: str


class ListingRecord(NamedTuple):
    """What sudo lists for some accounts."""

    number: int
    text: str


class SudoRecord(NamedTuple):
    """Which listing is whose."""

    account: str
    listing: int


class GivenRecord(NamedTuple):
    """What the record of ssh_access has for an account."""

    owner: str
    account: str
    uid: int
    since: str
    fingerprint: str


class BoundRecord(NamedTuple):
    """The key of the key pair that is bound to the instance."""

    key_type: str
    fingerprint: str
    bits: int
    comment: str


class UsedRecord(NamedTuple):
    """The latest login of an account by one method and, where it is a key, by one key."""

    account: str
    method: str
    fingerprint: str
    at: str


class LogRecord(NamedTuple):
    """How far back a log reaches."""

    source: str
    since: str


class PrivateKeyRecord(NamedTuple):
    """A private key in a file; the account is empty where it is nobody's home."""

    path: str
    account: str
    fingerprint: str
    encrypted: str


class UnreadRecord(NamedTuple):
    """What was not looked at."""

    what: str
    why: str


_SHAPES: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {
    "account": (AccountRecord, (int, Text(8192), _NAME, ListOf(_NAME, 1000), int, bool)),
    "file": (FileRecord, (int, _PATH, _NAME, _WORD, ListOf(_NODE, 100))),
    "key": (KeyRecord, (int, int, _WORD, _WORD, _WORD, int, Text(2001), _NAME)),
    "authority": (AuthorityRecord, (_PATH, int, _WORD, _WORD, _WORD, int, Text(2001), _NAME)),
    "revoked": (RevokedRecord, (_PATH, _WORD, _WORD)),
    "sudoers": (SudoersLine, (_PATH, int, Text(8192))),
    "listing": (ListingRecord, (int, Text(16384))),
    "sudo": (SudoRecord, (_NAME, int)),
    "given": (GivenRecord, (_NAME, _NAME, int, _WORD, _WORD)),
    "bound": (BoundRecord, (_WORD, _WORD, int, _NAME)),
    "used": (UsedRecord, (_NAME, _WORD, _WORD, _WORD)),
    "log": (LogRecord, (_PATH, _WORD)),
    "private": (PrivateKeyRecord, (_PATH, _NAME, _WORD, _WORD)),
    "unread": (UnreadRecord, (_PATH, Text(1000))),
}
_FOUND = {"match": ListOf(_WORD, 200), "damage": ListOf(int, 100)}
_HOST = {"sources": ListOf(_NAME, 50), "uid_min": int, "debian": bool}
MOST = {"account": 5000, "key": 10000}
"""A chapter has no more of them."""
_SETTINGS = Table(ListOf(Text(8192), 5000))


class Facts(NamedTuple):
    """All records of a host by their kind, and its clock, as YYYYMMDDHHMMSS."""

    records: Mapping[str, Sequence[Any]]
    settings: Mapping[int, Effective]
    general: Effective
    found: Mapping[str, Any]
    host: Mapping[str, Any]
    now: str
    utc: str

    def of(self, kind: str) -> Sequence[Any]:
        """The records of one kind, in the order of the host."""
        return self.records.get(kind, ())


def read_facts(raw: Sequence[Any], now: str, utc: str) -> Facts:
    """The records of all chapters that answered; raises GuestError where one is not as it should be."""
    records: Dict[str, List[Any]] = {}
    settings: Dict[int, Effective] = {}
    others: Dict[str, Any] = {"general": {}, "found": {"match": [], "damage": []}, "host": {"sources": [], "uid_min": 1000, "debian": False}}
    for record in raw:
        kind, values = _split(record)
        if kind == "settings":
            number, found = (values + [None, None])[:2]
            settings[fit(number, int)] = fit(found, _SETTINGS)
        elif kind in others:
            shape: Any = {"general": _SETTINGS, "found": _FOUND, "host": _HOST}[kind]
            others[kind] = fit((values + [None])[0], shape)
        elif kind in _SHAPES:
            make, shapes = _SHAPES[kind]
            if len(values) != len(shapes):
                raise unexpected()
            records.setdefault(kind, []).append(make(*[_fit(value, shape) for value, shape in zip(values, shapes)]))
        else:
            raise unexpected()
    return Facts(records, settings, others["general"], others["found"], others["host"], now, utc)


def _split(record: Any) -> Tuple[str, List[Any]]:
    if not isinstance(record, list) or not record or not isinstance(record[0], str):
        raise unexpected()
    return record[0], record[1:]


def _fit(value: Any, shape: Any) -> Any:
    if not isinstance(shape, ListOf):
        return fit(value, shape)
    if not isinstance(value, list) or len(value) > shape.most:
        raise unexpected()
    # Named tuples are shapes of one value.
    is_row = isinstance(shape.shape, tuple) and not hasattr(shape.shape, "_fields")
    return tuple(_fit_row(item, shape.shape) if is_row else fit(item, shape.shape) for item in value)


def _fit_row(value: Any, shapes: Tuple[Any, ...]) -> Tuple[Any, ...]:
    if not isinstance(value, list) or len(value) != len(shapes):
        raise unexpected()
    return tuple(fit(item, shape) for item, shape in zip(value, shapes))
