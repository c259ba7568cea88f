# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sudoers: name and text of our own fragments, and who else is granted what.

Only visudo decides whether a text is valid; what is read here suffices to find include lines, admin groups and foreign rules.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import datetime
import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._names import PRODUCT
from .._text import text_lines

# The last matching rule wins in sudoers and fragments are read in lexical order: ours come late. The one of earlier versions comes last.
_PREFIXES = ("95-%s-" % PRODUCT, "95-ecs_access-")

_ADMIN = re.compile(r"^%(\S+)\s+ALL\s*=\s*(?:\(\s*(?:ALL|root)\s*(?::[^)]*)?\)\s*)?(?:[A-Z_]+:\s*)*ALL$")
_EVERYTHING = re.compile(r" ALL=\((ALL|root)(:[^)]*)?\) NOPASSWD: ALL$")
_GIVES_ROOT = re.compile(r" ALL=\((ALL|root)(:[^)]*)?\) (NOTAFTER=\S+ )?(NOPASSWD: )?ALL(, !|$)")
_NOT_RULES = re.compile(r"^(Defaults|Runas_Alias|Host_Alias|Cmnd_Alias|Cmd_Alias)\b")
_USER_ALIAS = re.compile(r"^User_Alias\s+")
# One word of a list of users: perhaps negated, in quotes where it holds what would end it.
_WHO = re.compile(r"\s*((?:!\s*)*)((?:[%+]+:?)?(?:\"[^\"]*\"|(?:\\.|[^\s,=:\"\\])+))\s*(,?)")
# Upper case could be the name of an alias, or ALL.
_BARE_NAME = re.compile(r"^[a-z_][a-z0-9_.-]*\Z")
_RUNAS_GROUP = r"\s*(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|#[0-9]{1,9})\s*"
_RUNAS_USER = r"\s*%?" + _RUNAS_GROUP
_RUNAS = re.compile("(?:{0}(?:,{0})*)?(?::{1}(?:,{1})*)?\\Z".format(_RUNAS_USER, _RUNAS_GROUP))
_PATH = r"/(?:[^\s\\,:=#]|\\[ ,:=#])+"
# What starts with ^ and ends in $ is a regular expression to sudo 1.9.10 and newer.
_REGEX = r"\^(?:[^\\,:=#]|\\.)*\$"
_ARGUMENTS = r"(?:(?<!/)\s(?:\s*" + _REGEX + r"|(?!\s*\^)(?:[^\\,:=#]|\\[ \\,:=#*?\[\]!])*))?"
_DIGEST = (
    r"(?:(?:sha224:(?:[0-9a-f]{56}|[\w+/]{38}==)|sha256:(?:[0-9a-f]{64}|[\w+/]{43}=)|sha384:(?:[0-9a-f]{96}|[\w+/]{64})|"
    r"sha512:(?:[0-9a-f]{128}|[\w+/]{86}==))\s+)?"
)
_COMMAND = re.compile(
    r"\s*!?\s*(?:[A-Z][A-Z0-9_]*|" + _DIGEST + _PATH + _ARGUMENTS + r"|\^" + _PATH + r"\$" + _ARGUMENTS + "|sudoedit" + _ARGUMENTS + r")\s*\Z"
)


ANYBODY = "ALL:ALL"
"""Whom sudo lets one become by default."""


class SudoLine(NamedTuple):
    """One line to write. C(until): the last day on which it holds."""

    nopasswd: bool = False
    commands: Tuple[str, ...] = ()
    runas: str = ANYBODY
    until: Optional[datetime.date] = None

    @property
    def everything(self) -> bool:
        """Whether it gives everything, for good."""
        return not self.commands and self.runas == ANYBODY and self.until is None


class SudoRule(NamedTuple):
    """The rules of a fragment of ours. C(everything): they give root without a password, whatever else may be taken away.

    C(root): one of them gives everything, whether with a password or for some time.
    """

    text: str
    nopasswd: bool = False
    everything: bool = False
    root: bool = False


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


