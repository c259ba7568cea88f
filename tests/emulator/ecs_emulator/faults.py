# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: the next calls of an action fail in a chosen way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

from ecs_emulator.session_wire import REASONS

SESSION = "Session"
"""Stands for a websocket where the name of an action is asked for; ``*`` does not mean it."""

KINDS = ("error", "timeout", "reset", "reset_after", "partial", "delay")
SESSION_KINDS = ("error", "cut", "close", "delay")


@dataclass
class Fault:
    """What happens to the next ``times`` calls of ``action`` (``*``: any) after the first ``skip`` of them."""

    action: str
    fault: str
    code: str = ""
    status: int = 0
    message: str = ""
    times: int = 1
    skip: int = 0
    latency_ms: float = 0
    after_bytes: int = 0
    """Of a websocket: how many bytes pass, both directions together, before it is cut or closed."""

    def to_dict(self) -> dict:
        """The form in which the control path shows it."""
        return dict(vars(self))

    def breaks_item(self, index: int, total: int) -> bool:
        """Whether ``partial`` makes this item fail: every second one, and a lone one too."""
        return self.fault == "partial" and (total == 1 or index % 2 == 1)


_DEFAULTS = {
    "error": ("InternalError", 500, "The request processing has failed due to some unknown error."),
    "close": ("Exit", 0, ""),
    "partial": ("InternalError", 500, "The request processing has failed due to some unknown error."),
}


def parse_fault(body: Mapping[str, object]) -> Fault:
    """Read the body of a control request; ValueError with one sentence."""
    if not isinstance(body, Mapping):
        raise ValueError("a fault is a JSON object")
    unknown = set(body) - set(Fault.__dataclass_fields__)
    if unknown:
        raise ValueError("unknown key '%s'; known: %s" % (sorted(unknown)[0], ", ".join(Fault.__dataclass_fields__)))
    action, kind = body.get("action", "*"), body.get("fault", "delay")
    if not isinstance(action, str) or not action:
        raise ValueError("'action' is not the name of an action")
    known = SESSION_KINDS if action == SESSION else KINDS
    if kind not in known:
        raise ValueError("'fault' is %s" % " or ".join(known))
    if kind == "close" and body.get("code", "Exit") not in REASONS:
        raise ValueError("'code' is %s" % " or ".join(REASONS))
    for key in ("times", "skip", "status", "latency_ms", "after_bytes"):
        value = body.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            raise ValueError("'%s' is not a number of zero or more" % key)
    code, status, message = _DEFAULTS.get(str(kind), ("", 0, ""))
    return Fault(
        action=action,
        fault=str(kind),
        code=str(body.get("code") or code),
        status=int(body.get("status") or (400 if body.get("code") else status)),
        message=str(body.get("message") or (message if not body.get("code") else "Injected by the emulator.")),
        times=int(body.get("times", 1)),
        skip=int(body.get("skip", 0)),
        latency_ms=float(body.get("latency_ms", 0)),
        after_bytes=int(body.get("after_bytes", 0)),
    )


class Faults:
    """The faults that wait for their call."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Queue a fault behind those for the same action."""
        if fault.times:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all."""
        self._waiting.clear()

    def to_list(self) -> list[dict]:
        """Those that still wait."""
        return [fault.to_dict() for fault in self._waiting]

    def take(self, action: str) -> Fault | None:
        """The fault for this call, used up once."""
        for fault in self._waiting:
            if fault.action == action or (fault.action == "*" and action != SESSION):
                if fault.skip:
                    fault.skip -= 1
                    return None
                fault.times -= 1
                if not fault.times:
                    self._waiting.remove(fault)
                return fault
        return None
