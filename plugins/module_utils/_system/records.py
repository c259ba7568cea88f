# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read from the machine: plain records for the code that judges them.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import NamedTuple


class Node(NamedTuple):
    """One file or directory on the way to a key."""

    path: str
    kind: str = "missing"  # file, directory, link, fifo, socket, device, missing
    uid: int = 0
    gid: int = 0
    mode: int = 0
    owner: str = ""
    group: str = ""
    acl: bool = False
    """Whether an access control list gives rights to others than owner and group."""
    private_group: bool = False
    """Whether the group has nobody but the account: Debian's and Ubuntu's sshd then allows group writes."""
    link: str = ""
    """Where it leads, for a symbolic link; the rest is then about what lies there."""
    fixed: bool = False
    """Whether root alone decides what lies at this path, and it is not a link."""


class Listening(NamedTuple):
    """One listening TCP socket and the program that holds it."""

    address: str
    port: int
    program: str
    pid: int = 0
