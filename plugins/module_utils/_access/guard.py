# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard against locking oneself out: does the plan take away what this very run logged in with?

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._openssh.authorized_keys import describe_key
from .._openssh.key_paths import SshdWords
from .._openssh.keys import PublicKey
from .._openssh.patterns import match_word
from .state import Conflict, Plan, Snapshot, UserView


class Login(NamedTuple):
    """How this run came to the host. C(key) is None when it is not known which key opened the session."""

    applies: bool
    users: Tuple[str, ...] = ()
    key: Optional[PublicKey] = None
    become: bool = False
    reason: str = ""

    def to_dict(self) -> Dict[str, Any]:
        """For the module's result."""
        return {
            "applies": self.applies,
            "users": list(self.users),
            "reason": self.reason,
            "become": self.become,
            "key": self.key.fingerprint_sha256 if self.key else None,
        }


def refuse_lockout(login: Login, plan: Plan, snapshot: Snapshot, today: str) -> None:
    """Raises Conflict for a plan that takes away what this run depends on."""
    admins: Set[str] = set().union(*(rule.groups for rule in snapshot.sudo.rules))
    lockouts = find_lockouts(login, plan, snapshot.words, admins, today)
    if lockouts:
        raise Conflict(
            "nothing was changed, because this run could lock itself out: %s, and it would %s; if another login is "
            "available, set allow_self_lockout: true" % (login.reason, "; ".join(lockouts))
        )


def find_lockouts(login: Login, plan: Plan, words: SshdWords, admins: Set[str], today: str) -> List[str]:
    """What this run must not do, each as the end of the sentence "it would ...". admins: groups that sudoers grants something."""
    found: List[str] = []
    if not login.applies:
        return found
    for name in login.users:
        before, after = plan.before.get(name), plan.after.get(name)
        if before is None or after is None or not before.exists:
            continue
        if not after.exists:
            found.append("remove user %s" % name)
            continue
        found += _account(before, after, today) + _keys(login, before, after) + _groups(before, after, words)
        if login.become and name != "root":
            found += _sudo(before, after, admins)
    return found


def _account(before: UserView, after: UserView, today: str) -> List[str]:
    found = []
    if after.locked and not before.locked:
        found.append("lock user %s" % after.name)
    elif after.expires != before.expires and after.expires != "never" and after.expires <= today:
        found.append("let user %s expire on %s" % (after.name, after.expires))
    if after.shell != before.shell and after.shell.rpartition("/")[2] in ("nologin", "false", "true", "sync"):
        found.append("give user %s the shell %s, which allows no login" % (after.name, after.shell))
    return found


def _keys(login: Login, before: UserView, after: UserView) -> List[str]:
    known = [held for held in before.keys if login.key is not None and held.key.same_key(login.key)]
    note = "" if known else " (which of the keys this run uses is not known, so all of them are guarded)"
    found = []
    for held in known or before.keys:
        now = [other for other in after.keys if other.key.same_key(held.key)]
        if not now:
            found.append("remove the key %s of user %s%s" % (describe_key(held.key), before.name, note))
        elif all(other.options and other.options != held.options for other in now):
            found.append("change the options of the key %s of user %s%s" % (describe_key(held.key), before.name, note))
    return found


def _groups(before: UserView, after: UserView, words: SshdWords) -> List[str]:
    old, new = before.all_groups, after.all_groups
    return [
        "remove user %s from group %s, which sshd's AllowGroups names" % (before.name, group)
        for group in sorted(old - new)
        if _named(group, words.allow_groups)
    ] + ["add user %s to group %s, which sshd's DenyGroups names" % (before.name, group) for group in sorted(new - old) if _named(group, words.deny_groups)]


def _named(group: str, patterns: Sequence[str]) -> bool:
    return any(match_word(group, pattern) for pattern in patterns)


def _sudo(before: UserView, after: UserView, admins: Set[str]) -> List[str]:
    if after.rule and after.rule.everything:
        return []
    found = [
        "remove user %s from group %s, which gives this run its sudo" % (before.name, group)
        for group in sorted((before.all_groups - after.all_groups) & admins)
    ]
    if after.rule != before.rule:
        found.append("%s the sudo rule of user %s, which this run may depend on" % ("change" if after.rule else "remove", before.name))
    return found
