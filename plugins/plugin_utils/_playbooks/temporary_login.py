# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A temporary login: which private key it uses, and the command to type.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_DEFAULT_NAME = "ecs-access-temporary-key"
_WIDTH = 110


class Way(NamedTuple):
    """How ssh gets to an instance: words of a command. C(identity) is empty for a key that ssh knows by itself."""

    address: str
    port: Any
    identity: str
    options: Sequence[str] = ()


def private_half(public_key_path: str) -> str:
    """Where the private key of a C(.pub) file is expected."""
    return re.sub(r"\.pub$", "", public_key_path)


def choose_identity(public_key_path: str, private_key_path: str, runtime_directory: str, home: str) -> str:
    """The private key's path. Without a path from the user it is one in the user's runtime directory, which is gone after a reboot."""
    if public_key_path:
        return private_half(public_key_path)
    return private_key_path or f"{runtime_directory or home + '/.ssh'}/{_DEFAULT_NAME}"


def temporary_login_outcome(row: Mapping[str, Any] | None, way: Way) -> dict[str, Any]:
    """I(row) is what ecs_temp_public_key answered for the instance of the host, None for a host that is not an instance."""
    if not row:
        why = "not an instance: the inventory has no ecs_instance_id and ecs_region for it"
        return {"prepared": None, "until": None, "command": None, "failed": True, "why": why}
    command = login_command(row["usernames"][0], way) if row.get("ready") else None
    prepared = bool(row.get("prepared"))
    changed = bool(row.get("changed"))
    return {"prepared": prepared, "until": row.get("expires_at"), "command": command, "failed": row["failed"], "why": row["msg"], "changed": changed}


def login_command(user: str, way: Way) -> str:
    """What a person types."""
    other_port = [] if str(way.port or 22) == "22" else ["-p", str(way.port)]
    identity = ["-i", way.identity] if way.identity else []
    return shlex.join(["ssh", *identity, *way.options, *other_port, f"{user}@{way.address}"])


def known_host_options(instance_id: str, known_hosts: str) -> list[str]:
    """The host is recognised by its instance id, whatever its address is."""
    return ["-o", f"HostKeyAlias={instance_id}", "-o", f'UserKnownHostsFile="{known_hosts}"']


def tunnel_options(python: str, program: str, region: str, instance_id: str) -> list[str]:
    """Through Session Manager, with the credentials of the environment."""
    words = [word.replace("%", "%%") for word in (python, program)]
    return ["-o", f"ProxyCommand={shlex.join([*words, '_ssh.client_proxy', '--region', region, '--', instance_id])} %r %p"]


def fold_command(command: str) -> list[str]:
    """The command in lines that can be pasted together, as narrow as its words allow."""
    lines: list[list[str]] = [[]]
    for word in map(shlex.quote, shlex.split(command)):
        if lines[-1] and len(" ".join([*lines[-1], word])) > _WIDTH:
            lines.append([])
        lines[-1].append(word)
    return [("  " if number else "") + " ".join(words) + (" \\" if number < len(lines) - 1 else "") for number, words in enumerate(lines)]
