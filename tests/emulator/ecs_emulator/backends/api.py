# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest without a system: its instance exists on the API only, so that there can be thousands."""

from __future__ import annotations

import asyncio
import posixpath
import shlex
import socket
from typing import Callable, Protocol

from ecs_emulator.backends import BootInjection, CommandOutcome, CommandRequest, FileOutcome, FileRequest
from ecs_emulator.connect import PLUGIN_VERSION, is_at_least
from ecs_emulator.replay import load_replay
from ecs_emulator.specs import InstanceSpec

Answer = Callable[[str, str], CommandOutcome]
"""What a command answers: called with its script and the user it runs as."""


class AgentLink(Protocol):
    """What the agent of a guest without a system can do on its own."""

    def register_key(self, user_name: str, public_key: str) -> None:
        """Deliver a temporary key."""

    def run_plugin_manager(self) -> int:
        """The exit code of the plugin manager."""


class ApiGuest:
    """Boots at once, and answers commands as its fleet entry or a test says; the agent's own commands it really obeys."""

    ssh_host: str | None = None
    ssh_port: int | None = None
    container: str | None = None

    def __init__(self, spec: InstanceSpec, link: AgentLink | None = None) -> None:
        self._assistant = spec.assistant
        self._link = link
        self.session_target: tuple[str, int] | None = None
        """Where sessions lead, whatever port they ask for; None refuses them."""
        self._running: dict[str, asyncio.Event] = {}
        self.boots: list[BootInjection] = []
        self.answer: Answer | None = load_replay(spec.assistant.replay, spec.assistant.replay_bytes) if spec.assistant.replay else None
        self.files: dict[str, FileRequest] = {}
        """The files that were sent, by path."""

    async def start(self, injection: BootInjection) -> None:
        self.boots.append(injection)

    async def stop(self, force: bool) -> None:
        pass

    async def reboot(self, injection: BootInjection, force: bool) -> None:
        self.boots.append(injection)

    async def run(self, request: CommandRequest) -> CommandOutcome:
        if request.username == "root":
            return CommandOutcome(None, b"", "AccountNotExists", "UserInvalid_root")
        cancelled = self._running[request.task_id] = asyncio.Event()
        try:
            await asyncio.wait_for(cancelled.wait(), min(self._assistant.seconds, request.timeout))
            return CommandOutcome(None, b"")
        except asyncio.TimeoutError:
            if self._assistant.seconds > request.timeout:
                return CommandOutcome(None, b"", "ExecutionTimeout", "the command was killed after %g seconds" % request.timeout)
        finally:
            del self._running[request.task_id]
        script = request.script.decode("utf-8", "replace")
        if self.answer is not None:
            return self.answer(script, request.username)
        if self._link is not None and not self._assistant.exit_code:
            known = _obey(script, self._link if is_at_least(self._assistant.version, PLUGIN_VERSION) else None)
            if known is not None:
                return known
        return CommandOutcome(self._assistant.exit_code, self._assistant.output.encode())

    async def cancel(self, task_id: str) -> None:
        if task_id in self._running:
            self._running[task_id].set()

    async def put_file(self, request: FileRequest) -> FileOutcome:
        path = posixpath.join(request.target_dir, request.name)
        if path in self.files and not request.overwrite:
            return FileOutcome("FileAlreadyExists", "A file of this name exists.")
        self.files[path] = request
        return FileOutcome()

    async def dial(self, host: str, port: int) -> socket.socket:
        if self.session_target is None:
            raise ConnectionRefusedError("nothing listens on port %d" % port)
        connected = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connected.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connected, self.session_target)
        return connected

    async def set_clock(self, offset: float) -> None:
        pass

    async def destroy(self) -> None:
        pass


def _obey(script: str, link: AgentLink | None) -> CommandOutcome | None:
    """Run a script that is one command of the agent, if the agent has it; None for any other script."""
    try:
        words = shlex.split(script)
    except ValueError:
        return None
    if words[:1] not in (["acs-plugin-manager"], ["send_ssh_public_key"]):
        return None
    if link is None:
        return CommandOutcome(127, b"%s: not found\n" % words[0].encode())
    if words[0] == "acs-plugin-manager":
        exit_code = link.run_plugin_manager()
        return CommandOutcome(exit_code, b"install finished ...\n" if exit_code == 0 else b"")
    if words[1:2] != ["--username"] or words[3:4] != ["--ssh-public-key"] or not words[4:]:
        return CommandOutcome(1, b"--ssh-public-key is missing\n")
    link.register_key(words[2], " ".join(words[4:]))
    return CommandOutcome(0, b"")
