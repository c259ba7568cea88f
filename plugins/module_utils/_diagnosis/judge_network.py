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
from .finding import Finding, blocks, info


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
    network, address = facts.network, facts.request.address
    if network.wrappers.yes is not False:
        return []
    texts = (("/etc/hosts.allow", network.hosts_allow), ("/etc/hosts.deny", network.hosts_deny))
    rules = [(path, find_rule(text, address)) for path, text in texts]
    path, rule = next(((path, rule) for path, rule in rules if rule is not None), ("/etc/hosts.deny", None))
    where = "%s:%d (%s)" % (path, rule[0], rule[1]) if rule is not None else "a rule of /etc/hosts.allow or /etc/hosts.deny"
    return [
        blocks(
            "hosts_deny",
            "%s refuses %s, and this sshd honours it" % (where, address or "everybody"),
            "allow the address in /etc/hosts.allow, or remove the line",
        )
    ]


def find_rule(text: str, address: Optional[str]) -> Optional[Tuple[int, str]]:
    """The first line of hosts.allow or hosts.deny that names sshd and this address: where to look, once libwrap has refused."""
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
    asked = facts.network.filter
    if facts.network.sent_on_to:
        return [info("port_sent_on", "the packet filter of this host sends the connection on to port %d" % facts.network.sent_on_to)]
    if asked.yes is not False:
        return []
    address = facts.request.address or "ADDRESS"
    return [
        blocks(
            "firewall",
            "the packet filter of this host blocks %s: %s" % (address, asked.place or "the rule that does it shows no count"),
            "remove the rule; if fail2ban added it: fail2ban-client unban %s" % address,
        )
    ]
