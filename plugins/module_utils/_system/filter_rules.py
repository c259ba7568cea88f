# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the packet filter as text: taken from the host, loaded into a copy, and read again with what they counted there.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import ipaddress
import re
from typing import Dict, Iterable, List, NamedTuple, Tuple

from .._text import text_lines

# Those that iptables keeps in nft.
_XTABLES = frozenset(("filter", "nat", "mangle", "raw", "security"))
_OF_LINE = re.compile(r"(?<![\w-])(?:counter )?(drop|reject)(?=\s|$)")


class Rules(NamedTuple):
    """What one program lists and another one loads."""

    load: Tuple[str, ...]
    text: str
    show: Tuple[str, ...]


class NftTable(NamedTuple):
    """One table of C(nft list ruleset)."""

    family: str
    name: str
    text: str


def parse_tables(listing: str) -> List[NftTable]:
    """Every table of the listing."""
    found: List[NftTable] = []
    lines: List[str] = []
    for line in text_lines(listing):
        if line.startswith("table "):
            lines = []
        lines.append(line)
        if line == "}" and lines[0].startswith("table "):
            words = lines[0].split()
            found.append(NftTable(words[1], words[2], "\n".join(lines) + "\n"))
    return found


def is_of_iptables(table: NftTable, saved: str) -> bool:
    """Whether C(iptables-nft-save) has saved this table."""
    return table.family in ("ip", "ip6") and table.name in _XTABLES and "*%s\n" % table.name in saved


def has_rules(saved: str) -> bool:
    """Whether the output of C(iptables-save) does anything."""
    return any(line.startswith("-A ") or re.match(r":\S+ (DROP|REJECT)\b", line) for line in text_lines(saved))


def with_counters(table: str) -> str:
    """The table of nft with a counter in front of each verdict that refuses, all of them at zero."""
    lines = []
    for line in text_lines(re.sub(r"counter packets \d+ bytes \d+", "counter", table)):
        words = line.split()
        rule = bool(words) and words[0] not in ("type", "policy", "elements", "chain", "set", "map", "table", "comment", "#")
        lines.append(_OF_LINE.sub(r"counter \1", line) if rule and "{" not in line.split("counter")[-1].split("drop")[-1] and "vmap" not in line else line)
    return "\n".join(lines) + "\n"


def find_counted(shown: Iterable[str]) -> str:
    """The first rule that refused a packet; empty when the listings show none."""
    texts = list(shown)
    for pattern in (r"\[[1-9]\d*:\d+\] (-A .*-j (?:DROP|REJECT)\b.*)", r"\s*(.*counter packets [1-9]\d* bytes \d+ (?:drop|reject)\b.*)"):
        for text in texts:
            for line in text_lines(text):
                match = re.match(pattern, line)
                if match:
                    return re.sub(r" ?counter packets \d+ bytes \d+", "", match.group(1)).strip()
    for text in texts:
        for line in text_lines(text):
            match = re.match(r":(\S+) (DROP|REJECT) \[[1-9]", line)
            if match:
                return "the policy of %s is %s, and no rule accepts it" % match.groups()
    for text in texts:
        match = re.search(r"chain (\S+) \{\s+type filter hook (?:input|output)[^\n]*policy drop", text)
        if match:
            return "the policy of chain %s is drop, and no rule accepts it" % match.group(1)
    return ""


def names_interfaces(texts: Iterable[str]) -> List[str]:
    """Interfaces that rules name."""
    found: List[str] = []
    for text in texts:
        found += re.findall(r"(?:-[io]|[io]if(?:name)?) (?:!= )?\"?([A-Za-z][\w.-]{0,14})\"?", text)
    return list(dict.fromkeys(found))


def names_hardware(texts: Iterable[str]) -> bool:
    """Whether a rule asks for hardware addresses."""
    return any(re.search(r"--mac-source|\bether (?:s|d)?addr\b", text) for text in texts)


def find_recent(texts: Iterable[str]) -> List[Tuple[str, bool]]:
    """Lists of addresses that rules of iptables keep themselves (xt_recent), and whether one asks how often or how long ago."""
    found: Dict[str, bool] = {}
    for text in texts:
        for line in text_lines(text):
            if "-m recent" in line:
                named = re.search(r"--name ([\w.-]+)", line)
                name = named.group(1) if named else "DEFAULT"
                found[name] = found.get(name, False) or "--seconds" in line or "--hitcount" in line
    return sorted(found.items())


def is_noted(kept: str, address: str) -> bool:
    """Whether such a list, as the kernel shows it, has an address."""
    noted = re.findall(r"^src=(\S+) ", kept, re.MULTILINE)
    return any(ipaddress.ip_address(text) == ipaddress.ip_address(address) for text in noted)
