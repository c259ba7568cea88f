# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How did this run come here? Asked of the process tree, which no connection plugin can get wrong.

Note that this module util is **PRIVATE** to the collection.
"""

import os
import pwd
from typing import Any, Mapping, Optional

from .._openssh.keys import KeyFormatError, PublicKey, parse_public_key
from .._system.processes import ancestors
from .guard import Login

_SSH_TRANSPORTS = ("ssh", "paramiko", "paramiko_ssh", "libssh", "smart")


def find_login(reported: Mapping[str, Any]) -> Login:
    """The login that carries this run. reported: what the action plugin knows (transport, user, public_key, become)."""
    users = []
    seen = find_session_user(os.getpid())
    if seen:
        users.append(seen)
    transport = reported.get("transport")
    over_ssh = transport in _SSH_TRANSPORTS
    if over_ssh and reported.get("user") and reported["user"] not in users:
        users.append(reported["user"])
    if not users and not over_ssh:
        return Login(False, reason="this run did not come over SSH (connection %s), so it cannot lock itself out of SSH" % (transport or "unknown"))
    if not users:
        sudo_user = os.environ.get("SUDO_USER")
        users = [sudo_user] if sudo_user else []
    become = bool(reported.get("become")) or bool(os.environ.get("SUDO_USER"))
    if not users:
        return Login(False, reason="this run came over SSH, but the user that it logged in as is not known")
    return Login(True, tuple(users), _parse_key(reported.get("public_key")), become, "this run is logged in over SSH as " + " or ".join(users))


def find_session_user(pid: int) -> Optional[str]:
    """Name of the user whose sshd session this process descends from, None outside of SSH."""
    for status in ancestors(pid):
        if status.get("Name", "").startswith("sshd"):
            uid = int(status["Uid"].split()[0])
            try:
                return pwd.getpwuid(uid).pw_name
            except KeyError:
                return None
    return None


def _parse_key(text: Optional[str]) -> Optional[PublicKey]:
    try:
        return parse_public_key(text, "key of this run") if text else None
    except KeyFormatError:
        return None
