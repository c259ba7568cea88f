# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen on the host, what is to be done there, and how a user's access reads before and after.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Tuple

from .._openssh.authorized_keys import KeyLine
from .._openssh.key_paths import SshdWords
from .._system.accounts import Account, Group, Shadow
from .sudoers import Rule


class Conflict(ValueError):
    """The wanted state does not fit this host. The message is one sentence that can be shown as it is."""


class InTheWay(Conflict):
    """A conflict that an account can bring about by itself: it must not keep others from losing their access."""


class HomeState(NamedTuple):
    """A home directory. C(problem) is a sentence when we must not work in it, C(obstacle) when it could not be created."""

    exists: bool
    uid: int = 0
    problem: Optional[str] = None
    obstacle: Optional[str] = None


class KeyFile(NamedTuple):
    """One file that sshd reads keys from. C(content) is None when it could not be read at all.

    C(problem): why we must not touch it. C(obstacle): why a write would fail. C(repairs): what a write would mend.
    """

    path: str
    exists: bool = False
    content: Optional[bytes] = b""
    repairs: Tuple[str, ...] = ()
    problem: Optional[str] = None
    obstacle: Optional[str] = None
    shared: Tuple[str, ...] = ()
    """Other accounts for which sshd reads the same file: it is never changed for the sake of one of them."""


class Fragment(NamedTuple):
    """One of our files in sudoers.d; C(sound) says that owner and mode are right."""

    text: str
    sound: bool = True


class SudoSet(NamedTuple):
    """The sudoers files. C(fragment_dir) is None when none of the files includes a directory. C(obstacle): why none is written there."""

    installed: bool = True
    fragment_dir: Optional[str] = "/etc/sudoers.d"
    fragments: Dict[str, Fragment] = {}
    rules: List[Rule] = []
    obstacle: Optional[str] = None


class Snapshot(NamedTuple):
    """Everything that planning needs to know about the host.

    C(nss) holds accounts that only NSS knows. C(account_obstacle): why the account files cannot be changed.
    """

    accounts: Dict[str, Account]
    shadows: Dict[str, Shadow]
    groups: Dict[str, Group]
    nss: Dict[str, Account] = {}
    homes: Dict[str, HomeState] = {}
    key_files: Dict[str, Tuple[KeyFile, ...]] = {}
    sudo: SudoSet = SudoSet()
    missing_shells: FrozenSet[str] = frozenset()
    missing_dirs: FrozenSet[str] = frozenset()
    missing_tools: FrozenSet[str] = frozenset()
    account_obstacle: Optional[str] = None
    default_shell: str = "/bin/bash"
    home_base: str = "/home"
    words: SshdWords = SshdWords()
    damage: Tuple[str, ...] = ()
    """Lines of the account files behind which somebody could hide, one clause each."""

    def namesakes(self, account: Account) -> List[str]:
        """Other accounts with the same number: whatever belongs to one belongs to all."""
        return sorted(other.name for other in self.accounts.values() if other.uid == account.uid and other.name != account.name)


class Step(NamedTuple):
    """One thing to do. C(what) are the sentences that name it; a lower C(phase) comes first.

    Who is to go comes first, what is root's own before what lies in homes; one leaver who resists does not save the next. Then
    phases give before they take: whatever fails half-way leaves people with more rather than less access to repair it.
    """

    phase: int
    call: str
    what: Tuple[str, ...]
    args: Dict[str, Any]


(PHASE_EXPIRE, PHASE_STRIP, PHASE_SESSIONS, PHASE_FORGET, PHASE_REVOKE, PHASE_GROUP, PHASE_USER, PHASE_HOME, PHASE_KEYS, PHASE_GRANT, PHASE_TAKE, PHASE_END) = (
    range(12)
)
LEAVING = frozenset((PHASE_EXPIRE, PHASE_STRIP, PHASE_SESSIONS, PHASE_FORGET, PHASE_REVOKE, PHASE_END))
"""Phases whose steps stand for themselves: all are tried, whatever comes of the others."""


class UserView(NamedTuple):
    """One user's access in words and lists: what diffs, results and the guard look at."""

    name: str
    exists: bool = False
    uid: Optional[int] = None
    group: str = ""
    groups: Tuple[str, ...] = ()
    comment: str = ""
    shell: str = ""
    home: str = ""
    password: str = "none"
    expires: str = "never"
    locked: bool = False
    sudo: str = "none"
    rule: str = ""
    keys: Tuple[KeyLine, ...] = ()


class Plan(NamedTuple):
    """What to do, in order, and how things look before and after."""

    steps: Tuple[Step, ...]
    before: Dict[str, UserView]
    after: Dict[str, UserView]
    groups_before: Dict[str, Group]
    groups_after: Dict[str, Group]
    fragments: Dict[str, Optional[str]]
    warnings: Tuple[str, ...]
    failures: Tuple[str, ...] = ()
    """What was asked for and can't be planned, without keeping the rest from being done."""

    @property
    def changed(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.steps)

    @property
    def actions(self) -> List[str]:
        """Every effect as a sentence, in the order in which it happens."""
        return [what for step in self.steps for what in step.what]
