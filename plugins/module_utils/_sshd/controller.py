# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugin reports: how this run is connected, what follows, and what happened to a change that was left armed.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, Mapping, NamedTuple, Optional, Tuple

from .._system.sshd import Origin


class Session(NamedTuple):
    """The SSH connection of this run, as its host sees it."""

    user: str
    address: str
    local_address: str
    local_port: int

    @property
    def origin(self) -> Origin:
        """For sshd's Match, which does not support an IPv6 zone."""
        return Origin(self.address.split("%")[0], *self.reached)

    @property
    def reached(self) -> Tuple[str, int]:
        """Address and port of this host that the connection uses."""
        return self.local_address.split("%")[0], self.local_port


class Settlement(NamedTuple):
    """What to do with an armed change."""

    change: str
    proven: bool
    why: str


class Controller(NamedTuple):
    """The side that Ansible runs on."""

    over_ssh: bool = False
    by_password: bool = False
    prove: bool = False
    """Whether a login follows that proves the change; it is left armed until then."""
    harden: bool = False
    """Whether keys have been proven already, and login methods may be removed."""
    announces: bool = False
    """Whether a person is there to read what this run waits for."""
    session: Optional[Session] = None
    settlement: Optional[Settlement] = None

    @property
    def connecting(self) -> Optional[str]:
        """Who this run is logged in as."""
        return self.session.user if self.session else None

    @property
    def origin(self) -> Origin:
        """Where it comes from."""
        return self.session.origin if self.session else Origin()


def read_controller(reported: Optional[Mapping[str, Any]]) -> Controller:
    """From the hidden option; None where the module runs without its action plugin."""
    reported = reported or {}
    session = reported.get("session")
    return Controller(
        bool(reported.get("over_ssh")),
        bool(reported.get("by_password")),
        bool(reported.get("prove")),
        bool(reported.get("harden")),
        bool(reported.get("announces")),
        Session(session["user"], session["address"], session["local_address"], int(session["local_port"])) if session else None,
        Settlement(reported["change"], bool(reported["proven"]), reported["why"]) if "change" in reported else None,
    )
