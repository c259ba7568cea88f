# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest without a system: its instance exists on the API only, so that there can be thousands."""

from __future__ import annotations

import asyncio
from typing import Callable

from ecs_emulator.backends import BootInjection, CommandOutcome
from ecs_emulator.specs import InstanceSpec

Answer = Callable[[str, str], CommandOutcome]
"""What a command answers: called with its script and the user it runs as."""


class ApiGuest:
    """Boots at once, and answers commands as its fleet entry or a test says."""

    ssh_host: str | None = None
    ssh_port: int | None = None
    container: str | None = None

    def __init__(self, spec: InstanceSpec) -> None:
        self._assistant = spec.assistant
        self._cancelled = asyncio.Event()
        self.boots: list[BootInjection] = []
        self.answer: Answer | None = None

    async def start(self, injection: BootInjection) -> None:
        self.boots.append(injection)

    async def stop(self, force: bool) -> None:
        pass

    async def reboot(self, injection: BootInjection, force: bool) -> None:
        self.boots.append(injection)

    async def run(self, script: bytes, username: str, working_dir: str, timeout: float) -> CommandOutcome:
        self._cancelled.clear()
        try:
            await asyncio.wait_for(self._cancelled.wait(), min(self._assistant.seconds, timeout))
            return CommandOutcome(None, b"")
        except asyncio.TimeoutError:
            if self._assistant.seconds > timeout:
                return CommandOutcome(None, b"", "ExecutionTimeout", "the command was killed after %g seconds" % timeout)
        if self.answer is not None:
            return self.answer(script.decode("utf-8", "replace"), username)
        return CommandOutcome(self._assistant.exit_code, self._assistant.output.encode())

    async def cancel(self) -> None:
        self._cancelled.set()

    async def destroy(self) -> None:
        pass
