# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""authorized_keys files: read the lines as sshd does, plan an edit that leaves every other byte alone.

A file is bytes here, because what others wrote into it may not be text.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import base64
import binascii
import re
import struct
from typing import FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from .key_options import limited_options, same_options, split_options
from .keys import KEY_TYPES, KeyFormatError, PublicKey, decode_blob

_LINE = re.compile(rb"[^\n]*\n|[^\n]+\Z")
_KEY = re.compile(r"([^ \t]+)[ \t]+([^ \t]+)[ \t]*")
# What sshd ignores inside of base64.
_SKIPPED = re.compile(r"[\r\v\f]")
# Names of signature algorithms: sshd takes them for the type of the key that makes such signatures.
_SIGNATURE_NAMES = {
    "rsa-sha2-256": "ssh-rsa",
    "rsa-sha2-512": "ssh-rsa",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com": "sk-ecdsa-sha2-nistp256@openssh.com",
}


class KeyLine(NamedTuple):
    """One line of a file. C(key) is set when sshd would take the line for a key; C(options) is the text before it."""

    number: int
    text: str
    end: bytes
    kind: str  # "blank", "comment", "key" or "unknown"
    options: str = ""
    key: Optional[PublicKey] = None

    @property
    def raw(self) -> bytes:
        """The line as it stands in the file, terminator included."""
        return self.text.encode("utf-8", "surrogateescape") + self.end


class WantedKey(NamedTuple):
    """What is asked for one key. C(options) and C(comment): None leaves alone what a present line has.

    C(limits) are single options that are set, or taken out where the value is None, whatever the others are.
    """

    key: PublicKey
    options: Optional[str] = None
    comment: Optional[str] = None
    present: bool = True
    limits: Tuple[Tuple[str, Optional[str]], ...] = ()

    def options_on(self, present: str) -> str:
        """The options of a line that has these."""
        return limited_options(present if self.options is None else self.options, self.limits) if self.limits else self.options or ""

    @property
    def has_options(self) -> bool:
        """Whether it is asked for any, or for none."""
        return self.options is not None or bool(self.limits)


class Revoked(NamedTuple):
    """Keys that must leave every account: by blob, or by SHA256 fingerprint when only that is known."""

    blobs: FrozenSet[bytes] = frozenset()
    fingerprints: FrozenSet[str] = frozenset()

    def covers(self, key: PublicKey) -> bool:
        """Whether this key is revoked."""
        return key.blob in self.blobs or (bool(self.fingerprints) and key.fingerprint_sha256 in self.fingerprints)


class KeyChange(NamedTuple):
    """One effect of an edit. C(what) completes the sentence, such as "add key SHA256:... (john@laptop)"."""

    verb: str  # "add", "remove", "update"
    what: str
    key: Optional[PublicKey]


class KeyEdit(NamedTuple):
    """The planned file: its lines, and every key that changes."""

    lines: Tuple[KeyLine, ...]
    changes: Tuple[KeyChange, ...]

    @property
    def content(self) -> bytes:
        """The bytes of the planned file."""
        return b"".join(line.raw for line in self.lines)


def parse_key_file(content: bytes) -> List[KeyLine]:
    """Split the file into lines; never fails, whatever the bytes."""
    return [_parse_line(number, raw) for number, raw in enumerate(_LINE.findall(content), 1)]


def describe_key(key: PublicKey) -> str:
    """The short form for messages: fingerprint and comment."""
    comment = key.comment.encode("utf-8", "replace").decode("utf-8")
    return "%s (%s)" % (key.fingerprint_sha256, comment or "no comment")


def plan_key_file(present: Sequence[KeyLine], wanted: Sequence[WantedKey], exclusive: bool, revoked: Revoked) -> KeyEdit:
    """Plan the new lines of one file.

    exclusive drops every line that is neither blank nor comment nor wanted, unreadable lines included: what we cannot
    read, another sshd might. Without it only listed keys are touched.
    """
    changes: List[KeyChange] = []
    lines: List[KeyLine] = []
    by_blob = {item.key.blob: item for item in wanted if not revoked.covers(item.key)}
    seen = set()
    for line in present:
        if line.kind in ("blank", "comment"):
            lines.append(line)
            continue
        if line.key is None:
            if exclusive:
                changes.append(KeyChange("remove", "remove unreadable line %d" % line.number, None))
            else:
                lines.append(line)
            continue
        item = by_blob.get(line.key.blob)
        if revoked.covers(line.key):
            changes.append(KeyChange("remove", "remove revoked key " + describe_key(line.key), line.key))
        elif item is None and not exclusive:
            lines.append(line)
        elif item is None or not item.present:
            changes.append(KeyChange("remove", "remove key " + describe_key(line.key), line.key))
        else:
            new = _updated(line, line.key, item, line.key.blob in seen, changes)
            seen.add(line.key.blob)
            if new is not None:
                lines.append(new)
    for item in wanted:
        if item.present and item.key.blob in by_blob and item.key.blob not in seen:
            seen.add(item.key.blob)
            changes.append(KeyChange("add", "add key " + describe_key(_commented(item)), _commented(item)))
            _append(lines, _new_line(item))
    if not changes:
        return KeyEdit(tuple(present), ())
    return KeyEdit(tuple(lines), tuple(changes))


