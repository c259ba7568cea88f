# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard against locking oneself out: does the plan take away what this very run logged in with?

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import fnmatch
import re
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._openssh.authorized_keys import KeyLine, describe_key
from .._openssh.key_paths import SshdWords
from .._openssh.keys import PublicKey
from .state import Plan, UserView
from .sudoers import Rule

_FULL_RULE = re.compile(r" ALL=\((ALL|root)(:[^)]*)?\) NOPASSWD: ALL$")


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


def find_lockouts(login: Login, plan: Plan, words: SshdWords, admins: Sequence[str], today: str) -> List[str]:
    """What this run must not do, each as the end of the sentence "it would ...". admins: groups that sudoers grants something."""
    found = []  # type: List[str]
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


def sudo_groups(rules: Sequence[Rule]) -> List[str]:
    """Groups that some rule grants something."""
    return sorted({word[1:] for rule in rules for word in rule.who if word.startswith("%")})


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
    known = login.key is not None and any(line.key.same_key(login.key) for line in before.keys)
    held = [line for line in before.keys if not known or line.key.same_key(login.key)]
    note = "" if known else " (which of the keys this run uses is not known, so all of them are guarded)"
    found = []
    for line in held:
        now = [other for other in after.keys if other.key.same_key(line.key)]
        if not now:
            found.append("remove the key %s of user %s%s" % (describe_key(line.key), before.name, note))
        elif _narrowed(line, now):
            found.append("change the options of the key %s of user %s%s" % (describe_key(line.key), before.name, note))
    return found


def _narrowed(line: KeyLine, now: List[KeyLine]) -> bool:
    return all(other.options and other.options != line.options for other in now)


def _groups(before: UserView, after: UserView, words: SshdWords) -> List[str]:
    old, new = _all_groups(before), _all_groups(after)
    return [
        "remove user %s from group %s, which sshd's AllowGroups names" % (before.name, group)
        for group in sorted(old - new)
        if _named(group, words.allow_groups)
    ] + ["add user %s to group %s, which sshd's DenyGroups names" % (before.name, group) for group in sorted(new - old) if _named(group, words.deny_groups)]


def _all_groups(view: UserView) -> Set[str]:
    return set(view.groups) | {view.group}


def _named(group: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(group, pattern) for pattern in patterns)


def _sudo(before: UserView, after: UserView, admins: Sequence[str]) -> List[str]:
    if _FULL_RULE.search(after.rule):
        return []
    found = [
        "remove user %s from group %s, which gives this run its sudo" % (before.name, group)
        for group in sorted(_all_groups(before) - _all_groups(after))
        if group in admins
    ]
    if after.rule != before.rule:
        found.append("%s the sudo rule of user %s, which this run may depend on" % ("change" if after.rule else "remove", before.name))
    return found
