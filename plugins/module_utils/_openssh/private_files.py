# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of private keys: whose they are, and what they need. The private part is not read.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import base64
import binascii
import re
import struct
from typing import Optional

from .._errors import AccessError
from .keys import BYTE_ORDER_MARK, KEY_TYPES, PublicKey, key_of_blob

_OPENSSH = re.compile(b"-----BEGIN OPENSSH PRIVATE KEY-----([^-]{1,65536})-----END")
_MAGIC = b"openssh-key-v1\0"
_NAMES = 3  # cipher, key derivation and its options stand before the number of keys


def public_half(content: bytes) -> Optional[PublicKey]:
    """The public key that a file in OpenSSH's own format begins with, encrypted or not; None for any other content."""
    found = _OPENSSH.search(content)
    try:
        blob = base64.b64decode(b"".join(found.group(1).split())) if found else b""
        if not blob.startswith(_MAGIC):
            return None
        place = len(_MAGIC)
        for _name in range(_NAMES):
            place += 4 + _size(blob, place)
        size = _size(blob, place + 4)
        return key_of_blob(blob[place + 8 : place + 8 + size])
    except (AccessError, binascii.Error, struct.error, ValueError, IndexError):
        return None


def what_instead(content: bytes) -> str:
    """What a file has that is often named in place of a private key, and what to do; empty for anything else."""
    words = content.decode("utf-8", "replace").lstrip(BYTE_ORDER_MARK).split(None, 1)
    if words and words[0].startswith("PuTTY-User-Key-File"):
        return "is a private key of PuTTY; convert it with 'puttygen FILE -O private-openssh -o NEW'"
    if words and words[0] in KEY_TYPES:
        return "is a public key; name the file of the private key, which is usually the same without .pub"
    return ""


def is_encrypted(content: bytes) -> bool:
    """Whether a private key needs a passphrase, as far as its file shows."""
    found = _OPENSSH.search(content)
    if not found:
        return b"BEGIN ENCRYPTED PRIVATE KEY" in content or b"4,ENCRYPTED" in content
    try:
        blob = base64.b64decode(b"".join(found.group(1).split()))
        return blob.startswith(_MAGIC) and blob[len(_MAGIC) + 4 : len(_MAGIC) + 8] != b"none"
    except (binascii.Error, ValueError):
        return False


def _size(blob: bytes, place: int) -> int:
    (size,) = struct.unpack(">I", blob[place : place + 4])
    return int(size)
