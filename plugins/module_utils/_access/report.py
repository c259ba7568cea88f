# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How access reads: the diff that a person is shown, and the lists that a play gets back.

Keys appear as fingerprint and comment; password hashes and the text of other lines never appear.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, Dict, List

from .._openssh.authorized_keys import KeyLine, describe_key
from .._system.accounts import Group
from .._text import printable
from .state import Plan, UserView


def render_diff(plan: Plan) -> Dict[str, str]:
    """One readable diff for everything. What does not show in accounts and keys (modes, owners) stands in the actions."""
    before = _render(plan.groups_before, plan.before, plan)
    after = _render(plan.groups_after, plan.after, plan)
    done = [action for action in plan.actions if "mode of" in action or "owner of" in action or "set password" in action]
    return {"before": before, "after": after + "".join("# %s\n" % action for action in done), "before_header": "access before", "after_header": "access after"}


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
        "sudo_rule": view.rule,
        "authorized_keys": [
            {"fingerprint": line.key.fingerprint_sha256, "type": line.key.key_type, "comment": printable(line.key.comment), "options": printable(line.options)}
            for line in view.keys
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
    lines.append("  sudo %s%s" % (view.sudo, ": " + view.rule if view.rule else ""))
    return lines + ["  key " + _key_text(line) for line in view.keys]


def _key_text(line: KeyLine) -> str:
    return describe_key(line.key) + (" [%s]" % printable(line.options) if line.options else "")
