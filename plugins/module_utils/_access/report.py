# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How access reads: the sentences of actions, the diff that a person is shown, and the lists that a play gets back.

Keys appear as fingerprint and comment; password hashes and the text of other lines never appear.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, Dict, Iterable, List, Sequence

from .._openssh.authorized_keys import Revoked, describe_key
from .._system.accounts import Group
from .._text import printable
from .state import HeldKey, Plan, UserView
from .steps import Action

_SENTENCES = {
    "create_group": "create group {subject}",
    "remove_group": "remove group {subject}",
    "create_user": "create user {subject}{text}",
    "set_comment": "set comment of user {subject} to {text}",
    "set_shell": "set shell of user {subject} to {text}",
    "set_primary_group": "set primary group of user {subject} to {text}",
    "join_groups": "add user {subject} to {text}",
    "leave_groups": "remove user {subject} from {text}",
    "set_password": "set password of user {subject}",
    "set_expiry": "set expiry of user {subject} to {text}",
    "lock_user": "lock user {subject}",
    "unlock_user": "unlock user {subject}",
    "expire_user": "expire user {subject}",
    "end_processes": "end the processes of user {subject}",
    "remove_user": "remove user {subject}",
    "remove_user_and_home": "remove user {subject} and the home {text}",
    "set_sudo_rule": "set the sudo rule of user {subject}: {text}",
    "repair_sudo_rule": "repair owner and mode of the sudo rule of user {subject}",
    "rename_sudo_rule": "rename the file of the sudo rule of user {subject}",
    "remove_sudo_rule": "remove the sudo rule of user {subject}",
    "create_home": "create the home {text} of user {subject}",
    "remove_key_file": "remove {text}",
    "add_key": "user {subject}: {text}",
    "remove_key": "user {subject}: {text}",
    "update_key": "user {subject}: {text}",
    "remove_sudo": "remove the sudo rule {text} of user {subject}",
    "remove_crontab": "remove the crontab {text} of user {subject}",
    "remove_cron_line": "remove the cron job {text} of user {subject}",
    "remove_at_job": "remove the at job {text} of user {subject}",
    "remove_linger": "start no services of user {subject} at boot",
    "remove_private_key": "remove the private key {text} of user {subject}",
    "set_mode": "user {subject}: mode of {text}",
    "set_owner": "user {subject}: owner of {text}",
}
# What does not show in accounts and keys.
_BESIDE_THE_DIFF = (
    "set_mode", "set_owner", "set_password", "repair_sudo_rule", "rename_sudo_rule", "remove_sudo", "remove_crontab", "remove_cron_line", "remove_at_job",
    "remove_linger", "remove_private_key",
)  # fmt: skip


def sentences(actions: Iterable[Action]) -> List[str]:
    """What was done, or will be, as a person reads it."""
    return [_SENTENCES[action.kind].format(subject=action.subject, text=action.text) for action in actions]


def failure_text(planned: Sequence[str], met: Sequence[str], changed: bool) -> str:
    """Why the task fails: what could not be planned, and what failed when it was done."""
    closing = () if met else ("everything else was done" if changed else "nothing was changed",)
    return "; ".join(dict.fromkeys((*planned, *met, *closing)))


def unremoved_keys(plan: Plan, revoked: Revoked, where: Sequence[str]) -> Dict[str, Any]:
    """Revoked keys that stay somewhere, and those that were in no file that could be read, so that only their fingerprint is known."""
    known = {key.fingerprint_sha256 for key in plan.revoked_keys}
    unknown = [
        "the key %s could not be searched for everywhere, and sshd cannot be made to refuse it by its fingerprint; list its public key in revoked_keys" % text
        for text in sorted(revoked.fingerprints - known)
    ]
    return {"keys": [key._replace(comment="").line for key in plan.revoked_keys], "where": list(where), "unknown": unknown}


def render_diff(plan: Plan) -> Dict[str, str]:
    """One readable diff for everything."""
    before = _render(plan.groups_before, plan.before, plan)
    after = _render(plan.groups_after, plan.after, plan)
    done = sentences(action for action in plan.actions if action.kind in _BESIDE_THE_DIFF)
    return {
        "before": before,
        "after": after + "".join("# %s\n" % sentence for sentence in done),
        "before_header": "access before",
        "after_header": "access after",
    }


def user_results(views: Dict[str, UserView], names: List[str]) -> List[Dict[str, Any]]:
    """The listed users as results of the module."""
    return [_user_result(views[name]) for name in names]


def _user_result(view: UserView) -> Dict[str, Any]:
    state = "absent" if not view.exists else "locked" if view.locked else "present"
    return {
        "name": view.name,
        "state": state,
        "uid": view.uid,
        "group": view.group,
        "groups": list(view.groups),
        "shell": view.shell,
        "home": view.home,
        "expires": view.expires,
        "sudo": view.sudo,
        "sudo_rule": view.rule.text if view.rule else "",
        "authorized_keys": [
            {"fingerprint": held.key.fingerprint_sha256, "type": held.key.key_type, "comment": printable(held.key.comment), "options": printable(held.options)}
            for held in view.keys
        ],
    }


def _render(groups: Dict[str, Group], views: Dict[str, UserView], plan: Plan) -> str:
    lines = []
    for name in sorted(set(plan.groups_before) | set(plan.groups_after)):
        group = groups.get(name)
        number = "next free" if group is None or group.gid is None else str(group.gid)
        lines.append("group %s: %s" % (name, "absent" if group is None else "gid " + number))
    for name in sorted(views):
        lines += _user_lines(views[name])
    return "".join(line + "\n" for line in lines)


def _user_lines(view: UserView) -> List[str]:
    if not view.exists:
        return ["user %s: absent" % view.name]
    lines = [
        "user %s:" % view.name,
        "  uid %s, group %s, home %s, shell %s" % ("next free" if view.uid is None else view.uid, view.group, view.home, view.shell),
    ]
    if view.comment:
        lines.append("  comment " + printable(view.comment))
    lines.append("  groups " + (", ".join(view.groups) or "none"))
    lines.append("  password %s, expires %s%s" % (view.password, view.expires, ", locked" if view.locked else ""))
    lines.append("  sudo %s%s" % (view.sudo, ": " + view.rule.text if view.rule else ""))
    return lines + ["  key " + _key_text(held) for held in view.keys]


def _key_text(held: HeldKey) -> str:
    return describe_key(held.key) + (" [%s]" % printable(held.options) if held.options else "")
