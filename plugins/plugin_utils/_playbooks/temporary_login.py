# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A temporary login: which private key it uses, and the command to type.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

_DEFAULT_NAME = "ecs-access-temporary-key"


def private_half(public_key_path: str) -> str:
    """Where the private key of a C(.pub) file is expected."""
    return re.sub(r"\.pub$", "", public_key_path)


def choose_identity(public_key_path: str, private_key_path: str, runtime_directory: str, home: str) -> str:
    """The private key's path. Without a path from the user it is one in the user's runtime directory, which is gone after a reboot."""
    if public_key_path:
        return private_half(public_key_path)
    return private_key_path or f"{runtime_directory or home + '/.ssh'}/{_DEFAULT_NAME}"


def temporary_login_outcome(row: Mapping[str, Any] | None, address: str, port: Any, identity: str) -> dict[str, Any]:
    """I(row) is what ecs_temp_public_key answered for the instance of the host, None for a host that is not an instance."""
    if not row:
        return {"until": None, "command": None, "failed": True, "why": "not an instance: the inventory has no ecs_instance_id for it"}
    command = login_command(f"{row['usernames'][0]}@{address}", port, identity) if row["ready"] else None
    return {"until": row["expires_at"], "command": command, "failed": row["failed"], "why": row["msg"]}


def login_command(target: str, port: Any, identity: str) -> str:
    """What a person types."""
    other_port = [] if str(port or 22) == "22" else ["-p", str(port)]
    return shlex.join(["ssh", "-i", identity, *other_port, target])
