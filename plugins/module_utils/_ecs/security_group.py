# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether security groups let one address reach one TCP port.

All groups of an instance count together: rules are tried by priority (1 first), and among equals a refusal comes before
a permission. What no rule mentions is refused. Rules that name a group or a prefix list instead of addresses cannot be
decided from here; if the outcome depends on one, the answer is "unknown" (None).

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

import ipaddress
from typing import Any, Iterable, List, Mapping, NamedTuple, Optional

from .answer import number_of


class Verdict(NamedTuple):
    """C(allowed) None means unknown."""

    allowed: Optional[bool]
    reason: str


class _Rule(NamedTuple):
    priority: int
    accepts: bool
    matches: Optional[bool]
    group_id: str


def judge_access(groups: Iterable[Mapping[str, Any]], source: str, port: int) -> Verdict:
    """I(groups): answers of DescribeSecurityGroupAttribute. I(source): one IPv4 or IPv6 address."""
    address = ipaddress.ip_address(source)
    rules: List[_Rule] = []
    for group in groups:
        for raw in (group.get("Permissions") or {}).get("Permission") or []:
            if str(raw.get("Direction") or "ingress").lower() == "ingress" and _covers_port(raw, port):
                rules.append(_read_rule(raw, str(group.get("SecurityGroupId") or ""), address))
    uncertain: List[_Rule] = []
    for rule in sorted(rules, key=lambda item: (item.priority, item.accepts)):
        if rule.matches is None:
            uncertain.append(rule)
        elif rule.matches:
            return _conclude(rule.accepts, uncertain, "%s of %s" % (_verb(rule.accepts), rule.group_id))
    return _conclude(False, uncertain, "no rule of its security groups mentions %s and port %d" % (source, port))


def _conclude(allowed: bool, uncertain: List[_Rule], reason: str) -> Verdict:
    against = [rule for rule in uncertain if rule.accepts != allowed]
    if against:
        text = "it depends on a rule of %s that names a security group or prefix list" % against[0].group_id
        return Verdict(None, text)
    return Verdict(allowed, reason)


def _verb(accepts: bool) -> str:
    return "allowed by a rule" if accepts else "refused by a rule"


def _read_rule(raw: Mapping[str, Any], group_id: str, address: Any) -> _Rule:
    priority = number_of(raw.get("Priority")) or 1
    accepts = str(raw.get("Policy") or "Accept").lower() == "accept"
    return _Rule(priority, accepts, _covers_address(raw, address), group_id)


def _covers_port(raw: Mapping[str, Any], port: int) -> bool:
    if str(raw.get("IpProtocol") or "").lower() not in ("tcp", "all"):
        return False
    first, _slash, last = str(raw.get("PortRange") or "-1/-1").partition("/")
    try:
        low, high = int(first), int(last or first)
    except ValueError:
        return False
    return low == -1 or low <= port <= high


def _covers_address(raw: Mapping[str, Any], address: Any) -> Optional[bool]:
    networks = [raw.get("SourceCidrIp"), raw.get("Ipv6SourceCidrIp")]
    given = [str(network) for network in networks if network]
    if not given:
        return None if raw.get("SourceGroupId") or raw.get("SourcePrefixListId") else True
    for network in given:
        try:
            if address in ipaddress.ip_network(network, strict=False):
                return True
        except ValueError:
            return None
    return False
