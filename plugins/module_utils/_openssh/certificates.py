# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of users: what stands in one (PROTOCOL.certkeys). Whether it lets anybody in is for sshd to decide.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import base64
import binascii
import hashlib
import re
import struct
import time
from typing import Dict, List, NamedTuple, Tuple

from .._text import printable, text_lines
from .keys import KeyFormatError, PublicKey, parse_public_key

_NAME = re.compile(r"(\S+)-cert-v01@openssh\.com\Z")
# How many strings of the key itself follow the nonce.
_PARTS = {"ssh-rsa": 2, "ssh-dss": 4, "ssh-ed25519": 1, "ecdsa-sha2": 2, "sk-ssh-ed25519": 2, "sk-ecdsa-sha2": 3}
_FOREVER = 1 << 62
_MOST = 1 << 16


class Certificate(NamedTuple):
    """One certificate, and the key that it is about."""

    line: str
    key: PublicKey
    for_users: bool
    serial: int
    name: str
    principals: Tuple[str, ...]
    begins: int
    ends: int
    options: Dict[str, str]
    """Critical options: force-command, source-address and the like."""
    authority: str
    """Fingerprint of the key that signed it."""

    def describe(self) -> str:
        """A clause for people."""
        kind = "user" if self.for_users else "host"
        names = ", ".join(self.principals) or "nobody by name"
        ends = "for ever" if self.ends >= _FOREVER else "until %s UTC" % time.strftime("%Y-%m-%d %H:%M", time.gmtime(self.ends))
        begins = time.strftime("%Y-%m-%d %H:%M", time.gmtime(self.begins)) if self.begins else ""
        valid = "valid %s%s" % ("from %s " % begins if begins else "", ends)
        more = "".join(", %s=%s" % item for item in sorted(self.options.items()))
        what = "%s certificate '%s', serial %d, for %s" % (kind, self.name, self.serial, names)
        return printable("%s, %s%s, signed by the authority %s" % (what, valid, more, self.authority))


def is_certificate(text: str) -> bool:
    """Whether the text was meant to be a certificate."""
    lines = [line.strip() for line in text_lines(text) if line.strip() and not line.lstrip().startswith("#")]
    return len(lines) == 1 and _NAME.match(lines[0].split()[0]) is not None


def parse_certificate(text: str, source: str = "public_key") -> Certificate:
    """Read the one certificate in I(text); KeyFormatError when it is damaged."""
    words = next(line.split() for line in text_lines(text) if line.strip() and not line.lstrip().startswith("#"))
    try:
        blob = base64.b64decode(words[1].encode("ascii"), validate=True)
        return _parse(words[0], blob, source)
    except (IndexError, ValueError, struct.error, binascii.Error, OverflowError):
        raise KeyFormatError("%s is a damaged certificate; 'ssh-keygen -L -f FILE' must be able to read it" % source)


def _parse(name: str, blob: bytes, source: str) -> Certificate:
    if len(blob) > _MOST:
        raise ValueError
    kind = name.replace("-cert-v01@openssh.com", "")
    reader = _Reader(blob)
    if reader.string().decode("ascii") != name:
        raise ValueError
    reader.string()
    count = next(parts for beginning, parts in _PARTS.items() if kind.startswith(beginning))
    plain = kind + "@openssh.com" if kind.startswith("sk-") else kind
    body = b"".join(_pack(part) for part in [plain.encode()] + [reader.string() for _part in range(count)])
    key = parse_public_key("%s %s" % (plain, base64.b64encode(body).decode("ascii")), source)
    serial, for_users, named = reader.number(">Q", 8), reader.number(">I", 4) == 1, reader.string().decode("utf-8", "replace")
    principals = tuple(item.decode("utf-8", "replace") for item in _Reader(reader.string()).strings())
    begins, ends = reader.number(">Q", 8), reader.number(">Q", 8)
    options = _Reader(reader.string()).strings()
    reader.string()
    reader.string()
    authority = "SHA256:" + base64.b64encode(hashlib.sha256(reader.string()).digest()).decode("ascii").rstrip("=")
    # The signature is sshd's to check, but it has to be there.
    reader.string()
    values = {option.decode("utf-8", "replace"): _value(data) for option, data in zip(options[::2], options[1::2])}
    line = "%s %s" % (name, base64.b64encode(blob).decode("ascii"))
    return Certificate(line, key, for_users, serial, named, principals, min(begins, 1 << 33), ends if ends < 1 << 33 else _FOREVER, values, authority)


def _value(data: bytes) -> str:
    """Options with a value wrap it once more."""
    return _Reader(data).string().decode("utf-8", "replace") if data else ""


def _pack(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


class _Reader:
    """Strings and numbers of SSH's wire format, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, form: str, size: int) -> int:
        value = struct.unpack(form, self._data[self._at : self._at + size])[0]
        self._at += size
        return int(value)

    def string(self) -> bytes:
        size = self.number(">I", 4)
        if self._at + size > len(self._data):
            raise ValueError
        self._at += size
        return self._data[self._at - size : self._at]

    def strings(self) -> List[bytes]:
        found = []
        while self._at < len(self._data):
            found.append(self.string())
        return found
