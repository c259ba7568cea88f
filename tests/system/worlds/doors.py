# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""More of the table: doors that are shut to an address, servers that answer nobody, algorithms that two sides do not share."""

from __future__ import annotations

from worlds.scenario import Scenario

DEBIAN = ("debian11", "debian12", "debian13")
OFF = "sed -i 1d $C; restart"
HOLD = "python3 -c 'import socket, time; s = socket.create_connection((\"127.0.0.1\", 22)); time.sleep(600)' & sleep 0.5; HOLDER=$!"

NETWORK = (
    Scenario("no_route_back", "ip route add blackhole $ADDR", proof="works"),
    Scenario("no_route_back", "ip route add prohibit $ADDR", note="prohibit"),
    Scenario("firewall", "iptables -I INPUT -s $ADDR -p tcp --dport 22 -j DROP", "iptables -F INPUT", proof="works"),
    Scenario("firewall", "iptables -I INPUT -p tcp --dport 22 -j REJECT", "iptables -F INPUT", note="port"),
    Scenario(
        "firewall",
        "iptables -N f2b-sshd; iptables -A f2b-sshd -s $ADDR -j REJECT; iptables -I INPUT -p tcp -m multiport --dports 22 -j f2b-sshd",
        "iptables -F INPUT; iptables -F f2b-sshd; iptables -X f2b-sshd",
        note="fail2ban",
    ),
    Scenario("firewall", "iptables -P INPUT DROP", "iptables -P INPUT ACCEPT", note="policy"),
    Scenario("firewall", "iptables -A INPUT -p tcp --dport 80 -j ACCEPT; iptables -A INPUT -j REJECT", "iptables -F INPUT", note="final-reject"),
    Scenario("firewall", "iptables -A INPUT -s $ADDR/8 -j DROP", "iptables -F INPUT", note="network"),
    Scenario("firewall", "iptables -A OUTPUT -p tcp --sport 22 -j DROP", "iptables -F OUTPUT", note="answers"),
    Scenario("firewall", "iptables -P OUTPUT DROP", "iptables -P OUTPUT ACCEPT", note="output-policy"),
    Scenario(
        "firewall",
        "nft add table inet t; nft add set inet t s '{ type ipv4_addr; }'; nft add element inet t s \"{ $ADDR }\"; "
        "nft add chain inet t c '{ type filter hook input priority 0; }'; nft add rule inet t c ip saddr @s drop",
        "nft delete table inet t",
        note="set",
    ),
    Scenario("hosts_deny", "echo 'sshd : ALL : DENY' > /etc/hosts.allow", ": > /etc/hosts.allow", note="allow-file"),
    Scenario("hosts_deny", 'echo "ALL EXCEPT vsftpd: ALL EXCEPT 192.0.2." > /etc/hosts.deny', ": > /etc/hosts.deny", note="except"),
    Scenario(
        "per_source_penalty",
        "conf 'PerSourcePenalties authfail:200s min:1s max:300s'",
        strangers=2,
        verdict="unknown",
        images=("debian13",),
        proof="works",
    ),
    Scenario("max_startups", f"conf 'MaxStartups 1:100:1'; {HOLD}", "kill $HOLDER; sleep 0.5", proof="works"),
)

SERVER = (
    Scenario("sshd_other_family", "conf 'AddressFamily inet6'", OFF),
    Scenario("sshd_not_installed", "stop; mv /usr/sbin/sshd /opt/base/", "mv /opt/base/sshd /usr/sbin/; restart"),
    Scenario("privsep_user_missing", "sed -i /^sshd:/d /etc/passwd /etc/shadow", images=("debian12", "debian11", "el-like")),
    Scenario("privsep_directory_unsafe", "chmod 0777 /run/sshd", images=("debian12", "debian11", "el-like")),
    Scenario("sshd_socket_inactive", "stop; systemctl disable -q ssh.service; systemctl enable -q ssh.socket", images=DEBIAN[1:]),
    Scenario(
        "algorithm_not_accepted",
        "mkdir -p /run/systemd/system/$UNIT.service.d; printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/sshd -D "
        "-oPubkeyAcceptedKeyTypes=rsa-sha2-512\\n' > /run/systemd/system/$UNIT.service.d/policy.conf; systemctl daemon-reload; restart",
        "rm /run/systemd/system/$UNIT.service.d/policy.conf; systemctl daemon-reload; restart",
        note="command-line",
        proof="refused",
    ),
)

ALGORITHMS = (
    Scenario("no_common_algorithm", "conf 'KexAlgorithms diffie-hellman-group1-sha1'", OFF, note="kex"),
    Scenario("no_common_algorithm", "conf 'Ciphers aes128-cbc'", OFF, note="cipher"),
    Scenario("no_common_algorithm", "conf 'HostKeyAlgorithms ssh-rsa'", OFF, note="host-key"),
    Scenario(
        "client_signs_with_sha1",
        ":",
        "conf 'PubkeyAcceptedKeyTypes +ssh-rsa'",
        key="rsa:2048",
        client=("PubkeyAcceptedKeyTypes=ssh-rsa",),
        verdict="unknown",
    ),
    Scenario("algorithm_sha1_only", "conf 'PubkeyAcceptedKeyTypes ssh-rsa'", OFF, key="rsa:2048", verdict="unknown"),
    Scenario(
        "key_type_unsupported",
        ":",
        "conf 'PubkeyAcceptedKeyTypes +ssh-dss'",
        key="dsa",
        client=("PubkeyAcceptedKeyTypes=+ssh-dss",),
        images=("debian12", "debian11", "el-like"),
    ),
)

ALL = NETWORK + SERVER + ALGORITHMS
