# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's actions, by name. One file per noun; importing this package registers them all."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Awaitable, Callable, NamedTuple

from ecs_emulator.assistant import Assistant
from ecs_emulator.cloud import Cloud
from ecs_emulator.credentials import Caller, Credentials
from ecs_emulator.errors import ApiError
from ecs_emulator.faults import Fault
from ecs_emulator.file_sender import FileSender
from ecs_emulator.lifecycle import Lifecycle
from ecs_emulator.models import Region
from ecs_emulator.parameters import Parameters
from ecs_emulator.sessions import Sessions

ECS = "2014-05-26"
STS = "2015-04-01"
SERVICES = {ECS: "ecs", STS: "sts"}
"""What RAM calls the services."""


@dataclass
class Context:
    """What an action works with."""

    cloud: Cloud
    lifecycle: Lifecycle
    assistant: Assistant
    files: FileSender
    credentials: Credentials
    sessions: Sessions
    params: Parameters
    caller: Caller
    endpoint: str
    """The host and port by which the client knows this server."""
    secure: bool = False
    """Whether it speaks TLS."""
    fault: Fault | None = None

    @property
    def region(self) -> Region:
        """The region of the mandatory parameter RegionId."""
        return self.cloud.region(self.params.require("RegionId"))

    @property
    def optional_region(self) -> Region:
        """The region of a call that may leave RegionId out: the fleet's own, unless it says otherwise."""
        return self.cloud.region(self.params.get("RegionId", self.cloud.fleet.region))

    def find_repeated(self, kind: str) -> str | None:
        """The id of what the same ClientToken made before; the parameters must be the same too."""
        known = self.cloud.client_tokens.get((kind, self.params.get("ClientToken")))
        if known is None:
            return None
        digest, made_id = known
        if digest != self.params.digest():
            raise ApiError(403, "IdempotentParameterMismatch", "The request uses the same client token with different parameters.")
        return made_id

    def remember(self, kind: str, made_id: str) -> None:
        """Let find_repeated find it."""
        token = self.params.get("ClientToken")
        if token:
            self.cloud.client_tokens[kind, token] = (self.params.digest(), made_id)

    def broken_item(self, index: int, total: int) -> Fault | None:
        """The ``partial`` fault of this call when it hits this item."""
        return self.fault if self.fault and self.fault.breaks_item(index, total) else None


Handler = Callable[[Context], "dict[str, Any] | Awaitable[dict[str, Any]]"]


class Action(NamedTuple):
    """A registered action."""

    version: str
    handler: Handler


ACTIONS: dict[str, Action] = {}


def action(name: str, version: str = ECS) -> Callable[[Handler], Handler]:
    """Register the decorated function: it takes a Context and returns the answer's fields (it may be a coroutine)."""

    def register(handler: Handler) -> Handler:
        ACTIONS[name] = Action(version, handler)
        return handler

    return register


for _module in (
    "account", "assistant", "files", "instances", "invocations", "key_pairs", "launch_templates",
    "lifecycle", "regions", "run_command", "security_groups", "sessions", "settings", "stored_commands", "sts", "tags",
):  # fmt: skip
    importlib.import_module("ecs_emulator.actions." + _module)
