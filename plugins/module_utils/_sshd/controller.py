# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugin tells: how this run is connected, what follows, and what became of a change that was left armed.

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
        """For sshd's Match, which has no use for an IPv6 zone."""
        return Origin(self.address.split("%")[0], *self.reached)

    @property
    def reached(self) -> Tuple[str, int]:
        """Address and port of this host that the connection came to."""
        return self.local_address.split("%")[0], self.local_port


class Settlement(NamedTuple):
    """What shall become of an armed change."""

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
    """Whether keys have been proven already, and ways in may be taken away."""
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


def read_controller(told: Optional[Mapping[str, Any]]) -> Controller:
    """From the hidden option; None where the module runs without its action plugin."""
    told = told or {}
    session = told.get("session")
    return Controller(
        bool(told.get("over_ssh")),
        bool(told.get("by_password")),
        bool(told.get("prove")),
        bool(told.get("harden")),
        Session(session["user"], session["address"], session["local_address"], int(session["local_port"])) if session else None,
        Settlement(told["change"], bool(told["proven"]), told["why"]) if "change" in told else None,
    )
