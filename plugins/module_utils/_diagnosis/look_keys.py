# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read where keys are: the files sshd looks at, its key command, the revoked keys, and other accounts' files.

Note that this module util is **PRIVATE** to the collection.
"""

import ctypes
import os
import pwd
from typing import Callable, Dict, List, Optional, Tuple

from .._openssh.authorized_keys import parse_key_file
from .._openssh.key_paths import expand_pattern
from .._openssh.keys import PublicKey
from .._openssh.sshd_config import split_words
from .._system.accounts import Account
from .._system.key_sharing import KeySharing
from .._system.nodes import look_at, read_quietly
from .._system.rights import acting_as
from .._system.run import TOOL_PATH, HostError, run_tool
from .._system.server import KILLED, NOT_STARTED, is_roots, run
from .facts import Facts, KeyCommandFacts, KeyFileFacts, Node
from .look_key_file import look_at_key_file

_COMMAND_SECONDS = 15
_NO_NEW_PRIVILEGES = 38
_USUAL = (".ssh/authorized_keys", ".ssh/authorized_keys2")
_MOST_ACCOUNTS = 2000
# Types that no policy lets sshd read keys from; what is right differs between policies.
_FOREIGN_TYPES = ("default_t", "unlabeled_t", "file_t", "tmp_t", "user_tmp_t", "home_root_t", "var_t", "mnt_t", "usr_t")


def read_key_files(facts: Facts) -> Tuple[KeyFileFacts, ...]:
    """Each file of AuthorizedKeysFile, tried as the account."""
    account, user = facts.account, facts.request.user
    everybody = [Account(entry.pw_name, entry.pw_uid, entry.pw_gid, "", entry.pw_dir, entry.pw_shell) for entry in pwd.getpwall()[:_MOST_ACCOUNTS]]
    sharing, this = KeySharing(everybody), Account(user, account.uid, account.gid, "", account.home, "")
    found = {}  # type: Dict[str, KeyFileFacts]
    for pattern in facts.words("authorizedkeysfile") or _USUAL:
        path = expand_pattern(pattern, user, account.uid, account.home)
        if pattern.lower() != "none" and path not in found:
            seen = look_at_key_file(account, user, path, facts.request.key)
            found[path] = seen._replace(shared=bool(sharing.sharers(this, pattern)))
    return tuple(found.values())


def read_other_files(facts: Facts) -> Tuple[Tuple[str, str], ...]:
    """Where else the key stands: the usual files of this user and of every other account."""
    key = facts.request.key
    if key is None or not facts.root:
        return ()
    patterns = tuple(dict.fromkeys(_USUAL + tuple(word for word in facts.words("authorizedkeysfile") if word.lower() != "none")))
    known = {item.path for item in facts.key_files}
    found = []  # type: List[Tuple[str, str]]
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
    """The RevokedKeys file, why sshd can't use it, whether it has the key. ssh-keygen reads both forms of such files."""
    path = facts.setting("revokedkeys", "none")
    if path == "none":
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


def read_key_command(facts: Facts, check_mode: bool = False) -> KeyCommandFacts:
    """Ask AuthorizedKeysCommand as sshd does at every login, where that gives nobody more than a login would."""
    text = facts.setting("authorizedkeyscommand", "none")
    if text == "none":
        return KeyCommandFacts()
    words = split_words(text)
    user = facts.setting("authorizedkeyscommanduser", "none")
    try:
        entry = pwd.getpwnam(user)  # type: Optional[pwd.struct_passwd]
    except KeyError:
        entry = None
    found = KeyCommandFacts(text, _program_chain(words[0]), "" if user == "none" else user, entry is not None)
    arguments = _arguments(words, facts)
    if entry is None or not is_roots(words[0]):
        return found._replace(not_run="it is not root's alone")
    if not facts.root or check_mode:
        return found._replace(not_run="nothing is run in check mode" if check_mode else "that takes root")
    if entry.pw_uid == 0:
        return found._replace(not_run="it would run as root")
    if arguments is None:
        return found._replace(not_run="it wants to know more than this check does")
    done = run(arguments, seconds=_COMMAND_SECONDS, env=_environment(entry), become=_becoming(entry))
    if done.code in (NOT_STARTED, KILLED):
        return found._replace(ran=True, error=done.err)
    return found._replace(ran=True, status=done.code, output=done.out.encode("utf-8", "replace"))


def _environment(entry: pwd.struct_passwd) -> Dict[str, str]:
    return {"PATH": TOOL_PATH, "HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}


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


def _program_chain(path: str) -> Tuple[Node, ...]:
    """The program and every directory above it, resolved: what sshd checks."""
    current = os.path.realpath(path)
    found = [look_at(current)]
    while current != "/":
        current = os.path.dirname(current)
        found.append(look_at(current))
    return tuple(found)


def _arguments(words: List[str], facts: Facts) -> Optional[List[str]]:
    key, account = facts.request.key, facts.account
    tokens = {"%%": "%", "%u": facts.request.user, "%U": str(account.uid), "%h": account.home}
    if key is not None:
        tokens.update({"%f": key.fingerprint_sha256, "%k": key.base64, "%t": key.key_type})
    arguments = words[:1]
    for word in words[1:] or ["%u"]:
        expanded = ""
        index = 0
        while index < len(word):
            token = word[index : index + 2]
            if token.startswith("%") and token not in tokens:
                # Needs a key, or is a token of a later sshd.
                return None
            expanded += tokens[token] if token.startswith("%") else word[index]
            index += 2 if token.startswith("%") else 1
        arguments.append(expanded)
    return arguments


def _becoming(entry: pwd.struct_passwd) -> Callable[[], None]:
    def become() -> None:
        os.setsid()
        # No program that it starts can gain rights, whatever its mode says.
        ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        os.setgroups(os.getgrouplist(entry.pw_name, entry.pw_gid))
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)

    return become


def _lists_plainly(path: str, key: PublicKey) -> bool:
    return any(line.key and line.key.same_key(key) for line in parse_key_file(read_quietly(path).encode("utf-8", "surrogateescape")))
