# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sshd's log shows about earlier logins from the same address, where no file shows it.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import List, Optional, Sequence

from .facts import Facts
from .finding import Finding, warns


def judge_log(facts: Facts) -> List[Finding]:
    """Refusals since sshd was started, unless a login from the address worked after them."""
    address = facts.request.address
    if not address:
        return []
    lines = _since(facts.server.log, address)
    return _penalties(facts, lines) + _startups(facts, lines) + _negotiations(lines, address) + _signatures(facts, lines)


def _since(log: Sequence[str], address: str) -> List[str]:
    """The lines that are still worth something."""
    found: List[str] = []
    for line in log:
        if _said(line).startswith("Server listening on") or re.match(r"Accepted \S+ for \S+ from %s " % re.escape(address), _said(line)):
            found = []
        found.append(line)
    return found


def _said(line: str) -> str:
    """The message. It is matched from its beginning: further on stands what a client may have given for a user name, without any login."""
    return re.sub(r"\A(?:error|fatal): ", "", line.partition("]: ")[2])


def _penalties(facts: Facts, lines: List[str]) -> List[Finding]:
    """sshd 9.8 and newer blocks addresses that failed too often."""
    for line in reversed(lines):
        if "penalty" in line and "[%s]" % facts.request.address in line and _said(line).startswith("drop connection "):
            unit = facts.server.unit or "sshd"
            return [
                warns(
                    "per_source_penalty",
                    "sshd refuses %s for a while after failed logins: %s" % (facts.request.address, line.strip()),
                    "wait some minutes, or exempt the address with PerSourcePenaltyExemptList; a restart clears all penalties",
                    "sshd -t && systemctl restart %s" % unit,
                )
            ]
    return []


def _startups(facts: Facts, lines: List[str]) -> List[Finding]:
    """More connections than sshd serves before they have logged in: of all together, or of one source."""
    for line in reversed(lines):
        if "[%s]" % facts.request.address in line and re.match(r"drop connection .* past max ?startups", _said(line), re.IGNORECASE):
            limit = facts.setting("persourcemaxstartups", "none")
            setting = "MaxStartups" if limit == "none" else "MaxStartups, or PerSourceMaxStartups %s," % limit
            return [
                warns(
                    "max_startups",
                    "sshd dropped a connection from %s, because %s allowed no more: %s" % (facts.request.address, setting, line.strip()),
                    "end the connections that never log in, or raise the limit",
                )
            ]
    return []


def _negotiations(lines: List[str], address: str) -> List[Finding]:
    for line in reversed(lines):
        said = re.match(r"Unable to negotiate with %s port \d+: (no matching .*? found)(?:\. Their offer: (\S+))?" % re.escape(address), _said(line))
        if said:
            offer = "; it offered %s" % said.group(2) if said.group(2) else ""
            return [
                warns(
                    "no_common_algorithm",
                    "a client at %s and sshd have no common algorithm: %s%s" % (address, said.group(1), offer),
                    "update the older side, or remove the restriction of KexAlgorithms, Ciphers, MACs or HostKeyAlgorithms",
                )
            ]
    return []


def _signatures(facts: Facts, lines: List[str]) -> List[Finding]:
    """An old client signs with SHA-1 whatever sshd accepts from newer ones."""
    key = facts.request.key
    accepted = ",".join(facts.words("pubkeyacceptedalgorithms")).split(",")
    if (key is not None and key.key_type != "ssh-rsa") or "ssh-rsa" in accepted:
        return []
    for line in reversed(lines):
        if re.match(r"userauth_pubkey: (signature|key) (algorithm|type) ssh-rsa not in PubkeyAccepted", _said(line)) and _is_of(facts, lines, _process(line)):
            return [
                warns(
                    "client_signs_with_sha1",
                    "a client at %s signs with ssh-rsa (SHA-1), which sshd does not accept" % facts.request.address,
                    "use ssh 7.2 or newer, or an Ed25519 key; the same RSA key works then",
                )
            ]
    return []


def _process(line: str) -> Optional[str]:
    found = re.search(r"sshd(?:-session)?\[(\d+)\]", line)
    return found.group(1) if found else None


def _is_of(facts: Facts, lines: List[str], process: Optional[str]) -> bool:
    """Whether the process served this user from this address."""
    wanted = " %s %s port " % (facts.request.user, facts.request.address)
    return any(wanted in line and _process(line) == process for line in lines)
