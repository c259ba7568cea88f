# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks many guests at once through Cloud Assistant.

Note that this module util is **PRIVATE** to the collection. The client is handed in: nothing here knows the SDK.
"""

import uuid
from collections.abc import Hashable
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._ecs.client import RunBatch
from .._ecs.errors import EcsError
from .._ecs.patience import TooLong, within
from .command import parse_output, render_command
from .shape import GuestError, unexpected

# A command that could not be delivered within a minute is given up by the service; then it needs time to say so.
DELIVERY_SECONDS = 90
JUDGING_SECONDS = 10


class Ended(NamedTuple):
    """How a command ended in one instance: with an output, or why there is none (and the API's error, if it was one)."""

    output: Optional[str] = None
    why: str = ""
    error: Optional[EcsError] = None
    waited: float = 0.0
    """Seconds that the controller has waited for it alone or with others; 0 where it had ended before it was asked about."""


class Reply(NamedTuple):
    """What came back from one guest: an answer, or the sentence why there is none (and the API's error, if it was one)."""

    answer: Optional[Dict[str, Any]]
    why: str = ""
    error: Optional[EcsError] = None


def ask_guests(
    client: Any, requests: Mapping[str, Any], timeout: int, shape: Mapping[str, Any], render: Callable[[Any, str], str] = render_command
) -> Dict[str, Reply]:
    """Send each instance its request and wait for all answers. Equal requests share a command; all run at the same time.

    An answer has the I(shape), or it is none.

    I(render) makes the script of a request and a marker. I(timeout) is how many seconds the command may run in a guest.
    Raises GuestError when a request cannot be sent at all.
    """
    groups: Dict[Hashable, List[str]] = {}
    for instance_id, request in requests.items():
        groups.setdefault(request, []).append(instance_id)
    replies: Dict[str, Reply] = {}
    for _request, marker, instance_id, ended in run_groups(client, groups, timeout, render):
        replies[instance_id] = _read_reply(ended, marker, shape)
    return replies


def run_groups(
    client: Any, groups: Mapping[Any, Sequence[str]], timeout: int, render: Callable[[Any, str], str], mark: str = "ecs-access-%s:"
) -> Iterator[Tuple[Any, str, str, Ended]]:
    """Send each request to its instances, all at the same time; (request, marker, instance, how it ended) as they end.

    Nothing is started, and GuestError raised, when a request cannot be sent at all.
    """
    scripts = []
    for request, instance_ids in groups.items():
        marker = mark % uuid.uuid4().hex
        scripts.append((request, marker, render(request, marker), instance_ids))
    started = [(request, marker, batch) for request, marker, script, ids in scripts for batch in client.run_command(script, list(ids), timeout)]
    deadline = client.clock() + timeout + DELIVERY_SECONDS
    for request, marker, batch in started:
        for instance_id, ended in wait_for_batch(client, batch, deadline).items():
            yield request, marker, instance_id, ended


def wait_for_batch(client: Any, batch: RunBatch, deadline: float) -> Dict[str, Ended]:
    """How the command of one call ended in each of its instances."""
    error = batch.error
    if error is None:
        try:
            found = client.wait_for_invocation(batch.invoke_id, batch.instance_ids, deadline)
            return {instance_id: Ended(one.output, waited=one.waited) if one.is_success else Ended(why=one.why) for instance_id, one in found.items()}
        except EcsError as exc:
            error = exc
    return {instance_id: Ended(None, error.text, error) for instance_id in batch.instance_ids}


def _read_reply(ended: Ended, marker: str, shape: Mapping[str, Any]) -> Reply:
    if ended.output is None:
        return Reply(None, ended.why, ended.error)
    try:
        with judging():
            return Reply(parse_output(ended.output, marker, shape))
    except GuestError as exc:
        return Reply(None, exc.text)


@contextmanager
def judging() -> Iterator[None]:
    """Where an answer is read and judged: an unexpected response, or one that takes too long, is a GuestError of this guest, and of no other."""
    try:
        with within(JUDGING_SECONDS):
            yield
    except TooLong:
        raise GuestError("the response from the instance takes too long to read")
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError):
        raise unexpected()
