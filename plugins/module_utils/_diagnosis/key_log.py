# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh and sshd said when sshd was asked about a key.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re

from .._text import text_lines
from .facts import Answer, Facts

# The client reports an offer that was not refused; sshd's log shows the line that matched (auth2-pubkey.c and auth2-pubkeyfile.c).
_ACCEPTED = "Server accepts key: "
_OFFERED = re.compile(r"Offering (?:RSA |ED25519 )?public key|Will attempt key")
_REFUSED = re.compile(r"Permission denied \(|Connection (closed|reset) by (authenticating|invalid) user|no mutual signature algorithm|Received disconnect")
_MATCHED = re.compile(r"debug1: (/\S+?):(\d+): matching (?:key|CA) found")
# Why a key was refused, in the order of how much each says.
_TELLING = (
    r"Authentication refused: .*",
    r"User \S+ .*not allowed because .*",
    r"(?:Login|User) \S+ .*(?:not allowed|denied).*",
    r"Invalid user .*",
    r"error: (?:Certificate invalid|Refusing certificate).*|(?:Certificate|Refusing certificate).*",
    r"error: Authentication key \S+ \S+ revoked by .*|.*[Rr]evoked.*key.*",
    r"error: Error checking authentication key .*",
    r"Bad options? in .*|bad key options: .*|key options: .*unknown.*",
    r"Authentication tried for .* with correct key but not from a permitted host .*|.*from=.*not allowed.*",
    r"Authentication key .* expired|.*key.*expired.*",
    r"error: AuthorizedKeysCommand .*|error: Unsafe AuthorizedKeysCommand.*|AuthorizedKeysCommand .*(?:failed|exited|returned).*",
    r"(?:error: )?Could not open (?:user '.*' )?authorized keys.*|Could not open keyfile.*",
    r"(?:userauth_pubkey: )?(?:signature|key) (?:algorithm|type) \S+ not in \S+.*",
    r".*RSA key too short.*|refusing RSA key: .*",
    r"Too many authentication failures.*",
    r"Failed publickey for .*",
)


def read_answer(client: str, server: str) -> Answer:
    """The Answer that sshd gave."""
    matched = _MATCHED.findall(server)
    place = ":".join(matched[-1]) if matched else ""
    if _ACCEPTED in client:
        return Answer(True, "", place)
    if _REFUSED.search(client) and (_OFFERED.search(client) or "no mutual signature algorithm" in client):
        return Answer(False, find_reason(server), place)
    lines = [line for line in text_lines(client) if line.strip() and not line.startswith(("debug", "OpenSSH"))]
    return Answer(None, "the connection of ssh and sshd on this host failed (%s)" % (lines[-1].strip()[:200] if lines else "without a message"))


def find_reason(log: str) -> str:
    """The line of sshd's log that says most; empty when none says anything."""
    lines = [re.sub(r"^(?:debug\d: |Auxiliary )?", "", " ".join(line.split())) for line in text_lines(log)]
    for pattern in _TELLING:
        for line in lines:
            if re.match(pattern, line):
                return re.sub(r" \[preauth\]$", "", line)[:300]
    return ""


def depends_on_address(facts: Facts, log: str) -> bool:
    """Whether a setting or a key line looks at where a login comes from or goes to."""
    for item in facts.server.directives:
        words = item.match.lower().split() if item.match else [word.lower() for word in item.arguments] if item.keyword == "match" else []
        if {"address", "host", "localaddress", "localport", "rdomain"} & {word.split("=")[0] for word in words}:
            return True
        if item.keyword in ("allowusers", "denyusers") and any("@" in word for word in item.arguments):
            return True
    return b"from=" in b"".join(item.content for item in facts.key_files).lower() or "from=" in log.lower()
