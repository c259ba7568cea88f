# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client's own C(ssh -v) shows about a login that fails.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import List, Optional, Tuple

from .._text import text_lines
from .finding import Finding, blocks, warns

_MOST, _LONGEST = 65536, 1024
"""Of a log and of a line, characters. Each of ssh's own lines is shorter."""

# Pattern, cause, what it means, what to do. The first that is found is the one; the line itself is the evidence.
_CAUSES = (
    (
        r"REVOKED HOST KEY DETECTED|Host key \S+ \S+ revoked|is marked as revoked",
        "host_key_revoked",
        "known_hosts marks the host key as revoked",
        "find out why it was revoked; give the host a new key, and remove the @revoked line only if it is wrong",
    ),
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED",
        "host_key_changed",
        "the host key is not the one in known_hosts",
        "if the instance was recreated, remove the old key with 'ssh-keygen -R HOST'; if not, find out which host answers at that address",
    ),
    (
        r"Host key verification failed|No \S+ host key is known",
        "host_key_unknown",
        "this client does not know the host key",
        "add the host key to known_hosts (the role ssh_client does that), or accept it once by hand",
    ),
    (
        r"Could not resolve hostname \S+",
        "name_not_resolved",
        "the name of the host cannot be resolved",
        "use its address, or fix name resolution",
    ),
    (r"Bad owner or permissions on \S+", "ssh_config_refused", "ssh refuses its own configuration", "make that file your own and run chmod go-w on it"),
    (
        r"UNPROTECTED PRIVATE KEY FILE",
        "private_key_unprotected",
        "others can read the private key file, so ssh does not use it",
        "set its mode to 0600",
    ),
    (
        r"Too many authentication failures",
        "too_many_keys",
        "the agent offered more keys than the server allows",
        "use IdentitiesOnly=yes and name the one key with -i",
    ),
    (
        r"no mutual signature algorithm",
        "no_mutual_signature_algorithm",
        "client and server have no signature algorithm in common for this key",
        "use an Ed25519 key, or an ssh newer than 7.2",
    ),
    (
        r"Skipping \S+ key .* not in PubkeyAccepted\S+",
        "client_skips_key",
        "this client's own PubkeyAcceptedAlgorithms does not allow such a key",
        "remove that restriction from ssh_config (or from the system's crypto policy), or use a key of another type",
    ),
    (r"Unable to negotiate with .*", "no_common_algorithm", "client and server have no algorithm in common", "update both"),
    (
        r"(Identity file \S+ not accessible|no such identity: \S+): .*",
        "private_key_missing",
        "the private key file does not exist",
        "set the right path",
    ),
    (
        r"private key \S+ contents do not match public|identity_sign: .*key mismatch|public key \S+ does not match private",
        "private_key_mismatch",
        "the private key does not belong to the .pub file beside it",
        "make the public half again: ssh-keygen -y -f FILE > FILE.pub",
    ),
    (
        r"Load key \S+: Is a directory.*|read_passphrase: \S+: Is a directory.*",
        "private_key_is_directory",
        "the path of the private key is a directory",
        "name the file in it",
    ),
    (
        r"Authenticated \S+ using .publickey. with partial success.*|Authentication succeeded \(partial\).*|with partial success\..*",
        "partial_success",
        "the host accepted the key and wants another method besides",
        "log in with that as well, or change AuthenticationMethods on the host",
    ),
    (
        r"Load key \S+: .*(invalid format|error in libcrypto|bad permissions).*",
        "private_key_unreadable",
        "ssh cannot read the private key file",
        "use an OpenSSH private key; 'ssh-keygen -y -f FILE' must print its public half",
    ),
    (
        r"(incorrect passphrase|read_passphrase: cannot open /dev/tty).*",
        "private_key_passphrase",
        "the private key needs a passphrase",
        "add it to an agent with ssh-add",
    ),
    (
        r"(signing failed|agent refused operation).*",
        "agent_refused",
        "the agent did not sign",
        "unlock the agent, or touch the security key",
    ),
)
_SYMPTOMS = (
    (
        r"(?:Connection closed by|Connection timed out during banner exchange to|closed by) UNKNOWN port 65535.*|Connection to UNKNOWN port 65535 timed out.*",
        "proxy_command_failed",
        "the ProxyCommand ended without a connection",
        "run it by hand: 'ssh -G HOST' shows it",
    ),
    (
        r"connect to .*(Connection timed out|Operation timed out).*|Connection timed out during banner exchange",
        "connection_timeout",
        "nothing answered",
        "check security groups, the instance's status and the route",
    ),
    (r"connect to .*Connection refused.*", "connection_refused", "nothing listens there", "check sshd on the host, and the port"),
    (
        r"connect to .*(No route to host|Network is unreachable).*",
        "no_route",
        "there is no route",
        "check addresses, routes and firewalls",
    ),
    (
        r"(kex_exchange_identification|ssh_exchange_identification|banner exchange): .*",
        "closed_before_login",
        "the host closed the connection before sending its banner",
        "check hosts.deny, MaxStartups, penalties and host keys there",
    ),
    (r"Permission denied \(.*\)", "permission_denied", "the host refused the key", "see the findings of the host"),
    (r"Connection (closed|reset) by .*", "closed_by_host", "the host ended the connection", "see the findings of the host"),
)


