# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the next message may be sent."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._tunnel.pace import Pace, send_interval


@pytest.mark.parametrize(
    ("speed", "seconds"),
    [
        pytest.param(200 * 1024, 0.083, id="the default"),
        pytest.param(2_000_000, 0.008, id="ten times as fast"),
        pytest.param(16384, 1.0, id="one message in a second"),
        pytest.param(8192, 2.0, id="slower than one message in a second"),
        pytest.param(2**32 - 1, 0.0, id="no limit worth a pause"),
    ],
)
def test_interval_of_full_messages(speed, seconds):
    assert send_interval(speed) == seconds


def send(pace: Pace, sizes: list[int], latency: float = 0.0) -> float:
    """The time at which the last of these messages goes out, if nothing else takes time but being woken late."""
    now = 100.0
    for size in sizes:
        wait = pace.wait(now)
        now += wait + (latency if wait else 0)
        pace.sent(size, now)
    return now - 100.0


def test_full_messages_keep_the_vendor_s_interval():
    assert send(Pace(), [2048] * 101) == pytest.approx(100 * 0.083, abs=0.051)


def test_being_woken_late_does_not_slow_the_whole_down():
    assert send(Pace(), [2048] * 101, latency=0.004) == pytest.approx(100 * 0.083, abs=0.06)


def test_no_second_carries_more_than_the_limit():
    pace, now, sent = Pace(), 100.0, []
    while now < 110:
        now += pace.wait(now) + 0.001
        pace.sent(2048, now)
        sent.append(now)
    for start in sent:
        assert sum(2048 for at in sent if start <= at < start + 1) <= 200 * 1024 / 8 + 2048


def test_a_dialogue_of_small_messages_hardly_waits():
    assert send(Pace(), [36] * 20) < 0.1


def test_a_pause_gives_no_right_to_a_burst():
    pace = Pace()
    pace.sent(2048, 100.0)
    pace.sent(2048, 200.0)
    pace.sent(2048, 200.0)
    assert pace.wait(200.0) == pytest.approx(2 * 0.083 - 0.05)


def test_a_new_speed_counts_from_the_next_message_on():
    pace = Pace()
    pace.set_speed(8192)
    pace.sent(2048, 100.0)
    assert pace.wait(100.0) == pytest.approx(2.0, abs=0.051)
