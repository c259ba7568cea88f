# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""authorized_keys files, from well-formed to damaged."""

from __future__ import annotations

import base64
import functools
import hashlib
import struct
from random import Random

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVES = {"ecdsa-sha2-nistp256": ec.SECP256R1(), "ecdsa-sha2-nistp384": ec.SECP384R1(), "ecdsa-sha2-nistp521": ec.SECP521R1()}
BLANKS = (" ", " ", " ", "\t", "  ", " \t ")
# What means something to one of the readers of such a line.
SIGNIFICANT = "\0\t\x0b\x0c\r\x1c\x7f\x85\xa0 \"#',\\:;=!*?-_@/[]{}()~09aAzZ+é"
FLAGS = ("restrict", "pty", "user-rc", "port-forwarding", "agent-forwarding", "x11-forwarding", "touch-required", "verify-required")
NEGATED = tuple("no-" + flag for flag in FLAGS)
# Lists, hosts and devices that some sshd takes, and some that none does.
ADDRESSES = ("127.0.0.1", "127.0.0.0/8", "127.0.0.1/8", "10.0.0.0/8", "10.0.0.1/33", "*", "127.*", "!127.0.0.1,*", "*,!10.0.0.0/8", "::1", "fe80::/10",
             "2001:db8::1/32", "localhost", "LOCALHOST", "127.0.0.1,", ",127.0.0.1", "", "!", "*,!", "127.0.0.0/", "127.0.0.0/08", "127.0.0.0/255.0.0.0",
             "/8", "127.0.0.?", "127.1", "0x7f.0.0.1", "::ffff:127.0.0.1", "::/0", "0.0.0.0/0", "ho st", " 127.0.0.1")  # fmt: skip
# No names of services: what they mean, /etc/services of a host says.
PERMITS = ("h:1", "*:*", "h:*", "[::1]:22", "h:65535", "h:65536", "h:0", "h:-1", "h", "h:", ":1", "::1:22", "[::1]", "[::1", "h/1", "8080", "*",
           "localhost:8080", "h:1 ", "h:+1", "h:01", "a:b:1", "[a]b:1", "")  # fmt: skip
TIMES = ("20300101", "203001012359", "20300101235959", "20300101Z", "203001010000z", "20300101UTC", "20200101", "202001010000Z", "20301301", "20300230",
         "20300132", "203001012400", "203001012360", "20300101235960", "20300101235961", "20300101235962", "2030", "2030010", "tomorrow", "2030-01-01",
         "99991231", "2030 1 1", "", "Z", "0x7fffffff", "always", "forever")  # fmt: skip
TUNNELS = ("0", "1", "any", "ANY", "2147483645", "2147483646", "2147483647", "-1", "", "x", "01", "+1", " 1", "1:2")
NAMES = ("A", "LANG", "A_1", "_", "1A", "A-B", "Ä", "", "A B")


@functools.cache
def key_blob(kind: str, number: int) -> bytes:
    """The blob of the key of this number; nobody has its private half."""
    noise = hashlib.shake_256(f"{kind} {number}".encode()).digest(300)
    if kind == "ssh-ed25519":
        return pack(kind.encode(), noise[:32])
    if kind == "sk-ssh-ed25519@openssh.com":
        return pack(kind.encode(), noise[:32], b"ssh:")
    if kind == "ssh-rsa":
        return pack(kind.encode(), b"\1\0\1", b"\0" + bytes([noise[0] | 0x80]) + noise[1:255] + bytes([noise[255] | 1]))
    private = ec.derive_private_key(int.from_bytes(noise[:30], "big"), CURVES[kind.replace("sk-", "").replace("@openssh.com", "")])
    line = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    blob = base64.b64decode(line.split()[1])
    if not kind.startswith("sk-"):
        return blob
    (length,) = struct.unpack_from(">I", blob)
    return pack(kind.encode()) + blob[4 + length :] + pack(b"ssh:")


def pack(*values: bytes) -> bytes:
    """Length-prefixed strings."""
    return b"".join(struct.pack(">I", len(value)) + value for value in values)


KINDS = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com",
         "sk-ecdsa-sha2-nistp256@openssh.com")  # fmt: skip
ALIASES = {"ssh-rsa": ("rsa-sha2-256", "rsa-sha2-512"), "sk-ecdsa-sha2-nistp256@openssh.com": ("webauthn-sk-ecdsa-sha2-nistp256@openssh.com",)}
ODD_OPTIONS = ("cert-authority", "no-cert-authority", "no-restrict", "idle-timeout=5m", "ptys", "no-no-pty", "", "ssh-rsa")


