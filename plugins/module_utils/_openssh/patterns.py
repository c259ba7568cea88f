# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSH's patterns over names and addresses. None is the answer where it hangs on an address that isn't known.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import ipaddress
import re
from typing import Iterable, Optional, Union

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


def matches(pattern: str, text: str) -> bool:
    """One pattern with * and ? against one text."""
    expression = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.match(expression + r"\Z", text, re.DOTALL) is not None


def in_list(text: str, patterns: Iterable[str]) -> bool:
    """A comma-separated list in parts: a negated pattern that matches refuses, whatever else matches."""
    found = False
    for pattern in patterns:
        if pattern.startswith("!"):
            if matches(pattern[1:], text):
                return False
        elif matches(pattern, text):
            found = True
    return found


def address_in_list(address: Optional[str], patterns: str) -> Optional[bool]:
    """from= and the host part of USER@HOST. Host names can't be judged from here: sshd asks no name server by default."""
    if bad_address_pattern(patterns) is not None:
        return False
    if patterns == "*":
        return True
    if address is None:
        return None
    found = False
    for pattern in patterns.split(","):
        negated = pattern.startswith("!")
        hit = _address_matches(address, pattern[1:] if negated else pattern)
        if hit and negated:
            return False
        found = found or hit
    return found


def bad_address_pattern(patterns: str) -> Optional[str]:
    """What makes sshd refuse the whole list: an empty pattern, or a network that is none, such as 10.1.2.3/8."""
    for pattern in patterns.split(","):
        plain = pattern[1:] if pattern.startswith("!") else pattern
        if not plain:
            return "an empty pattern"
        try:
            _network(plain)
        except ValueError:
            return "%s, which is no network" % plain
    return None


def user_matches(name: str, address: Optional[str], pattern: str) -> Optional[bool]:
    """One word of AllowUsers or DenyUsers."""
    user, at, host = pattern.rpartition("@")
    if not at:
        return matches(pattern, name)
    return matches(user, name) and address_in_list(address, host)


def _address_matches(address: str, pattern: str) -> bool:
    network = _network(pattern)
    if network is not None and _number(address) is not None:
        return _number(address) in network
    return matches(pattern.lower(), address.lower())


def _network(pattern: str) -> Optional[Network]:
    """None for what is a pattern of text; ValueError for a network with too long a mask, or with bits behind the mask."""
    address, slash, length = pattern.partition("/")
    number = _number(address)
    if number is None or (slash and not (re.match(r"[0-9]+\Z", length) and int(length) <= 128)):
        return None
    return ipaddress.ip_network("%s/%d" % (number, int(length) if slash else number.max_prefixlen))


def _number(text: str) -> Optional[Address]:
    """An address as getaddrinfo reads it: 127.1 and 0x7f000001 are 127.0.0.1."""
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
