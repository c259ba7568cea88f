# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a login through a private sshd, and the configuration that such an sshd gets.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import List, NamedTuple, Optional, Sequence

from .._openssh.rules import Account, find_refusal
from .._text import text_lines
from .facts import PAM_STAGES, Facts
from .finding import Finding, blocks, warns

# What the private sshd gets from us, what has no meaning without a network, and what sshd -T prints but does not read.
_REPLACED = frozenset(
    (
        "authorizedkeyscommand",
        "authorizedkeyscommanduser",
        "authorizedkeysfile",
        "authorizedprincipalsfile",
        "authorizedprincipalscommand",
        "authorizedprincipalscommanduser",
        "trustedusercakeys",
        "listenaddress",
        "port",
        "addressfamily",
        "pidfile",
        "loglevel",
        "logverbose",
        "syslogfacility",
        "maxstartups",
        "persourcemaxstartups",
        "persourcepenalties",
        "persourcepenaltyexemptlist",
        "persourcenetblocksize",
        "banner",
        "printmotd",
    )
)
# What means nothing where the addresses are not the real ones.
_BY_ADDRESS = frozenset(("usedns", "allowusers", "denyusers"))
# Known to every sshd; the new one is not.
_OLD_NAMES = {"pubkeyacceptedalgorithms": "pubkeyacceptedkeytypes"}


class Proof(NamedTuple):
    """Whether the login was let in, and whether its command ran; None where it could not be tried."""

    accepted: Optional[bool]
    ran: bool
    text: str
    why: str = ""
    real: bool = False
    """Whether sshd saw the addresses of the connection in question."""
    status: int = 0
    """What a forced command ended with."""
    forced: bool = False
    """Whether the command that ran was that of ForceCommand."""
    waited: bool = False
    """Whether its session was ended because it took too long."""


def render_config(facts: Facts, key_line: str, echo: str, real: bool = False) -> str:
    """The settings that the host applies to this login, flat, with the one key to trust; I(real) where it has the real addresses."""
    lines = [
        "AuthorizedKeysFile none",
        "AuthorizedKeysCommand %s %s" % (echo, key_line),
        "AuthorizedKeysCommandUser root",
        "LogLevel DEBUG1",
    ]
    replaced = _REPLACED if real else _REPLACED | _BY_ADDRESS
    for keyword, values in facts.server.effective.items():
        if keyword not in replaced:
            lines += ["%s %s" % (_OLD_NAMES.get(keyword, keyword), _of_a_plain_key(keyword, value)) for value in values if value]
    if real:
        return "\n".join(lines) + "\n"
    lines.append("UseDNS no")
    # The address of a pipe is not the one in question, so users are judged with the one that is.
    refusal = find_refusal(facts.server.effective, Account(facts.request.user), facts.request.address)
    if refusal is not None and refusal.sure:
        lines.append("AllowUsers %s" % " ".join(facts.words("allowusers")) if refusal.keyword == "allowusers" else "DenyUsers %s" % facts.request.user)
    return "\n".join(lines) + "\n"


def _of_a_plain_key(keyword: str, value: str) -> str:
    """Whether the key in question has the command that root needs is judged by its line; the one of this login has none."""
    return "prohibit-password" if keyword == "permitrootlogin" and value == "forced-commands-only" else value


def key_kinds(facts: Facts) -> List[List[str]]:
    """Arguments of ssh-keygen for keys to try with, the best first: like the key in question, else of a type that sshd accepts."""
    key = facts.request.key
    if key is not None and key.key_type == "ssh-rsa":
        return [["rsa", "-b", str(max(key.bits, 1024))]]
    known = {
        "ssh-ed25519": ["ed25519"],
        "ecdsa-sha2-nistp256": ["ecdsa", "-b", "256"],
        "ecdsa-sha2-nistp384": ["ecdsa", "-b", "384"],
        "ecdsa-sha2-nistp521": ["ecdsa", "-b", "521"],
        "rsa-sha2-512": ["rsa", "-b", "3072"],
    }
    if key is not None and key.key_type in known:
        return [known[key.key_type]]
    accepted = ",".join(facts.words("pubkeyacceptedalgorithms")).split(",")
    return [kind for name, kind in known.items() if name in accepted] or [["ed25519"], ["rsa"]]


def read_log(log: str) -> str:
    """The line of the private sshd's log that has the reason; empty when there is none."""
    lines = [re.sub(r"\s+", " ", line.strip()) for line in text_lines(log)]
    telling = [
        line
        for line in lines
        if re.search(r"not allowed|denied|refused|expired|fatal|error|PAM: |does not exist|locked|Failed|bad ownership|Too many", line)
        and not re.search(r"debug\d?: (?!PAM)|PAM: (initial|setting|establish)|Connection closed|key_load|Could not load host", line)
    ]
    # That it failed is known: any other line has more detail.
    return min(telling, key=lambda line: line.startswith("Failed "), default="")


def findings_of(proof: Proof, known: Sequence[Finding]) -> List[Finding]:
    """A refusal that nothing else explains becomes a finding of its own."""
    if proof.status and not any(finding.cause == "forced_command_refuses" for finding in known):
        return [warns("forced_command_failed", proof.text, "run the forced command as the user; it may refuse a plain command only")]
    if proof.accepted is None or proof.ran or any(finding.severity == "blocks" for finding in known):
        return []
    unsure = next((finding for finding in known if finding.cause == "shell_startup_unsure"), None)
    if proof.accepted and unsure is not None:
        cause = "shell_startup_hangs" if proof.waited else "shell_startup_exits"
        return [blocks(cause, "%s; %s" % (unsure.evidence, proof.text), "run it in interactive shells only: case $- in *i*) ... esac")]
    libraries = next((finding for finding in known if finding.cause == "library_path"), None)
    if proof.accepted and libraries is not None:
        return [blocks("library_path", "%s; %s" % (libraries.evidence, proof.text), libraries.fix)]
    shell = next((finding for finding in known if finding.cause == "shell_unknown"), None)
    if proof.accepted and shell is not None:
        return [blocks("shell_nologin", "%s; %s" % (shell.evidence, proof.text), "set a login shell, if people log in with this account")]
    stage = PAM_STAGES["session" if proof.accepted else "account"]
    unasked = next((finding for finding in known if finding.cause == "pam_not_asked" and stage in finding.evidence), None)
    if unasked is not None:
        return [blocks("pam_refuses", "%s; most likely by what was not asked before: %s" % (proof.text, unasked.evidence), "run what that line names by hand")]
    outcome = "session_fails" if proof.accepted else "login_refused"
    return [blocks(outcome, proof.text, "see sshd's log: %s" % (proof.why or "no reason is logged"))]
