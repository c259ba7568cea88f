# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A limit on the time that one foreign answer can take from all others.

Note that this module util is **PRIVATE** to the collection.
"""

import signal
import threading
from contextlib import contextmanager
from typing import Any, Iterator


class TooLong(Exception):
    """The time is over."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """TooLong when what is done inside is not done in time. Only a process's first thread can be interrupted: in others there is no limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_what: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
