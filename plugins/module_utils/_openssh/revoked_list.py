# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RevokedKeys files: lists of public keys that sshd refuses for every account, wherever else they are (auth_key_is_revoked in auth.c).

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import List, Sequence

from .authorized_keys import parse_key_file
from .keys import PublicKey

HEADER = b"# Keys that sshd refuses for every account; ssh_access of alicloud.ecs_access adds to them. To accept a key again, remove its line.\n"

_KRL = b"SSHKRL"


def is_text_list(content: bytes) -> bool:
    """Whether the content is a list of lines, and not a key revocation list in binary form."""
    return not content.startswith(_KRL) and b"\0" not in content


def missing_keys(content: bytes, keys: Sequence[PublicKey]) -> List[PublicKey]:
    """Those of the keys that the list does not have. A line with options is none to sshd here."""
    present = {line.key.blob for line in parse_key_file(content) if line.key is not None and not line.options}
    return [key for key in keys if key.blob not in present]


def with_keys(content: bytes, keys: Sequence[PublicKey]) -> bytes:
    """The list with these keys in it."""
    lines = [key.line.encode("utf-8", "surrogateescape") for key in missing_keys(content, keys)]
    if lines and content and not content.endswith(b"\n"):
        content += b"\n"
    return content + b"".join(line + b"\n" for line in lines)
