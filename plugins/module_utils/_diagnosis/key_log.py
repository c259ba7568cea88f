# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh and sshd reported when sshd was asked about a key.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import List, Optional

from .._openssh.certificates import Certificate
from .._text import text_lines
from .facts import Answer, Facts
from .finding import Finding, blocks

# The client reports an offer that was not refused; sshd's log shows the line that matched (auth2-pubkey.c and auth2-pubkeyfile.c).
_ACCEPTED = "Server accepts key: "
_OFFERED = re.compile(r"Offering (?:RSA |ED25519 )?public key|Will attempt key")
_UNMATCHED = re.compile(r"Unable to negotiate with \S+ port \d+: (no matching .*)")
_REFUSED = re.compile(r"Permission denied \(|Connection (closed|reset) by (authenticating|invalid) user|no mutual signature algorithm|Received disconnect")
_WRAPPED = "Connection refused by tcp wrapper"
_MATCHED = re.compile(r"debug1: (/\S+?):(\d+): matching (?:key|CA) found")
# Why a key was refused, in the order of how much each says.
_TELLING = (
    r"Authentication refused: .*",
    r"User \S+ .*not allowed because .*",
    r"(?:Login|User) \S+ .*(?:not allowed|denied).*",
    r"Invalid user .*",
    r"(?:Certificate|Refusing certificate).*",
    r"Authentication key \S+ \S+ revoked by .*|.*[Rr]evoked.*key.*",
    r"Error checking authentication key .*",
    r"Bad options? in .*|bad key options: .*|key options: .*unknown.*",
    r"(?:cert: )?Authentication tried for .* with valid certificate but .*",
    r"(?:userauth_pubkey: )?certificate signature algorithm .*",
    r"user_cert_trusted_ca: CA .* is not listed in .*",
    r"Authentication tried for .* with correct key but not from a permitted host .*|.*from=.*not allowed.*",
    r"Authentication key .* expired|.*key.*expired.*",
    r"Unsafe AuthorizedKeysCommand.*|AuthorizedKeysCommand .*(?:failed|exited|returned).*",
    r"Could not open (?:user '.*' )?authorized keys.*|Could not open keyfile.*",
    r"(?:userauth_pubkey: )?(?:signature|key) (?:algorithm|type) \S+ not in \S+.*",
    r".*RSA key too short.*|refusing RSA key: .*",
    r"Too many authentication failures.*",
    r"Failed publickey for .*",
)


# Causes by the words of the log.
_CAUSES = (
    (_WRAPPED, "hosts_deny", "allow the address in /etc/hosts.allow, or change the program that a line there names"),
    (r"Error checking authentication key", "revoked_keys_unreadable", "make a new file of revoked keys; this one cannot be read to its end"),
    (r"[Rr]evoked", "key_revoked", "use another key"),
    (r"not allowed because .*AllowUsers", "allow_users", "add the user to it"),
    (r"not allowed because .*DenyUsers", "deny_users", "take the user out of it"),
    (r"not allowed because .*AllowGroups|not in any group|none of user's groups are listed", "allow_groups", "make the user a member of one of them"),
    (r"not allowed because .*DenyGroups|a group is listed in DenyGroups", "deny_groups", "take the user out of that group"),
    (r"account is locked", "account_locked", "replace the '!' in /etc/shadow with '*'"),
    (r"source.address|permitted (?:host|source)|from=", "from_mismatch", "allow the address"),
    (r"[Bb]ad (?:key )?options?|unknown option", "option_malformed", "fix or remove the option"),
    (r"certificate signature algorithm", "algorithm_not_accepted", "sign with another key, or add that algorithm to CASignatureAlgorithms"),
    (r"not in \S*Accepted|signature algorithm", "algorithm_not_accepted", "use a key of another type, or add its algorithm"),
    (r"Unsafe AuthorizedKeysCommand", "keys_command_unsafe", "make root its owner, and remove the permission to write from others"),
    (r"AuthorizedKeysCommand", "keys_command_fails", "fix the command"),
)


def read_answer(client: str, server: str) -> Answer:
    """The Answer that sshd gave."""
    matched = _MATCHED.findall(server)
    place = ":".join(matched[-1]) if matched else ""
    if _ACCEPTED in client:
        return Answer(True, "", place)
    if _REFUSED.search(client) and (_OFFERED.search(client) or "no mutual signature algorithm" in client):
        return Answer(False, find_reason(server), place)
    unmatched = _UNMATCHED.search(client)
    if unmatched:
        return Answer(False, unmatched.group(1).strip())
    if _WRAPPED in server:
        # It asks them itself, and runs the programs that they name.
        return Answer(False, _WRAPPED)
    lines = [line for line in text_lines(client) if line.strip() and not line.startswith(("debug", "OpenSSH"))]
    return Answer(None, "the connection of ssh and sshd on this host failed (%s)" % (lines[-1].strip()[:200] if lines else "without a message"))


def judge_negotiation(facts: Facts) -> List[Finding]:
    """Whether the host's own ssh, as it comes, finds a common language with its sshd."""
    if not is_unmatched(facts.key_answer):
        return []
    return [
        blocks(
            "no_common_algorithm",
            "the ssh of this host, with its defaults, and sshd have no common algorithm: %s" % facts.key_answer.why,
            "remove the restriction of KexAlgorithms, Ciphers, MACs or HostKeyAlgorithms, or log in with a client that has such an algorithm",
        )
    ]


def is_unmatched(answer: Answer) -> bool:
    """Whether it never came to a question about the key."""
    return answer.yes is False and answer.why.startswith("no matching ")


def find_reason(log: str) -> str:
    """The line of sshd's log that explains most; empty when none explains anything."""
    # Into a file sshd writes no word for the level of an error; to syslog it does.
    lines = [re.sub(r"^(?:debug\d: |Auxiliary |error: )?", "", " ".join(line.split())) for line in text_lines(log)]
    for pattern in _TELLING:
        for line in lines:
            if re.match(pattern, line):
                return re.sub(r" \[preauth\]$", "", line)[:300]
    return ""


def describe_refusal(answer: Answer, certificate: Optional[Certificate], authorities: str) -> Finding:
    """What sshd's log reports, where nothing that was read explains it."""
    why = answer.why or "its log has no reason"
    cause, fix = next(((cause, fix) for pattern, cause, fix in _CAUSES if re.search(pattern, why)), ("key_refused", "see what it names"))
    if certificate is None:
        return blocks(cause, "sshd, asked about the key in a private copy of the connection, refuses it: %s" % why, fix)
    if cause == "key_refused":
        cause, fix = "certificate_refused", "have a certificate issued that fits, by an authority that sshd trusts"
    if not certificate.for_users:
        why = "it is a host certificate"
    trusted = "TrustedUserCAKeys is %s" % authorities
    return blocks(cause, "sshd refuses the certificate: %s (%s; %s)" % (why, certificate.describe(), trusted), fix)


def depends_on_address(facts: Facts, log: str) -> bool:
    """Whether a setting or a key line looks at where a login comes from or goes to."""
    for item in facts.server.directives:
        words = item.match.lower().split() if item.match else [word.lower() for word in item.arguments] if item.keyword == "match" else []
        if {"address", "host", "localaddress", "localport", "rdomain"} & {word.split("=")[0] for word in words}:
            return True
        if item.keyword in ("allowusers", "denyusers") and any("@" in word for word in item.arguments):
            return True
    return b"from=" in b"".join(item.content for item in facts.key_files).lower() or "from=" in log.lower()
