# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of sshd_config: words of a line, Match blocks, Include patterns, our marked block.

What a configuration *means* is only ever asked of sshd itself. This file serves to build candidates and to name the
line that is in the way.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import posixpath
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._names import DROP_IN, block_marks
from .._text import text_lines

CONFIG_DIR = "/etc/ssh"
"""Relative Include patterns start here (compiled into sshd), wherever the including file lies."""

MAIN_CONFIG = "/etc/ssh/sshd_config"

_MARKS = block_marks("sshd_pubkey")
_DROP_IN_HEAD = "# Managed by Ansible (alicloud.ecs_access.sshd_pubkey). The first value that sshd reads wins.\n"

Settings = Mapping[str, str]
"""What stands in our place: keyword, written as in OWN_KEYWORDS, to value."""

SWITCH_ON = {"PubkeyAuthentication": "yes"}
OWN_KEYWORDS = (
    "PubkeyAuthentication",
    "PasswordAuthentication",
    "KbdInteractiveAuthentication",
    "ChallengeResponseAuthentication",
    "PermitRootLogin",
    "RevokedKeys",
)

# Old names that sshd still takes for the same setting.
_ALIASES = {"dsaauthentication": "pubkeyauthentication", "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms"}


class Directive(NamedTuple):
    """One setting as it stands in a file."""

    path: str
    line: int
    keyword: str
    """Lower case, old names replaced by today's."""
    arguments: Tuple[str, ...]
    match: str
    """The criteria of the Match block that the line stands in, empty outside."""

    @property
    def place(self) -> str:
        """FILE:LINE, the form that editors and people understand."""
        return "%s:%d" % (self.path, self.line)


def split_words(line: str) -> List[str]:
    """The words of one line as sshd splits them: quotes, C(keyword=value), a comment ends the line."""
    words: List[str] = []
    index = 0
    length = len(line)
    while index < length:
        char = line[index]
        if char in " \t\r\n\f":
            index += 1
        elif char == "#":
            break
        elif char == "=" and len(words) == 1:
            # One equals sign may stand between the keyword and its value.
            index += 1
        else:
            word, index = _read_word(line, index, first=not words)
            words.append(word)
    return words


def _read_word(line: str, index: int, first: bool) -> Tuple[str, int]:
    quote = ""
    word = []
    while index < len(line):
        char = line[index]
        following = line[index + 1 : index + 2]
        if char == "\\" and ((following in ("'", '"', "\\") and following) or (following == " " and not quote)):
            word.append(following)
            index += 1
        elif quote and char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif not quote and (char in " \t\r\n\f" or (first and char == "=")):
            break
        else:
            word.append(char)
        index += 1
    return "".join(word), index


def parse_directives(path: str, text: str) -> List[Directive]:
    """Every setting of one file in order. A Match block ends with the file: it doesn't leak out of an Include."""
    directives = []
    match = ""
    for number, line in enumerate(text.split("\n"), 1):
        words = split_words(line)
        if not words:
            continue
        keyword = words[0].lower()
        keyword = _ALIASES.get(keyword, keyword)
        if keyword == "match":
            match = " ".join(words[1:])
        directives.append(Directive(path, number, keyword, tuple(words[1:]), match))
    return directives


def absolute_pattern(pattern: str) -> str:
    """An Include argument as sshd resolves it before it expands the wildcards."""
    return pattern if pattern.startswith("/") else posixpath.join(CONFIG_DIR, pattern)


def rewrite_includes(text: str, rewrite: Callable[[str], str]) -> str:
    """The text with every Include pattern (made absolute) passed through I(rewrite); all other lines untouched."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        words = split_words(line)
        if words and words[0].lower() == "include":
            lines[number] = " ".join(["Include"] + ['"%s"' % rewrite(absolute_pattern(word)) for word in words[1:]])
    return "\n".join(lines)


def include_patterns(directives: List[Directive], everywhere: bool = True) -> List[str]:
    """Absolute Include patterns, in order; only those outside Match blocks unless I(everywhere)."""
    return [
        absolute_pattern(word)
        for directive in directives
        if directive.keyword == "include" and (everywhere or not directive.match)
        for word in directive.arguments
    ]


def drop_in_path(pattern: str) -> Optional[str]:
    """Where a file of ours would have to lie to be read through I(pattern); None if its name cannot match."""
    folder, name = posixpath.split(pattern)
    if any(char in folder for char in "*?["):
        return None
    return posixpath.join(folder, DROP_IN) if name in ("*", "*.conf", "*conf") else None


def drop_in_text(settings: Settings) -> str:
    """A file of our own."""
    return _DROP_IN_HEAD + _lines(settings)


def with_block(text: str, settings: Settings) -> str:
    """The text with our marked block as its very first lines, ahead of every setting, Include and Match."""
    return "%s\n%s%s\n%s" % (_MARKS[0].begin, _lines(settings), _MARKS[0].end, without_block(text))


def without_block(text: str) -> str:
    """The text without our marked block. A block whose end is missing is left: what follows isn't known to be ours."""
    return "\n".join(_split_block(text)[1])


def block_settings(text: str) -> Dict[str, str]:
    """The settings of our marked block in the text."""
    return own_settings("\n".join(_split_block(text)[0]))


def own_settings(text: str) -> Dict[str, str]:
    """The settings of a text of ours; words that we never write are not ours to keep."""
    names = {name.lower(): name for name in OWN_KEYWORDS}
    found: Dict[str, str] = {}
    for directive in parse_directives("", text):
        if directive.keyword in names and directive.arguments:
            found.setdefault(names[directive.keyword], directive.arguments[0])
    return found


def _lines(settings: Settings) -> str:
    return "".join("%s %s\n" % (name, settings[name]) for name in OWN_KEYWORDS if name in settings)


def _split_block(text: str) -> Tuple[List[str], List[str]]:
    """The lines of our blocks, and all others."""
    own: List[str] = []
    lines = text.split("\n")
    stripped = [line.strip() for line in lines]
    for marks in _MARKS:
        while marks.begin in stripped:
            begin = stripped.index(marks.begin)
            if marks.end not in stripped[begin:]:
                break
            end = stripped.index(marks.end, begin)
            own += lines[begin : end + 1]
            del lines[begin : end + 1]
            del stripped[begin : end + 1]
    return own, lines


def has_former_block(text: str) -> bool:
    """Whether a block that an earlier version marked as ours stands in the text."""
    former = [marks.begin for marks in _MARKS[1:]]
    return any(line.strip() in former for line in _split_block(text)[0])


def has_block(text: str) -> bool:
    """Whether our complete marked block stands in the text."""
    return without_block(text) != text


def parse_effective(output: str) -> Dict[str, List[str]]:
    """The settings that C(sshd -T) prints: keyword to one value per printed line, in order."""
    effective: Dict[str, List[str]] = {}
    for line in text_lines(output):
        keyword, _blank, value = line.strip().partition(" ")
        if keyword:
            keyword = keyword.lower()
            effective.setdefault(_ALIASES.get(keyword, keyword), []).append(value.strip())
    return effective


def changed_keywords(before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]) -> List[str]:
    """Keywords whose effective values differ, sorted."""
    return sorted(key for key in set(before) | set(after) if before.get(key) != after.get(key))
