# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Assistant: delivers commands to guests and records how they end."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Collection, Coroutine

from ecs_emulator.backends import CommandOutcome, CommandRequest
from ecs_emulator.cloud import Cloud
from ecs_emulator.connect import OUTPUT_BUFFER_VERSION, is_at_least
from ecs_emulator.faults import Fault
from ecs_emulator.models import Execution, Instance, Invocation
from ecs_emulator.schedule import Schedule

log = logging.getLogger(__name__)

OUTPUT_LIMIT = 24 * 1024
OUTPUT_BEGINNING = 6000
"""How much of the limit newer agents keep for the beginning of a long output."""
_STOPPED = ("Cancelled", "Terminated")
FINAL = frozenset(("Success", "Invalid", "Aborted", "Failed", "Error", "Timeout", "Cancelled", "Terminated"))

POWER_EXIT_CODES = (193, 194)
"""A command that ends with one of them has the agent power off or reboot."""

_OUTCOME_STATUS = {
    "ExecutionTimeout": "Timeout",
    "AccountNotExists": "Invalid",
    "DirectoryNotExists": "Invalid",
    "DefaultWorkingDirectoryNotAvailable": "Invalid",
}
"""The status that goes with an ErrorCode of the guest; any other is Error."""


def find_obstacle(instance: Instance, command_type: str = "") -> tuple[str, str, str] | None:
    """Why a command, or a file, cannot be delivered, as (status, ErrorCode, ErrorInfo); None when it can."""
    if instance.status != "Running":
        return ("Aborted", "InstanceNotRunning", "the specified instance is not running")
    if command_type and instance.is_windows == (command_type == "RunShellScript"):
        return ("Invalid", "CommandNotApplicable", "the command is not applicable to the instance's operating system")
    if not instance.agent_installed:
        return ("Aborted", "ClientNotRunning", "the Cloud Assistant Agent is not running")
    if not instance.agent_online:
        return ("Aborted", "ClientNotOnline", "the Cloud Assistant Agent is not connected to the server")
    return None


def truncate(output: bytes, version: str) -> tuple[bytes, int]:
    """What an agent of this version keeps of an output, and how many bytes it drops."""
    if len(output) <= OUTPUT_LIMIT:
        return output, 0
    beginning = OUTPUT_BEGINNING if is_at_least(version, OUTPUT_BUFFER_VERSION) else 0
    return output[:beginning] + output[beginning - OUTPUT_LIMIT :], len(output) - OUTPUT_LIMIT


