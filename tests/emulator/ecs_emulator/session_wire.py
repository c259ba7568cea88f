# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of Session Manager's websocket, in the form that clients see. Pure.

::

    offset  size  field, little-endian
    0       4     type
    4       4     schema version, ASCII, padded with blanks
    8       1     n, length of the session id      9+n     1   m, length of the instance id
    9       n     session id                       10+n    m   instance id
    10+n+m  8     created, epoch milliseconds, not 0
    18+n+m  8     sequence number, signed
    26+n+m  4     length of the payload (receivers take the rest of the frame)
    30+n+m  *     payload
"""

from __future__ import annotations

import struct
from typing import NamedTuple

INPUT, OUTPUT, SIZE, CLOSE, STATUS = 0, 1, 2, 3, 5
CONNECT_FAILED, CLOSED, SEND_SPEED = 2, 5, 7
PAYLOAD_LIMIT = 2048
REASONS = (
    "Exit", "AgentTimeout", "InitChannelFailed", "OpenChannelFailed", "SessionIdDuplicated", "ProcessDataError",
    "OpenPtyFailed", "FlowExceedLimit", "Open_port_failed", "OpenTargetPortFailed", "ReadFromTargetPortFailed", "SendingDataFailed",
    "IdleTimeout", "SessionTimeout", "ServerDomainUnavailable",
)  # fmt: skip


class Message(NamedTuple):
    """One message."""

    kind: int
    payload: bytes
    sequence: int
    created: int
    session_id: str = ""
    instance_id: str = ""
    version: str = "1.01"


def encode(message: Message) -> bytes:
    """The frame of a message."""
    session_id, instance_id = message.session_id.encode(), message.instance_id.encode()
    return b"".join(
        (
            struct.pack("<I4s", message.kind, message.version.ljust(4).encode()),
            struct.pack("<B", len(session_id)) + session_id,
            struct.pack("<B", len(instance_id)) + instance_id,
            struct.pack("<QqI", message.created, message.sequence, len(message.payload)),
            message.payload,
        )
    )


def decode(frame: bytes) -> Message:
    """The message of a frame; ValueError when it is none."""
    try:
        kind, version = struct.unpack_from("<I4s", frame, 0)
        session_id, offset = _string(frame, 8)
        instance_id, offset = _string(frame, offset)
        created, sequence, _length = struct.unpack_from("<QqI", frame, offset)
    except struct.error:
        raise ValueError("the frame ends within its header") from None
    if not created:
        raise ValueError("the frame has no time")
    text = [value.decode("ascii", "replace") for value in (session_id, instance_id, version)]
    return Message(kind, frame[offset + 20 :], sequence, created, text[0], text[1], text[2].rstrip())


def send_speed(bits_per_second: int) -> bytes:
    """The payload of a status message that sets the receiver's speed: big-endian, in as few bytes as it needs."""
    size = max(1, (bits_per_second.bit_length() + 7) // 8)
    return bytes((SEND_SPEED,)) + bits_per_second.to_bytes(size, "big")


def send_interval(bits_per_second: int) -> float:
    """Seconds between two messages of full size, as the vendor's programs compute it: whole milliseconds."""
    messages = bits_per_second // 8 // PAYLOAD_LIMIT
    return (1000 // messages) / 1000 if messages else 1.0


def _string(frame: bytes, offset: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from("<B", frame, offset)
    end = offset + 1 + length
    if end > len(frame):
        raise ValueError("the frame ends within its header")
    return frame[offset + 1 : end], end
