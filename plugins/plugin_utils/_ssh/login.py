# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new login needs, decided without touching anything: registrations, ssh options, and what ssh's last words mean.

Note that this plugin util is **PRIVATE** to the collection. It is pure. Imports stay few: every task of every host pays for them.
"""

from __future__ import annotations

import os
import re
import shlex
import typing as t

# A key has to be known still when sshd asks for it: ssh may take its ConnectTimeout, and the instance's clock may be off a little.
_MARGIN = 20.0
_LIFETIME = 60.0

NO_TICKET = "no session was opened for it"
"""What the tunnel reports when ssh made a new connection although an open one had been seen."""

_CONTROL_PATH = re.compile(r"(?:-o)?\s*ControlPath\s*[= ]\s*(\S.*)\Z", re.IGNORECASE)


def needs_push(last_push: float | None, now: float, newer_than: float = 0.0) -> bool:
    """Whether the key has to be registered (again) for a login that begins now.

    I(newer_than): a registration from before then has been of no use.
    """
    if last_push is None or last_push <= newer_than or last_push > now:
        return True
    return now - last_push >= _LIFETIME - _MARGIN


def names_option(arguments: t.Iterable[bytes], *names: bytes) -> bool:
    """Whether ssh's arguments set one of these options; names in lower case. So does ansible-core look for its own."""
    return any(name in argument.lower() for argument in arguments for name in names)


def key_options(key_file: str) -> list[str]:
    """The run's key. Without IdentitiesOnly, an agent full of keys would use up the attempts that sshd grants."""
    return ["-o", f'IdentityFile="{key_file.replace("%", "%%")}"', "-o", "IdentitiesOnly=yes"]


def host_key_options(instance_id: str, known_hosts: str, strict: bool) -> list[str]:
    """An instance has its id to itself for its whole life; addresses are reused."""
    return [
        "-o", f"HostKeyAlias={instance_id}", "-o", f'UserKnownHostsFile="{known_hosts}"', "-o", "CheckHostIP=no",
        "-o", f"StrictHostKeyChecking={'yes' if strict else 'accept-new'}",
    ]  # fmt: skip


def tunnel_options(python: str, program: str, ticket: str, report: str) -> list[str]:
    """Connect through our program. ssh replaces %-tokens and lets a shell exec it.

    A session carries 24 KB/s, and what Ansible sends becomes a third smaller.
    """
    words = " ".join(shlex.quote(word.replace("%", "%%")) for word in (python, program, "_tunnel.main", ticket, report))
    return ["-o", f"ProxyCommand={words}", "-o", "Compression=yes"]


def names_way(config: t.Mapping[str, str]) -> bool:
    """Whether the user's configuration of ssh sets a proxy for the host."""
    return any(config.get(name, "none").lower() != "none" for name in ("proxycommand", "proxyjump"))


def add_options(command: list[bytes], binary: str, options: t.Iterable[str]) -> list[bytes]:
    """The command with options right behind the program's name, where they come before all others."""
    place = command.index(os.fsencode(binary)) + 1
    return [*command[:place], *map(os.fsencode, options), *command[place:]]


def find_control_path(arguments: t.Iterable[bytes]) -> str | None:
    """The control socket among ssh's arguments, the first as for ssh; None when connections are not shared."""
    for argument in arguments:
        match = _CONTROL_PATH.match(os.fsdecode(argument))
        if match:
            path = match.group(1).strip('"')
            return None if path.lower() == "none" else path
    return None


def has_tokens(path: str) -> bool:
    """Whether only ssh knows which path is meant."""
    return "%" in path or "${" in path or path.startswith("~")


def is_refusal(stderr: bytes, user: str | None, hosts: t.Iterable[str | None]) -> bool:
    """Whether ssh itself reports that the instance refused the login; a program on the instance may print the same about another host."""
    names = "|".join(re.escape(host) for host in hosts if host)
    line = rf"(?:^|\s){re.escape(user) if user else '[^@ ]+'}@(?:{names}): Permission denied \(publickey[^)]*\)"
    return bool(re.search(line, os.fsdecode(stderr), re.MULTILINE | re.IGNORECASE))
