# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on a foreign answer ends in time, and nothing of the clock is left behind."""

import signal
import threading
import time

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant import ask
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.shape import GuestError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.patience import TooLong, within


def work(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_what_takes_too_long_is_ended():
    before = signal.getsignal(signal.SIGALRM)
    started = time.monotonic()
    with pytest.raises(TooLong), within(0.1):
        work(30)
    assert time.monotonic() - started < 20
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == (before, (0.0, 0.0))


def test_what_is_done_in_time_is_not():
    with within(60):
        work(0.01)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_other_threads_are_left_alone():
    done = []

    def run():
        with within(0.05):
            work(0.2)
            done.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert done == [True]


def test_an_answer_that_takes_too_long_is_its_guests_failure(monkeypatch):
    monkeypatch.setattr(ask, "JUDGING_SECONDS", 0.1)
    with pytest.raises(GuestError, match="takes too long"), ask.judging():
        work(30)


@pytest.mark.parametrize(
    "error", [KeyError("x"), IndexError(), TypeError(), ValueError(), OverflowError(), ZeroDivisionError(), AttributeError(), RecursionError()]
)
def test_an_answer_that_cannot_be_judged_is_too(error):
    with pytest.raises(GuestError, match="unexpected response"), ask.judging():
        raise error
