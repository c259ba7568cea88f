# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host keys: which of an instance's answer are trusted, and a known_hosts file with them.

A line in known_hosts can do far more than assign a key to a host. Of a guest's answer only type and blob are ever used;
the host that the key counts for is written by us.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .keys import KeyFormatError, PublicKey, parse_key_fields

HOST_KEY_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
"""Types that servers use. Keys on security tokens and DSA are not among them, nor are certificates."""

_LIMIT = 16


class Reading(NamedTuple):
    """The result of reading a guest's lines."""

    keys: Tuple[PublicKey, ...]
    dropped: Tuple[str, ...]
    """Why a line was not accepted, one clause each."""


class Edit(NamedTuple):
    """A known_hosts file as it should be."""

    text: str
    replaced: Tuple[str, ...]
    """Aliases that had other keys before."""


def read_host_keys(lines: Sequence[str]) -> Reading:
    """The plain host keys among I(lines), each C(TYPE BASE64 [COMMENT]); comments are left behind."""
    keys: Dict[bytes, PublicKey] = {}
    dropped = []
    for line in lines:
        if not line.strip():
            continue
        try:
            key = parse_host_key(line)
        except KeyFormatError as exc:
            dropped.append(str(exc))
            continue
        if len(keys) == _LIMIT and key.blob not in keys:
            dropped.append("there are more than %d keys; the rest was not read" % _LIMIT)
            break
        keys[key.blob] = key
    return Reading(tuple(sorted(keys.values(), key=lambda key: (key.key_type, key.blob))), tuple(dropped[:_LIMIT]))


def parse_host_key(line: str) -> PublicKey:
    """One host key without its comment; raises KeyFormatError."""
    words = line.split(None, 2)
    key = parse_key_fields(" ".join(words[:2]), "the line %r" % (line if len(line) <= 60 else line[:57] + "..."))
    if key.key_type not in HOST_KEY_TYPES:
        raise KeyFormatError("a key of type %s is not a usual host key" % key.key_type)
    return key


def edit_known_hosts(text: str, wanted: Mapping[str, Sequence[PublicKey]], marks: Sequence[str], keep: Sequence[str] = ()) -> Edit:
    """I(text) with exactly I(wanted), alias to keys, and all else that is not ours.

    Lines that end with one of I(marks) are ours, and are written with the first; those of aliases that are neither in I(wanted) nor in I(keep) go.
    Lines with a marker such as C(@revoked) are never touched.
    """
    kept: List[str] = []
    own: List[str] = []
    before: Dict[str, set] = {}
    # Not splitlines(): other characters than newline end no line for ssh.
    for line in (text if text.endswith("\n") or not text else text + "\n").split("\n")[:-1]:
        fields = line.split(None, 3)
        if len(fields) < 3 or fields[0].startswith(("#", "@")):
            kept.append(line)
            continue
        rest = []
        for pattern in fields[0].split(","):
            alias = _find_alias(pattern, wanted)
            if alias is None:
                rest.append(pattern)
            else:
                before.setdefault(alias, set()).add((fields[1], fields[2]))
        is_ours = len(fields) == 4 and fields[3].strip() in marks
        if is_ours and rest and fields[0] in keep:
            own.append(" ".join(fields[:3] + [marks[0]]))
        elif not is_ours and rest:
            kept.append(line if ",".join(rest) == fields[0] else " ".join([",".join(rest)] + fields[1:]))
    now = {alias: {(key.key_type, key.base64) for key in keys} for alias, keys in wanted.items()}
    own += ["%s %s %s %s" % ((alias,) + pair + (marks[0],)) for alias, pairs in now.items() for pair in pairs]
    replaced = tuple(sorted(alias for alias, pairs in before.items() if pairs - now[alias]))
    return Edit("".join(line + "\n" for line in kept + sorted(own)), replaced)


def find_known(text: str, aliases: Sequence[str]) -> List[str]:
    """Those of I(aliases) that some line names, plainly or hashed."""
    named = dict.fromkeys(aliases)
    found: Set[Optional[str]] = set()
    for line in text.split("\n"):
        fields = line.split(None, 2)
        if len(fields) == 3 and not fields[0].startswith(("#", "@")):
            found.update(_find_alias(pattern, named) for pattern in fields[0].split(","))
    return [alias for alias in aliases if alias in found]


def _find_alias(pattern: str, aliases: Mapping[str, Any]) -> Optional[str]:
    """Which of I(aliases) a plain or hashed host field stands for, or None."""
    if not pattern.startswith("|1|"):
        return pattern if pattern in aliases else None
    try:
        salt, digest = [base64.b64decode(part, validate=True) for part in pattern[3:].split("|")]
    except (binascii.Error, ValueError):
        return None
    for alias in aliases:
        if hmac.compare_digest(hmac.new(salt, alias.encode("ascii"), hashlib.sha1).digest(), digest):
            return alias
    return None
