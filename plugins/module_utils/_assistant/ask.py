# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks many guests at once through Cloud Assistant.

Note that this module util is **PRIVATE** to the collection. The client is handed in: nothing here knows the SDK.
"""

import uuid
from collections.abc import Hashable
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from .._ecs.errors import EcsError
from .command import GuestError, parse_output, render_command

# A command that could not be delivered within a minute is given up by the service; then it needs time to say so.
DELIVERY_SECONDS = 90

_CODES = {
    "InstanceNotRunning": "it is not running",
    "InstanceRestarted": "it was restarted while the command ran",
    "ClientNotRunning": "its Cloud Assistant agent does not run",
    "ClientNotOnline": "its Cloud Assistant agent is not connected",
    "ClientNotResponse": "its Cloud Assistant agent does not respond",
    "ClientNetworkBlocked": "its network keeps Cloud Assistant out",
    "ClientIsUpgrading": "its Cloud Assistant agent is being upgraded; run again in a minute",
    "ClientNeedUpgrade": "its Cloud Assistant agent is too old",
    "CommandNotApplicable": "it does not run Linux",
    "DeliveryTimeout": "the command could not be delivered",
    "SecurityGroupRuleDenied": "a security group keeps Cloud Assistant out",
    "TaskConcurrencyLimit": "too many Cloud Assistant commands run in it",
}


class Reply(NamedTuple):
    """What came back from one guest: an answer, or the sentence why there is none (and the API's error, if it was one)."""

    answer: Optional[Dict[str, Any]]
    why: str = ""
    error: Optional[EcsError] = None


def ask_guests(client: Any, requests: Mapping[str, Any], timeout: int, render: Callable[[Any, str], str] = render_command) -> Dict[str, Reply]:
    """Send each instance its request and wait for all answers. Equal requests share a command; all run at the same time.

    I(render) makes the script of a request and a marker. I(timeout) is how many seconds the command may run in a guest.
    Raises GuestError when a request can't be sent at all.
    """
    groups: Dict[Hashable, List[str]] = {}
    for instance_id, request in requests.items():
        groups.setdefault(request, []).append(instance_id)
    started = []
    for request, instance_ids in groups.items():
        marker = "ecs-access-%s:" % uuid.uuid4().hex
        script = render(request, marker)
        started.extend((marker, batch) for batch in client.run_command(script, instance_ids, timeout))
    deadline = client.clock() + timeout + DELIVERY_SECONDS
    replies: Dict[str, Reply] = {}
    for marker, batch in started:
        for instance_id, (result, error) in wait_for_batch(client, batch, deadline).items():
            replies[instance_id] = _read_reply(result, marker, error)
    return replies


def wait_for_batch(client: Any, batch: Any, deadline: float) -> Dict[str, Tuple[Optional[Dict[str, Any]], Optional[EcsError]]]:
    """The result of each instance of a batch, or None, and the error of the API that kept all of them from having one."""
    results: Dict[str, Dict[str, Any]] = {}
    error = batch.error
    if error is None:
        try:
            results = client.wait_for_invocation(batch.invoke_id, batch.instance_ids, deadline)
        except EcsError as exc:
            error = exc
    return {instance_id: (results.get(instance_id), error) for instance_id in batch.instance_ids}


def _read_reply(result: Optional[Mapping[str, Any]], marker: str, error: Optional[EcsError]) -> Reply:
    if error is not None:
        return Reply(None, str(error), error)
    if result is None:
        return Reply(None, "Cloud Assistant never mentioned the instance")
    status = result.get("InvocationStatus")
    if status != "Success":
        return Reply(None, "the command ended as %s: %s" % (status, _explain(result)))
    try:
        return Reply(parse_output(result.get("Output") or "", marker))
    except GuestError as exc:
        return Reply(None, str(exc))


def _explain(result: Mapping[str, Any]) -> str:
    code = result.get("ErrorCode") or ""
    if code in _CODES:
        return _CODES[code]
    if code in ("", "ExitCodeNonzero"):
        lines = (result.get("Output") or "").strip().splitlines()
        return (lines[-1][:200] if lines else "") or "no reason given"
    return "%s (%s)" % (code, result.get("ErrorInfo") or "no details")
