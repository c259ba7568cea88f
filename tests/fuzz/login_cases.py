# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, groups, addresses, and patterns that cover them or nearly do."""

from __future__ import annotations

import ipaddress
from random import Random
from typing import Sequence

# Names that differ by little, or by what is special in one kind of pattern and a letter in another.
USERS = {"eva": (7001, 7001), "evan": (7002, 7002), "Eva": (7003, 7001), "!eva": (7004, 7004), "e[v]a": (7005, 7004), "udo": (7006, 7006),
         "u.d-o_9": (7007, 7006), "loner": (7008, 7999), "toor": (0, 7007)}  # fmt: skip
GROUPS: dict[str, tuple[int, list[str]]] = {
    "eva": (7001, []), "guests": (7002, ["eva", "!eva", "udo"]), "!guests": (7004, ["evan"]), "Guests": (7005, ["e[v]a"]), "crew": (7006, ["eva", "evan"]),
    "crew2": (7007, ["u.d-o_9", "Eva"]), "g[s]": (7008, ["udo", "toor"]),
}  # fmt: skip
LOCAL = ("127.0.0.1", "127.0.0.77", "127.1.2.3", "127.200.0.255", "::1")
REMOTE = (*LOCAL, "10.1.2.3", "10.1.2.30", "192.0.2.7", "198.51.100.255", "2001:db8::1", "2001:db8:0:1::ab", "fe80::1", "::ffff:10.1.2.3")
METHODS = (*["publickey"] * 3, "password", "keyboard-interactive", "keyboard-interactive:pam", "publickey:x", "password:x", "hostbased", "none")


def word(random: Random, likely: str, names: Sequence[str]) -> str:
    """One pattern over names, often one that covers the likely name."""
    text = likely if random.random() < 0.6 else random.choice([*names, "nobody", ""])
    for _number in range(random.choice((0, 0, 1, 1, 2))):
        cut, end = sorted((random.randrange(len(text) + 1), random.randrange(len(text) + 1)))
        text = random.choice(
            (
                text[:cut] + "?" + text[cut + 1 :],
                text[:cut] + "*" + text[end:],
                text[:cut] + "*" + text[cut:],
                "!" + text,
                text.swapcase(),
                text[:cut] + f"[{text[cut:end]}]" + text[end:],
                text + random.choice("?*x,"),
            )
        )
    return text or "*"


def name_list(random: Random, likely: str, names: Sequence[str]) -> str:
    """What Match takes: patterns with commas, some of them negated."""
    words = [word(random, likely, names) for _number in range(random.choice((1, 1, 2, 2, 3)))]
    return ",".join(random.choice(("", "", "", "!")) + each for each in words)


def user_words(random: Random, user: str, address: str) -> str:
    """The value of AllowUsers or DenyUsers."""
    words = [word(random, user, list(USERS)) for _number in range(random.choice((1, 1, 2, 3)))]
    return " ".join(each + "@" + host_list(random, address) if random.random() < 0.3 else each for each in words)


def group_words(random: Random, groups: Sequence[str]) -> str:
    """The value of AllowGroups or DenyGroups."""
    return " ".join(word(random, random.choice([*groups, "nobody"]), list(GROUPS)) for _number in range(random.choice((1, 1, 1, 2))))


def host_list(random: Random, address: str) -> str:
    """Addresses, networks and patterns with commas, often such as cover the address."""
    return ",".join(random.choice(("", "", "", "!")) + _host(random, address) for _number in range(random.choice((1, 1, 2, 3))))


def broken_host_list(random: Random, address: str) -> str:
    """The same, at times with what sshd takes no list with."""
    text = host_list(random, address)
    return random.choice((text + ",", "!", f"{address}/1", text + ",127.0.0.1/8", text.upper())) if random.random() < 0.15 else text


def _host(random: Random, address: str) -> str:
    text = address if random.random() < 0.6 else random.choice(REMOTE)
    number = ipaddress.ip_address(text)
    length = random.randrange(number.max_prefixlen + 1)
    cut, end = sorted((random.randrange(len(text) + 1), random.randrange(len(text) + 1)))
    return random.choice(
        (
            text,
            str(ipaddress.ip_network((number, length), strict=False)),
            str(ipaddress.ip_network((number, max(8, number.max_prefixlen - random.choice((0, 1, 8, 24)))), strict=False)),
            text[:cut] + "*" + text[end:],
            text[:cut] + "?" + text[cut + 1 :],
            random.choice(("*", "*.*", "localhost", "*.example.com", "LOCALHOST", "127.1", "0x7f.0.0.1", "10.*")),
        )
    )


def method_lists(random: Random) -> str:
    """The value of AuthenticationMethods."""
    if random.random() < 0.1:
        return "any"
    return " ".join(",".join(random.choice(METHODS) for _number in range(random.choice((1, 1, 2, 2, 3)))) for _number in range(random.choice((1, 1, 2, 3))))
