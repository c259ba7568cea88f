# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options in front of a key in an authorized_keys line, read as sshd reads them.

sshd drops a whole line silently when it does not understand one option, so what is wrong is said here, before it is written.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import List, NamedTuple, Optional, Tuple

_FLAGS = frozenset((
    "agent-forwarding", "cert-authority", "no-agent-forwarding", "no-port-forwarding", "no-pty", "no-touch-required",
    "no-user-rc", "no-x11-forwarding", "port-forwarding", "pty", "restrict", "user-rc", "verify-required", "x11-forwarding",
))
_VALUED = frozenset((
    "command", "environment", "expiry-time", "from", "permitlisten", "permitopen", "principals", "tunnel",
))
_EXPIRY = re.compile(r"\d{8}(\d{4}(\d{2})?)?Z?\Z")


class KeyOptionsError(ValueError):
    """The options would make sshd refuse the line. The message is one sentence that can be shown as it is."""


class KeyOption(NamedTuple):
    """One option; the value is None for a flag and has its quotes removed otherwise."""

    name: str
    value: Optional[str] = None


def split_options(line: str) -> Tuple[str, str]:
    """Cut the leading options off a key line: (options, rest).

    Blanks inside double quotes belong to the options. The rest is empty when a quote is never closed.
    """
    quoted = False
    index = 0
    while index < len(line):
        char = line[index]
        if char == "\\" and line[index + 1:index + 2] == '"':
            index += 1
        elif char == '"':
            quoted = not quoted
        elif char in " \t" and not quoted:
            return line[:index], line[index:].lstrip(" \t")
        index += 1
    return line, ""


def parse_options(text: str, source: str) -> List[KeyOption]:
    """Read the comma-separated options; raises KeyOptionsError when sshd could not."""
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise KeyOptionsError("%s: the key options hold a newline or another control character" % source)
    if not text:
        return []
    if text.count('"') - text.count('\\"') and split_options(text + " x")[1] == "":
        raise KeyOptionsError("%s: a double quote in the key options is never closed: %s" % (source, text))
    if split_options(text + " x")[0] != text:
        raise KeyOptionsError("%s: the key options hold a blank outside of double quotes: %s" % (source, text))
    return [_parse_option(part, source) for part in _split_commas(text)]


def unknown_options(options: List[KeyOption]) -> List[str]:
    """Names that no OpenSSH knows: sshd will refuse the line without a word."""
    return [option.name for option in options if option.name.lower() not in _FLAGS | _VALUED]


def same_options(one: str, other: str) -> bool:
    """Whether two option texts mean the same. Order counts; the case of the names does not."""
    if one == other:
        return True
    try:
        return _normal(one) == _normal(other)
    except KeyOptionsError:
        return False


def _normal(text: str) -> List[Tuple[str, Optional[str]]]:
    return [(option.name.lower(), option.value) for option in parse_options(text, "")]


def _parse_option(part: str, source: str) -> KeyOption:
    if not part:
        raise KeyOptionsError("%s: the key options hold an empty option (two commas, or one at an end)" % source)
    name, equals, value = part.partition("=")
    lowered = name.lower()
    if not equals:
        if lowered in _VALUED:
            raise KeyOptionsError('%s: the key option %s needs a value: %s="..."' % (source, name, name))
        return KeyOption(name)
    if lowered in _FLAGS:
        raise KeyOptionsError("%s: the key option %s takes no value" % (source, name))
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"')
    elif lowered in _VALUED:
        raise KeyOptionsError('%s: the value of the key option %s must stand in double quotes: %s="..."' % (source, name, name))
    if lowered == "expiry-time" and not _EXPIRY.match(value):
        raise KeyOptionsError('%s: expiry-time must look like "YYYYMMDD" or "YYYYMMDDHHMM[SS]", not "%s"' % (source, value))
    return KeyOption(name, value)


def _split_commas(text: str) -> List[str]:
    parts = [""]
    quoted = False
    index = 0
    while index < len(text):
        char = text[index]
        if char == "\\" and text[index + 1:index + 2] == '"':
            parts[-1] += '\\"'
            index += 2
            continue
        if char == '"':
            quoted = not quoted
        if char == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += char
        index += 1
    return parts
