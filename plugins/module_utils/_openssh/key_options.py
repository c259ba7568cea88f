# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options in front of a key in an authorized_keys line, read as sshd reads them.

sshd drops a whole line silently when it does not understand one option, so errors are reported here, before the line is written.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import Iterable, List, NamedTuple, Optional, Set, Tuple

from .._errors import AccessError
from .patterns import bad_address_pattern

_PLAIN_FLAGS = ("agent-forwarding", "port-forwarding", "pty", "touch-required", "user-rc", "verify-required", "x11-forwarding")
_FLAGS = frozenset(("restrict", "cert-authority") + _PLAIN_FLAGS + tuple("no-" + name for name in _PLAIN_FLAGS))
_VALUED = frozenset(
    (
        "command",
        "environment",
        "expiry-time",
        "from",
        "permitlisten",
        "permitopen",
        "principals",
        "tunnel",
    )
)
_ONCE = ("command", "from", "principals")
_QUOTED = re.compile(r'"((?:\\"|\\(?!")|[^"\\])*)"\Z', re.DOTALL)
# A blank may stand for the zero of a number of two digits.
_EXPIRY = re.compile(
    r"(\d{4})(0[1-9]|1[0-2]| [1-9])(0[1-9]|[12]\d|3[01]| [1-9])"
    r"(?:([01]\d|2[0-3]| \d)([0-5]\d| \d)(?:([0-5]\d|6[01]| \d))?)?(Z|UTC)?\Z",
    re.IGNORECASE | re.ASCII,
)
# A quote, one that is none, or what divides: texts of millions of letters are walked from one to the next.
_BLANKS, _COMMAS = re.compile(r'\\"|"|[ \t]'), re.compile(r'\\"|"|,')
_NUMBER = re.compile(r"[ \t\r\v\f]*\+?0*([0-9]{1,10})\Z")
_LONGEST = 1 << 16
"""Options that are longer are compared as they stand."""
_MAX_TUNNEL = 2**31 - 3


class KeyOptionsError(AccessError):
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
    for mark in _BLANKS.finditer(line):
        if mark.group() == '"':
            quoted = not quoted
        elif mark.group() != '\\"' and not quoted:
            return line[: mark.start()], line[mark.end() :].lstrip(" \t")
    return line, ""


def parse_options(text: str, source: str) -> List[KeyOption]:
    """Read the comma-separated options; raises KeyOptionsError when sshd could not."""
    if "\n" in text or "\0" in text:
        raise KeyOptionsError("%s: the key options hold a newline or a NUL character" % source)
    if not text:
        return []
    if split_options(text + " x")[1] == "":
        raise KeyOptionsError("%s: a double quote in the key options is never closed: %s" % (source, text))
    if split_options(text + " x")[0] != text:
        raise KeyOptionsError("%s: the key options hold a blank outside of double quotes: %s" % (source, text))
    # sshd ignores an empty option.
    options = [_parse_option(part, source) for part in _split_commas(text) if part]
    names = [option.name.lower() for option in options]
    for name in _ONCE:
        if names.count(name) > 1:
            raise KeyOptionsError("%s: the key option %s is given more than once" % (source, name))
    if "principals" in names and "cert-authority" not in names:
        raise KeyOptionsError("%s: the key option principals is only for a key that is marked cert-authority" % source)
    return options


def check_options(text: str, source: str) -> List[KeyOption]:
    """Read options before they are written; raises KeyOptionsError when some sshd would refuse the line, or read it in another way."""
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise KeyOptionsError("%s: the key options hold a newline or another control character" % source)
    options = parse_options(text, source)
    if "" in _split_commas(text) and text:
        raise KeyOptionsError("%s: the key options hold an empty option (two commas, or one at an end)" % source)
    for name in unknown_options(options):
        raise KeyOptionsError("%s: sshd does not support the key option %s; it would silently ignore the whole line" % (source, name))
    return options


def unknown_options(options: List[KeyOption]) -> List[str]:
    """Names that no OpenSSH supports: sshd will silently ignore the line."""
    return [option.name for option in options if option.name.lower() not in _FLAGS | _VALUED]


