# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one world is: how a login is broken, what the check must say first, and what mends it."""

from __future__ import annotations

from typing import NamedTuple


class Scenario(NamedTuple):
    """One way for a login to fail."""

    cause: str
    setup: str
    fix: str = ""
    """Empty where the first finding must bring its own fix_command, which is then run as it is."""
    note: str = ""
    """Tells scenarios with the same cause apart."""
    user: str = "bob"
    key: str = ""
    """Kind and bits of a key other than the usual Ed25519, such as rsa:2048."""
    verdict: object = False
    check: tuple = ()
    """Options of the module other than the usual ones."""
    images: tuple = ()
    """Only there; everywhere when empty."""
    client: tuple = ()
    """Options of the ssh that logs in."""
    strangers: int = 0
    """How many logins with a key that nobody knows come from the same address before."""
    proof: str = ""
    """What the private login must come to: refused, fails, or works where the obstacle is not one that it can see."""

    @property
    def id(self) -> str:
        """Readable, and unique in the table."""
        return self.cause + (f"-{self.note}" if self.note else "")


class Healthy(NamedTuple):
    """A world that looks odd and in which the login works."""

    id: str
    setup: str
    user: str = "bob"
    key: str = ""
    images: tuple = ()


WITH_KEY = "keys '%s\\n' \"$K\""
