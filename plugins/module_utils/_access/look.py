# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at everything that the login state of a host consists of.

Plain files are parsed; no program is started unless sshd's configuration can only be understood by sshd itself.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
from typing import Dict, FrozenSet, List, Optional, Sequence, Set, Tuple

from .._openssh.key_paths import SshdWords, read_words, settle_groups
from .._openssh.rules import DEFAULT_KEY_FILES, expand_pattern, key_file_patterns, needs_uid
from .._openssh.sshd_config import MAIN_CONFIG
from .._system.account_files import find_account, read_groups, read_passwd, read_shadows
from .._system.accounts import Account, AnyAccount
from .._system.key_sharing import KeySharing
from .._system.listener import find_listener
from .._system.mounts import read_mount_types
from .._system.nodes import read_regular
from .._system.run import HostError, find_tool
from .._system.sshd import Origin, Sshd, SshdError
from .._system.sshd_tree import SshdTree, decode, encode
from .._text import text_lines
from .look_bound import read_bound_keys
from .look_keys import find_obstacle, read_home, read_key_file
from .look_remains import Gone, find_processes_and_keys, find_remains
from .plan_accounts import planned_home
from .remains import CRON_LINE, SUDO, Remain
from .state import Accounts, HomeState, KeyFile, Snapshot, SudoSet
from .sudoers_files import read_sudo
from .wanted import Wanted, WantedUser

_MOST_EDITED = 1024 * 1024
_TOOLS = ("useradd", "usermod", "userdel", "groupadd", "groupdel", "gpasswd", "chpasswd")


def read_snapshot(wanted: Wanted) -> Snapshot:
    """Read what planning needs, without key files: where those are may depend on groups that are only planned."""
    accounts, damage = read_passwd()
    nss = _find_nss_accounts(wanted, accounts)
    base = Snapshot(accounts, read_shadows(), read_groups(), nss=nss, home_base=_useradd_default("HOME", "/home"))
    homes: Dict[str, HomeState] = {}
    missing_dirs: Set[str] = set()
    for user in wanted.users:
        account = base.find_account(user.name)
        if account is None and user.state == "absent":
            continue
        home = account.home if account else planned_home(user, base)
        homes[user.name] = read_home(home)
        parent = home.rstrip("/").rpartition("/")[0]
        if parent and not os.path.isdir(parent):
            missing_dirs.add(parent)
        if not homes[user.name].exists:
            homes[user.name] = homes[user.name]._replace(obstacle=_home_obstacle(parent or "/"))
    sudo = read_sudo()
    remains = _read_remains(wanted, base, sudo)
    shells = {user.shell for user in wanted.users if user.shell}
    return base._replace(
        homes=homes,
        sudo=sudo,
        remains=remains,
        edited=_read_edited(remains),
        missing_dirs=frozenset(missing_dirs),
        missing_shells=frozenset(shell for shell in shells if not (os.path.isfile(shell) and os.access(shell, os.X_OK))),
        account_obstacle=_account_obstacle(),
        missing_tools=frozenset(tool for tool in _TOOLS if find_tool(tool) is None),
        default_shell="/bin/bash" if os.path.exists("/bin/bash") else "/bin/sh",
        words=read_sshd_words(),
        bound=tuple(read_bound_keys()) if wanted.revokes else (),
        damage=tuple("/etc/passwd:%d, which is not a valid account line" % number for number in damage),
    )


def _read_remains(wanted: Wanted, snapshot: Snapshot, sudo: SudoSet) -> Tuple[Remain, ...]:
    """What acts in the name of users who lose that too."""
    found: List[Remain] = []
    for user in wanted.users:
        account = snapshot.find_account(user.name)
        if user.removes_remains:
            found += find_remains([Gone(user.name, account.uid if account else None, account.home if account else "", removed=False)], sudo.rules)
        if user.removes_remains and account is not None:
            found += find_processes_and_keys(account, snapshot.namesakes(account), wanted.revoked)
    return tuple(found)


def _read_edited(remains: Sequence[Remain]) -> Dict[str, bytes]:
    """The files that have lines of it, as far as they are read whole."""
    found: Dict[str, bytes] = {}
    for path in sorted({remain.path for remain in remains if remain.kind in (SUDO, CRON_LINE) and remain.sole}):
        with contextlib.suppress(OSError):
            content = read_regular(path, _MOST_EDITED + 1)
            found.update({path: content} if len(content) <= _MOST_EDITED else {})
    return found


