# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path to a key file: whether the account can enter and read it, and whether StrictModes accepts every part.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import List

from .facts import Facts, KeyFileFacts, Node
from .finding import Finding, blocks, shell_quote
from .fix import add_line, give_home, open_up, set_mode


def judge_path(facts: Facts, item: KeyFileFacts) -> List[Finding]:
    """What keeps sshd from using the file; empty when nothing does."""
    if item.status == "missing":
        return _missing(facts, item)
    if item.status == "not_regular":
        node = item.nodes[-1]
        return [
            blocks(
                "key_file_not_regular",
                "%s is a %s and not a regular file" % (item.path, node.kind),
                "move it away and write the keys into a file of that name (alicloud.ecs_access.ssh_access)",
            )
        ]
    found = []
    if item.status == "denied":
        found = [_denied(facts, item)]
    elif item.status != "ok":
        found = [blocks("key_file_unreadable", "%s cannot be read: %s" % (item.path, item.error), "fix the path")]
    if facts.setting("strictmodes", "yes") == "no":
        return found
    return found + _insecure(facts, item)


def is_full(facts: Facts) -> bool:
    """Whether nothing can be written into the home."""
    return any(disk.path == facts.account.home and not (disk.free and disk.free_inodes) for disk in facts.session.disks)


def add_key(facts: Facts) -> str:
    """The command that adds the asked-for key to the first file, as the account; empty where it isn't that simple."""
    key, account = facts.request.key, facts.account
    if key is None or not facts.key_files or facts.key_files[0].shared or is_full(facts):
        return ""
    item = facts.key_files[0]
    home, there = account.home.rstrip("/"), [node for node in item.nodes if node.kind != "missing"]
    if item.path.startswith(home + "/"):
        mine = bool(there) and there[-1].uid == account.uid and there[-1].path.startswith(home)
        return add_line(item.path, key.line, facts.request.user) if mine else ""
    if not there or not item.nodes[-1].fixed or there[-1].kind != "directory":
        return ""
    folder, path = shell_quote(item.path.rpartition("/")[0]), shell_quote(item.path)
    make = "install -d -m 0755 -- %s && " % folder if item.nodes[-1].path != item.path else ""
    return "%sprintf '\\n%%s\\n' %s >> %s && chmod 0644 -- %s" % (make, shell_quote(key.line), path, path)


def _missing(facts: Facts, item: KeyFileFacts) -> List[Finding]:
    node = item.nodes[-1] if item.nodes else Node(item.path)
    if node.kind == "link":
        return [
            blocks(
                "key_file_dangling_link",
                "%s is a symbolic link to %s, which does not exist" % (node.path, node.link),
                "remove the link and write the keys into a file of that name (alicloud.ecs_access.ssh_access)",
            )
        ]
    home = facts.account.home.rstrip("/")
    if home == node.path or home.startswith(node.path + "/"):
        # That is the finding home_missing.
        return []
    if node.kind not in ("missing", "directory"):
        return [
            blocks(
                "key_file_not_regular",
                "%s is a %s, so %s cannot exist" % (node.path, node.kind, item.path),
                "move it away and create a directory of that name (alicloud.ecs_access.ssh_access)",
            )
        ]
    return [
        blocks(
            "key_file_missing",
            "%s does not exist%s" % (item.path, "" if node.path == item.path else " (%s is missing)" % node.path),
            "add the key (alicloud.ecs_access.ssh_access)",
            add_key(facts),
        )
    ]


def _denied(facts: Facts, item: KeyFileFacts) -> Finding:
    user, uid = facts.request.user, facts.account.uid
    by_path = {node.path: node for node in item.nodes}
    node = by_path.get(item.blocked_at, Node(item.blocked_at or item.path, "file"))
    home = facts.account.home.rstrip("/")
    in_home = node.path == home or node.path.startswith(home + "/")
    what = "enter" if node.kind == "directory" else "read"
    evidence = "%s (owner %s, mode %04o): sshd looks for keys with the rights of %s, who may not %s it" % (
        _shown(item, node.path),
        node.owner or node.uid,
        node.mode,
        user,
        what,
    )
    if node.kind == "directory":
        cause = "home_not_enterable" if node.path == home else "directory_not_enterable"
    else:
        cause = "key_file_unreadable"
    if node.acl and node.mode & (0o111 if node.kind == "directory" else 0o444):
        return blocks(cause, evidence + "; it has an access control list", "see 'getfacl %s', and take the entry out (setfacl -x)" % shell_quote(node.path))
    if node.uid == uid:
        right = "u+rwx" if node.kind == "directory" else "u+rw"
        return blocks(cause, evidence, "give the owner that permission", set_mode(facts, node, right))
    if in_home:
        # Whatever root gives away by name below a home could be something else by then.
        return blocks(cause, evidence, "make the account its owner (alicloud.ecs_access.ssh_access does that safely)", give_home(facts, node))
    # A file of anything else than keys must not become everybody's to read.
    is_safe = node.kind == "directory" or (bool(item.content) and not item.shared)
    command = open_up(facts, node, "x" if node.kind == "directory" else "r") if is_safe else ""
    return blocks(cause, evidence, "allow all users to %s it" % what, command)


def _insecure(facts: Facts, item: KeyFileFacts) -> List[Finding]:
    """All that StrictModes objects to, from the file upwards, as sshd looks at it."""
    account, home = facts.account, facts.account.home.rstrip("/")
    found: List[Finding] = []
    for node in item.secured:
        what = "key_file" if node is item.secured[0] else "home" if node.path == home else "directory"
        if node.uid not in (0, account.uid):
            found.append(
                blocks(
                    what + "_wrong_owner",
                    "%s belongs to %s; StrictModes accepts only %s and root" % (_shown(item, node.path), node.owner or "uid %d" % node.uid, facts.request.user),
                    "find out who owns it; then move it away, or make its account the owner",
                    give_home(facts, node),
                )
            )
            continue
        group = node.mode & 0o020 and not (facts.server.debian and node.private_group)
        if node.mode & 0o002 or group:
            who = "everybody" if node.mode & 0o002 else "the group %s" % (node.group or node.gid)
            if node.acl and not node.mode & 0o002:
                # With a list, the mode's group bits are the most that anybody in the list may do.
                who = "another user in its access control list (see getfacl)"
            found.append(
                blocks(
                    what + "_writable",
                    "%s has mode %04o: %s can write to it, and StrictModes refuses its keys" % (_shown(item, node.path), node.mode, who),
                    "remove that permission",
                    set_mode(facts, node, "go-w"),
                )
            )
    return found


def _shown(item: KeyFileFacts, path: str) -> str:
    """The path, with the link that leads to it if there is one."""
    links = [node for node in item.nodes if node.link]
    if not links:
        return path
    if path == links[-1].path:
        return "%s is a symbolic link to %s, which" % (path, links[-1].link)
    return "%s (%s is a symbolic link to %s)" % (path, links[-1].path, links[-1].link)