def fragment_names(user: str) -> Tuple[str, ...]:
    """File names of a user's fragment: ours, then the one that earlier versions gave it, which takes precedence where both exist.

    Never a dot or tilde, which sudo ignores, and no two users share one.
    """
    name = "".join(char if (char.isalnum() and ord(char) < 128) or char == "-" else "_%02x_" % ord(char) for char in user)
    return tuple(prefix + name for prefix in _PREFIXES)


def is_fragment(name: str) -> bool:
    """Whether this is the name of a fragment of ours, of whatever version."""
    return name.startswith(_PREFIXES)


def is_command(text: str) -> bool:
    """Whether this stands in a rule as exactly one command: no tag, no option, no comment, nothing that ends it early.

    What cannot be printed is none: it would be a part of the command to sudo, and a blank or nothing to whoever reads the rule.
    """
    return text.isprintable() and _COMMAND.match(text) is not None


def is_runas(text: str) -> bool:
    """Whether this can stand in a rule as whom one may become."""
    return bool(text.strip(" :")) and _RUNAS.match(text) is not None


def render_fragment(user: str, rules: Sequence[SudoLine]) -> str:
    """A user's fragment. Of two lines that match a command sudo takes the later one."""
    who = user if _BARE_NAME.match(user) else '"%s"' % user
    lines = ["# Managed by %s (ssh_access); changes here are overwritten." % PRODUCT]
    for rule in rules:
        end = "NOTAFTER=%s235959Z " % rule.until.strftime("%Y%m%d") if rule.until else ""
        lines.append("%s ALL=(%s) %s%s%s" % (who, rule.runas, end, "NOPASSWD: " if rule.nopasswd else "", ", ".join(rule.commands) or "ALL"))
    return "".join(line + "\n" for line in lines)


def read_fragment(text: str) -> Optional[SudoRule]:
    """The rules of a fragment. It gives everything if a line does and no later one asks for a password."""
    lines = [line for line in text_lines(text) if line.strip() and not line.startswith("#")]
    if not lines:
        return None
    everything = False
    for line in lines:
        everything = " NOPASSWD: " in line and (everything or _EVERYTHING.search(line) is not None)
    root = any(_GIVES_ROOT.search(line) for line in lines)
    return SudoRule("; ".join(lines), any(" NOPASSWD: " in line for line in lines), everything, root)


def parse_rules(path: str, text: str) -> List[Rule]:
    """The user specifications of one file and its named lists of users; Defaults, other lists and comments are ignored."""
    rules = []
    for number, line in _logical_lines(text):
        start = _USER_ALIAS.match(line)
        if start:
            for name, who in _aliases(line[start.end() :]):
                rules.append(Rule(path, number, who, line, name))
        elif "=" in line and not _NOT_RULES.match(line):
            rules.append(Rule(path, number, _users(line), line))
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
        elif _bare(plain).lower() == "all":
            found = True if plain == "ALL" else None
        else:
            found = True if _bare(plain).lower() in names else None
        if found is not None:
            return found == (word[: len(word) - len(plain)].count("!") % 2 == 0)
    return None


def _bare(word: str) -> str:
    """A user as the account database names it."""
    if word.endswith('"'):
        return word.replace('"', "")
    return re.sub(r"\\(.)", r"\1", word)


def _users(text: str) -> Tuple[str, ...]:
    """The list of users that a text begins with."""
    found = []
    match = _WHO.match(text)
    while match:
        found.append(match.group(1) + match.group(2))
        match = _WHO.match(text, match.end()) if match.group(3) else None
    return tuple(found)


def _aliases(text: str) -> List[Tuple[str, Tuple[str, ...]]]:
    """C(NAME = users : NAME = users)."""
    return [(match.group(1), _users(text[match.end() :])) for match in re.finditer(r"(?:^|:)\s*([A-Z][A-Z0-9_]*)\s*=", text)]


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