def _updated(line: KeyLine, key: PublicKey, item: WantedKey, again: bool, changes: List[KeyChange]) -> Optional[KeyLine]:
    """The line as wanted; None drops a repetition that would let the key in with other options than asked."""
    options = item.options_on(line.options)
    if item.has_options and not same_options(line.options, options):
        if again:
            changes.append(KeyChange("remove", "remove repeated line of key %s with other options" % describe_key(key), key))
            return None
        changes.append(KeyChange("update", "set options of key %s to %s" % (describe_key(key), options or "none"), key))
        line = _rebuilt(line, key, options)
    if item.comment is not None and not again and item.comment != key.comment:
        key = key._replace(comment=item.comment)
        line = _rebuilt(line, key, line.options)
        changes.append(KeyChange("update", "set comment of key " + describe_key(key), key))
    return line


def _rebuilt(line: KeyLine, key: PublicKey, options: str) -> KeyLine:
    text = (options + " " if options else "") + key.line
    return line._replace(text=text, options=options, key=key)


def _commented(item: WantedKey) -> PublicKey:
    return item.key if item.comment is None else item.key._replace(comment=item.comment)


def _new_line(item: WantedKey) -> KeyLine:
    key = _commented(item)
    options = item.options_on("")
    text = (options + " " if options else "") + key.line
    return KeyLine(0, text, b"\n", "key", options, key)


def _append(lines: List[KeyLine], new: KeyLine) -> None:
    """Add a line, never glued to a last line without a newline; with the file's own line ends."""
    ends = [line.end for line in lines if line.end]
    end = ends[-1] if ends else b"\n"
    if lines and not lines[-1].end:
        lines[-1] = lines[-1]._replace(end=end)
    lines.append(new._replace(end=end))


def _parse_line(number: int, raw: bytes) -> KeyLine:
    end = b"\r\n" if raw.endswith(b"\r\n") else b"\n" if raw.endswith(b"\n") else b""
    text = raw[: len(raw) - len(end)].decode("utf-8", "surrogateescape")
    # To sshd a line ends at a NUL.
    stripped = text.split("\0", 1)[0].lstrip(" \t").rstrip("\r")
    if not stripped.strip(" \t"):
        return KeyLine(number, text, end, "blank")
    if stripped.startswith("#"):
        return KeyLine(number, text, end, "comment")
    key = _find_key(stripped)
    if key is not None:
        return KeyLine(number, text, end, "key", "", key)
    options, rest = split_options(stripped)
    key = _find_key(rest)
    if key is not None:
        return KeyLine(number, text, end, "key", options, key)
    return KeyLine(number, text, end, "unknown")


def _find_key(text: str) -> Optional[PublicKey]:
    """The key that a line starts with. sshd takes it in more spellings than one, and a key must not hide behind any of them."""
    match = _KEY.match(text)
    if not match:
        return None
    name, body = match.groups()
    comment = text[match.end() :].rstrip(" \t")
    key_type = _SIGNATURE_NAMES.get(name, name)
    if key_type not in KEY_TYPES:
        return None
    body = _SKIPPED.sub("", body)
    try:
        return PublicKey(key_type, decode_blob(key_type, body, "line"), comment)
    except KeyFormatError:
        blob = _trimmed_blob(key_type, body)
        return PublicKey(key_type, blob, comment) if blob else None


def _trimmed_blob(key_type: str, text: str) -> Optional[bytes]:
    """The blob of an RSA or DSA key whose numbers carry needless zeros: the same key to sshd."""
    if key_type not in ("ssh-rsa", "ssh-dss"):
        return None
    try:
        blob = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None
    if base64.b64encode(blob) != text.encode("ascii"):
        return None
    parts: List[bytes] = []
    offset = 0
    # The DSA key has the most of them: its type and four numbers.
    while offset + 4 <= len(blob) and len(parts) < 5:
        (length,) = struct.unpack_from(">I", blob, offset)
        value = blob[offset + 4 : offset + 4 + length]
        if len(value) < length:
            return None
        if offset and value[:1] < b"\x80":
            value = value.lstrip(b"\0")
            value = b"\0" + value if value[:1] >= b"\x80" else value
        parts.append(struct.pack(">I", len(value)) + value)
        offset += 4 + length
    if offset != len(blob):
        return None
    try:
        return decode_blob(key_type, base64.b64encode(b"".join(parts)).decode("ascii"), "line")
    except KeyFormatError:
        return None
