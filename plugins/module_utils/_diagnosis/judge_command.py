# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AuthorizedKeysCommand: whether sshd may run it, whether it works, and whether it names the key.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import List, NamedTuple, Tuple

from .._openssh.authorized_keys import parse_key_file
from .._text import text_lines
from .facts import Facts
from .finding import Finding, blocks, warns
from .fix import by_root
from .judge_key_line import admits, judge_line


class CommandVerdict(NamedTuple):
    """Whether the command returns the key, and what is wrong with it (which matters only where no file does)."""

    admits: bool
    findings: Tuple[Finding, ...]


def judge_command(facts: Facts) -> CommandVerdict:
    """sshd asks the command before it looks into files; one that fails is as good as none."""
    command = facts.command
    if not command.command:
        return CommandVerdict(False, ())
    problems = _problems(facts)
    if problems:
        return CommandVerdict(False, tuple(problems))
    if not command.ran:
        return _by_sshd(facts)
    key = facts.request.key
    lines = [line for line in parse_key_file(command.output) if line.key is not None and (key is None or line.key.same_key(key))]
    judged = [judge_line(facts, "the output of %s" % command.command, line) for line in lines]
    good = [findings for findings in judged if admits(findings)]
    if good:
        return CommandVerdict(True, tuple(good[0]))
    return CommandVerdict(False, tuple(finding for findings in judged for finding in findings))


def _by_sshd(facts: Facts) -> CommandVerdict:
    """sshd ran it when it was asked about the key."""
    answer, name = facts.key_answer, _name(facts)
    if answer.yes:
        return CommandVerdict(True, ())
    if answer.yes is None and answer.late:
        found = blocks("keys_command_fails", "sshd, which runs %s, was asked about the key and gave no answer: %s" % (name, answer.why), "fix the command")
    elif answer.yes is None:
        why = ": " + answer.why if answer.why else ""
        found = warns("keys_command_not_run", "%s was not queried for keys%s" % (name, why), "log in with the key to find out")
    elif "AuthorizedKeysCommand" in answer.why:
        found = blocks("keys_command_fails", "sshd reported: %s" % answer.why, "fix the command")
    elif answer.why and not answer.why.startswith("Failed publickey"):
        # Then sshd had another reason, and may not have run it.
        return CommandVerdict(False, ())
    else:
        key = facts.request.key
        what = key.fingerprint_sha256 if key is not None else "a key"
        found = blocks("key_missing", "%s does not return %s for %s" % (name, what, facts.request.user), "add the key to where that command gets its keys")
    return CommandVerdict(False, (found,))


def _name(facts: Facts) -> str:
    return "AuthorizedKeysCommand %s" % facts.command.command.split()[0]


def _problems(facts: Facts) -> List[Finding]:
    command = facts.command
    name = _name(facts)
    if not command.nodes or command.nodes[0].kind != "file":
        return [blocks("keys_command_missing", "%s does not exist" % name, "install it, or remove the setting")]
    for node in command.nodes:
        if node.uid != 0:
            return [
                blocks(
                    "keys_command_unsafe",
                    "%s: %s belongs to %s, and sshd runs only what root owns" % (name, node.path, node.owner),
                    "check what it does, and make root its owner",
                )
            ]
        if node.mode & 0o022:
            return [
                blocks(
                    "keys_command_unsafe",
                    "%s: %s has mode %04o, and sshd runs nothing that others can write to" % (name, node.path, node.mode),
                    "remove that permission",
                    by_root(node, "chmod", "go-w"),
                )
            ]
    if not command.user_exists:
        return [
            blocks(
                "keys_command_user_missing",
                "AuthorizedKeysCommandUser %s does not exist" % (command.user or "is not set and"),
                "create that account, or name another",
            )
        ]
    if command.error or command.status != 0:
        said = command.error or "ended with status %d%s" % (command.status, _last_line(command.output))
        return [blocks("keys_command_fails", "%s %s" % (name, said), "fix the command")]
    return []


def _last_line(output: bytes) -> str:
    lines = text_lines(output.decode("utf-8", "replace").strip())
    return ": " + lines[-1][:120] if lines else ""
