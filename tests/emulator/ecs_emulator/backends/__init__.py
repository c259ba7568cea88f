# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API side asks of a guest, the system behind one instance.

The API side owns states, transitions and error codes; a guest owns the machine. Every method is a coroutine of the server's loop.
"""

from __future__ import annotations

import socket
from typing import NamedTuple, Protocol


class BootInjection(NamedTuple):
    """What the vendor's cloud-init does with the key pair at each boot of an instance."""

    login_user: str
    """The image's own login user: root or ecs-user."""
    public_key: str | None
    """The bound pair's public key line; None when no pair is bound."""
    previous_public_keys: tuple[str, ...]
    """Keys that earlier boots injected and that are no longer bound: removed at this boot."""
    password_login: bool
    """Whether password logins are on after this boot (off once a pair is bound, on again after an unbind)."""


class CommandRequest(NamedTuple):
    """A Cloud Assistant command on its way to one guest."""

    task_id: str
    script: bytes
    file_name: str
    """What the agent calls the file of the script."""
    username: str = ""
    """Who runs it; root when empty."""
    working_dir: str = ""
    """The home of the user when empty."""
    timeout: float = 60.0
    """Seconds from the start of the script."""
    termination_mode: str = "Process"
    """What a timeout or a stop kills: Process or ProcessTree."""


class CommandOutcome(NamedTuple):
    """How a Cloud Assistant command ended in the guest."""

    exit_code: int | None
    """None when the command did not end by itself."""
    output: bytes
    """Standard output and standard error as they came, mixed."""
    error_code: str = ""
    """The per-instance ErrorCode of the API, such as ExecutionTimeout or AccountNotExists; empty on a plain exit."""
    error_info: str = ""


class FileRequest(NamedTuple):
    """A file on its way to one guest."""

    content: bytes
    name: str
    target_dir: str
    owner: str = "root"
    group: str = "root"
    mode: str = "0644"
    overwrite: bool = False


class FileOutcome(NamedTuple):
    """How that ended; an empty ErrorCode means that the file is there."""

    error_code: str = ""
    error_info: str = ""


class Guest(Protocol):
    """The system behind one instance."""

    ssh_host: str | None
    ssh_port: int | None
    container: str | None

    async def start(self, injection: BootInjection) -> None:
        """Boot (creating the system the first time), inject, and return when the system has booted."""

    async def stop(self, force: bool) -> None:
        """Shut down, or power off with force."""

    async def reboot(self, injection: BootInjection, force: bool) -> None:
        """Shut down and boot again: a new boot id."""

    async def run(self, request: CommandRequest) -> CommandOutcome:
        """Run a shell script as Cloud Assistant's agent does."""

    async def cancel(self, task_id: str) -> None:
        """Kill the command with this id, if it runs."""

    async def put_file(self, request: FileRequest) -> FileOutcome:
        """Put a file where SendFile wants it."""

    async def dial(self, host: str, port: int) -> socket.socket:
        """A non-blocking connection from inside the guest; OSError when there is none."""

    async def set_clock(self, offset: float) -> None:
        """Put the guest's clock ahead by so many seconds."""

    async def destroy(self) -> None:
        """Remove every trace of the system."""
