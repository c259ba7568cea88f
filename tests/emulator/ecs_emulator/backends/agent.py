# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Cloud Assistant agent of a container: shell scripts, run as root or as a user, killed when they are overdue."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

from ecs_emulator.backends import CommandOutcome, CommandRequest, FileOutcome, FileRequest
from ecs_emulator.backends.podman import Completed, PodmanError, run_process
from ecs_emulator.connect import OUTPUT_BUFFER_VERSION, is_at_least

SCRIPTS = Path(__file__).with_name("guest")
# Until a script starts: the system may have to boot first.
START_LIMIT = 120.0
# A command whose processes were killed reports at once; anything slower means the container itself is gone or stuck.
KILL_GRACE = 15.0
POWER_VERBS = {193: "poweroff", 194: "reboot"}
"""What a script asks the agent for by its exit code."""


class Agent:
    """Runs the commands of one container; several at a time if asked to."""

    def __init__(self, container: str, version: str) -> None:
        self._container = container
        self._pipe = "closed" if is_at_least(version, OUTPUT_BUFFER_VERSION) else "drained"
        self._running: dict[str, CommandRequest] = {}
        self._cancelled: set[str] = set()

    async def run(self, request: CommandRequest) -> CommandOutcome:
        """Run a script and answer how it ended."""
        job = uuid.uuid4().hex
        arguments = (job, request.username, request.working_dir, request.file_name, self._pipe)
        begun = asyncio.Event()

        def watch(line: bytes) -> None:
            if line.rstrip() == b"begun":
                begun.set()

        self._running[job] = request
        timeout = START_LIMIT + request.timeout + 2 * KILL_GRACE
        ended = asyncio.create_task(run_process(*self._exec("command.sh", *arguments), stdin=request.script, timeout=timeout, on_error_line=watch))
        beginning = asyncio.create_task(begun.wait())
        try:
            await asyncio.wait({ended, beginning}, return_when=asyncio.FIRST_COMPLETED)
            done, _pending = await asyncio.wait({ended}, timeout=request.timeout)
            overdue = not done
            if overdue:
                await self._kill(job, request.termination_mode)
            outcome = parse_outcome(await ended)
        except PodmanError as error:
            return CommandOutcome(None, b"", "ClientNotResponse", str(error))
        finally:
            beginning.cancel()
            ended.cancel()
            del self._running[job]
            cancelled = job in self._cancelled
            self._cancelled.discard(job)
        if cancelled:
            return CommandOutcome(None, outcome.output, "ExecutionInterrupted", "The command was stopped.")
        if overdue:
            return CommandOutcome(None, outcome.output, "ExecutionTimeout", f"The command did not end within {request.timeout:g} seconds.")
        if outcome.exit_code in POWER_VERBS:
            await run_process("podman", "exec", self._container, "systemctl", "--no-block", POWER_VERBS[outcome.exit_code], timeout=KILL_GRACE)
        return outcome

    async def cancel(self, task_id: str) -> None:
        """Kill the command with this id, if it runs."""
        jobs = {job: request.termination_mode for job, request in self._running.items() if request.task_id == task_id}
        self._cancelled.update(jobs)
        await asyncio.gather(*(self._kill(job, mode) for job, mode in jobs.items()))

    async def put_file(self, request: FileRequest) -> FileOutcome:
        """Write a file and set its owner and mode."""
        arguments = (request.target_dir, request.name, str(request.overwrite).lower(), request.owner, request.group, request.mode)
        done = await run_process(*self._exec("send_file.sh", *arguments), stdin=request.content)
        for line in done.error.splitlines():  # podman may add lines of its own
            word, _space, rest = line.partition(" ")
            if word == "sent":
                return FileOutcome()
            if word == "error":
                code, _space, info = rest.partition(" ")
                return FileOutcome(code, info)
        return FileOutcome("InstanceNotRunning", "The instance stopped while the file was sent, or was not running.")

    async def _kill(self, job: str, termination_mode: str) -> None:
        """Kill what the command's TerminationMode says; its runner then reports what it has written so far."""
        await run_process(*self._exec("kill.sh", job, termination_mode), timeout=KILL_GRACE)

    def _exec(self, script: str, *arguments: str) -> list[str]:
        """The command that runs a script of ours in the container."""
        return ["podman", "exec", "--interactive", self._container, "sh", "-c", (SCRIPTS / script).read_text(encoding="utf-8"), "sh", *arguments]


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
