# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of Session Manager: literal bytes of the documented layout."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._tunnel import wire

# Type 0, version 1.01, no ids, 2023-11-14T22:13:20Z, sequence 0, 11 bytes.
EXAMPLE = bytes.fromhex("00000000 312e3031 00 00 0068e5cf8b010000 0000000000000000 0b000000 5353482d322e302d780d0a")


def test_a_client_s_frame_is_the_documented_one():
    assert wire.encode(wire.INPUT, b"SSH-2.0-x\r\n", 0, 1_700_000_000.0) == EXAMPLE


def test_an_empty_message_is_the_header_alone():
    assert len(wire.encode(wire.INPUT, b"", 7, 1.0)) == 30


def test_the_time_is_never_zero():
    assert wire.decode(wire.encode(wire.INPUT, b"x", 0, 0.0)) == wire.Message(wire.INPUT, b"x")


@pytest.mark.parametrize(
    "ids", [pytest.param("0000", id="no ids"), pytest.param("03732d31" + "05692d776562", id="both ids"), pytest.param("0103" + "00", id="session id only")]
)
def test_frames_with_and_without_ids_are_read(ids):
    frame = bytes.fromhex("01000000312e3031" + ids + "0068e5cf8b010000" + "0500000000000000" + "ffffffff") + b"data"
    assert wire.decode(frame) == wire.Message(wire.OUTPUT, b"data")


@pytest.mark.parametrize("length", [0, 3, 8, 9, 10, 20, 29])
def test_a_frame_cut_within_its_header_is_refused(length):
    with pytest.raises(wire.WireError, match=f"a frame of {length} bytes ends within its header"):
        wire.decode(EXAMPLE[:length])


def test_an_id_longer_than_the_frame_is_refused():
    with pytest.raises(wire.WireError, match="ends within its header"):
        wire.decode(bytes.fromhex("01000000312e3031ff") + bytes(30))


def test_a_frame_without_a_time_is_refused():
    with pytest.raises(wire.WireError, match="has no time"):
        wire.decode(EXAMPLE[:10] + bytes(8) + EXAMPLE[18:])


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param("07" + "032000", wire.Speed(204800), id="speed in three bytes, big-endian"),
        pytest.param("07" + "ff", wire.Speed(255), id="speed in one byte"),
        pytest.param("07" + "001e8480", wire.Speed(2_000_000), id="speed in four bytes"),
        pytest.param("07" + "0000", None, id="speed zero is ignored"),
        pytest.param("03", None, id="code 3 is ignored"),
        pytest.param("", None, id="no code is ignored"),
        pytest.param("63", None, id="an unknown code is ignored"),
        pytest.param("05" + b"Exit".hex(), wire.End(), id="the port was closed: no problem"),
    ],
)
def test_status_messages(payload, expected):
    assert wire.read_status(bytes.fromhex(payload)) == expected


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"\x02", "it is not running, its Cloud Assistant agent is not online, or the session has expired"),
        (b"\x05AgentTimeout", "nothing was sent for three minutes, or it was three hours old"),
        (b"\x05InitChannelFailed", "2.2.3.256 or newer"),
        (b"\x05OpenChannelFailed", "could not connect to the service for this session"),
        (b"\x05Open_port_failed", "does sshd listen there?"),
        (b"\x05OpenTargetPortFailed", "does sshd listen there?"),
        (b"\x05ReadFromTargetPortFailed", "could not read from the port"),
        (b"\x05SendingDataFailed", "could not send data to the service"),
        (b"\x05IdleTimeout", "nothing was sent for too long"),
        (b"\x05SessionTimeout", "as long as a session may"),
        (b"\x05ServerDomainUnavailable", "no address of the service"),
        (b"\x05SessionIdDuplicated", "in use already"),
        (b"\x05ProcessDataError", "could not process the data"),
        (b"\x05OpenPtyFailed", "could not open a terminal"),
        (b"\x05FlowExceedLimit", "more was sent than its speed limit allows"),
        (b"\x05Weird\x1b[31m", "ended the session (Weird?[31m)"),
        (b"\x05{{ lookup('pipe', 'id') }}", "ended the session ({ { lookup('pipe', 'id') }})"),
        (b"\x05" + b"x" * 500, "ended the session (%s...)" % ("x" * 77)),
        (b"\x05", "ended the session (no reason given)"),
    ],
)
def test_every_way_to_end_badly_has_words_of_its_own(payload, words):
    end = wire.read_status(payload)
    assert isinstance(end, wire.End)
    assert words in end.problem
