# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real keys and real logins."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Iterable, NamedTuple

from lab.instance import Instance

# Nothing of the person who runs the tests: no configuration, no agent, no known hosts.
OPTIONS = (
    "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "ControlPath=none",
    "-o", "StrictHostKeyChecking=yes", "-o", "GlobalKnownHostsFile=none", "-o", "ConnectTimeout=10",
    "-o", "ServerAliveInterval=5", "-o", "LogLevel=ERROR",
)  # fmt: skip


class KeyFile(NamedTuple):
    """A key pair on disk."""

    path: Path
    public: str
    """The whole line."""

    @property
    def blob(self) -> str:
        """The base64 field."""
        return self.public.split()[1]


def make_key(folder: Path, name: str, kind: str = "ed25519", bits: int | None = None, passphrase: str = "") -> KeyFile:
    """A new key pair, made by ssh-keygen; the name is its comment."""
    path = folder / name
    size = ["-b", str(bits)] if bits else []
    command = ["ssh-keygen", "-q", "-t", kind, *size, "-N", passphrase, "-C", name, "-f", str(path)]
    subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL)
    return KeyFile(path, path.with_name(name + ".pub").read_text().strip())


def write_known_hosts(path: Path, instances: Iterable[Instance]) -> None:
    """The host keys as the instances themselves have them."""
    lines = []
    for instance in instances:
        host = instance.ssh_host if instance.ssh_port == 22 else f"[{instance.ssh_host}]:{instance.ssh_port}"
        lines += [f"{host} {key}\n" for key in instance.host_keys()]
    path.write_text("".join(lines))


def ssh(
    instance: Instance, user: str, key: KeyFile | Path, command: str, known_hosts: Path, options: Iterable[str] = (), timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """One login with exactly this key and nothing else. One that does not end in time has the exit status 124."""
    path = key.path if isinstance(key, KeyFile) else key
    extra = [word for option in options for word in ("-o", option)]
    full = ["ssh", *extra, *OPTIONS, "-o", f"UserKnownHostsFile={known_hosts}", "-p", str(instance.ssh_port), "-i", str(path)]
    full += ["-l", user, instance.ssh_host, "--", command]
    try:
        return subprocess.run(full, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(full, 124, "", f"ssh did not end within {timeout:g} s")
