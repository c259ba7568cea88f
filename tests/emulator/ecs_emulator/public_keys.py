# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key pair rules that need no state: names, accepted public keys, fingerprints, new keys. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_CREATE_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9:_-]{1,127}$")
_STRINGS_IN_BLOB = {
    "ssh-rsa": 3,
    "ssh-dss": 5,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
}


def is_name_for_create(name: str) -> bool:
    """Whether CreateKeyPair takes the name."""
    return bool(_CREATE_NAME.match(name)) and not _is_url(name)


def is_name_for_import(name: str) -> bool:
    """Whether ImportKeyPair takes the name: any letters, and periods besides."""
    if not 2 <= len(name) <= 128 or not name[0].isalpha() or _is_url(name):
        return False
    return all(char.isalnum() or char in ".:_-" for char in name)


def _is_url(name: str) -> bool:
    return name.lower().startswith(("http://", "https://"))


def find_blob(public_key: str) -> bytes | None:
    """The blob of a public key line that the service accepts; None for any other text (ed25519 included)."""
    fields = public_key.split(None, 2)
    if "\n" in public_key.strip() or len(fields) < 2 or fields[0] not in _STRINGS_IN_BLOB:
        return None
    try:
        blob = base64.b64decode(fields[1], validate=True)
    except (binascii.Error, ValueError):
        return None
    strings = _split(blob)
    if strings is None or len(strings) != _STRINGS_IN_BLOB[fields[0]] or strings[0] != fields[0].encode() or not all(strings):
        return None
    return blob


def fingerprint_md5(blob: bytes) -> str:
    """RFC 4716: MD5 of the blob, in the service's form without colons."""
    return hashlib.md5(blob).hexdigest()


def fingerprint_sha1(blob: bytes) -> str:
    """Twenty bytes with colons: the form of the vendor's own sample for imported keys."""
    digest = hashlib.sha1(blob).hexdigest()
    return ":".join(digest[index : index + 2] for index in range(0, len(digest), 2))


def make_key() -> tuple[str, str]:
    """A new RSA-2048 key as the service makes it: (PKCS#1 PEM, public key line). Takes about 100 ms."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private.decode(), public.decode()


def make_lost_key() -> str:
    """The line of an RSA-2048 key whose private half nobody has: its modulus is any number. Takes no time."""
    modulus = secrets.randbits(2048) | 1 << 2047 | 1
    return rsa.RSAPublicNumbers(65537, modulus).public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


def _split(blob: bytes) -> list[bytes] | None:
    """The length-prefixed strings of a blob; None when the lengths do not add up."""
    values = []
    offset = 0
    while offset < len(blob):
        if offset + 4 > len(blob):
            return None
        (length,) = struct.unpack_from(">I", blob, offset)
        offset += 4 + length
        if offset > len(blob):
            return None
        values.append(blob[offset - length : offset])
    return values
