# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard against locking oneself out: does the plan take away what this very run logged in with?

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import fnmatch
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._model.access_state import Plan, UserView
from ansible_collections.alicloud.ecs_access.plugins.module_utils._model.authorized_keys import KeyLine, describe_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._model.openssh_key import PublicKey

_FULL_RULE_END = "NOPASSWD: ALL"


class Login(NamedTuple):
    """How this run came to the host. C(key) is None when it is not known which key opened the session."""

    applies: bool
    users: Tuple[str, ...] = ()
    key: Optional[PublicKey] = None
    become: bool = False
    reason: str = ""

    def to_dict(self) -> Dict[str, Any]:
        """For the module's result."""
        return {"applies": self.applies, "users": list(self.users), "reason": self.reason, "become": self.become,
                "key": self.key.fingerprint_sha256 if self.key else None}


def find_lockouts(login: Login, plan: Plan, allow_groups: Sequence[str], admins: Sequence[str], today: str) -> List[str]:
    """What this run must not do, each as the end of the sentence "it would ..."."""
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
        found += _account(before, after, today) + _keys(login, before, after) + _groups(before, after, allow_groups)
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


def _groups(before: UserView, after: UserView, allow_groups: Sequence[str]) -> List[str]:
    lost = (set(before.groups) | {before.group}) - set(after.groups) - {after.group}
    return ["remove user %s from group %s, which sshd's AllowGroups names" % (before.name, group)
            for group in sorted(lost) if any(fnmatch.fnmatchcase(group, pattern) for pattern in allow_groups)]


def _sudo(before: UserView, after: UserView, admins: Sequence[str]) -> List[str]:
    if after.rule.endswith(_FULL_RULE_END):
        return []
    found = ["remove user %s from group %s, which gives this run its sudo" % (before.name, group)
             for group in sorted(set(before.groups) - set(after.groups)) if group in admins]
    if after.rule != before.rule:
        found.append("%s the sudo rule of user %s, which this run may depend on" % ("change" if after.rule else "remove", before.name))
    return found
