# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in a process of its own, with a deadline: what it changes about itself, such as its namespaces, ends with it.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import time
from typing import Any, Callable, Dict, List

_DEATH_SIGNAL = 1
LIMIT = 1 << 20


def die_with_parent() -> None:
    """Make the kernel end this process when the one that started it ends, even if that is killed."""
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def own_group() -> None:
    """For a program that is started by such work: a group of its own, which ends with the work."""
    os.setsid()
    die_with_parent()


def in_child(work: Callable[[], Any], seconds: float) -> Dict[str, Any]:
    """{"answer": what the work returned} or {"error": why there is no answer}."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _work(work, writing)
    os.close(writing)
    try:
        text = _read(reading, time.monotonic() + seconds)
    finally:
        os.close(reading)
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if text is None:
        return {"error": "there was no answer within %d seconds" % seconds}
    try:
        return dict(json.loads(text))
    except ValueError:
        return {"error": "the question ended without an answer"}


def _work(work: Callable[[], Any], writing: int) -> None:
    """The child: never returns."""
    try:
        own_group()
        os.environ.clear()
        os.environ.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C")
        os.chdir("/")
        try:
            told = {"answer": work()}
        except Exception as exc:  # noqa: BLE001 pylint: disable=broad-except # whatever it is, it is the answer
            told = {"error": getattr(exc, "strerror", None) or str(exc) or type(exc).__name__}
        data = json.dumps(told).encode("ascii")
        while data:
            data = data[os.write(writing, data) :]
    finally:
        os._exit(0)


def _read(reading: int, late: float) -> Any:
    """Everything up to the end; None when it takes too long or is too much."""
    parts: List[bytes] = []
    size = 0
    while True:
        left = late - time.monotonic()
        if left <= 0 or size > LIMIT or not select.select([reading], [], [], left)[0]:
            return None
        part = os.read(reading, 1 << 16)
        if not part:
            return b"".join(parts).decode("ascii")
        parts.append(part)
        size += len(part)
