# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys as the user wrote them: lines, texts of files, dictionaries, fingerprints.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import datetime
import re
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .._errors import AccessError
from .._openssh.authorized_keys import Revoked, WantedKey
from .._openssh.key_options import KeyOptionsError, check_options, parse_options, split_options
from .._openssh.keys import KEY_TYPES, KeyFormatError, check_encoding, key_lines, parse_public_key
from .._text import shorten

_FINGERPRINT = re.compile(r"^SHA256:[A-Za-z0-9+/]{43}=?\Z")


class WantedError(AccessError):
    """The wanted state is not usable. The message is one sentence that can be shown as it is."""


def parse_keys(where: str, items: List[Any], revoked: Revoked, warnings: List[str]) -> List[WantedKey]:
    """The entries of C(authorized_keys); raises WantedError. warnings: gains one for each that is revoked."""
    wanted: Dict[bytes, WantedKey] = {}
    for index, item in enumerate(items):
        source = "%s: authorized_keys[%d]" % (where, index)
        for key in _parse_item(source, item):
            if revoked.covers(key.key):
                warnings.append("%s is in revoked_keys and is left out" % source)
            before = wanted.setdefault(key.key.blob, key)
            if (before.present, before.options, before.limits) != (key.present, key.options, key.limits):
                raise WantedError("%s: the same key is listed before with another state or other options" % source)
    return list(wanted.values())


def _parse_item(source: str, item: Any) -> List[WantedKey]:
    if isinstance(item, str):
        return [_checked(source, _parse_line(source, line)) for line in _key_lines(source, item)]
    if not isinstance(item, dict) or not isinstance(item.get("key"), str):
        raise WantedError("%s must be a key line, or a dictionary with key" % source)
    unknown = sorted(set(item) - {"key", "options", "comment", "state", "until", "from"})
    if unknown:
        raise WantedError("%s: unknown entry %s; known are key, options, comment, state, until, from" % (source, ", ".join(unknown)))
    state = item.get("state", "present")
    if state not in ("present", "absent"):
        raise WantedError("%s: state must be present or absent, not %r" % (source, state))
    lines = _key_lines(source, item["key"])
    if len(lines) != 1:
        raise WantedError("%s holds %d keys; a dictionary describes exactly one" % (source, len(lines)))
    key = _parse_line(source, lines[0])
    options, comment = item.get("options"), item.get("comment")
    if options is not None:
        if key.options:
            raise WantedError("%s: give the options either in the key line or in options, not both" % source)
        key = key._replace(options=options if isinstance(options, str) else ",".join(str(option) for option in options))
    if comment is not None:
        if not isinstance(comment, str) or not comment.isprintable():
            raise WantedError("%s: the comment must be one line of text" % source)
        key = key._replace(comment=comment.strip())
    key = key._replace(present=state == "present", limits=_parse_limits(source, item))
    return [_checked(source, key) if key.present else key]


def _parse_limits(source: str, item: Mapping[str, Any]) -> Tuple[Tuple[str, Optional[str]], ...]:
    limits: List[Tuple[str, Optional[str]]] = []
    if item.get("from") is not None:
        given = item["from"]
        addresses = [given] if isinstance(given, str) else [str(address) for address in given]
        limits.append(("from", ",".join(addresses) or None))
    if item.get("until") is not None:
        limits.append(("expiry-time", expiry_time(source, str(item["until"]))))
    return tuple(limits)


def expiry_time(source: str, until: str) -> Optional[str]:
    """The end of the last day, in UTC, as sshd reads it: as a local time, because only OpenSSH 9.1 and newer take another."""
    if until == "never":
        return None
    end = parse_until(source, until) + datetime.timedelta(days=1)
    midnight = datetime.datetime(end.year, end.month, end.day, tzinfo=datetime.timezone.utc)
    return midnight.astimezone().strftime("%Y%m%d%H%M")


def parse_until(source: str, text: str) -> datetime.date:
    """A day as people write it; raises WantedError."""
    try:
        day = datetime.datetime.strptime(text, "%Y-%m-%d").date()
        if not 1971 <= day.year <= 2999:
            raise ValueError("not a year for this")
    except ValueError:
        raise WantedError("%s: until must be a day such as 2030-12-31, the last one that counts, not %r" % (source, shorten(text)))
    return day


def _key_lines(source: str, text: str) -> List[str]:
    if "PRIVATE KEY" in text or "BEGIN " in text:
        _refuse(text, source)
    try:
        check_encoding(text, source)
    except KeyFormatError as exc:
        raise WantedError(str(exc))
    lines = key_lines(text)
    if not lines:
        raise WantedError("%s holds no key; give one OpenSSH public key, 'TYPE BASE64 [COMMENT]'" % source)
    return lines


def _parse_line(source: str, line: str) -> WantedKey:
    options = ""
    if line.split(None, 1)[0] not in KEY_TYPES:
        options, rest = split_options(line)
        if not rest or rest.split(None, 1)[0] not in KEY_TYPES:
            if '"' in line or "\r" in line:
                # Not a mistyped key but options that end too early or never: the message names that.
                _check_options(source, options)
            _refuse(line, source)
        line = rest
    try:
        key = parse_public_key(line, source)
    except KeyFormatError as exc:
        raise WantedError(str(exc))
    return WantedKey(key, options or None, key.comment or None)


def _refuse(text: str, source: str) -> None:
    try:
        parse_public_key(text, source)
    except KeyFormatError as exc:
        raise WantedError(str(exc))
    raise WantedError("%s is not a usable key line" % source)


def _checked(source: str, key: WantedKey) -> WantedKey:
    _check_options(source, key.options or "")
    if key.options and any(split.name.lower() in dict(key.limits) for split in parse_options(key.options, source)):
        raise WantedError("%s: the options hold from or expiry-time, which is also given beside them; keep one of the two" % source)
    _check_options(source, key.options_on(""))
    return key


def _check_options(source: str, text: str) -> None:
    try:
        check_options(text, source)
    except KeyOptionsError as exc:
        raise WantedError(str(exc))


def parse_revoked(items: List[str]) -> Revoked:
    """The entries of C(revoked_keys); raises WantedError."""
    blobs, fingerprints = set(), set()
    for index, item in enumerate(items):
        source = "revoked_keys[%d]" % index
        if _FINGERPRINT.match(item.strip()):
            fingerprints.add(item.strip().rstrip("="))
            continue
        for line in _key_lines(source, item):
            blobs.add(_parse_line(source, line).key.blob)
    return Revoked(frozenset(blobs), frozenset(fingerprints))
