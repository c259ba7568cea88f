# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What blocks an address before sshd handles it: TCP wrappers, routes, firewall rules.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import ipaddress
import re
from typing import Callable, List, Optional, Tuple

from .._text import text_lines
from .facts import Facts
from .finding import Finding, blocks


def judge_network(facts: Facts) -> List[Finding]:
    """Refusals of an address; where it isn't known, only those of everybody."""
    return _routes(facts) + _wrappers(facts) + _firewall(facts)


def _routes(facts: Facts) -> List[Finding]:
    if not facts.network.route_error:
        return []
    route = facts.network.route_error
    known = route.split()[0] in ("blackhole", "unreachable", "prohibit")
    return [
        blocks(
            "no_route_back",
            "the host has no route back to %s (%s)" % (facts.request.address, route),
            "fix the routes; if fail2ban added this one: fail2ban-client unban %s" % facts.request.address,
            "ip route del %s" % route if known else "",
        )
    ]


def _wrappers(facts: Facts) -> List[Finding]:
    network = facts.network
    if not network.libwrap or find_rule(network.hosts_allow, facts.request.address) is not None:
        return []
    rule = find_rule(network.hosts_deny, facts.request.address)
    if rule is None:
        return []
    return [
        blocks(
            "hosts_deny",
            "/etc/hosts.deny:%d (%s) refuses %s, and this sshd honours it" % (rule[0], rule[1], facts.request.address or "everybody"),
            "allow the address in /etc/hosts.allow, or remove the line",
        )
    ]


def find_rule(text: str, address: Optional[str]) -> Optional[Tuple[int, str]]:
    """The first line of hosts.allow or hosts.deny that is about sshd and this address."""
    for number, line in enumerate(text_lines(text.replace("\\\n", "  ")), 1):
        line = line.strip()
        daemons, colon, rest = line.partition(":")
        if line.startswith("#") or not colon:
            continue
        if not _fits(re.split(r"[\s,]+", daemons.strip()), lambda word: word in ("ALL", "sshd")):
            continue
        # An address in brackets has colons of its own.
        clients = re.split(r"\s:\s|(?<![0-9a-fA-F:]):(?![0-9a-fA-F:])", rest)[0]
        if _fits(re.split(r"[\s,]+", clients.strip()), lambda word: _client_fits(word, address)):
            return number, line
    return None


def _fits(words: List[str], fits: Callable[[str], bool]) -> bool:
    if "EXCEPT" in words:
        index = words.index("EXCEPT")
        return _fits(words[:index], fits) and not _fits(words[index + 1 :], fits)
    return any(fits(word) for word in words if word)


def _client_fits(word: str, address: Optional[str]) -> bool:
    if word == "ALL":
        return True
    if address is None:
        return False
    word = word.strip("[]")
    if word.endswith(".") and address.startswith(word):
        return True
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(word, strict=False)
    except ValueError:
        return False


def _firewall(facts: Facts) -> List[Finding]:
    return [
        blocks(
            "firewall",
            "a firewall rule of this host blocks %s: %s" % (facts.request.address or "SSH", rule),
            "remove the rule; if fail2ban added it: fail2ban-client unban %s" % (facts.request.address or "ADDRESS"),
        )
        for rule in facts.network.firewall[:1]
    ]


def find_firewall_rules(listing: str, address: Optional[str], port: int) -> Tuple[str, ...]:
    """Lines of 'nft list ruleset' or 'iptables-save' that drop or refuse this address, or everybody on this port."""
    sets = set(re.findall(r"set (\S+) \{[^}]*elements = \{[^}]*(?<![\d.])%s(?![\d.])" % re.escape(address), listing)) if address else set()
    found = []
    lines = [line.strip() for line in text_lines(listing)]
    for line in lines:
        if not re.search(r"\b(drop|reject|DROP|REJECT)\b", line) or line.startswith((":", "type ", "policy")):
            continue
        ports = _ports_of(line)
        if ports and not _has_port(ports, port):
            continue
        if "-p udp" in line or "udp dport" in line:
            continue
        if (
            (address and re.search(r"(?<![\d.])%s(?![\d.])" % re.escape(address), line))
            or any("@" + name in line for name in sets)
            or (ports and not re.search(r"saddr|-s |ct state|--ctstate", line))
        ):
            found.append(line)
    policies = [line for line in lines if re.match(r":INPUT DROP\b|type filter hook input .*policy drop", line)]
    if policies and not found and not any(_may_accept(line, address, port) for line in lines):
        found.append("%s, and no rule accepts port %d" % (policies[0], port))
    return tuple(found)


def _ports_of(line: str) -> str:
    found = re.search(r"dports? (?:\{ )?((?:[\d,: -]|ssh)+)", line)
    return found.group(1).replace("ssh", "22") if found else ""


def _has_port(ports: str, port: int) -> bool:
    for part in re.split(r"[, ]+", ports):
        first, _dash, last = part.replace(":", "-").partition("-")
        if first.isdigit() and int(first) <= port <= int(last if last.isdigit() else first):
            return True
    return False


def _may_accept(line: str, address: Optional[str], port: int) -> bool:
    """Whether a rule might allow the login; if that is not certain, it counts."""
    if not re.search(r"\b(accept|ACCEPT)\b", line) or line.startswith((":", "type ", "policy")):
        return False
    if re.search(r"udp|icmp|established|ESTABLISHED|iif(name)? \"?lo\b|-i lo\b|^-A (OUTPUT|FORWARD)\b", line) and not re.search(r"\bnew\b|NEW", line):
        return False
    ports = _ports_of(line)
    if ports and not _has_port(ports, port):
        return False
    source = re.search(r"(?:saddr|-s) ([\d.]+(?:/\d+)?)", line)
    return not (source and address) or _client_fits(source.group(1), address)
