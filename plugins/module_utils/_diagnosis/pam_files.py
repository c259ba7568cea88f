# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that PAM modules read: access.conf, lists, limits.conf, and the stacks themselves.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import fnmatch
import ipaddress
import re
from typing import Callable, FrozenSet, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._text import text_lines

_DAYS = {name: frozenset((number,)) for number, name in enumerate(("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"))}
_DAYS.update(Wk=frozenset(range(5)), Wd=frozenset((5, 6)), Al=frozenset(range(7)))


class AccessRule(NamedTuple):
    """The line of access.conf that decides."""

    line: int
    allows: bool
    text: str


class Limit(NamedTuple):
    """A limit in force and where it stands."""

    value: int
    place: str


class TimeRule(NamedTuple):
    """The line of time.conf that refuses a user now."""

    line: int
    text: str


class StackLine(NamedTuple):
    """One line of a file in /etc/pam.d."""

    kind: str
    control: str
    module: str
    arguments: Tuple[str, ...]
    number: int


def parse_stack(text: str) -> List[StackLine]:
    """The lines of one file; an @include has the kind @include and the file's name as its module."""
    found = []
    number = 0
    for number, line in enumerate(text_lines(text.replace("\\\n", " ")), 1):
        line = line.split("#", 1)[0].strip()
        match = re.match(r"-?(\w+)\s+(\[[^\]]*\]|\S+)\s+(\S+)\s*(.*)\Z", line)
        if line.startswith("@include"):
            found.append(StackLine("@include", "", line.split()[-1], (), number))
        elif match:
            kind, control, module, rest = match.groups()
            arguments = re.findall(r"\[[^\]]*\]|\S+", rest)
            optional = line.startswith("-")
            found.append(StackLine(kind.lower(), control, module, tuple(word.strip("[]") for word in arguments) + (("-",) if optional else ()), number))
    return found


def find_access_rule(text: Optional[str], user: str, groups: Sequence[str], address: Optional[str]) -> Optional[AccessRule]:
    """The first line of access.conf that fits, as pam_access does it; None where no line fits."""
    for number, line in enumerate(text_lines(text or ""), 1):
        line = line.strip()
        fields = [field.strip() for field in line.split(":", 2)]
        if line.startswith("#") or len(fields) != 3 or fields[0] not in ("+", "-"):
            continue
        if _list_fits(fields[1].split(), lambda word: _user_fits(word, user, groups)) and _list_fits(
            fields[2].split(), lambda word: _origin_fits(word, address)
        ):
            return AccessRule(number, fields[0] == "+", line)
    return None


def find_time_rule(text: Optional[str], user: str, weekday: int, clock: str) -> Optional[TimeRule]:
    """The first line of time.conf about this user whose times do not cover the moment, as pam_time does it. The clock is HHMM."""
    for number, line in enumerate(text_lines((text or "").replace("\\\n", " ")), 1):
        fields = [field.strip() for field in line.split("#", 1)[0].split(";")]
        if len(fields) != 4:
            continue
        services, terminals, users, times = fields
        if not _logic(services, lambda word: fnmatch.fnmatchcase("sshd", word)) or not _logic(
            # What sshd passes to PAM before there is a terminal.
            terminals,
            lambda word: fnmatch.fnmatchcase("ssh", word),
        ):
            continue
        if _logic(users, lambda word: fnmatch.fnmatchcase(user, word)) and not _logic(times, lambda word: _covers(word, weekday, clock)):
            return TimeRule(number, line.strip())
    return None


def _logic(text: str, fits: Callable[[str], bool]) -> bool:
    """Words with ! before and & or | between; evaluated from left to right."""
    result: Optional[bool] = None
    operator = "|"
    for word in re.findall(r"[^&|]+|[&|]", text.replace(" ", "")):
        if word in "&|":
            operator = word
            continue
        hit = not fits(word[1:]) if word.startswith("!") else fits(word)
        result = hit if result is None else (result and hit if operator == "&" else result or hit)
    return bool(result)


def _covers(word: str, weekday: int, clock: str) -> bool:
    match = re.match(r"((?:[A-Z][a-z])+)(\d{4})-(\d{4})\Z", word)
    if not match:
        return False
    begin, end = match.group(2), match.group(3)
    days = _days(match.group(1))
    if begin < end:
        return weekday in days and begin <= clock < end
    # Over midnight: the second part belongs to the next day.
    return (weekday in days and clock >= begin) or ((weekday - 1) % 7 in days and clock < end)


def _days(text: str) -> Set[int]:
    """A day that is named twice is taken out again."""
    found: Set[int] = set()
    for name in re.findall("[A-Z][a-z]", text):
        found ^= _DAYS.get(name, frozenset())
    return found


def find_limit(texts: Sequence[Tuple[str, str]], user: str, uid: int, groups: Sequence[str], item: str) -> Optional[Limit]:
    """The hard limit that pam_limits would set: a user's own line beats a group's, a group's the default."""
    best: Optional[Tuple[int, Limit]] = None
    for path, text in texts:
        for number, line in enumerate(text_lines(text), 1):
            fields = line.split("#", 1)[0].split()
            if len(fields) != 4 or fields[2] != item or fields[1] not in ("hard", "-", "soft"):
                continue
            rank = _rank(fields[0], user, uid, groups)
            if rank is None or (best is not None and rank < best[0]):
                continue
            value = int(fields[3]) if fields[3].isdigit() else None
            if value is not None:
                best = (rank, Limit(value, "%s:%d" % (path, number)))
            else:
                best = (rank, Limit(1 << 40, "%s:%d" % (path, number)))
    return best[1] if best else None


def listfile_values(text: str) -> FrozenSet[str]:
    """The entries of a pam_listfile list."""
    return frozenset(line.strip() for line in text_lines(text) if line.strip())


def _list_fits(words: List[str], fits: Callable[[str], bool]) -> bool:
    if "EXCEPT" in words:
        index = words.index("EXCEPT")
        return _list_fits(words[:index], fits) and not _list_fits(words[index + 1 :], fits)
    return any(fits(word) for word in words)


def _user_fits(word: str, user: str, groups: Sequence[str]) -> bool:
    if word.startswith("(") and word.endswith(")"):
        return word[1:-1] in groups
    return word in ("ALL", user) or word in groups


def _origin_fits(word: str, address: Optional[str]) -> bool:
    if word == "ALL":
        return True
    if word == "LOCAL" or address is None:
        return False
    if "/" in word:
        try:
            return ipaddress.ip_address(address) in ipaddress.ip_network(word, strict=False)
        except ValueError:
            return False
    return address == word or (word.endswith(".") and address.startswith(word))


def _rank(domain: str, user: str, uid: int, groups: Sequence[str]) -> Optional[int]:
    if domain == user or _in_range(domain, uid):
        return 3
    if domain.startswith("@") and domain[1:] in groups:
        return 2
    if domain in ("*", "%") and uid != 0:
        return 1
    return None


def _in_range(domain: str, uid: int) -> bool:
    """C(MIN:MAX), C(MIN:) and C(:MAX), of numbers of users."""
    match = re.match(r"(\d*):(\d*)\Z", domain)
    if not match or domain == ":" or uid == 0:
        return False
    least, most = match.groups()
    return int(least or 0) <= uid <= int(most or 1 << 32)
