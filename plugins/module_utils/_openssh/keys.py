# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSH public keys: parse one, compare two, fingerprint it.

A key is its blob (the base64 field decoded). Type text and comment never decide whether two keys are the same.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import base64
import binascii
import hashlib
import struct
from typing import List, NamedTuple, Tuple

from .._errors import AccessError
from .._text import text_lines

# Field kinds that follow the type name in a blob. "string" is text, "mpint" a positive integer.
_FIELDS = {
    "ssh-rsa": ("mpint", "mpint"),
    "ssh-dss": ("mpint", "mpint", "mpint", "mpint"),
    "ssh-ed25519": ("bytes32",),
    "ecdsa-sha2-nistp256": ("nistp256", "point"),
    "ecdsa-sha2-nistp384": ("nistp384", "point"),
    "ecdsa-sha2-nistp521": ("nistp521", "point"),
    "sk-ssh-ed25519@openssh.com": ("bytes32", "string"),
    "sk-ecdsa-sha2-nistp256@openssh.com": ("nistp256", "point", "string"),
}

KEY_TYPES = tuple(sorted(_FIELDS))
"""Key types that OpenSSH accepts in an authorized_keys file (certificates are not keys: they need a CA line)."""

BYTE_ORDER_MARK = "\ufeff"
"""Editors of Windows put it at the beginning of a file, before the key."""

# The curves y^2 = x^3 - 3x + b modulo p of FIPS 186-4: bytes of a coordinate, p and b.
_CURVES = {
    b"nistp256": (32, 2**256 - 2**224 + 2**192 + 2**96 - 1, 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B),
    b"nistp384": (48, 2**384 - 2**128 - 2**96 + 2**32 - 1, 0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF),
    b"nistp521": (
        66,
        2**521 - 1,
        0x0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
    ),
}
_RSA_MINIMUM_BITS = 1024


class KeyFormatError(AccessError):
    """The text is not one usable OpenSSH public key."""

    code = "key_format"