class Assistant:
    """Runs invocations as tasks of the server's loop."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_boot: list[tuple[Invocation, Execution, bytes]] = []
        """What runs when its instance boots."""

    def begin(self, invocation: Invocation, scripts: dict[str, bytes], broken: dict[str, Fault]) -> None:
        """Start a command: one script per instance; ``broken`` names instances whose execution shall fail."""
        self._keep(invocation)
        for instance_id, script in scripts.items():
            instance = self._cloud.instances[instance_id]
            instance.invocations += 1
            instance.last_invoked = invocation.created
            execution = invocation.executions[instance_id]
            if instance_id in broken:
                self._end(execution, "Failed", broken[instance_id].code, broken[instance_id].message)
                continue
            if invocation.repeat_mode == "Once":
                self._spawn(self._execute(invocation, execution, instance, script))
            elif invocation.schedule is not None:
                self._spawn(self._keep_schedule(invocation.schedule, invocation, execution, script))
            else:
                execution.status = "Scheduled"
                self._at_boot.append((invocation, execution, script))

    def boot(self, instance: Instance) -> None:
        """Run what waits for a boot of this instance."""
        for invocation, execution, script in self._at_boot:
            if execution.instance_id == instance.instance_id and execution.status == "Scheduled":
                self._spawn(self._repeat(invocation, execution, script, last=invocation.repeat_mode == "NextRebootOnly"))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _keep(self, invocation: Invocation) -> None:
        """Record a command; the oldest records go."""
        known = self._cloud.invocations
        known[invocation.invoke_id] = invocation
        while len(known) > self._cloud.fleet.limits.records_kept:
            del known[next(iter(known))]

    async def _keep_schedule(self, schedule: Schedule, invocation: Invocation, execution: Execution, script: bytes) -> None:
        execution.status = "Scheduled"
        if schedule.moment is not None:
            await asyncio.sleep(max(0.0, schedule.moment - self._cloud.clock()))
            await self._repeat(invocation, execution, script, last=True)
        while schedule.interval and execution.status == "Scheduled":
            await asyncio.sleep(schedule.interval)
            await self._repeat(invocation, execution, script)

    async def _repeat(self, invocation: Invocation, execution: Execution, script: bytes, last: bool = False) -> None:
        """One run of a repeated command, which afterwards waits for the next one unless it was stopped."""
        if execution.status != "Scheduled":
            return
        await self._execute(invocation, execution, self._cloud.instances[execution.instance_id], script)
        if not last and execution.status not in _STOPPED:
            invocation.history.append(replace(execution))
            execution.status = "Scheduled"

    async def stop(self, invocation: Invocation, instance_ids: Collection[str]) -> None:
        """Cancel what was not delivered, kill what runs; what has ended stays as it is."""
        for instance_id in instance_ids:
            execution = invocation.executions[instance_id]
            if execution.status in ("Pending", "Scheduled"):
                execution.stopped = self._cloud.clock()
                self._end(execution, "Cancelled")
            elif execution.status == "Running":
                execution.status = "Stopping"
                execution.stopped = self._cloud.clock()
                guest = self._cloud.instances[instance_id].guest
                if guest is not None:
                    await guest.cancel(invocation.invoke_id)

    async def close(self) -> None:
        """Abandon whatever still runs."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _execute(self, invocation: Invocation, execution: Execution, instance: Instance, script: bytes) -> None:
        await asyncio.sleep(self._cloud.timing.delivery)
        if execution.status in FINAL:
            return
        obstacle = find_obstacle(instance, invocation.command_type)
        if obstacle:
            self._end(execution, *obstacle)
            return
        execution.status = "Running"
        execution.repeats += 1
        execution.started = self._cloud.clock()
        instance.active_commands += 1
        assert instance.guest is not None
        try:
            outcome = await instance.guest.run(self._request(invocation, script))
        except Exception as error:  # noqa: BLE001 whatever a guest raises ends this command and no other
            log.error("instance %s: a command could not be run: %s", instance.instance_id, error)
            outcome = CommandOutcome(None, b"", "ExecutionException", "the command could not be run")
        finally:
            instance.active_commands -= 1
        execution.output, execution.dropped = truncate(outcome.output, instance.spec.assistant.version)
        self._record(execution, outcome)

    def _request(self, invocation: Invocation, script: bytes) -> CommandRequest:
        stripped = invocation.username == "root" and self._cloud.behaviours.username_root == "stripped"
        username = "" if stripped else invocation.username
        return CommandRequest(
            invocation.invoke_id, script, invocation.file_name, username, invocation.working_dir, invocation.timeout,
            invocation.termination_mode,
        )  # fmt: skip

    def _record(self, execution: Execution, outcome: CommandOutcome) -> None:
        execution.exit_code = outcome.exit_code
        if execution.status == "Stopping":
            self._end(execution, "Terminated")
        elif outcome.error_code:
            if outcome.error_code == "ExecutionTimeout" and self._cloud.behaviours.timeout_exit_code == "given":
                execution.exit_code = 1
            self._end(execution, _OUTCOME_STATUS.get(outcome.error_code, "Error"), outcome.error_code, outcome.error_info)
        elif outcome.exit_code == 0 or (outcome.exit_code in POWER_EXIT_CODES and self._cloud.behaviours.power_exit_code == "success"):
            self._end(execution, "Success")
        elif outcome.exit_code is None:
            self._end(execution, "Error", "ExecutionInterrupted", "the command was interrupted")
        else:
            self._end(execution, "Failed", "ExitCodeNonzero", "the command ended with exit code %d" % outcome.exit_code)

    def _end(self, execution: Execution, status: str, error_code: str = "", error_info: str = "") -> None:
        execution.status = status
        execution.error_code = error_code
        execution.error_info = error_info
        execution.finished = self._cloud.clock()
