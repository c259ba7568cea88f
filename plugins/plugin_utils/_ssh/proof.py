# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh login by public key alone, the way the connection plugin would come, past every open connection.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import resource
import secrets
import shlex
import subprocess
import tempfile
import time
from typing import IO, Callable, NamedTuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable, text_lines

# Servers since OpenSSH 9.8 shut out addresses that fail too often: never more than two logins, the second only
# where the first did not get as far as being refused.
_TRIES = 2
_PAUSE = 3.0
_MOST_OUTPUT = 1024 * 1024

_KEY_ONLY = (
    "ControlMaster=no", "ControlPath=none", "BatchMode=yes", "PreferredAuthentications=publickey", "PubkeyAuthentication=yes",
    "PasswordAuthentication=no", "KbdInteractiveAuthentication=no", "GSSAPIAuthentication=no", "HostbasedAuthentication=no",
    "RequestTTY=no", "ForwardAgent=no", "ClearAllForwardings=yes",
)  # fmt: skip


class Target(NamedTuple):
    """Where to log in: the options of the ssh connection plugin, by their own names."""

    host: str
    ssh_executable: str = "ssh"
    ssh_args: str = ""
    ssh_common_args: str = ""
    ssh_extra_args: str = ""
    port: int | None = None
    remote_user: str | None = None
    private_key_file: str | None = None
    host_key_checking: bool = True

    @property
    def name(self) -> str:
        """USER@HOST, as far as known."""
        return f"{self.remote_user}@{self.host}" if self.remote_user else self.host


class Proof(NamedTuple):
    """Whether the login worked, and the result as a clause."""

    proven: bool
    text: str


class Attempt(NamedTuple):
    """An ssh command, and the line that only the far side can answer: in the command it is written in two pieces."""

    command: list[str]
    mark: str


def proof_command(target: Target, only_this_key: bool, timeout: int) -> Attempt:
    """ssh takes the first value of an option, so ours stand ahead of the user's own arguments."""
    options = [*_KEY_ONLY, f"ConnectTimeout={timeout}"]
    if not target.host_key_checking:
        options.append("StrictHostKeyChecking=no")
    if target.port:
        options.append(f"Port={target.port}")
    if target.private_key_file:
        options.append(f'IdentityFile="{target.private_key_file}"')
    if only_this_key:
        options.append("IdentitiesOnly=yes")
    if target.remote_user:
        options.append(f'User="{target.remote_user}"')
    command = [target.ssh_executable]
    for option in options:
        command += ["-o", option]
    for arguments in (target.ssh_args, target.ssh_common_args, target.ssh_extra_args):
        command += shlex.split(arguments or "")
    # -S and -M among the user's arguments would win over -o.
    token = secrets.token_hex(8)
    # Every login shell knows echo, and joins a quoted word to what stands before it.
    return Attempt([*command, "-S", "none", "-T", "--", target.host, f"echo logged-in-'{token}'"], f"logged-in-{token}")


def prove_login(attempt: Attempt, target: Target, timeout: int, sleep: Callable[[float], None] = time.sleep) -> Proof:
    """Log in at most twice. Whatever ssh ends with, only the far side's own answer proves a login."""
    problem = ""
    for turn in range(_TRIES):
        if turn:
            sleep(_PAUSE)
        try:
            status, out, error = run_bounded(attempt.command, timeout + 15)
        except subprocess.TimeoutExpired:
            problem = f"ssh did not end within {timeout + 15} seconds"
            continue
        except OSError as exc:
            return Proof(False, f"{attempt.command[0]} cannot be run: {exc.strerror}")
        if attempt.mark in [line.strip() for line in text_lines(out)]:
            return Proof(True, f"logged in as {target.name} by public key")
        problem = _last_lines(error) or _describe(status)
        if "Permission denied" in problem or "Host key verification failed" in problem:
            break
    return Proof(False, f"no login as {target.name} by public key: {problem}")


def run_bounded(command: list[str], timeout: int) -> tuple[int, str, str]:
    """Status and output, of which the far side cannot make more than there is room for."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=error, timeout=timeout, check=False, preexec_fn=_limit_output)
        return done.returncode, _read(out), _read(error)


def _limit_output() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_OUTPUT, _MOST_OUTPUT))


def _read(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read(_MOST_OUTPUT).decode("utf-8", "replace")


def _last_lines(text: str) -> str:
    noise = ("debug", "Warning: Permanently added")
    lines = [line.strip() for line in text_lines(text) if line.strip() and not line.startswith(noise)]
    return printable(" ".join(lines[-2:])[-1000:])


def _describe(status: int) -> str:
    if status < 0:
        return f"ssh was ended by signal {-status}"
    return f"ssh ended with status {status}, and the far side did not run the command (a forced command, or a shell that allows no login?)"
