# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sudo itself makes of all its rules for one user, and whether that is what was asked.

C(sudo -ll -U USER) lists the rules that are about the user on this host, aliases and groups resolved, in order: the last match counts.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import NamedTuple, Optional, Sequence

from .._system.sudo_listing import Entry
from .._system.sudoers import Rule
from .sudoers import SudoLine
from .wanted import WantedUser

_NO_RULE = r"(?!)"


class Objection(NamedTuple):
    """What is not as asked, and what about the rule behind it is known: its file, and a pattern of its text."""

    text: str
    path: str
    pattern: str


def find_objection(user: WantedUser, entries: Sequence[Entry]) -> Optional[Objection]:
    """The first thing that is not as asked for; None when the outcome is what was asked."""
    if user.sudo_rules and not any(_gives_root(rule) for rule in user.sudo_rules):
        return _too_much(user, [entry for entry in entries if entry.as_root and "ALL" in entry.commands])
    if user.sudo == "password" or user.sudo == "nopasswd":
        asks = user.sudo == "password"
        about_root = [entry for entry in entries if entry.as_root]
        if user.sudo_commands:
            return _limited(user, asks, about_root)
        if user.sudo_runas.split(":")[0] in ("ALL", "root"):
            return _unlimited(user, asks, about_root)
    return None


def _unlimited(user: WantedUser, asks: bool, entries: Sequence[Entry]) -> Optional[Objection]:
    whole = [index for index, entry in enumerate(entries) if "ALL" in entry.commands]
    if not whole:
        return Objection("sudo does not allow %s every command as root" % user.name, "", r"!")
    for index in [whole[-1]] + list(range(whole[-1] + 1, len(entries))):
        entry = entries[index]
        allowed = [command for command in entry.commands if not command.startswith("!")]
        denied = [command for command in entry.commands if command.startswith("!")]
        if allowed and entry.asks != asks:
            how = "asks %s for a password" % user.name if entry.asks else "asks %s for no password" % user.name
            return Objection("sudo %s for %s, though sudo: %s was asked" % (how, allowed[0], user.sudo), entry.path, _tag(entry.asks))
        if denied:
            return Objection("sudo does not allow %s to run %s" % (user.name, denied[0][1:]), entry.path, r"!")
    return _password_of_another(user, entries[whole[-1]])


def _password_of_another(user: WantedUser, entry: Entry) -> Optional[Objection]:
    if not entry.asks or not entry.password_of:
        return None
    text = "sudo asks for the password of the account that %s wants to become, not for that of %s (Defaults %s)"
    return Objection(text % (user.name, user.name, entry.password_of), "", _NO_RULE)


def _gives_root(rule: SudoLine) -> bool:
    return (not rule.commands or "ALL" in rule.commands) and rule.runas.split(":")[0] in ("ALL", "root")


def _too_much(user: WantedUser, everything: Sequence[Entry]) -> Optional[Objection]:
    if not everything:
        return None
    return Objection("sudo allows %s every command as root, though only some were asked" % user.name, everything[-1].path, r"\bALL\s*(?:,|$)")


def _limited(user: WantedUser, asks: bool, entries: Sequence[Entry]) -> Optional[Objection]:
    everything = [entry for entry in entries if "ALL" in entry.commands]
    if "ALL" not in user.sudo_commands and _too_much(user, everything):
        return _too_much(user, everything)
    for command in user.sudo_commands:
        fitting = [entry for entry in entries if command in entry.commands or "!" + command in entry.commands]
        if fitting and "!" + command in fitting[-1].commands:
            return Objection("sudo does not allow %s to run %s" % (user.name, command), fitting[-1].path, "!")
        if fitting and fitting[-1].asks != asks:
            how = "a" if fitting[-1].asks else "no"
            return Objection("sudo asks %s for %s password for %s, though sudo: %s was asked" % (user.name, how, command, user.sudo), fitting[-1].path, "")
        if fitting and _password_of_another(user, fitting[-1]):
            return _password_of_another(user, fitting[-1])
    return None


def _tag(asks: bool) -> str:
    """How the text of such a rule looks."""
    return r"^(?!.*NOPASSWD)" if asks else "NOPASSWD"


def explain(objection: Objection, rules: Sequence[Rule]) -> str:
    """The objection with the rule behind it: the last of those that are about the user and fit."""
    there = [rule for rule in rules if objection.path in ("", rule.path)]
    candidates = [rule for rule in there if re.search(objection.pattern, rule.text)] or (there if objection.path else [])
    if not candidates:
        return objection.text + (" (a rule of %s)" % objection.path if objection.path else "")
    rule = candidates[-1]
    return "%s: %s:%d (%s) overrides it" % (objection.text, rule.path, rule.number, rule.text)
