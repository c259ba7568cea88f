# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns of hosts, judged against one host's own name and groups: Ansible's union, C(&), C(!), globs and C(~regex).

Nothing is looked up in the inventory, so that thousands of hosts can be judged by every rule. Subscripts (C(web[0])) are about an
inventory as a whole and are refused.
Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from .regex import LinearRegex, RegexRefused

_MAX_PATTERN = 2000
# A part is of anything but blanks, colons and brackets, or of whole brackets (ansible/inventory/manager.py, split_host_pattern).
_PARTS = re.compile(r"(?:[^\s:\[\]]|\[[^\]]*\])+")
_SUBSCRIPT = re.compile(r".+\[(?:-?[0-9]+|[0-9]+[:-][0-9]*)\]\Z")
_SPECIAL = frozenset(".?*[")


class PatternRefused(ValueError):
    """The text is not usable as a pattern. The message completes the sentence "the pattern ... "."""


class _Part(NamedTuple):
    text: str
    match: Callable[[str], bool]
    # Ansible looks for hosts of a plain name only where no group has it.
    matches_hosts: bool


class HostPattern(NamedTuple):
    """One pattern, parsed once. C(names) and C(others): the parts of C(wanted) that are compared as they are, which can be thousands, and the rest."""

    wanted: tuple[_Part, ...]
    required: tuple[_Part, ...]
    refused: tuple[_Part, ...]
    names: frozenset[str] = frozenset()
    others: tuple[_Part, ...] = ()

    def matches(self, name: str, groups: Iterable[str]) -> bool:
        """Whether the host of this name, in these groups, is meant."""
        names = frozenset(groups)
        if not (name in self.names or not self.names.isdisjoint(names) or (self.others and any(_covers(part, name, names) for part in self.others))):
            return False
        return all(_covers(part, name, names) for part in self.required) and not any(_covers(part, name, names) for part in self.refused)

    @property
    def plain_names(self) -> tuple[str, ...]:
        """Names that stand there as they are: each must be a group or a host of the inventory."""
        parts = self.wanted + self.required + self.refused
        return tuple(dict.fromkeys(part.text for part in parts if _is_plain(part.text)))


@lru_cache(maxsize=1024)
def parse_pattern(text: str) -> HostPattern:
    """Read a pattern; raises PatternRefused."""
    if len(text) > _MAX_PATTERN:
        raise PatternRefused(f"is longer than {_MAX_PATTERN} characters")
    wanted: list[_Part] = []
    required: list[_Part] = []
    refused: list[_Part] = []
    for word in _split(text):
        target = {"!": refused, "&": required}.get(word[0], wanted)
        target.append(_parse_part(word if target is wanted else word[1:]))
    if not (wanted or required or refused):
        raise PatternRefused("is empty; write all for every host")
    if not wanted:
        wanted.append(_parse_part("all"))
    names = frozenset(part.text for part in wanted if _is_plain(part.text))
    return HostPattern(tuple(wanted), tuple(required), tuple(refused), names, tuple(part for part in wanted if part.text not in names))


def join_patterns(patterns: Sequence[str]) -> str:
    """Several patterns as one."""
    return ",".join(patterns) if len(patterns) > 1 else "".join(patterns)


def _is_plain(text: str) -> bool:
    return text != "all" and text[:1] != "~" and not set("*?[") & set(text)


def _split(text: str) -> list[str]:
    if "," in text:
        return [word.strip() for word in text.split(",") if word.strip()]
    try:
        ipaddress.IPv6Address(text.strip())
    except ValueError:
        return _PARTS.findall(text)
    return [text.strip()]


def _parse_part(word: str) -> _Part:
    if not word:
        raise PatternRefused("has an & or ! without a name behind it")
    if word[0] == "~":
        try:
            return _Part(word, LinearRegex(word[1:]).match, True)
        except RegexRefused as exc:
            raise PatternRefused(f"has {word}, which cannot be used: {exc}") from None
    if _SUBSCRIPT.match(word):
        raise PatternRefused(f"has a subscript ({word}), which is not supported here, because each host is judged by itself; name the hosts or a group")
    if word in ("all", "*"):
        return _Part("all", lambda _name: True, True)
    matcher = re.compile(fnmatch.translate(word))
    return _Part(word, lambda name: matcher.match(name) is not None, bool(_SPECIAL & set(word)))


def _covers(part: _Part, name: str, groups: frozenset[str]) -> bool:
    if any(part.match(group) for group in groups):
        return True
    return part.match(name) and (part.matches_hosts or part.text == name)
