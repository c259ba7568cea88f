# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSH's patterns over names and addresses. None is the answer where it hangs on an address that isn't known.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import ipaddress
import re
from typing import Iterable, Optional


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
    if patterns == "*":
        return True
    if address is None:
        return None
    found = False
    for pattern in patterns.split(","):
        negated = pattern.startswith("!")
        hit = _address_matches(address, pattern[1:] if negated else pattern)
        if hit is None or (hit and negated):
            return False
        found = found or hit
    return found


def user_matches(name: str, address: Optional[str], pattern: str) -> Optional[bool]:
    """One word of AllowUsers or DenyUsers."""
    user, at, host = pattern.rpartition("@")
    if not at:
        return matches(pattern, name)
    return matches(user, name) and address_in_list(address, host)


def _address_matches(address: str, pattern: str) -> Optional[bool]:
    """None for a network that is none to sshd, such as 10.1.2.3/8: it then refuses the whole list."""
    if "/" in pattern:
        try:
            return ipaddress.ip_address(address) in ipaddress.ip_network(pattern)
        except ValueError:
            return None
    return matches(pattern.lower(), address.lower())
