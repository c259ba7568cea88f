# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of Session Manager: who may connect where, until when. No sockets here."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Protocol

from ecs_emulator.cloud import Cloud
from ecs_emulator.credentials import Caller
from ecs_emulator.errors import ApiError
from ecs_emulator.models import Instance


@dataclass
class Connection:
    """One websocket of a session and what went through it."""

    started: float
    ended: float | None = None
    reason: str = ""
    """Why it ended: a reason of the wire, ClosedByClient or Cut."""
    bytes_in: int = 0
    bytes_out: int = 0
    messages_in: int = 0
    dropped_bytes: int = 0
    """Input that came before the agent had connected."""
    ignored_frames: int = 0
    """Frames that were no message."""
    sequence_errors: int = 0


class Socket(Protocol):
    """An open websocket as its session sees it."""

    connection: Connection

    def end(self, reason: str) -> None:
        """Say why and close."""

    def cut(self) -> None:
        """Break the connection without a word."""

    def set_speed(self, bits_per_second: int) -> None:
        """Tell the client how fast it may send."""


@dataclass
class Session:
    """What StartTerminalSession made."""

    session_id: str
    token: str
    instance: Instance
    port: int
    """0 for a shell."""
    target: str
    username: str
    created: float
    caller: Caller
    ended: bool = False
    connections: list[Connection] = field(default_factory=list)
    sockets: set[Socket] = field(default_factory=set)

    def to_dict(self) -> dict:
        """The form in which the control path shows it."""
        return {
            "session_id": self.session_id,
            "instance_id": self.instance.instance_id,
            "port": self.port,
            "target": self.target,
            "ended": self.ended,
            "open": len(self.sockets),
            "connections": [dict(vars(connection)) for connection in self.connections],
        }


class Sessions:
    """All sessions of the account, and whether Session Manager is on."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.limits = cloud.fleet.sessions
        self.enabled = self.limits.enabled
        self._sessions: dict[str, Session] = {}

    def __iter__(self):
        return iter(self._sessions.values())

    def start(self, instance: Instance, port: int, target: str, username: str, caller: Caller) -> Session:
        """A session that a websocket may join; SessionCount.ExceedLimit when there are too many."""
        in_region = [session for session in self if session.instance.region == instance.region]
        connected = sum(1 for session in in_region if session.instance is instance and session.sockets)
        available = sum(1 for session in in_region if session.sockets or self.is_open(session))
        if connected >= self.limits.per_instance or available >= self.limits.per_region:
            raise ApiError(403, "SessionCount.ExceedLimit", "The number of sessions exceeds the upper limit.")
        session = Session("s-" + secrets.token_hex(10), secrets.token_urlsafe(48), instance, port, target, username, self._cloud.clock(), caller)
        self._sessions[session.session_id] = session
        return session

    def get(self, session_id: str) -> Session | None:
        """The session with this id."""
        return self._sessions.get(session_id)

    def is_open(self, session: Session) -> bool:
        """Whether the session's URL still opens websockets."""
        return not session.ended and self._cloud.clock() < session.created + self.limits.url_seconds

    def find_to_join(self, session_id: str, token: str) -> Session | None:
        """The session that a websocket with this token may join now."""
        session = self._sessions.get(session_id)
        if session is None or not secrets.compare_digest(session.token.encode(), token.encode()) or not self.is_open(session):
            return None
        return session

    def end(self, session: Session) -> None:
        """Make the URL worthless and close its websockets."""
        session.ended = True
        for socket in list(session.sockets):
            socket.end("Exit")

    def cut_all(self) -> None:
        """Break every websocket."""
        for session in self:
            for socket in list(session.sockets):
                socket.cut()

    def find_target(self, session: Session) -> tuple[Instance, str]:
        """The instance that connects, and the host it connects to: a private address of this cloud is that instance itself."""
        host = session.target
        if not host or host in ("localhost", "127.0.0.1", "::1", session.instance.private_ip):
            return session.instance, "localhost"
        for other in self._cloud.regions[session.instance.region].instances.values():
            if other.private_ip == host and other.spec.vpc_id == session.instance.spec.vpc_id:
                return other, "localhost"
        return session.instance, host
