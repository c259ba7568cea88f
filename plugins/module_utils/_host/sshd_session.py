# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which SSH session this process runs in: found by walking up the process tree, through sudo and the like.

Note that this module util is **PRIVATE** to the collection.
"""

import ipaddress
import os
import pwd
from typing import NamedTuple, Optional, Tuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._host.sshd_tool import Origin


class Session(NamedTuple):
    """The login that started us."""

    user: str
    origin: Origin


def find_session(pid: Optional[int] = None, proc: str = "/proc") -> Optional[Session]:
    """The SSH session above a process (default: our parent), None when there is none."""
    current = os.getppid() if pid is None else pid
    for _step in range(64):
        if current <= 1:
            return None
        parent, uid, name = _read_process(proc, current)
        if parent is None:
            return None
        if _read_process(proc, parent)[2] in ("sshd", "sshd-session") and name not in ("sshd", "sshd-session"):
            origin = _read_origin(proc, current)
            if origin is not None:
                return Session(_user_name(uid), origin)
        current = parent
    return None


def _read_process(proc: str, pid: int) -> Tuple[Optional[int], int, str]:
    parent, uid, name = None, -1, ""  # type: Tuple[Optional[int], int, str]
    try:
        with open("%s/%d/status" % (proc, pid), "rb") as handle:
            for line in handle:
                key, _colon, value = line.decode("utf-8", "replace").partition(":")
                if key == "Name":
                    name = value.strip()
                elif key == "PPid":
                    parent = int(value)
                elif key == "Uid":
                    uid = int(value.split()[0])
    except (OSError, ValueError, IndexError):
        return None, -1, ""
    return parent, uid, name


def _read_origin(proc: str, pid: int) -> Optional[Origin]:
    try:
        with open("%s/%d/environ" % (proc, pid), "rb") as handle:
            variables = handle.read().split(b"\0")
        values = [item[len(b"SSH_CONNECTION="):] for item in variables if item.startswith(b"SSH_CONNECTION=")]
        address, _port, local_address, local_port = values[0].decode("ascii").split()
        # An IPv6 zone is of no use to sshd's Match.
        address, local_address = address.split("%")[0], local_address.split("%")[0]
        ipaddress.ip_address(address)
        ipaddress.ip_address(local_address)
        return Origin(address, local_address, int(local_port))
    except (OSError, ValueError, IndexError):
        return None


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
