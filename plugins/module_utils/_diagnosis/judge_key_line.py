# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a key line admits its key now and from here: what the options in front of it allow.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import List

from .._openssh.authorized_keys import KeyLine
from .._openssh.key_options import KeyOptionsError, parse_options, unknown_options
from .._openssh.patterns import match_host_list
from .._openssh.rules import has_expired
from .._system.accounts import NO_SHELLS
from .facts import Facts
from .finding import BLOCKS, Finding, blocks, info, warns

SFTP = ("internal-sftp", "sftp-server")
REFUSING = ("false", "nologin")
_OF_COMMAND = frozenset(("forced_command_refuses", "forced_command_missing"))


def judge_line(facts: Facts, place: str, line: KeyLine) -> List[Finding]:
    """How the options of one line affect a login; empty when there is nothing to report."""
    if not line.options:
        return []
    try:
        options = parse_options(line.options, place)
    except KeyOptionsError as exc:
        return [blocks("option_malformed", "%s; sshd silently ignores the whole line" % exc, "fix or remove the option")]
    unknown = unknown_options(options)
    if unknown:
        return [
            blocks(
                "option_unknown",
                "%s: sshd does not support the key option %s, and silently ignores the whole line" % (place, ", ".join(unknown)),
                "correct or remove it",
            )
        ]
    found: List[Finding] = []
    for option in options:
        name, value = option.name.lower(), option.value or ""
        if name == "cert-authority":
            found.append(
                blocks(
                    "cert_authority_only",
                    "%s: the key is marked cert-authority, so it may sign certificates but not log in" % place,
                    "remove cert-authority, or log in with a certificate",
                )
            )
        elif name == "from":
            found += _judge_from(facts, place, value)
        elif name == "expiry-time" and has_expired(value, facts.request.now, facts.request.now_utc):
            found.append(
                blocks(
                    "key_expired",
                    '%s: expiry-time="%s" is over (it is %s)' % (place, value, facts.request.now[:12]),
                    "set a later expiry-time, or remove it",
                )
            )
        elif name == "command" and not overrides_commands(facts):
            found += judge_forced(facts, 'command="%s" at %s' % (value, place), value)
    return found


def admits(findings: List[Finding]) -> bool:
    """Whether sshd takes the line: one whose command refuses is taken, and no later line is looked at."""
    return all(finding.severity != BLOCKS or finding.cause in _OF_COMMAND for finding in findings)


def overrides_commands(facts: Facts) -> bool:
    """Whether ForceCommand runs in place of what a key or a certificate commands."""
    return facts.setting("forcecommand", "none") != "none"


def judge_forced(facts: Facts, what: str, command: str) -> List[Finding]:
    """A command that runs instead of the user's own."""
    words = command.split()
    program = words[0] if words else ""
    # What does nothing else than end: an exit without a condition, or a message and an exit.
    ends = re.match(r"(?:echo [^;&|]*[;&]+ *)?exit( \d+)? *\Z", command.strip()) is not None
    refuses = program.rsplit("/", 1)[-1] in REFUSING or ends or "Please login as the user" in command
    if refuses:
        return [blocks("forced_command_refuses", "%s ends every session at once" % what, "remove the forced command")]
    if is_sftp(command):
        # Where no shell is meant to be had, files are what the login is for.
        by_design = facts.setting("chrootdirectory", "none") != "none" or facts.account.shell.rsplit("/", 1)[-1] in NO_SHELLS
        if by_design or facts.request.session == "sftp":
            return [info("sftp_only", "%s allows file transfers only" % what)]
        return [
            warns(
                "sftp_only",
                "%s allows file transfers only" % what,
                "use sftp; if a shell is wanted, remove the forced command",
            )
        ]
    if command in facts.session.missing_commands:
        return [blocks("forced_command_missing", "%s cannot be started" % what, "install the program, or remove the forced command")]
    return [info("forced_command", "%s runs instead of what the user asks for" % what)]


def is_sftp(command: str) -> bool:
    """Whether a forced command transfers files and does nothing else."""
    return (command.split() or [""])[0].rsplit("/", 1)[-1] in SFTP


def judge_certificate(facts: Facts) -> List[Finding]:
    """What a certificate commands that sshd accepts."""
    certificate = facts.request.certificate
    counts = certificate is not None and facts.key_answer.yes and not overrides_commands(facts)
    command = certificate.options.get("force-command", "") if certificate is not None and counts else ""
    return judge_forced(facts, "force-command=%s of the certificate" % command, command) if command else []


def _judge_from(facts: Facts, place: str, value: str) -> List[Finding]:
    address = facts.request.address
    allowed = match_host_list(address, value)
    if allowed:
        return []
    if allowed is None:
        return [
            warns(
                "from_unknown",
                '%s: from="%s" allows the key from there only' % (place, value),
                "check again with the address that the login comes from",
            )
        ]
    return [blocks("from_mismatch", '%s: from="%s" does not cover %s' % (place, value, address), "add the address to it")]