def judge_client(log: str, status: int, fingerprint: Optional[str] = None) -> List[Finding]:
    """Findings from the standard error of C(ssh -v); I(fingerprint) is that of the key that should have been offered."""
    if status == 0:
        return []
    log = _shorten(log)
    cause = _first(log, _CAUSES)
    if cause is not None:
        return [blocks(*cause)]
    after = log.rpartition("Server accepts key: ")[2] if "Server accepts key: " in log else ""
    if "No more authentication methods to try" in after and "Authentications that can continue" not in after:
        # In batch mode ssh silently skips a key that needs a passphrase.
        return [
            blocks(
                "private_key_passphrase",
                "the host accepts the key %s, but ssh did not sign with it, as if it needed a passphrase" % text_lines(after)[0],
                "add it to an agent with ssh-add",
            )
        ]
    offered = re.findall(r"Offering public key: .*?(SHA256:\S+)", log)
    if fingerprint and "Authentications that can continue" in log and fingerprint not in offered:
        what = "it offered %s" % ", ".join(offered) if offered else "it offered none"
        return [
            blocks(
                "key_not_offered",
                "ssh did not offer the key %s; %s" % (fingerprint, what),
                "set the private key with -i (ansible_ssh_private_key_file), and check that its .pub file belongs to it",
            )
        ]
    if status != 255:
        return [
            warns(
                "command_failed",
                "the login worked, but its command ended with status %d" % status,
                "check the user's shell and start-up files",
            )
        ]
    symptom = _first(log, _SYMPTOMS)
    return [warns(*symptom)] if symptom else [warns("ssh_failed", "ssh ended with status 255: %s" % _last_line(log), "see 'ssh -v'")]


def _shorten(log: str) -> str:
    """The beginning and the end of a log, and of its lines: a server can have ssh print any text, of any length, before it lets anybody in."""
    ends = log if len(log) <= 2 * _MOST else "%s\n%s" % (log[:_MOST], log[-_MOST:])
    return "\n".join(line[:_LONGEST] for line in ends.split("\n"))


def _first(log: str, table: Tuple[Tuple[str, str, str, str], ...]) -> Optional[Tuple[str, str, str]]:
    for pattern, cause, meaning, fix in table:
        found = re.search(pattern, log)
        if found:
            line = next((line for line in text_lines(log) if text_lines(found.group(0))[0] in line), found.group(0))
            return cause, "%s (ssh: %s)" % (meaning, re.sub(r"^debug\d: ", "", line.strip(" @\r"))), fix
    return None


def _last_line(log: str) -> str:
    lines = [line.strip() for line in text_lines(log) if line.strip() and not line.startswith("debug")]
    return lines[-1] if lines else "no message"
