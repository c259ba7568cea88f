# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one key of a run: made by the fork that needs it first, found by the others.

RSA, because it is the only type that the vendor's documentation shows for temporary keys, and the only one that every sshd
takes, whatever its age or crypto policy (3072 bits satisfy the strictest).

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import os

from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key import make_private_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import PublicKey, parse_public_key

from .folder import KEY, RunFolder

_SIZE = 3072


def get_key(folder: RunFolder) -> PublicKey:
    """The public half; the private one is in the folder's file C(key), and only there."""
    private = folder.file(KEY)
    public = private + ".pub"
    with folder.locked(KEY):
        if not os.path.exists(private):
            made = make_private_key("rsa", _SIZE, None, "")
            folder.write(public, made.public_key.line + "\n")
            folder.write(private, made.content.decode("ascii"))
        with open(public, encoding="ascii") as stream:
            return parse_public_key(stream.read(), public)
