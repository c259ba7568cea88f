# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts and groups as /etc/passwd, /etc/shadow and /etc/group hold them.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import datetime
import re
from typing import Dict, List, NamedTuple, Optional, Tuple, Union

from .._text import text_lines

LOCK_EXPIRY = "1"
"""Day on which an account that we lock has expired. A locked password alone does not stop keys."""

NO_SHELLS = ("nologin", "false", "true", "sync", "halt", "shutdown")
"""Names of programs that end at once in the place of a shell."""

_BLANKS = " \t\v\f\r"
_EPOCH = datetime.date(1970, 1, 1)
_NUMBER = re.compile(r"0*[0-9]{1,10}\Z")
# No quote and no backslash: what masks a hash in logs must find it in every spelling.
_HASH = re.compile(r"(\$[0-9a-z]+\$[!#-&(-9;-\[\]-~]+|[./0-9A-Za-z]{13}|_[./0-9A-Za-z]{19})\Z")


class Account(NamedTuple):
    """One account."""

    name: str
    uid: int
    gid: int
    comment: str
    home: str
    shell: str

    @property
    def planned(self) -> "PlannedAccount":
        """The same, to plan on."""
        return PlannedAccount(self.name, self.uid, self.gid, self.comment, self.home, self.shell)


class PlannedAccount(NamedTuple):
    """An account as it will be. Where a number is None, useradd or groupadd chooses it."""

    name: str
    uid: Optional[int]
    gid: Optional[int]
    comment: str
    home: str
    shell: str


AnyAccount = Union[Account, PlannedAccount]


class Shadow(NamedTuple):
    """The fields of /etc/shadow that decide about logins. Days since 1970-01-01; a number that is not given is None.

    C(expires) is the field as it stands, for it is also written.
    """

    password: str = ""
    expires: str = ""
    changed: Optional[int] = None
    maximum: Optional[int] = None

    @property
    def expiry_day(self) -> Optional[int]:
        """First day on which the account has expired."""
        return _day(self.expires)

    @property
    def has_password(self) -> bool:
        """Whether a password could match, if the account were not locked."""
        return is_password_hash(self.password.lstrip("!"))

    @property
    def is_locked(self) -> bool:
        """Whether the account is in the state that we call locked."""
        return self.expires == LOCK_EXPIRY


class Group(NamedTuple):
    """One group and its supplementary members."""

    name: str
    gid: Optional[int]
    members: Tuple[str, ...] = ()


def parse_passwd(text: str) -> Dict[str, Account]:
    """Accounts by name, read as glibc reads them (nss/nss_files): of two equal names the first counts. C(find_damage) has the rest."""
    accounts: Dict[str, Account] = {}
    for line in _entries(text):
        fields = line.split(":", 6)
        if _is_account(fields) and fields[0] not in accounts:
            comment, home, shell = (fields[4:] + ["", "", ""])[:3]
            accounts[fields[0]] = Account(fields[0], int(fields[2]), int(fields[3]), comment, home, shell)
    return accounts


def find_damage(text: str) -> List[int]:
    """Numbers of the lines of /etc/passwd that are neither accounts nor comments nor marks of NIS: each may hide an account."""
    entries = [(number, line) for number, line in enumerate(text_lines(text), 1) if _is_entry(line)]
    return [number for number, line in entries if not _is_account(line.lstrip(_BLANKS).split(":", 6))]


def parse_shadow(text: str) -> Dict[str, Shadow]:
    """Password and expiry by account name."""
    shadows: Dict[str, Shadow] = {}
    for line in _entries(text):
        fields = line.split(":")
        if len(fields) >= 8 and fields[0] not in shadows:
            shadows[fields[0]] = Shadow(fields[1], fields[7], _day(fields[2]), _day(fields[4]))
    return shadows


def parse_group(text: str) -> Dict[str, Group]:
    """Groups by name."""
    groups: Dict[str, Group] = {}
    for line in _entries(text):
        fields = line.split(":", 3)
        if len(fields) >= 3 and _is_number(fields[2]) and fields[0] not in groups:
            members = tuple(name for name in "".join(fields[3:]).split(",") if name)
            groups[fields[0]] = Group(fields[0], int(fields[2]), members)
    return groups


def _entries(text: str) -> List[str]:
    return [line.lstrip(_BLANKS) for line in text_lines(text) if _is_entry(line)]


def _is_entry(line: str) -> bool:
    start = line.lstrip(_BLANKS)[:1]
    return start not in ("", "#", "+", "-")


def _is_account(fields: List[str]) -> bool:
    # The last three may be missing altogether; a NUL ends a line for some readers and not for others.
    return len(fields) >= 4 and fields[0] != "" and _is_number(fields[2]) and _is_number(fields[3]) and "\0" not in "".join(fields)


def _is_number(text: str) -> bool:
    return _NUMBER.match(text) is not None and int(text) < 1 << 32


def _day(text: str) -> Optional[int]:
    # A negative number means the same as none.
    return int(text) if _is_number(text) else None


def group_name(groups: Dict[str, Group], gid: Optional[int]) -> Optional[str]:
    """Name of the group with that number."""
    for group in groups.values():
        if group.gid == gid:
            return group.name
    return None


def groups_of(name: str, groups: Dict[str, Group]) -> List[str]:
    """Supplementary groups of an account, sorted."""
    return sorted(group.name for group in groups.values() if name in group.members)


def is_password_hash(text: str) -> bool:
    """Whether the text is something crypt(3) made, as opposed to a plain password, an empty field or a lock mark."""
    return bool(_HASH.match(text))


def expiry_days(text: str) -> str:
    """C(YYYY-MM-DD) or C(never) as the shadow field; raises ValueError."""
    if text == "never":
        return ""
    day = datetime.datetime.strptime(text, "%Y-%m-%d").date()
    if day <= _EPOCH + datetime.timedelta(days=1):
        raise ValueError("too early")
    return str((day - _EPOCH).days)


def expiry_text(days: str) -> str:
    """The shadow field in words."""
    day = _day(days)
    if day is None:
        return "never"
    try:
        return (_EPOCH + datetime.timedelta(days=day)).isoformat()
    except OverflowError:
        return "after the year 9999"