def limited_options(text: str, limits: Iterable[Tuple[str, Optional[str]]]) -> str:
    """The options with some of them set to a value, or taken out where it is None; all others stay as they are."""
    limits = list(limits)
    names = {name for name, _value in limits}
    kept = [part for part in _split_commas(text) if part and part.partition("=")[0].lower() not in names]
    return ",".join(kept + ['%s="%s"' % (name, value) for name, value in limits if value is not None])


def same_options(one: str, other: str) -> bool:
    """Whether two option texts mean the same. Order counts; the case of the names does not."""
    if one == other or max(len(one), len(other)) > _LONGEST:
        return one == other
    try:
        return _normal(one) == _normal(other)
    except KeyOptionsError:
        return False


def option_names(text: str) -> Set[str]:
    """The names of the options, in small letters; none for what sshd could not read."""
    try:
        return {name for name, _value in _normal(text)}
    except KeyOptionsError:
        return set()


def _normal(text: str) -> List[Tuple[str, Optional[str]]]:
    return [(option.name.lower(), option.value) for option in parse_options(text, "")]


def _parse_option(part: str, source: str) -> KeyOption:
    name, equals, value = part.partition("=")
    lowered = name.lower()
    if not equals:
        if lowered in _VALUED:
            raise KeyOptionsError('%s: the key option %s needs a value: %s="..."' % (source, name, name))
        return KeyOption(name)
    if lowered in _FLAGS:
        raise KeyOptionsError("%s: the key option %s takes no value" % (source, name))
    quoted = _QUOTED.match(value)
    if quoted:
        value = quoted.group(1).replace('\\"', '"')
    elif lowered in _VALUED:
        raise KeyOptionsError('%s: the value of the key option %s must stand in double quotes, those in it as \\": %s="..."' % (source, name, name))
    objection = _CHECKS[lowered](value) if lowered in _CHECKS else None
    if objection:
        raise KeyOptionsError("%s: %s" % (source, objection))
    return KeyOption(name, value)


def _check_expiry(value: str) -> Optional[str]:
    if not _EXPIRY.match(value):
        return 'expiry-time must look like "YYYYMMDD" or "YYYYMMDDHHMM[SS]", not "%s"' % value
    if value <= "19700102":
        return 'expiry-time="%s" is a time before 1970, which sshd takes for never' % value
    return None


def _check_environment(value: str) -> Optional[str]:
    if re.match(r"[A-Za-z0-9_]+=", value):
        return None
    return 'environment must look like "NAME=value" with letters, digits and underscores in the name, not "%s"' % value


def _check_permitopen(value: str) -> Optional[str]:
    if _is_host_and_port(value):
        return None
    return 'permitopen must look like "HOST:PORT" with a number from 1 to 65535 or * as the port, not "%s"' % value


def _check_permitlisten(value: str) -> Optional[str]:
    if _is_host_and_port(value if ":" in value else "*:" + value):
        return None
    return 'permitlisten must look like "[HOST:]PORT" with a number from 1 to 65535 or * as the port, not "%s"' % value


def _is_host_and_port(value: str) -> bool:
    match = re.match(r"(?:\[[^\]]*\]|[^\[:/][^:/]*|)[:/]", value)
    if not match or match.end() > 1025:
        return False
    port = value[match.end() :]
    number = _NUMBER.match(port)
    return port == "*" or (number is not None and 1 <= int(number.group(1)) <= 65535)


def _check_tunnel(value: str) -> Optional[str]:
    number = _NUMBER.match(value)
    if value.lower() == "any" or (number and int(number.group(1)) <= _MAX_TUNNEL):
        return None
    return 'tunnel must be the number of a device, or any, not "%s"' % value


def _check_from(value: str) -> Optional[str]:
    bad = bad_address_pattern(value)
    return None if bad is None else 'from="%s" holds %s, and sshd then refuses the key from every address' % (value, bad)


_CHECKS = {
    "environment": _check_environment,
    "expiry-time": _check_expiry,
    "from": _check_from,
    "permitlisten": _check_permitlisten,
    "permitopen": _check_permitopen,
    "tunnel": _check_tunnel,
}


def _split_commas(text: str) -> List[str]:
    parts = []
    quoted = False
    start = 0
    for mark in _COMMAS.finditer(text):
        if mark.group() == '"':
            quoted = not quoted
        elif mark.group() == "," and not quoted:
            parts.append(text[start : mark.start()])
            start = mark.end()
    return parts + [text[start:]]
