# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys: make one, read the public half of one. The only user of cryptography.

Note that this module util is **PRIVATE** to the collection.
"""

import base64
import binascii
from typing import Any, Dict, NamedTuple, Optional

from .._errors import AccessError, LibraryMissing
from .._openssh.keys import KeyFormatError, PublicKey, parse_public_key
from .._openssh.private_files import what_instead

SIZES = {"rsa": (2048, 3072, 4096), "ecdsa": (256, 384, 521)}
DEFAULT_SIZE = {"rsa": 3072, "ecdsa": 256}

_OPENSSH_BEGIN = b"-----BEGIN OPENSSH PRIVATE " + b"KEY-----"
_OPENSSH_END = b"-----END OPENSSH PRIVATE " + b"KEY-----"
_OPENSSH_MAGIC = b"openssh-key-v1\0"


class PrivateKeyError(AccessError):
    """A private key cannot be made or read. The text holds no key material."""

    code = "private_key"


class PassphraseNeeded(PrivateKeyError):
    """The public half is inside the encrypted part, and there is no passphrase or a wrong one."""

    code = "passphrase"


class MadeKey(NamedTuple):
    """A private key as file content, and its public half."""

    content: bytes
    public_key: PublicKey

    def __repr__(self) -> str:
        return "MadeKey(%s)" % self.public_key.fingerprint_sha256


def check_cryptography() -> None:
    """Raise LibraryMissing when the library is not there."""
    try:
        import cryptography.hazmat.primitives.serialization  # noqa: F401
    except ImportError as exc:
        raise LibraryMissing("cryptography") from exc


def check_passphrase(passphrase: Optional[str]) -> None:
    """Raise when keys cannot be made here, or not be encrypted with this passphrase."""
    check_cryptography()
    if passphrase is not None and not passphrase:
        raise PrivateKeyError("passphrase is empty; leave it out for a key without one")
    if passphrase:
        make_private_key("ecdsa", 256, passphrase, "")


def make_private_key(key_type: str, size: int, passphrase: Optional[str], comment: str) -> MadeKey:
    """A new key in OpenSSH form, encrypted when there is a passphrase."""
    check_cryptography()
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if key_type == "rsa":
        key: Any = rsa.generate_private_key(public_exponent=65537, key_size=size)
    else:
        curves: Dict[int, Any] = {256: ec.SECP256R1, 384: ec.SECP384R1, 521: ec.SECP521R1}
        key = ec.generate_private_key(curves[size]())
    return MadeKey(_to_openssh(key, passphrase), _public_half(key, comment))


def encrypt_private_key(content: bytes, passphrase: str) -> bytes:
    """An unencrypted private key as an encrypted one in OpenSSH form."""
    return _to_openssh(_load(content, None, "the key that ECS made"), passphrase)


def is_complete(content: bytes) -> bool:
    """Whether this looks like a whole private key file, not one whose writing was interrupted."""
    lines = content.strip().splitlines()
    return (
        len(lines) > 2
        and lines[0].startswith(b"-----BEGIN ")
        and lines[-1].startswith(b"-----END ")
        and lines[0][len(b"-----BEGIN ") :] == lines[-1][len(b"-----END ") :]
        and b"PRIVATE KEY" in lines[0]
    )


def read_public_half(content: bytes, passphrase: Optional[str], source: str) -> PublicKey:
    """The public key that belongs to a private key file; raises PrivateKeyError.

    Files in OpenSSH format show it without the passphrase, older formats only if they are not encrypted or I(passphrase)
    decrypts them.
    """
    if content.lstrip().startswith(_OPENSSH_BEGIN):
        return _read_openssh_header(content, source)
    if not is_complete(content):
        raise PrivateKeyError("%s %s" % (source, what_instead(content) or "holds something else than one private key"))
    return _public_half(_load(content, passphrase, source), "")


def _read_openssh_header(content: bytes, source: str) -> PublicKey:
    body, end, rest = content.strip()[len(_OPENSSH_BEGIN) :].partition(_OPENSSH_END)
    try:
        if not end or rest.strip():
            raise ValueError("not one whole key")
        data = base64.b64decode(b"".join(body.split()), validate=True)
        if not data.startswith(_OPENSSH_MAGIC):
            raise ValueError("not an OpenSSH key")
        offset = len(_OPENSSH_MAGIC)
        for _unused in range(3):  # cipher, kdf, kdf options
            offset = _skip_string(data, offset)
        if data[offset : offset + 4] != b"\0\0\0\1":
            raise ValueError("not exactly one key")
        start = offset + 8
        offset = _skip_string(data, offset + 4)
        blob = data[start:offset]
        # The private part must be there as a whole; what follows it is an authentication tag, if anything.
        _skip_string(data, offset)
        length = int.from_bytes(blob[:4], "big")
        line = "%s %s" % (blob[4 : 4 + length].decode("ascii"), base64.b64encode(blob).decode("ascii"))
        return parse_public_key(line, source)
    except (KeyFormatError, ValueError, binascii.Error):
        raise PrivateKeyError("%s is not a whole OpenSSH private key; was it cut off?" % source) from None


def _skip_string(data: bytes, offset: int) -> int:
    end = offset + 4 + int.from_bytes(data[offset : offset + 4], "big")
    if offset + 4 > len(data) or end > len(data):
        raise ValueError("short string")
    return end


def _load(content: bytes, passphrase: Optional[str], source: str) -> Any:
    check_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(content, passphrase.encode("utf-8") if passphrase else None)
    except TypeError:
        if not passphrase:
            raise PassphraseNeeded("%s is encrypted; give its passphrase" % source) from None
        # Not encrypted: the passphrase is for keys to be made.
        return _load(content, None, source)
    except UnsupportedAlgorithm:
        raise PrivateKeyError("%s holds a kind of private key that cannot be read here" % source) from None
    except ValueError:
        if passphrase:
            raise PassphraseNeeded("%s cannot be opened with this passphrase, or is damaged" % source) from None
        raise PrivateKeyError("%s is not a whole private key; was it cut off?" % source) from None


def _to_openssh(key: Any, passphrase: Optional[str]) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    encryption: Any = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase.encode("utf-8"))
    try:
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, encryption)
    except UnsupportedAlgorithm:
        raise PrivateKeyError("encrypting a private key needs the Python library bcrypt; install it") from None
    except ValueError:
        raise PrivateKeyError("the passphrase cannot be used to encrypt an OpenSSH key; use one of 1 to 72 bytes") from None


def _public_half(key: Any, comment: str) -> PublicKey:
    from cryptography.hazmat.primitives import serialization

    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return parse_public_key(line.decode("ascii"))._replace(comment=comment)
