# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSH's two ways of matching, and those who use them, named for where they stand (match.c, addrmatch.c, groupaccess.c).

A B(list) has commas, and a pattern with ! in front takes out what it matches: Match, from=, the host of USER@HOST, algorithms.
A B(word) stands alone, and ! is a letter in it: AllowUsers, DenyUsers, AllowGroups, DenyGroups, which are words in a row.
Case counts, except in the names of hosts. None is the answer where it depends on an address that isn't known.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import ipaddress
import re
from typing import Iterable, Optional, Union

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

_ADDRESS = re.compile(r"[0-9A-Fa-fxX.:]+(%|\Z)")


def match_word(text: str, word: str) -> bool:
    """One pattern, of which only * and ? are special (match_pattern)."""
    # Only the last star has to be thought over: what stands between two of them is best taken as early as possible.
    place, at, star, held = 0, 0, -1, 0
    while place < len(text):
        if at < len(word) and word[at] == "*":
            star, held, at = at, place, at + 1
        elif at < len(word) and word[at] in ("?", text[place]):
            place, at = place + 1, at + 1
        elif star >= 0:
            held += 1
            place, at = held, star + 1
        else:
            return False
    return not word[at:].strip("*")


def match_list(text: str, patterns: str) -> bool:
    """A comma-separated list (match_pattern_list)."""
    return match_group_list([text], patterns)


def match_group_list(groups: Iterable[str], patterns: str) -> bool:
    """The list of Match Group: a negated pattern that any of the groups matches decides (ga_match_pattern_list)."""
    names, words = list(groups), patterns.split(",")
    refused = [word[1:] for word in words if word.startswith("!")]
    wanted = [word for word in words if not word.startswith("!")]
    return _any_matches(names, wanted) and not _any_matches(names, refused)


def match_host_list(address: Optional[str], patterns: str) -> Optional[bool]:
    """from= and the host of USER@HOST (match_host_and_ip), for a client whose name is its address, as it is without UseDNS."""
    if bad_address_pattern(patterns) is not None:
        return False
    if patterns == "*":
        return True
    if address is None:
        return None
    words = patterns.split(",")
    refused = any(_host_matches(address, word[1:]) for word in words if word.startswith("!"))
    return not refused and any(_host_matches(address, word) for word in words if not word.startswith("!"))


def match_user_word(name: str, address: Optional[str], word: str) -> Optional[bool]:
    """One word of AllowUsers or DenyUsers (match_user): USER or USER@HOST. The host, unlike the user, is a list."""
    user, at, host = word.rpartition("@")
    if not at:
        return match_word(name, word)
    return match_word(name, user) and match_host_list(address, host)


def bad_address_pattern(patterns: str) -> Optional[str]:
    """What makes sshd refuse the whole list: an empty pattern, or an invalid network such as 10.1.2.3/8."""
    for pattern in patterns.split(","):
        plain = pattern[1:] if pattern.startswith("!") else pattern
        if not plain:
            return "an empty pattern"
        try:
            _network(plain)
        except ValueError:
            return "%s, which is not a valid network" % plain
    return None


def _any_matches(texts: Iterable[str], words: Iterable[str]) -> bool:
    words = list(words)
    return any(match_word(text, word) for text in texts for word in words)


def _host_matches(address: str, pattern: str) -> bool:
    network, number = _network(pattern), _number(address)
    if network is not None and number is not None:
        return number in network
    return match_word(address.lower(), pattern.lower())


def _network(pattern: str) -> Optional[Network]:
    """None for what is a pattern of text; ValueError for a network with too long a mask, or with bits behind the mask."""
    address, slash, length = pattern.partition("/")
    number = _number(address)
    if number is None or (slash and not (re.match(r"[0-9]+\Z", length) and int(length) <= 128)):
        return None
    return ipaddress.ip_network("%s/%d" % (number, int(length) if slash else number.max_prefixlen))


def _number(text: str) -> Optional[Address]:
    """An address as getaddrinfo reads it: 127.1 and 0x7f000001 are 127.0.0.1."""
    if not _ADDRESS.match(text):
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    parts = text.split(".")
    if len(parts) > 4 or not all(re.match(r"(0[xX][0-9a-fA-F]*|0[0-7]*|[1-9][0-9]*)\Z", part) for part in parts):
        return None
    numbers = [int(part[2:] or "0", 16) if part[:2] in ("0x", "0X") else int(part, 8 if part[0] == "0" else 10) for part in parts]
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(parts)):
        return None
    return ipaddress.IPv4Address(sum(number << (24 - 8 * index) for index, number in enumerate(numbers[:-1])) + numbers[-1])
