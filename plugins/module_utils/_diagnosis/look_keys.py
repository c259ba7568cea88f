# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read where keys are: the files sshd looks at, the revoked keys, and other accounts' files.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import pwd
from typing import Dict, List, Tuple

from .._openssh.authorized_keys import parse_key_file
from .._openssh.keys import PublicKey
from .._openssh.rules import DEFAULT_KEY_FILES, expand_pattern, key_file_patterns, revoked_keys_file
from .._system.account_files import to_account
from .._system.accounts import Account
from .._system.key_sharing import KeySharing
from .._system.nodes import look_at, read_quietly
from .._system.rights import acting_as
from .._system.run import HostError, run_tool
from .facts import Facts, KeyFileFacts
from .look_key_file import look_at_key_file

_MOST_ACCOUNTS = 2000
# Types that no policy lets sshd read keys from; what is right differs between policies.
_FOREIGN_TYPES = ("default_t", "unlabeled_t", "file_t", "tmp_t", "user_tmp_t", "home_root_t", "var_t", "mnt_t", "usr_t")


def read_key_files(facts: Facts) -> Tuple[KeyFileFacts, ...]:
    """Each file of AuthorizedKeysFile, tried as the account."""
    account, user = facts.account, facts.request.user
    everybody = [to_account(entry) for entry in pwd.getpwall()[:_MOST_ACCOUNTS]]
    sharing, this = KeySharing(everybody), Account(user, account.uid, account.gid, "", account.home, "")
    found: Dict[str, KeyFileFacts] = {}
    for pattern in _key_file_patterns(facts):
        path = expand_pattern(pattern, user, account.uid, account.home)
        if path not in found:
            seen = look_at_key_file(account, user, path, facts.request.key)
            view = _see_as(facts.server.listener, path) if facts.server.own_mounts else "same"
            found[path] = seen._replace(shared=bool(sharing.sharers(this, pattern)), seen_by_sshd=view)
    return tuple(found.values())


def _see_as(pid: int, path: str) -> str:
    """What a process finds at a path: the same file as this one, none, or another."""
    mine = theirs = None
    with contextlib.suppress(OSError):
        mine = os.stat(path)
    with contextlib.suppress(OSError):
        theirs = os.stat("/proc/%d/root%s" % (pid, os.path.realpath(path)))
    if theirs is None:
        return "same" if mine is None else "missing"
    return "same" if mine is not None and os.path.samestat(mine, theirs) else "other"


def read_other_files(facts: Facts) -> Tuple[Tuple[str, str], ...]:
    """Where else the key stands: the usual files of this user and of every other account."""
    key = facts.request.key
    if key is None or not facts.root:
        return ()
    patterns = tuple(dict.fromkeys(DEFAULT_KEY_FILES + _key_file_patterns(facts)))
    known = {item.path for item in facts.key_files}
    found: List[Tuple[str, str]] = []
    for entry in pwd.getpwall()[:_MOST_ACCOUNTS]:
        for pattern in patterns:
            path = expand_pattern(pattern, entry.pw_name, entry.pw_uid, entry.pw_dir)
            if path in known:
                continue
            known.add(path)
            with acting_as(entry.pw_name, entry.pw_uid, entry.pw_gid):
                content = read_quietly(path).encode("utf-8", "surrogateescape")
            found += [(entry.pw_name, "%s:%d" % (path, line.number)) for line in parse_key_file(content) if line.key and line.key.same_key(key)]
    return tuple(found)


def read_revoked(facts: Facts) -> Tuple[str, str, bool]:
    """The RevokedKeys file, why sshd cannot use it, whether it has the key. ssh-keygen reads both forms of such files."""
    path = revoked_keys_file(facts.server.effective)
    if path is None:
        return "", "", False
    node = look_at(path)
    if node.kind != "file":
        return path, "it does not exist" if node.kind == "missing" else "it is a %s" % node.kind, False
    key = facts.request.key
    if key is None or (node.mode & 0o444 == 0 and not facts.root):
        return path, "", False
    # By a pipe: a file would stay behind if this process were killed.
    try:
        code, said = run_tool(["ssh-keygen", "-Q", "-f", path, "/dev/stdin"], "%s %s\n" % (key.key_type, key.base64), timeout=30)
    except HostError:
        code, said = 0, ""
    # The file may also be a plain list of keys, which ssh-keygen does not read.
    return path, "", (code != 0 and "REVOKED" in said) or _lists_plainly(path, key)


def _key_file_patterns(facts: Facts) -> Tuple[str, ...]:
    """Where sshd looks; the usual places, where its settings cannot be read."""
    return tuple(key_file_patterns(facts.server.effective)) if facts.words("authorizedkeysfile") else DEFAULT_KEY_FILES


def read_selinux(facts: Facts) -> Tuple[Tuple[str, str], ...]:
    """Paths with a type that sshd surely may not read."""
    if read_quietly("/sys/fs/selinux/enforce").strip() != "1":
        return ()
    found = []
    for item in facts.key_files:
        for path in (os.path.dirname(item.path), item.path):
            try:
                kind = os.getxattr(path, "security.selinux").decode("ascii", "replace").rstrip("\0").split(":")[2]
            except (OSError, IndexError):
                continue
            if kind in _FOREIGN_TYPES and (path, kind) not in found:
                found.append((path, kind))
    return tuple(found)


def _lists_plainly(path: str, key: PublicKey) -> bool:
    return any(line.key and line.key.same_key(key) for line in parse_key_file(read_quietly(path).encode("utf-8", "surrogateescape")))
