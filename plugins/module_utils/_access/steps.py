# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that a plan consists of, and the effects that each one has.

Users who must be removed come first, root's own files before files in homes; one who obstructs does not delay the next. Then phases
give before they take: whatever fails half-way leaves people with more rather than less access to repair it.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import NamedTuple, Optional, Tuple, Union

(
    PHASE_EXPIRE, PHASE_STRIP, PHASE_SESSIONS, PHASE_FORGET, PHASE_REVOKE, PHASE_REMAINS, PHASE_GROUP, PHASE_USER, PHASE_HOME, PHASE_KEYS, PHASE_GRANT,
    PHASE_TAKE, PHASE_END,
) = range(13)  # fmt: skip
LEAVING = frozenset((PHASE_EXPIRE, PHASE_STRIP, PHASE_SESSIONS, PHASE_FORGET, PHASE_REVOKE, PHASE_REMAINS, PHASE_END))
"""Phases whose steps are independent: all are tried, even when others fail."""


class Action(NamedTuple):
    """One effect of a step: what is done to whom, and what its sentence needs besides. The sentences are in the report."""

    kind: str
    subject: str
    text: str = ""


class Expiry(NamedTuple):
    """The day on which an account expires, as /etc/shadow holds it."""

    user: str
    days: str


class RunTool(NamedTuple):
    """Run one tool. C(expiry) and C(gone_home): what must be true once it has ended without complaint."""

    phase: int
    actions: Tuple[Action, ...]
    argv: Tuple[str, ...]
    stdin: str = ""
    expiry: Optional[Expiry] = None
    gone_home: Optional[str] = None


class RemoveGroup(NamedTuple):
    """Remove a group that may be gone already."""

    phase: int
    actions: Tuple[Action, ...]
    name: str


class WriteFragment(NamedTuple):
    """Put a rule of ours into sudoers.d. C(names): the file's name and those of earlier versions, under which it may be there."""

    phase: int
    actions: Tuple[Action, ...]
    folder: str
    names: Tuple[str, ...]
    text: str


class RemoveFragment(NamedTuple):
    """Take a rule of ours out of sudoers.d."""

    phase: int
    actions: Tuple[Action, ...]
    folder: str
    names: Tuple[str, ...]


class WriteKeys(NamedTuple):
    """Bring a key file to its planned content. C(before): what was planned on, None for no file.

    C(shared): it is changed for all accounts that have it. C(pattern): the path is known only once the account has its number.
    C(revokes): a revoked key is among those that leave it.
    """

    phase: int
    actions: Tuple[Action, ...]
    name: str
    path: str
    content: bytes
    before: Optional[bytes]
    shared: bool = False
    pattern: Optional[str] = None
    revokes: bool = False


class RemoveKeyFile(NamedTuple):
    """Take a key file of an account away."""

    phase: int
    actions: Tuple[Action, ...]
    name: str
    path: str


class RemoveFile(NamedTuple):
    """Take a file away that one account has in a folder of the system."""

    phase: int
    actions: Tuple[Action, ...]
    path: str


class EditFile(NamedTuple):
    """Take lines out of a file of root's. C(before): what was planned on."""

    phase: int
    actions: Tuple[Action, ...]
    path: str
    content: bytes
    before: bytes


class CreateHome(NamedTuple):
    """Make the missing home of an account."""

    phase: int
    actions: Tuple[Action, ...]
    name: str


class EndSessions(NamedTuple):
    """End all processes of an account."""

    phase: int
    actions: Tuple[Action, ...]
    name: str


Step = Union[RunTool, RemoveGroup, WriteFragment, RemoveFragment, WriteKeys, RemoveKeyFile, RemoveFile, EditFile, CreateHome, EndSessions]
