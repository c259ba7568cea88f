# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen on the host, what must be done there, and how a user's access reads before and after.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Set, Tuple

from .._errors import AccessError
from .._openssh.authorized_keys import KeyLine
from .._openssh.key_paths import SshdWords
from .._openssh.keys import PublicKey
from .._system.accounts import Account, AnyAccount, Group, PlannedAccount, Shadow, group_name, groups_of
from .._system.sudoers import Rule
from .remains import Remain
from .steps import Action, Step
from .sudoers import SudoRule


class Conflict(AccessError):
    """The wanted state does not fit this host. The message is one sentence that can be shown as it is."""


class InTheWay(Conflict):
    """A conflict that an account can bring about by itself: it must not keep others from losing their access."""


class HomeState(NamedTuple):
    """A home directory. C(problem) is a sentence when we must not work in it, C(obstacle) when it could not be created."""

    exists: bool
    uid: Optional[int] = None
    problem: Optional[str] = None
    obstacle: Optional[str] = None


class HeldKey(NamedTuple):
    """A key that opens an account, with the options of its line."""

    key: PublicKey
    options: str = ""


def held_keys(lines: Iterable[KeyLine]) -> Tuple[HeldKey, ...]:
    """The keys of a file's lines."""
    return tuple(HeldKey(line.key, line.options) for line in lines if line.key is not None)


class Repair(NamedTuple):
    """What a write would also repair: C(kind) is set_mode or set_owner, C(change) has the old and the new value.

    C(opens): whether sshd may have refused keys because of what is repaired.
    """

    kind: str
    path: str
    change: str
    opens: bool = False


class KeyFile(NamedTuple):
    """One file that sshd reads keys from. C(lines) is None when it could not be read at all.

    C(problem): why we must not touch it. C(obstacle): why a write would fail. C(repairs): what a write would also repair.
    C(shared): other accounts for which sshd reads the same file; it is never changed for the sake of one of them.
    C(pattern): set while the path depends on a number that is not known yet.
    """

    path: str
    exists: bool = False
    lines: Optional[Tuple[KeyLine, ...]] = ()
    repairs: Tuple[Repair, ...] = ()
    problem: Optional[str] = None
    obstacle: Optional[str] = None
    shared: Tuple[str, ...] = ()
    pattern: Optional[str] = None

    @property
    def content(self) -> Optional[bytes]:
        """The bytes of the file."""
        return None if self.lines is None else b"".join(line.raw for line in self.lines)

    @property
    def keys(self) -> Tuple[HeldKey, ...]:
        """The keys that sshd finds in it."""
        return held_keys(self.lines or ())

    @property
    def blobs(self) -> Set[bytes]:
        """The same without comments and options."""
        return {held.key.blob for held in self.keys}


class Fragment(NamedTuple):
    """One of our files in sudoers.d; C(sound): owner and mode are right."""

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
    C(key_files) are those that sshd will read once everybody is in the planned groups, C(key_files_now) those that it reads today
    where they are others. C(spare_files) are the default ones that it does not read: another setting would bring them back into force.
    """

    accounts: Dict[str, Account]
    shadows: Dict[str, Shadow]
    groups: Dict[str, Group]
    nss: Dict[str, Account] = {}
    homes: Dict[str, HomeState] = {}
    key_files: Dict[str, Tuple[KeyFile, ...]] = {}
    key_files_now: Dict[str, Tuple[KeyFile, ...]] = {}
    spare_files: Dict[str, Tuple[KeyFile, ...]] = {}
    sudo: SudoSet = SudoSet()
    missing_shells: FrozenSet[str] = frozenset()
    missing_dirs: FrozenSet[str] = frozenset()
    missing_tools: FrozenSet[str] = frozenset()
    account_obstacle: Optional[str] = None
    default_shell: str = "/bin/bash"
    home_base: str = "/home"
    words: SshdWords = SshdWords()
    bound: Tuple[PublicKey, ...] = ()
    """Keys that the next reboot puts back, because the pair is bound to the instance."""
    damage: Tuple[str, ...] = ()
    """Malformed lines of the account files, each of which may hide an account, one clause each."""
    remains: Tuple[Remain, ...] = ()
    """What else acts in the name of users who lose that too, and the content of files that have lines of it."""
    edited: Dict[str, bytes] = {}

    def find_account(self, name: str) -> Optional[Account]:
        """An account of the host, wherever it is defined."""
        return self.accounts.get(name) or self.nss.get(name)

    def namesakes(self, account: Account) -> List[str]:
        """Other accounts with the same number: whatever belongs to one belongs to all."""
        return sorted(other.name for other in self.accounts.values() if other.uid == account.uid and other.name != account.name)


class UserView(NamedTuple):
    """One user's access: what diffs, results and the guard look at."""

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
    rule: Optional[SudoRule] = None
    keys: Tuple[HeldKey, ...] = ()

    @property
    def all_groups(self) -> Set[str]:
        """Primary and supplementary groups."""
        return {self.group, *self.groups}


class Accounts(NamedTuple):
    """The account files, as they are or as they will be."""

    accounts: Dict[str, PlannedAccount]
    shadows: Dict[str, Shadow]
    groups: Dict[str, Group]

    def primary_group(self, account: AnyAccount) -> str:
        """Its name, or its number where it has none. A new account without a number gets a group of its own name."""
        return account.name if account.gid is None else group_name(self.groups, account.gid) or str(account.gid)

    def groups_of(self, account: AnyAccount) -> Set[str]:
        """All groups of an account, the primary one too."""
        return {self.primary_group(account), *groups_of(account.name, self.groups)}


class Settled(NamedTuple):
    """Groups, accounts and sudo of a plan, which decide where sshd will look for keys."""

    after: Accounts
    steps: Tuple[Step, ...] = ()
    fragments: Dict[str, Optional[str]] = {}
    warnings: Tuple[str, ...] = ()
    failures: Tuple[str, ...] = ()
    removes: Tuple[Remain, ...] = ()
    """What else is taken away that acted in the name of users."""
    given: Dict[str, SudoRule] = {}
    """What others' rules give to users for whom exactly that is asked."""


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
    """What was requested and cannot be planned; the rest is done nevertheless."""
    unremoved: Tuple[str, ...] = ()
    """Where revoked keys stay or could not be searched for: a failure, unless sshd itself refuses them."""
    revoked_keys: Tuple[PublicKey, ...] = ()
    """These keys, as far as they are known."""
    others_rules: Tuple[Rule, ...] = ()
    """Rules of sudo in files that are not ours."""
    removes: Tuple[Remain, ...] = ()
    sudo_groups: Dict[str, Tuple[str, ...]] = {}
    """The groups that users who lose their access will still be in, as sudoers names them."""

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.steps)

    @property
    def actions(self) -> List[Action]:
        """Every effect, in the order in which it happens."""
        return [action for step in self.steps for action in step.actions]
