# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SendFile: delivers files to guests and records how that ends."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import re
from typing import Mapping

from ecs_emulator.assistant import find_obstacle
from ecs_emulator.backends import FileOutcome, FileRequest
from ecs_emulator.cloud import Cloud
from ecs_emulator.faults import Fault
from ecs_emulator.models import Execution, FileDelivery, Instance

log = logging.getLogger(__name__)

_FAILED = ("FileCreateFail", "FilePathInvalid")
"""What went wrong while the agent worked; any other ErrorCode is something that it refused."""


class FileSender:
    """Sends files as tasks of the server's loop."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, delivery: FileDelivery, broken: Mapping[str, Fault]) -> None:
        """Send a file to its instances; ``broken`` names those whose delivery shall fail."""
        self._cloud.file_deliveries[delivery.invoke_id] = delivery
        for instance_id, execution in delivery.executions.items():
            if instance_id in broken:
                self._end(execution, "Failed", broken[instance_id].code, broken[instance_id].message)
                continue
            task = asyncio.get_running_loop().create_task(self._send(delivery, execution, self._cloud.instances[instance_id]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Abandon whatever is still on its way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send(self, delivery: FileDelivery, execution: Execution, instance: Instance) -> None:
        await asyncio.sleep(self._cloud.timing.delivery)
        obstacle = find_obstacle(instance)
        if obstacle:
            self._end(execution, *obstacle)
            return
        execution.status = "Running"
        execution.started = self._cloud.clock()
        request = read_request(delivery)
        if isinstance(request, FileOutcome):
            self._record(execution, request)
            return
        assert instance.guest is not None
        try:
            outcome = await asyncio.wait_for(instance.guest.put_file(request), delivery.timeout)
        except asyncio.TimeoutError:
            self._end(execution, "Timeout", "DeliveryTimeout", "file sending timed out")
        except Exception as error:  # noqa: BLE001 whatever a guest raises ends this delivery and no other
            log.error("instance %s: a file could not be sent: %s", instance.instance_id, error)
            self._end(execution, "Error", "ClientNotResponse", "the Cloud Assistant Agent does not respond")
        else:
            self._record(execution, outcome)

    def _record(self, execution: Execution, outcome: FileOutcome) -> None:
        status = "Success" if not outcome.error_code else "Failed" if outcome.error_code in _FAILED else "Invalid"
        self._end(execution, status, outcome.error_code, outcome.error_info)

    def _end(self, execution: Execution, status: str, error_code: str = "", error_info: str = "") -> None:
        execution.status, execution.error_code, execution.error_info = status, error_code, error_info
        execution.finished = self._cloud.clock()


def read_request(delivery: FileDelivery) -> FileRequest | FileOutcome:
    """What the agent makes of a delivery before it touches a file: the request, or why it refuses it."""
    try:
        plain = delivery.content.encode()
        content = base64.b64decode(delivery.content, validate=True) if delivery.content_type == "Base64" else plain
    except (binascii.Error, ValueError):
        return FileOutcome("FileContentInvalid", "the content is not base64")
    if not content:
        return FileOutcome("FileContentInvalid", "the file is empty")
    if not re.match(r"[0-7]{3,4}\Z", delivery.mode):
        return FileOutcome("FileAuthorityInvalid", "the mode is not octal")
    return FileRequest(content, delivery.name, delivery.target_dir, delivery.owner, delivery.group, delivery.mode, delivery.overwrite)