class KeyLook:
    """Looks at key files; each is read once for an account, however often it is asked for."""

    def __init__(self, snapshot: Snapshot, logged_in: FrozenSet[str]) -> None:
        """logged_in: users whose keys the guard wants to know."""
        self._snapshot = snapshot
        self._logged_in = logged_in
        self._sharing = KeySharing(snapshot.accounts.values(), snapshot.words)
        self._seen: Dict[Tuple[str, str], KeyFile] = {}

    def look(self, wanted: Wanted, after: Accounts) -> Snapshot:
        """The snapshot with the key files that sshd will read once everybody is in the planned groups, and those that it reads today.

        A Match block for a group can send sshd elsewhere for a user who is new or joins or leaves it in this very run.
        """
        snapshot = self._snapshot
        files: Dict[str, Tuple[KeyFile, ...]] = {}
        now: Dict[str, Tuple[KeyFile, ...]] = {}
        before = Accounts({}, {}, snapshot.groups)
        for user in wanted.users:
            account = snapshot.find_account(user.name)
            planned: Optional[AnyAccount] = after.accounts.get(user.name) or snapshot.nss.get(user.name)
            if account is not None:
                files[user.name] = self._files(account)
                if planned is not None and after.groups_of(planned) != before.groups_of(account):
                    now[user.name] = files[user.name]
                    files[user.name] = self._files(account, after.groups_of(planned))
            elif planned is not None:
                files[user.name] = self._files(_coming_account(user, snapshot.homes[user.name], planned), after.groups_of(planned))
        others = set(snapshot.accounts) if wanted.revokes else self._logged_in & set(snapshot.accounts)
        for name in sorted(others - set(files)):
            files[name] = self._files(snapshot.accounts[name])
        searched = set(files) if wanted.revokes else {user.name for user in wanted.leaving}
        spare = {name: self._spare_files(snapshot.accounts[name], files[name]) for name in searched & set(files) & set(snapshot.accounts)}
        return snapshot._replace(key_files=files, key_files_now=now, spare_files=spare)

    def _files(self, account: AnyAccount, groups: Optional[Set[str]] = None) -> Tuple[KeyFile, ...]:
        """Key files of an account: one that is in these groups, or in those that the host knows."""
        words = self._snapshot.words
        found: Dict[str, KeyFile] = {}
        for pattern in _ask_sshd(account.name, groups) if words.keys_in_match else words.key_files:
            if pattern.lower() == "none":
                continue
            path = os.path.normpath(expand_pattern(pattern, account.name, account.uid, account.home))
            if path not in found:
                found[path] = self._read(account, path, pattern)._replace(shared=self._sharing.sharers(account, pattern))
        return tuple(found.values())

    def _spare_files(self, account: Account, files: Sequence[KeyFile]) -> Tuple[KeyFile, ...]:
        """The default key files of an account that are not among these."""
        seen = {item.path for item in files}
        paths = {pattern: os.path.normpath(expand_pattern(pattern, account.name, account.uid, account.home)) for pattern in DEFAULT_KEY_FILES}
        return tuple(
            self._read(account, path, pattern)._replace(shared=self._sharing.sharers(account, pattern)) for pattern, path in paths.items() if path not in seen
        )

    def _read(self, account: AnyAccount, path: str, pattern: str) -> KeyFile:
        if account.uid is None and needs_uid(pattern):
            return KeyFile(path, pattern=pattern)
        if (account.name, path) not in self._seen:
            self._seen[account.name, path] = read_key_file(account, path)
        return self._seen[account.name, path]


def _coming_account(user: WantedUser, state: HomeState, planned: AnyAccount) -> AnyAccount:
    # A home left by an earlier account of that uid is looked at with the rights that the new one will have.
    if user.uid is not None and user.uid == state.uid and not state.problem:
        return Account(user.name, user.uid, os.stat(planned.home).st_gid, "", planned.home, "")
    return planned


def read_sshd_words() -> SshdWords:
    """What sshd's configuration sets for key files and groups, includes followed."""
    return read_words(SshdTree().directives() if os.path.exists(MAIN_CONFIG) else [])


def _ask_sshd(user: str, groups: Optional[Set[str]] = None) -> Tuple[str, ...]:
    """Where sshd reads keys of a user: one who is in these groups, or in those that the host knows."""
    try:
        server = find_listener().server
        sshd = Sshd(server.program, server.options)
        if groups is None:
            values = sshd.effective(server.config, user, Origin())
        else:
            tree = SshdTree(server.config)
            settled = {path: encode(settle_groups(decode(content), sorted(groups))) for path, content in tree.files.items()}
            with tree.copy(settled) as candidate:
                values = sshd.effective(candidate.main, user, Origin())
    except SshdError as exc:
        raise HostError("sshd does not accept its own configuration, so it is not known where keys belong: %s" % exc)
    return tuple(key_file_patterns(values)) if "authorizedkeysfile" in values else DEFAULT_KEY_FILES


def _find_nss_accounts(wanted: Wanted, accounts: Dict[str, Account]) -> Dict[str, Account]:
    """Accounts of a directory service. Asked only for names that /etc/passwd does not have."""
    found = {user.name: find_account(user.name) for user in wanted.users if user.name not in accounts}
    return {name: account for name, account in found.items() if account is not None}


def _account_obstacle() -> Optional[str]:
    found = [find_obstacle(path) for path in ("/etc", "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow")]
    return next((obstacle for obstacle in found if obstacle), None)


def _home_obstacle(parent: str) -> Optional[str]:
    """Why no home can be made in a directory."""
    if read_mount_types().get(os.path.realpath(parent)) == "autofs":
        return "the home must come from the automounter, whose map has no entry for this user in %s" % parent
    return find_obstacle(parent)


def _useradd_default(name: str, fallback: str) -> str:
    for line in text_lines(_read_text("/etc/default/useradd")):
        key, _equals, value = line.partition("=")
        if key.strip() == name and value.strip():
            return value.strip()
    return fallback


def _read_text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
            return stream.read()
    except OSError:
        return ""
