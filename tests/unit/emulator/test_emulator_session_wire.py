# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire format of sessions, against literal frames."""

from __future__ import annotations

import pytest
from ecs_emulator import session_wire as wire

BANNER = bytes.fromhex("00000000 312e3031 00 00 0068e5cf8b010000 0000000000000000 0b000000 5353482d322e302d780d0a")
WITH_IDS = bytes.fromhex("01000000 312e3031 03 732d31 04 692d6162 0068e5cf8b010000 0700000000000000 02000000 6869")


def test_a_clients_frame_has_a_header_of_thirty_bytes():
    message = wire.Message(wire.INPUT, b"SSH-2.0-x\r\n", 0, 1700000000000)
    assert wire.encode(message) == BANNER
    assert wire.decode(BANNER) == message


def test_ids_move_what_follows():
    message = wire.Message(wire.OUTPUT, b"hi", 7, 1700000000000, "s-1", "i-ab")
    assert wire.encode(message) == WITH_IDS
    assert wire.decode(WITH_IDS) == message


def test_an_empty_payload_is_a_message_too():
    message = wire.decode(BANNER[:26] + bytes(4))
    assert (message.kind, message.payload) == (wire.INPUT, b"")


def test_the_stated_length_is_not_looked_at():
    assert wire.decode(BANNER[:26] + b"\xff\xff\x00\x00" + b"abc").payload == b"abc"


@pytest.mark.parametrize(
    "frame",
    [b"", BANNER[:29], BANNER[:8] + b"\xff" + BANNER[9:], WITH_IDS[:14], BANNER[:10] + bytes(8) + BANNER[18:]],
    ids=["empty", "short header", "session id beyond the end", "cut in the instance id", "no time"],
)
def test_other_frames_are_refused(frame):
    with pytest.raises(ValueError, match="the frame"):
        wire.decode(frame)


@pytest.mark.parametrize(
    ("speed", "payload"),
    [(0, "0700"), (255, "07ff"), (204800, "07032000"), (1000000, "070f4240"), (2**31, "0780000000")],
)
def test_speeds_are_big_endian_and_as_short_as_can_be(speed, payload):
    assert wire.send_speed(speed).hex() == payload


@pytest.mark.parametrize(("speed", "interval"), [(204800, 0.083), (1000000, 0.016), (20000000, 0.0), (1000, 1.0)])
def test_intervals_are_computed_as_the_vendors_programs_do(speed, interval):
    assert wire.send_interval(speed) == interval