def key_file(random: Random, size: int) -> tuple[bytes, list[bytes]]:
    """A file, and the keys that its lines were made for."""
    made = [key_line(random, number) for number in range(size)]
    end = random.choice(("\n", "\n", "\r\n"))
    text = end.join(line for line, _blob in made) + random.choice(("", end))
    return text.encode(), [blob for _line, blob in made]


def key_line(random: Random, number: int) -> tuple[str, bytes]:
    """One line with the key that it was made for."""
    kind = random.choice(KINDS) if random.random() < 0.3 else "ssh-ed25519"
    blob = key_blob(kind, number)
    text = spelled(random, kind, blob)
    if random.random() < 0.7:
        text = options(random) + random.choice(BLANKS) + text
    if random.random() < 0.5:
        text += random.choice(BLANKS) + words(random)
    if random.random() < 0.15:
        text = random.choice((" ", "\t", "#", "# ", "\ufeff")) + text
    while random.random() < 0.25:
        text = damaged(random, text)
    return text, blob


def spelled(random: Random, kind: str, blob: bytes) -> str:
    """A key as it may be written: as itself nearly always."""
    text = base64.b64encode(blob).decode()
    if random.random() < 0.08:
        cut = random.randrange(len(text))
        noise = random.choice("\r\x0b\x0c\x1c\x85\xa0")
        text = random.choice((text.rstrip("="), text + "=", text + "AAAA", text[:-4], text[:cut] + noise + text[cut:]))
    if kind in ALIASES and random.random() < 0.4:
        kind = random.choice(ALIASES[kind])
    elif random.random() < 0.08:
        kind = random.choice(("RSA", "ED25519", "ssh-dss", kind.upper(), kind.replace("nistp256", "nistp384"), kind + "-cert-v01@openssh.com", "256"))
    return kind + random.choice(BLANKS) + text


def options(random: Random) -> str:
    """The options of a line as they may stand in a file."""
    comma = random.choice((",",) * 20 + (",,", ", "))
    return comma.join(option(random) for _number in range(random.choice((1, 1, 2, 3, 4)))) + random.choice(("",) * 20 + (",",))


def option(random: Random) -> str:
    """One option, known and well-formed as a rule."""
    if random.random() < 0.03:
        return random.choice(ODD_OPTIONS)
    if random.random() < 0.02:
        return random.choice(FLAGS + tuple(VALUES)) + random.choice(("", "=", '=""', "=x")) + words(random)
    if random.random() < 0.4:
        return any_case(random, random.choice(FLAGS + NEGATED))
    name = random.choice(tuple(VALUES))
    return any_case(random, name) + "=" + quoted(random, VALUES[name](random))


def any_case(random: Random, text: str) -> str:
    return "".join(random.choice((char.upper(), char)) for char in text) if random.random() < 0.1 else text


def quoted(random: Random, value: str) -> str:
    """A value in quotes; rarely without, or with a quote that is not escaped."""
    if random.random() < 0.05:
        return random.choice((value, f'"{value}"'))
    return '"' + value.replace('"', '\\"') + '"'


def words(random: Random) -> str:
    return "".join(random.choice(SIGNIFICANT + "bcd$&|<>%") for _number in range(random.randrange(12)))


def mostly(good: tuple[str, ...], any_of: tuple[str, ...], random: Random) -> str:
    return random.choice(good if random.random() < 0.6 else any_of)


VALUES = {
    "command": words,
    "environment": lambda random: "{}={}".format(mostly(NAMES[:4], NAMES, random), words(random)),
    "expiry-time": lambda random: mostly(TIMES[:3], TIMES, random),
    "from": lambda random: ",".join(mostly(ADDRESSES[:2], ADDRESSES, random) for _number in range(random.choice((1, 1, 2, 3)))),
    "permitlisten": lambda random: mostly(PERMITS[:5], PERMITS, random),
    "permitopen": lambda random: mostly(PERMITS[:5], PERMITS, random),
    "principals": words,
    "tunnel": lambda random: mostly(TUNNELS[:3], TUNNELS, random),
}


def damaged(random: Random, text: str) -> str:
    """One slip of a finger."""
    start = random.randrange(len(text) + 1)
    end = min(len(text), start + random.choice((0, 0, 1, 1, 2, 8)))
    return text[:start] + random.choice(("", *SIGNIFICANT)) + text[end:]
