# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at everything that the login state of a host consists of.

Plain files are parsed; no program is started unless sshd's configuration can only be understood by sshd itself.

Note that this module util is **PRIVATE** to the collection.
"""

import glob
import os
import pwd
from typing import Dict, FrozenSet, Iterable, List, Optional, Sequence, Tuple

from .._openssh.key_paths import DEFAULT_PATTERNS, UID_TO_COME, SshdWords, expand_pattern, read_words, settle_groups
from .._openssh.sshd_config import MAIN_CONFIG, Directive, absolute_pattern, parse_directives
from .._system.accounts import Account, find_damage, parse_group, parse_passwd, parse_shadow
from .._system.key_sharing import KeySharing
from .._system.listener import find_listener
from .._system.mounts import read_mount_types
from .._system.run import HostError, find_tool
from .._system.sshd import Origin, Sshd, SshdError
from .._system.sshd_tree import SshdTree, decode, encode
from .._text import text_lines
from .homes import is_in_home
from .look_keys import find_obstacle, read_home, read_key_file
from .plan_accounts import planned_home
from .state import HomeState, KeyFile, Plan, Snapshot
from .sudoers_files import read_sudo
from .wanted import Wanted, WantedUser

_TOOLS = ("useradd", "usermod", "userdel", "groupadd", "groupdel", "gpasswd", "chpasswd")


def read_snapshot(wanted: Wanted, logged_in: FrozenSet[str]) -> Snapshot:
    """Read what planning needs. logged_in: users whose keys the guard wants to know."""
    passwd = _read_text("/etc/passwd")
    accounts = parse_passwd(passwd)
    nss = _find_nss_accounts(wanted, accounts)
    words = read_sshd_words()
    sharing = KeySharing(accounts.values(), words)
    base = Snapshot(accounts, {}, {}, home_base=_useradd_default("HOME", "/home"))
    homes, keys = {}, {}  # type: Dict[str, HomeState], Dict[str, Tuple[KeyFile, ...]]
    missing_dirs = set()  # type: Set[str]
    for user in wanted.users:
        account = accounts.get(user.name) or nss.get(user.name)
        if account is None and user.state == "absent":
            continue
        home = account.home if account else planned_home(user, base)
        homes[user.name] = read_home(home)
        parent = home.rstrip("/").rpartition("/")[0]
        if parent and not os.path.isdir(parent):
            missing_dirs.add(parent)
        if not homes[user.name].exists:
            homes[user.name] = homes[user.name]._replace(obstacle=_home_obstacle(parent or "/"))
        account = account or _coming_account(user, homes[user.name], home)
        keys[user.name] = _read_keys(account, words, sharing)
    others = set(accounts) if wanted.revoked.blobs or wanted.revoked.fingerprints else logged_in & set(accounts)
    for name in sorted(others - set(keys)):
        keys[name] = _read_keys(accounts[name], words, sharing)
    shells = {user.shell for user in wanted.users if user.shell}
    return base._replace(
        shadows=parse_shadow(_read_text("/etc/shadow")),
        groups=parse_group(_read_text("/etc/group")),
        nss=nss,
        homes=homes,
        key_files=keys,
        sudo=read_sudo(),
        missing_dirs=frozenset(missing_dirs),
        missing_shells=frozenset(shell for shell in shells if not (os.path.isfile(shell) and os.access(shell, os.X_OK))),
        account_obstacle=_account_obstacle(),
        missing_tools=frozenset(tool for tool in _TOOLS if find_tool(tool) is None),
        default_shell="/bin/bash" if os.path.exists("/bin/bash") else "/bin/sh",
        words=words,
        damage=tuple("/etc/passwd:%d, which is not a valid account line" % number for number in find_damage(passwd)),
    )


def follow_groups(snapshot: Snapshot, plan: Plan, wanted: Wanted) -> Snapshot:
    """The same with the key files that sshd will read once everybody is in the planned groups.

    A Match block for a group can send sshd elsewhere for a user who is new or joins or leaves it in this very run.
    """
    if not snapshot.words.keys_in_match:
        return snapshot
    key_files = dict(snapshot.key_files)
    sharing = KeySharing(snapshot.accounts.values(), snapshot.words)
    for user in wanted.users:
        before, after = plan.before[user.name], plan.after[user.name]
        groups = sorted({after.group} | set(after.groups))
        if not after.exists or (before.exists and groups == sorted({before.group} | set(before.groups))):
            continue
        home = snapshot.homes[user.name]
        account = snapshot.accounts.get(user.name) or snapshot.nss.get(user.name) or _coming_account(user, home, after.home)
        files = _read_files(account, _ask_sshd(user.name, groups), sharing)
        if [item.path for item in files] != [item.path for item in key_files.get(user.name, ())]:
            key_files[user.name] = files
    return snapshot._replace(key_files=key_files)


def _coming_account(user: WantedUser, state: HomeState, home: str) -> Account:
    # A home left by an earlier account of that uid is looked at with the rights that the new one will have.
    uid = user.uid if user.uid == state.uid else None
    gid = os.stat(home).st_gid if uid is not None and state.exists and not state.problem else None
    return Account(user.name, uid, gid, "", home, "")


def read_sshd_words() -> SshdWords:
    """What sshd's configuration says about key files and groups, includes followed."""
    return read_words(_directives(MAIN_CONFIG, "", 0))


