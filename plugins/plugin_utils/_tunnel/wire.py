# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session Manager's messages: one per binary frame of the websocket, integers little-endian.

::

    offset  size  field
    0       4     type
    4       4     schema version, ASCII
    8       1+n   session id with its length before it; a client sends none
    9+n     1+m   instance id, the same
    10+n+m  8     created, epoch milliseconds, never 0
    18+n+m  8     sequence number, one for all types, each side its own
    26+n+m  4     length of the payload; receivers take the rest of the frame
    30+n+m  *     payload, 2048 bytes at most

Note that this plugin util is **PRIVATE** to the collection. It is pure: the time is passed in.
"""

from __future__ import annotations

import struct
import typing as t

from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable, shorten

INPUT, OUTPUT, CLOSE, STATUS = 0, 1, 3, 5
PAYLOAD_LIMIT = 2048

_VERSION = b"1.01"
_CONNECT_FAILED, _CLOSED, _SEND_SPEED = 2, 5, 7

_REFUSED_PORT = "the agent could not connect to the port; does sshd listen there?"

# As the published sources of the agent spell them; older and newer ones differ.
_REASONS = {
    "AgentTimeout": "the agent ended the session: nothing was sent for three minutes, or it was three hours old",
    "FlowExceedLimit": "the service ended the session because more was sent than its speed limit allows",
    "IdleTimeout": "the service ended the session because nothing was sent for too long",
    "InitChannelFailed": "the agent could not begin the session; its version may be too old (2.2.3.256 or newer is needed)",
    "OpenChannelFailed": "the agent could not connect to the service for this session; can the instance reach it (security group, routes, DNS, proxy)?",
    "OpenPtyFailed": "the agent could not open a terminal",
    "OpenTargetPortFailed": _REFUSED_PORT,
    "Open_port_failed": _REFUSED_PORT,
    "ProcessDataError": "the agent could not process the data",
    "ReadFromTargetPortFailed": "the agent could not read from the port any more; the server there broke the connection",
    "SendingDataFailed": "the agent could not send data to the service any more",
    "ServerDomainUnavailable": "the agent found no address of the service; check DNS and the network of the instance",
    "SessionIdDuplicated": "the session is in use already",
    "SessionTimeout": "the service ended the session because it has lasted as long as a session may",
}


class WireError(AccessError):
    """The frame is not a message. The text is one clause."""

    code = "wire"


class Message(t.NamedTuple):
    """A message of the service."""

    kind: int
    payload: bytes


class Speed(t.NamedTuple):
    """The service sets how fast we may send."""

    bits_per_second: int


class End(t.NamedTuple):
    """The service ends the session. No problem means that the other side has closed the connection as it should."""

    problem: str = ""


def encode(kind: int, payload: bytes, sequence: int, now: float) -> bytes:
    """The frame of a client's message; I(now) in epoch seconds."""
    created = max(1, int(now * 1000))
    return struct.pack("<I4sBBQqI", kind, _VERSION, 0, 0, created, sequence, len(payload)) + payload


def decode(frame: bytes) -> Message:
    """The message in a frame; raises WireError."""
    try:
        (kind,) = struct.unpack_from("<I", frame, 0)
        place = 8
        for _identifier in ("session", "instance"):
            place += 1 + frame[place]
        (created,) = struct.unpack_from("<Q", frame, place)
        struct.unpack_from("<qI", frame, place + 8)
    except (struct.error, IndexError):
        raise WireError(f"a frame of {len(frame)} bytes ends within its header") from None
    if not created:
        raise WireError("a frame has no time")
    return Message(kind, frame[place + 20 :])


def read_status(payload: bytes) -> Speed | End | None:
    """What a status message asks for; None for what may be ignored."""
    code, rest = payload[:1], payload[1:]
    if code == bytes([_SEND_SPEED]):
        speed = int.from_bytes(rest[:4], "big")
        return Speed(speed) if speed else None
    if code == bytes([_CONNECT_FAILED]):
        return End("the service could not connect to the instance: it is not running, its Cloud Assistant agent is not online, or the session has expired")
    if code == bytes([_CLOSED]):
        reason = rest.decode("ascii", "replace").strip("\0 \n")
        if reason == "Exit":
            return End()
        return End(_REASONS.get(reason) or f"the service ended the session ({printable(shorten(reason, 80)) or 'no reason given'})")
    return None
