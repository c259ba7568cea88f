# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the packet filter as text: which are copied, and which of them refused a packet."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.filter_rules import (
    find_counted,
    find_recent,
    has_rules,
    is_noted,
    is_of_iptables,
    names_hardware,
    names_interfaces,
    parse_tables,
    with_counters,
)

LISTING = """table ip filter {
\tchain INPUT {
\t\ttype filter hook input priority filter; policy accept;
\t}
}
table inet mine {
\tset bad {
\t\ttype ipv4_addr
\t\telements = { 203.0.113.9 }
\t}
\tchain c {
\t\ttype filter hook input priority filter - 1; policy drop;
\t\ttcp dport 22 ip saddr @bad reject with icmp port-unreachable
\t\tip saddr 10.0.0.1 counter packets 7 bytes 300 drop
\t\ttcp dport vmap { 22 : drop }
\t}
}
"""


def test_each_table_belongs_to_one_program() -> None:
    ours, mine = parse_tables(LISTING)
    assert (ours.family, ours.name, mine.family, mine.name) == ("ip", "filter", "inet", "mine")
    assert is_of_iptables(ours, "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n")
    assert not is_of_iptables(ours, "") and not is_of_iptables(mine, "*filter\n")


def test_a_counter_stands_before_every_plain_refusal_and_starts_at_zero() -> None:
    text = with_counters(parse_tables(LISTING)[1].text)
    assert "ip saddr @bad counter reject with icmp" in text
    assert "ip saddr 10.0.0.1 counter drop" in text
    assert "policy drop;" in text and "{ 22 : drop }" in text


@pytest.mark.parametrize(
    ("shown", "rule"),
    [
        ("[0:0] -A INPUT -s 10.0.0.1/32 -j DROP\n[2:120] -A INPUT -p tcp -m tcp --dport 22 -j REJECT", "-A INPUT -p tcp -m tcp --dport 22 -j REJECT"),
        (":INPUT DROP [3:180]\n[0:0] -A INPUT -p tcp -m tcp --dport 80 -j ACCEPT", "the policy of INPUT is DROP, and no rule accepts it"),
        ("\t\tip saddr @bad counter packets 1 bytes 60 drop", "ip saddr @bad drop"),
        ("\tchain c {\n\t\ttype filter hook input priority filter; policy drop;\n", "the policy of chain c is drop, and no rule accepts it"),
        (":INPUT ACCEPT [3:180]", ""),
    ],
)
def test_the_rule_that_refused_is_the_one_that_counted(shown: str, rule: str) -> None:
    assert find_counted([shown]) == rule


def test_empty_tables_are_no_rules() -> None:
    assert not has_rules("*filter\n:INPUT ACCEPT [9:9]\nCOMMIT\n")
    assert has_rules(":INPUT DROP [0:0]\n")


def test_interfaces_that_rules_name() -> None:
    assert names_interfaces(["-A INPUT -i docker0 -j DROP\n-A OUTPUT ! -o eth1 -j X", 'iifname "wg0" accept', 'oif != "lo" drop']) == [
        "docker0",
        "eth1",
        "wg0",
        "lo",
    ]


def test_rules_that_keep_lists_or_ask_for_hardware() -> None:
    saved = "-A INPUT -p tcp -m recent --rcheck --name KNOCK --mask 255.255.255.255 --rsource -j ACCEPT\n"
    timed = "-A INPUT -m recent --update --seconds 60 --hitcount 4 --name SSH --rsource -j DROP\n-A INPUT -m recent --set --name SSH\n"
    assert find_recent([saved, timed, "-A INPUT -m recent --set\n"]) == [("DEFAULT", False), ("KNOCK", False), ("SSH", True)]
    kept = "src=10.0.0.5 ttl: 64 last_seen: 4297 oldest_pkt: 1 4297\nsrc=2001:0db8:0000:0000:0000:0000:0000:0001 ttl: 0 last_seen: 1 oldest_pkt: 1 1\n"
    assert [is_noted(kept, address) for address in ("10.0.0.5", "10.0.0.50", "2001:db8::1")] == [True, False, True]
    assert names_hardware(["-A INPUT -m mac --mac-source 02:00:00:00:00:01 -j ACCEPT"])
    assert names_hardware(["ether saddr 02:00:00:00:00:01 accept"])
    assert not names_hardware([saved, timed])
