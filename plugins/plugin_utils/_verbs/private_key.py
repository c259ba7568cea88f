# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private key on this controller that ssh did not use: ssh itself reports no more than that the login was denied.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import os
import shlex
import stat

from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.private_files import is_encrypted, public_half, what_instead
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.nodes import NotRegular, read_regular

from .public_key import keys_of_agent

_LARGEST = 65536


def remark_on_key(path: str) -> str:
    """Why ssh cannot use this file by itself, and what to do; empty if it can, or if the agent has the key."""
    try:
        info, content = os.stat(path), read_regular(path, _LARGEST)
    except NotRegular:
        return f"{path} is not a file with a private key"
    except (OSError, ValueError) as exc:
        return f"{path} cannot be read: {getattr(exc, 'strerror', None) or exc}"
    problem = _problem(path, info, content)
    return problem if problem and not _in_agent(content) else ""


def _problem(path: str, info: os.stat_result, content: bytes) -> str:
    instead = what_instead(content)
    if instead:
        return f"{path} {instead}"
    # As sshkey_perm_ok in authfile.c of OpenSSH: the files of others are not looked at so closely.
    if info.st_uid == os.getuid() and info.st_mode & 0o077:
        return f"{path} has mode {stat.S_IMODE(info.st_mode):04o}, and ssh uses no private key that others may read: chmod 600 {shlex.quote(path)}"
    if is_encrypted(content):
        return f"{path} is protected with a passphrase, and the agent does not have this key: ssh-add {shlex.quote(path)}"
    return ""


def _in_agent(content: bytes) -> bool:
    try:
        key = public_half(content) or parse_public_key(content.decode("utf-8", "replace"))
        return any(key.base64 in line.split() for line in keys_of_agent())
    except AccessError:
        return False
