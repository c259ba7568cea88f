# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Cloud Assistant agent of a container: shell scripts, run as root or as a user, killed when they are overdue."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

from ecs_emulator.backends import CommandOutcome
from ecs_emulator.backends.podman import Completed, PodmanError, run_process

SCRIPTS = Path(__file__).with_name("guest")
# A command whose processes were killed reports at once; anything slower means the container itself is gone or stuck.
KILL_GRACE = 15.0


class Agent:
    """Runs the commands of one container; several at a time if asked to."""

    def __init__(self, container: str) -> None:
        self._container = container
        self._running: set[str] = set()
        self._cancelled: set[str] = set()

    async def run(self, script: bytes, username: str, working_dir: str, timeout: float) -> CommandOutcome:
        """Run a script and answer how it ended."""
        job = uuid.uuid4().hex
        command = ("podman", "exec", "--interactive", self._container, "sh", "-c", _read("command.sh"), "sh")
        arguments = (job, username or "root", working_dir)
        self._running.add(job)
        ended = asyncio.create_task(run_process(*command, *arguments, stdin=script, timeout=timeout + 2 * KILL_GRACE))
        try:
            done, _pending = await asyncio.wait({ended}, timeout=timeout)
            overdue = not done
            if overdue:
                await self._kill(job)
            outcome = parse_outcome(await ended)
        except PodmanError as error:
            return CommandOutcome(None, b"", "ClientNotResponse", str(error))
        finally:
            ended.cancel()
            self._running.discard(job)
            cancelled = job in self._cancelled
            self._cancelled.discard(job)
        if cancelled:
            return CommandOutcome(None, outcome.output, "ExecutionInterrupted", "The command was stopped.")
        if overdue:
            return CommandOutcome(None, outcome.output, "ExecutionTimeout", f"The command did not end within {timeout:g} seconds.")
        return outcome

    async def cancel(self) -> None:
        """Kill every command that runs now."""
        jobs = list(self._running)
        self._cancelled.update(jobs)
        await asyncio.gather(*(self._kill(job) for job in jobs))

    async def _kill(self, job: str) -> None:
        """Kill the whole process group of a command; its runner then reports what it has written so far."""
        await run_process("podman", "exec", self._container, "sh", "-c", _read("kill.sh"), "sh", job, timeout=KILL_GRACE)


def parse_outcome(done: Completed) -> CommandOutcome:
    """What the runner in the guest reports: output on stdout, one line on stderr."""
    for line in reversed(done.error.splitlines()):  # podman may add lines of its own
        word, _space, rest = line.partition(" ")
        if word == "exit" and rest.isdigit():
            return CommandOutcome(int(rest), done.stdout)
        if word == "error":
            code, _space, info = rest.partition(" ")
            return CommandOutcome(None, done.stdout, code, info)
    return CommandOutcome(None, done.stdout, "InstanceNotRunning", "The instance stopped while the command ran, or was not running.")


def _read(name: str) -> str:
    return (SCRIPTS / name).read_text(encoding="utf-8")
