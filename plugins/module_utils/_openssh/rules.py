# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings other than PubkeyAuthentication that keep a user from logging in by key.

The module owns one setting only. Everything else that is in the way was somebody's decision: it is named, with its
place and with what would have to change, and left alone.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import fnmatch
import re
from typing import Dict, List, NamedTuple, Optional, Tuple

Effective = Dict[str, List[str]]

_KEY_ALGORITHMS = (
    "ssh-ed25519",
    "rsa-sha2-256",
    "rsa-sha2-512",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
)
_DEFAULT_KEY_FILES = ("%h/.ssh/authorized_keys", ".ssh/authorized_keys", "~/.ssh/authorized_keys")


class Account(NamedTuple):
    """What the refusals need to know of a user. An unknown user has uid -1 and no groups."""

    name: str
    uid: int = -1
    home: str = ""
    groups: Tuple[str, ...] = ()


class Obstacle(NamedTuple):
    """Why a key won't open a session for this user. I(text) is one clause and I(fix) another."""

    keyword: str
    user: str
    text: str
    fix: str


def find_obstacles(effective: Effective, account: Account, existing: Tuple[str, ...] = ()) -> List[Obstacle]:
    """All obstacles in the settings that sshd applies to this user.

    I(existing) are those of key_files(effective, account), of the revoked-keys file and of the chroot that exist.
    """
    checks = (
        _find_access_list(effective, account),
        _find_root(effective, account),
        _find_methods(effective, account),
        _find_key_files(effective, account, existing),
        _find_revoked(effective, account, existing),
        _find_algorithms(effective, account),
    )
    return [obstacle for obstacle in checks if obstacle is not None]


def key_files(effective: Effective, account: Account) -> List[str]:
    """AuthorizedKeysFile expanded for this user; empty when it is C(none)."""
    files = []
    for pattern in " ".join(effective.get("authorizedkeysfile", [])).split():
        if pattern.lower() == "none":
            continue
        path = expand_tokens(pattern, account)
        files.append(path if path.startswith("/") else "%s/%s" % (account.home, path))
    return files


def revoked_keys_file(effective: Effective) -> Optional[str]:
    """The RevokedKeys file, or None."""
    value = (effective.get("revokedkeys") or ["none"])[0]
    return None if value.lower() == "none" else value


def expand_tokens(pattern: str, account: Account) -> str:
    """Expand %h, %u, %U and %%."""
    tokens = {"%h": account.home, "%u": account.name, "%U": str(account.uid), "%%": "%"}
    return re.sub(r"%[huU%]", lambda found: tokens[found.group(0)], pattern)


def _words(effective: Effective, keyword: str) -> List[str]:
    return " ".join(effective.get(keyword, [])).split()


def _find_access_list(effective: Effective, account: Account) -> Optional[Obstacle]:
    name = account.name
    denied = [word for word in _words(effective, "denyusers") if _user_matches(word, name)]
    if denied:
        return Obstacle("denyusers", name, "DenyUsers has %s" % denied[0], "take %s out of it" % denied[0])
    allowed = _words(effective, "allowusers")
    if allowed and not _in_list(name, [_user_part(word) for word in allowed]):
        return Obstacle("allowusers", name, "AllowUsers does not have %s" % name, "add %s to it" % name)
    if account.uid < 0:
        # Groups of a user who doesn't exist yet can't be judged.
        return None
    denied = [word for word in _words(effective, "denygroups") if any(_in_list(group, [word]) for group in account.groups)]
    if denied:
        return Obstacle("denygroups", name, "DenyGroups has %s, a group of %s" % (denied[0], name), "take %s out of it" % denied[0])
    allowed = _words(effective, "allowgroups")
    if allowed and not any(_in_list(group, allowed) for group in account.groups):
        return Obstacle(
            "allowgroups",
            name,
            "AllowGroups has none of the groups of %s" % name,
            "add one of the groups %s to it" % ", ".join(account.groups),
        )
    return None