class PublicKey(NamedTuple):
    """One OpenSSH public key."""

    key_type: str
    blob: bytes
    comment: str = ""

    @property
    def base64(self) -> str:
        """The blob as it stands in a key line."""
        return base64.b64encode(self.blob).decode("ascii")

    @property
    def line(self) -> str:
        """The key as one line without options and without a newline."""
        parts = [self.key_type, self.base64]
        if self.comment:
            parts.append(self.comment)
        return " ".join(parts)

    @property
    def fingerprint_md5(self) -> str:
        """MD5 of the blob in lower-case hex without colons: what ECS calls the key pair's fingerprint (RFC 4716)."""
        return hashlib.md5(self.blob).hexdigest()

    @property
    def fingerprint_sha256(self) -> str:
        """What C(ssh-keygen -l) prints, C(SHA256:...)."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii")
        return "SHA256:" + digest.rstrip("=")

    @property
    def bits(self) -> int:
        """Size of the key in bits, as C(ssh-keygen -l) prints it."""
        kind = self.key_type
        if kind == "ssh-rsa":
            return _mpint_bits(_read_strings(self.blob)[2])
        if kind == "ssh-dss":
            return _mpint_bits(_read_strings(self.blob)[1])
        for size in (256, 384, 521):
            if kind.endswith("nistp%d" % size) or "nistp%d@" % size in kind:
                return size
        return 256

    def same_key(self, other: "PublicKey") -> bool:
        """Whether both lines admit the holder of the same private key."""
        return self.blob == other.blob


def parse_public_key(text: str, source: str = "public_key") -> PublicKey:
    """Read the one public key in I(text).

    Blank lines and C(#) comment lines around it are ignored, and C(CRLF) and a byte order mark are accepted, so the
    content of a C(.pub) file may be given as it is. I(source) names the origin in error messages.

    Raises KeyFormatError when there is no key, more than one, a private key, options, or a damaged blob.
    """
    if "PRIVATE KEY" in text:
        raise KeyFormatError("%s holds a private key; give the public half (the .pub file, or the output of 'ssh-keygen -y -f FILE')" % source)
    if "BEGIN " in text:
        raise KeyFormatError("%s is in PEM or RFC 4716 form; convert it with 'ssh-keygen -i -m PKCS8 -f FILE' (or -m RFC4716)" % source)
    check_encoding(text, source)
    lines = key_lines(text)
    if not lines:
        raise KeyFormatError("%s is empty; give one OpenSSH public key, 'TYPE BASE64 [COMMENT]'" % source)
    if len(lines) > 1:
        raise KeyFormatError("%s holds %d lines; give exactly one OpenSSH public key" % (source, len(lines)))
    return parse_key_fields(lines[0], source)


def key_lines(text: str) -> List[str]:
    """The lines of a C(.pub) file without those that are blank or a comment."""
    lines = [line.strip() for line in text_lines(text.lstrip(BYTE_ORDER_MARK))]
    return [line for line in lines if line and not line.startswith("#")]


def check_encoding(text: str, source: str) -> None:
    """Raises KeyFormatError for text as the redirection of PowerShell writes it: two bytes for each character."""
    if "\0" in text:
        raise KeyFormatError("%s has NUL characters, as text in UTF-16 has; save it as UTF-8" % source)


def parse_key_fields(line: str, source: str) -> PublicKey:
    """Read C(TYPE BASE64 [COMMENT]) without options; raises KeyFormatError."""
    fields = line.split(None, 2)
    key_type = fields[0] if fields else ""
    if key_type not in _FIELDS:
        if "-cert-v0" in key_type:
            raise KeyFormatError("%s is a certificate (%s); give the plain public key" % (source, key_type))
        raise KeyFormatError("%s does not start with a known key type such as ssh-rsa or ssh-ed25519 (found %r)" % (source, _shorten(key_type)))
    if len(fields) < 2:
        raise KeyFormatError("%s has the key type %s but no key after it" % (source, key_type))
    blob = decode_blob(key_type, fields[1], source)
    comment = fields[2].strip() if len(fields) == 3 else ""
    if any(ord(char) < 32 or ord(char) == 127 for char in comment):
        raise KeyFormatError("%s: the comment holds a control character; remove it" % source)
    return PublicKey(key_type, blob, comment)


def key_of_blob(blob: bytes) -> PublicKey:
    """The key of a blob that was read before."""
    return PublicKey(_read_strings(blob)[0].decode("ascii"), blob, "")


def decode_blob(key_type: str, text: str, source: str) -> bytes:
    """The blob of a key of this type from its base64 text; raises KeyFormatError when OpenSSH would not read it."""
    try:
        blob = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        blob = b""
    if base64.b64encode(blob) != text.encode("ascii", "replace"):
        raise KeyFormatError("%s: the text after %s is not base64; was the key cut off?" % (source, key_type))
    _check_blob(key_type, blob, source)
    return blob


def fingerprints_equal(one: str, other: str) -> bool:
    """Compare two MD5 fingerprints whatever their case, colons or C(MD5:) prefix."""
    return _plain_fingerprint(one) == _plain_fingerprint(other)


def _plain_fingerprint(text: str) -> str:
    text = text.strip().lower()
    if text.startswith("md5:"):
        text = text[4:]
    return text.replace(":", "")


def _check_blob(key_type: str, blob: bytes, source: str) -> None:
    try:
        values = _read_strings(blob)
    except ValueError:
        raise KeyFormatError("%s: the %s key is truncated or damaged" % (source, key_type))
    if not values or values[0] != key_type.encode("ascii"):
        inner = values[0].decode("ascii", "replace") if values else "nothing"
        raise KeyFormatError("%s has the key type %s but holds a key of type %s" % (source, key_type, _shorten(inner)))
    kinds = _FIELDS[key_type]
    if len(values) - 1 != len(kinds):
        raise KeyFormatError("%s: the %s key is truncated or damaged" % (source, key_type))
    for value, (kind, previous) in zip(values[1:], _with_previous(kinds, values)):
        if not _field_ok(kind, value, previous):
            raise KeyFormatError("%s: the %s key is damaged" % (source, key_type))
    if key_type == "ssh-rsa" and _mpint_bits(values[2]) < _RSA_MINIMUM_BITS:
        raise KeyFormatError("%s: the RSA key has %d bits; sshd requires at least %d" % (source, _mpint_bits(values[2]), _RSA_MINIMUM_BITS))


def _with_previous(kinds: Tuple[str, ...], values: List[bytes]) -> List[Tuple[str, bytes]]:
    return [(kind, values[index]) for index, kind in enumerate(kinds)]


def _field_ok(kind: str, value: bytes, previous: bytes) -> bool:
    if kind == "mpint":
        # RFC 4251 section 5: positive numbers have a clear top bit and no needless leading zero.
        return bool(value) and value[0] < 0x80 and not (value[0] == 0 and (len(value) == 1 or value[1] < 0x80))
    if kind == "bytes32":
        return len(value) == 32
    if kind == "string":
        return b"\0" not in value
    if kind == "point":
        return _is_point(value, previous)
    return value == kind.encode("ascii")


def _is_point(value: bytes, curve: bytes) -> bool:
    """Whether this is an uncompressed point of the curve: one flipped bit, and it is not."""
    size, p, b = _CURVES.get(curve, (0, 1, 0))
    if len(value) != 1 + 2 * size or value[:1] != b"\x04":
        return False
    x, y = int.from_bytes(value[1 : 1 + size], "big"), int.from_bytes(value[1 + size :], "big")
    return x < p and y < p and (y * y - x * x * x + 3 * x - b) % p == 0


def _read_strings(blob: bytes) -> List[bytes]:
    """Split a blob into its length-prefixed strings; ValueError when the lengths do not add up."""
    values = []
    offset = 0
    while offset < len(blob):
        if offset + 4 > len(blob):
            raise ValueError("short length")
        (length,) = struct.unpack_from(">I", blob, offset)
        offset += 4
        if offset + length > len(blob):
            raise ValueError("short string")
        values.append(blob[offset : offset + length])
        offset += length
    return values


def _mpint_bits(value: bytes) -> int:
    return int.from_bytes(value, "big").bit_length()


def _shorten(text: str) -> str:
    return text if len(text) <= 32 else text[:29] + "..."
