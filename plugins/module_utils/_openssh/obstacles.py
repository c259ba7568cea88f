# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings other than PubkeyAuthentication that keep a user from logging in by key, as sentences.

The modules own few settings. Any other setting that prevents a login is never changed: it is named, with its place and
with what would have to change.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import List, NamedTuple, Optional, Tuple

from . import rules
from .rules import Account, Effective


class Obstacle(NamedTuple):
    """Why a key won't open a session for this user. I(text) is one clause and I(fix) another."""

    keyword: str
    user: str
    text: str
    fix: str


def find_obstacles(effective: Effective, account: Account, existing: Tuple[str, ...] = ()) -> List[Obstacle]:
    """All obstacles in the settings that sshd applies to this user, wherever the user comes from.

    I(existing) are those of rules.key_files(effective, account) and of the revoked-keys file that exist.
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


def _find_access_list(effective: Effective, account: Account) -> Optional[Obstacle]:
    refusal, name = rules.find_refusal(effective, account), account.name
    if refusal is None or not refusal.sure:
        return None
    texts = {
        "denyusers": ("DenyUsers has %s" % refusal.word, "take %s out of it" % refusal.word),
        "allowusers": ("AllowUsers does not have %s" % name, "add %s to it" % name),
        "denygroups": ("DenyGroups has %s, a group of %s" % (refusal.word, name), "take %s out of it" % refusal.word),
        "allowgroups": ("AllowGroups has none of the groups of %s" % name, "add one of the groups %s to it" % ", ".join(account.groups)),
    }
    if not account.groups and refusal.keyword.endswith("groups"):
        texts[refusal.keyword] = ("sshd refuses users who are in no group, as %s is" % name, "add %s to a group" % name)
    return Obstacle(refusal.keyword, name, *texts[refusal.keyword])


def _find_root(effective: Effective, account: Account) -> Optional[Obstacle]:
    if rules.admits(effective, account, "publickey"):
        return None
    return Obstacle(
        "permitrootlogin",
        account.name,
        "PermitRootLogin is %s" % rules.root_login(effective),
        "set it to prohibit-password, or leave %s out of the users" % account.name,
    )


def _find_methods(effective: Effective, account: Account) -> Optional[Obstacle]:
    if rules.suffices(effective, "publickey"):
        return None
    return Obstacle(
        "authenticationmethods",
        account.name,
        "AuthenticationMethods is %s, so that a key alone is not enough" % " ".join(rules.words_of(effective, "authenticationmethods")),
        "add publickey as one of its lists",
    )


def _find_key_files(effective: Effective, account: Account, existing: Tuple[str, ...]) -> Optional[Obstacle]:
    if not rules.words_of(effective, "authorizedkeysfile") or rules.keys_command(effective):
        return None
    patterns = rules.key_file_patterns(effective)
    if not patterns:
        return Obstacle(
            "authorizedkeysfile",
            account.name,
            "AuthorizedKeysFile is none",
            "set it to .ssh/authorized_keys, or set AuthorizedKeysCommand",
        )
    files = rules.key_files(effective, account)
    if account.uid < 0 or any(rules.is_default_key_file(pattern) for pattern in patterns) or set(files) & set(existing):
        return None
    return Obstacle(
        "authorizedkeysfile",
        account.name,
        "AuthorizedKeysFile makes sshd read the keys of %s from %s, where there is no file" % (account.name, " and ".join(files)),
        "put the keys there, or add .ssh/authorized_keys to it",
    )


def _find_revoked(effective: Effective, account: Account, existing: Tuple[str, ...]) -> Optional[Obstacle]:
    path = rules.revoked_keys_file(effective)
    if path is None or path in existing:
        return None
    return Obstacle(
        "revokedkeys",
        account.name,
        "RevokedKeys names %s, which cannot be read, so that sshd refuses every key" % path,
        "create that file (empty is enough) or remove the setting",
    )


def _find_algorithms(effective: Effective, account: Account) -> Optional[Obstacle]:
    if any(rules.accepted_algorithms(effective, key_type) for key_type in rules.KEY_TYPES):
        return None
    return Obstacle(
        "pubkeyacceptedalgorithms",
        account.name,
        "PubkeyAcceptedAlgorithms has no algorithm of a plain key",
        "add ssh-ed25519 or rsa-sha2-512 to it",
    )