def _find_root(effective: Effective, account: Account) -> Optional[Obstacle]:
    value = (effective.get("permitrootlogin") or ["yes"])[0].lower()
    if account.uid != 0 or value not in ("no", "forced-commands-only"):
        return None
    return Obstacle(
        "permitrootlogin",
        account.name,
        "PermitRootLogin is %s" % value,
        "set it to prohibit-password, or leave %s out of the users" % account.name,
    )


def _find_methods(effective: Effective, account: Account) -> Optional[Obstacle]:
    lists = _words(effective, "authenticationmethods")
    if not lists or lists == ["any"] or any(_satisfiable(methods, effective) for methods in lists):
        return None
    return Obstacle(
        "authenticationmethods",
        account.name,
        "AuthenticationMethods is %s, which a key can't satisfy with the methods that are on" % " ".join(lists),
        "make publickey one of its lists",
    )


def _satisfiable(methods: str, effective: Effective) -> bool:
    switches = {
        "password": "passwordauthentication",
        "keyboard-interactive": "kbdinteractiveauthentication",
        "hostbased": "hostbasedauthentication",
        "gssapi-with-mic": "gssapiauthentication",
    }
    names = [method.split(":")[0] for method in methods.split(",")]
    if "publickey" not in names:
        return False
    for name in names:
        values = effective.get(switches.get(name, ""))
        if name == "keyboard-interactive" and values is None:
            # Its name before OpenSSH 8.7.
            values = effective.get("challengeresponseauthentication")
        if values and values[0].lower() == "no":
            return False
    return True


def _find_key_files(effective: Effective, account: Account, existing: Tuple[str, ...]) -> Optional[Obstacle]:
    command = (effective.get("authorizedkeyscommand") or ["none"])[0]
    if command.lower() != "none":
        return None
    patterns = _words(effective, "authorizedkeysfile")
    if patterns and all(pattern.lower() == "none" for pattern in patterns):
        return Obstacle(
            "authorizedkeysfile",
            account.name,
            "AuthorizedKeysFile is none",
            "set it to .ssh/authorized_keys, or set AuthorizedKeysCommand",
        )
    if account.uid < 0 or not patterns or any(pattern in _DEFAULT_KEY_FILES for pattern in patterns):
        return None
    files = key_files(effective, account)
    if any(path in existing for path in files):
        return None
    return Obstacle(
        "authorizedkeysfile",
        account.name,
        "AuthorizedKeysFile makes sshd read the keys of %s from %s, where there is no file" % (account.name, " and ".join(files)),
        "put the keys there, or add .ssh/authorized_keys to it",
    )


def _find_revoked(effective: Effective, account: Account, existing: Tuple[str, ...]) -> Optional[Obstacle]:
    path = revoked_keys_file(effective)
    if path is None or path in existing:
        return None
    return Obstacle(
        "revokedkeys",
        account.name,
        "RevokedKeys names %s, which can't be read, so that sshd refuses every key" % path,
        "create that file (empty is enough) or remove the setting",
    )


def _find_algorithms(effective: Effective, account: Account) -> Optional[Obstacle]:
    accepted = effective.get("pubkeyacceptedalgorithms")
    if not accepted or any(name in _KEY_ALGORITHMS for name in ",".join(accepted).split(",")):
        return None
    return Obstacle(
        "pubkeyacceptedalgorithms",
        account.name,
        "PubkeyAcceptedAlgorithms has no algorithm of a plain key",
        "add ssh-ed25519 or rsa-sha2-512 to it",
    )


def _user_part(word: str) -> str:
    # In USER@HOST only the user is judged: from where a person will come isn't known here.
    return word.rsplit("@", 1)[0] if "@" in word else word


def _user_matches(word: str, name: str) -> bool:
    # A DenyUsers entry with a host denies from some places only.
    return "@" not in word and _in_list(name, [word])


def _in_list(name: str, patterns: List[str]) -> bool:
    """OpenSSH's match_pattern_list over single patterns: a negated match refuses, whatever else matches."""
    found = False
    for pattern in patterns:
        negated = pattern.startswith("!")
        if _pattern_matches(pattern[1:] if negated else pattern, name):
            if negated:
                return False
            found = True
    return found


def _pattern_matches(pattern: str, name: str) -> bool:
    # Only * and ? are special to sshd; brackets are not.
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))