def _directives(path: str, match: str, depth: int) -> List[Directive]:
    found = []  # type: List[Directive]
    for directive in parse_directives(path, _read_text(path, "")):
        if match and not directive.match:
            directive = directive._replace(match=match)
        if directive.keyword == "include" and depth < 16:
            for pattern in directive.arguments:
                for name in sorted(glob.glob(absolute_pattern(pattern))):
                    found += _directives(name, directive.match, depth + 1)
        found.append(directive)
    return found


def _read_keys(account: Account, words: SshdWords, sharing: KeySharing) -> Tuple[KeyFile, ...]:
    return _read_files(account, _ask_sshd(account.name) if words.keys_in_match else words.key_files, sharing)


def _read_files(account: Account, patterns: Iterable[str], sharing: KeySharing) -> Tuple[KeyFile, ...]:
    files = []  # type: List[KeyFile]
    for pattern in patterns:
        if pattern.lower() == "none":
            continue
        path = os.path.normpath(expand_pattern(pattern, account.name, account.uid, account.home))
        if path not in [item.path for item in files]:
            files.append(_read_file(account, path)._replace(shared=sharing.sharers(account, pattern)))
    return tuple(files)


def _read_file(account: Account, path: str) -> KeyFile:
    if account.uid is not None and account.gid is not None:
        return read_key_file(account, path)
    if UID_TO_COME in path or is_in_home(account, path):
        return KeyFile(path)
    # Nobody has the number of an account to come.
    return read_key_file(account._replace(uid=-1, gid=-1), path)


def _ask_sshd(user: str, groups: Optional[Sequence[str]] = None) -> Tuple[str, ...]:
    """Where sshd reads keys of a user: one who is in these groups, or in those that the host knows."""
    try:
        server = find_listener().server
        sshd = Sshd(server.program, server.options)
        if groups is None:
            values = sshd.effective(server.config, user, Origin())
        else:
            tree = SshdTree(server.config)
            settled = {path: encode(settle_groups(decode(content), groups)) for path, content in tree.files.items()}
            with tree.copy(settled) as candidate:
                values = sshd.effective(candidate.main, user, Origin())
    except (OSError, SshdError) as exc:
        raise HostError("sshd does not accept its own configuration, so nobody can tell where keys belong: %s" % exc)
    found = values.get("authorizedkeysfile")
    return tuple(found[0].split()) if found else DEFAULT_PATTERNS


def _find_nss_accounts(wanted: Wanted, accounts: Dict[str, Account]) -> Dict[str, Account]:
    """Accounts of a directory service. Asked only for names that /etc/passwd does not have."""
    found = {}
    for user in wanted.users:
        if user.name not in accounts:
            try:
                entry = pwd.getpwnam(user.name)
            except KeyError:
                continue
            found[user.name] = Account(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_gecos, entry.pw_dir, entry.pw_shell, False)
    return found


def _account_obstacle() -> Optional[str]:
    found = [find_obstacle(path) for path in ("/etc", "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow")]
    return next((obstacle for obstacle in found if obstacle), None)


def _home_obstacle(parent: str) -> Optional[str]:
    """Why no home can be made in a directory."""
    if read_mount_types().get(os.path.realpath(parent)) == "autofs":
        return "the home has to come from the automounter, which has none for this user in %s (see its map)" % parent
    return find_obstacle(parent)


def _useradd_default(name: str, fallback: str) -> str:
    for line in text_lines(_read_text("/etc/default/useradd", "")):
        key, _equals, value = line.partition("=")
        if key.strip() == name and value.strip():
            return value.strip()
    return fallback


def _read_text(path: str, missing: Optional[str] = None) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
            return stream.read()
    except OSError as exc:
        if missing is None:
            raise HostError("%s cannot be read: %s" % (path, exc.strerror))
        return missing
