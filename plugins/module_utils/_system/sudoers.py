# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sudoers: who is granted what, line by line.

Only visudo decides whether a text is valid; what is read here suffices to find admin groups, and rules about a user.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._text import text_lines

_ADMIN = re.compile(r"^%(\S+)\s+ALL\s*=\s*(?:\(\s*(?:ALL|root)\s*(?::[^)]*)?\)\s*)?(?:[A-Z_]+:\s*)*ALL$")
_NOT_RULES = re.compile(r"^(Defaults|Runas_Alias|Host_Alias|Cmnd_Alias|Cmd_Alias)\b")
_USER_ALIAS = re.compile(r"^User_Alias\s+")
# One word of a list of users: perhaps negated, in quotes where it holds what would end it.
_WHO = re.compile(r"\s*((?:!\s*)*)((?:[%+]+:?)?(?:\"[^\"]*\"|(?:\\.|[^\s,=:\"\\])+))\s*(,?)")


class Rule(NamedTuple):
    """One rule of the whole set, or one list of users that has a name.

    C(who) holds the users as they stand there, C(text) is the logical line. C(alias) is the name of the list, empty for a rule.
    """

    path: str
    number: int
    who: Tuple[str, ...]
    text: str
    alias: str = ""

    @property
    def groups(self) -> Set[str]:
        """Groups that the users are named by."""
        return {word[1:] for word in self.who if word[:1] == "%"}


def parse_rules(path: str, text: str) -> List[Rule]:
    """The user specifications of one file and its named lists of users; Defaults, other lists and comments are ignored."""
    rules = []
    for number, line in _logical_lines(text):
        start = _USER_ALIAS.match(line)
        if start:
            for name, who in _aliases(line[start.end() :]):
                rules.append(Rule(path, number, who, line, name))
        elif "=" in line and not _NOT_RULES.match(line):
            rules.append(Rule(path, number, list_users(line)[0], line))
    return rules


def admin_groups(rules: List[Rule]) -> List[str]:
    """Groups whose members may run everything as root, the platform's usual names first."""
    found = []
    for rule in rules:
        match = _ADMIN.match(rule.text)
        if match and match.group(1) not in found:
            found.append(match.group(1))
    return sorted(found, key=lambda name: (name != "sudo", name != "wheel"))


def rules_for(user: str, groups: Sequence[str], rules: Sequence[Rule], ids: Sequence[str] = ()) -> List[Rule]:
    """Rules that name the user, one of the groups, one of the ids (C(#1000), C(%#100)), or everybody.

    To sudo, names that differ in upper and lower case alone are the same.
    """
    names = {user.lower(), "all"} | {"%" + group.lower() for group in groups} | set(ids)
    aliases = {rule.alias: rule.who for rule in rules if rule.alias}
    return [rule for rule in rules if not rule.alias and _covers(rule.who, names, aliases)]


def _covers(who: Sequence[str], names: Set[str], aliases: Dict[str, Tuple[str, ...]]) -> Optional[bool]:
    """Whether a list of users includes one of the names: the last entry that matches counts, None if none does.

    A list within itself is nobody; a list that excludes them includes them where it is negated itself.
    """
    for word in reversed(who):
        plain = word.lstrip("! \t")
        if plain in aliases:
            found = _covers(aliases[plain], names, {name: users for name, users in aliases.items() if name != plain})
        elif bare_word(plain).lower() == "all":
            found = True if plain == "ALL" else None
        else:
            found = True if bare_word(plain).lower() in names else None
        if found is not None:
            return found == (word[: len(word) - len(plain)].count("!") % 2 == 0)
    return None


def bare_word(word: str) -> str:
    """A user as the account database names it."""
    if word.endswith('"'):
        return word.replace('"', "")
    return re.sub(r"\\(.)", r"\1", word)


def list_users(text: str) -> Tuple[Tuple[str, ...], int]:
    """The list of users that a text begins with, and where it ends."""
    found, end = [], 0
    match = _WHO.match(text)
    while match:
        found.append(match.group(1) + match.group(2))
        end = match.end()
        match = _WHO.match(text, end) if match.group(3) else None
    return tuple(found), end


def _aliases(text: str) -> List[Tuple[str, Tuple[str, ...]]]:
    """C(NAME = users : NAME = users)."""
    return [(match.group(1), list_users(text[match.end() :])[0]) for match in re.finditer(r"(?:^|:)\s*([A-Z][A-Z0-9_]*)\s*=", text)]


def _logical_lines(text: str) -> List[Tuple[int, str]]:
    lines: List[Tuple[int, str]] = []
    held: Optional[Tuple[int, str]] = None
    for number, line in enumerate(text_lines(text), 1):
        start, before = held or (number, "")
        if line.endswith("\\"):
            held = (start, before + line[:-1])
            continue
        held = None
        # A number sign and a number are an id, no comment.
        whole = re.sub(r"(?<!\\)#(?!-?[0-9]).*$", "", before + line)
        if whole.strip() and not whole.lstrip().startswith("@"):
            lines.append((start, whole.strip()))
    return lines
