# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where sshd looks for a user's keys, and which groups it lets in: the little of sshd_config that accounts depend on.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Dict, Iterable, NamedTuple, Sequence, Tuple

from .patterns import match_group_list
from .rules import DEFAULT_KEY_FILES
from .sshd_config import Directive, split_words

# Criteria of a Match line that take a value.
_CRITERIA = ("user", "group", "host", "address", "localaddress", "localport", "rdomain", "version", "sessiontype", "command")


class SshdWords(NamedTuple):
    """What a set of configuration texts sets. C(keys_in_match): only sshd itself knows which value a user gets.

    C(keys_command): the program that serves keys to some users, too (AuthorizedKeysCommand).
    """

    key_files: Tuple[str, ...] = DEFAULT_KEY_FILES
    keys_in_match: bool = False
    allow_groups: Tuple[str, ...] = ()
    deny_groups: Tuple[str, ...] = ()
    keys_command: str = ""
    key_files_in_match: Tuple[str, ...] = ()
    """Patterns that hold for some users."""


def read_words(directives: Iterable[Directive]) -> SshdWords:
    """Sum up directives, included ones already in their place; the first value outside of Match wins, as for sshd."""
    key_files = None
    keys_in_match = False
    keys_command = ""
    in_match: Tuple[str, ...] = ()
    groups: Dict[str, Tuple[str, ...]] = {"allowgroups": (), "denygroups": ()}
    for directive in directives:
        if directive.keyword == "authorizedkeysfile":
            if directive.match:
                keys_in_match = True
                in_match += directive.arguments
            elif key_files is None:
                key_files = directive.arguments
        elif directive.keyword == "authorizedkeyscommand":
            if [word.lower() for word in directive.arguments] != ["none"]:
                keys_command = keys_command or " ".join(directive.arguments)
        elif directive.keyword in groups:
            groups[directive.keyword] += directive.arguments
    return SshdWords(DEFAULT_KEY_FILES if key_files is None else key_files, keys_in_match, groups["allowgroups"], groups["denygroups"], keys_command, in_match)


def settle_groups(text: str, groups: Sequence[str]) -> str:
    """The text of a configuration with every Group criterion decided for a user who is in these groups.

    sshd can then be asked about an account that does not exist yet, or is not in its groups yet.
    """
    return "\n".join(_settle_line(line, groups) for line in text.split("\n"))


def _settle_line(line: str, groups: Sequence[str]) -> str:
    words = split_words(line)
    if len(words) < 2 or words[0].lower() != "match":
        return line
    settled, index = [], 1
    while index < len(words):
        name, equals, value = words[index].partition("=")
        index += 1
        if not equals and name.lower() in _CRITERIA and index < len(words):
            value = words[index]
            index += 1
        if name.lower() == "group":
            name, value = "User", "*" if match_group_list(groups, value) else "!*"
        settled += [name, '"%s"' % value] if value else [name]
    return " ".join(["Match"] + settled)
