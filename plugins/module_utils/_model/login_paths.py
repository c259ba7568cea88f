# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a key file: may the account pass and read, and does StrictModes trust every step.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import List, Optional

from ansible_collections.alicloud.ecs_access.plugins.module_utils._model.login_facts import Facts, KeyFileFacts, Node
from ansible_collections.alicloud.ecs_access.plugins.module_utils._model.login_finding import Finding, blocks, shell_quote


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
    if item.status == "denied":
        return [_denied(facts, item)]
    if item.status != "ok":
        return [blocks("key_file_unreadable", "%s can't be read: %s" % (item.path, item.error), "mend the path")]
    if facts.setting("strictmodes", "yes") == "no":
        return []
    finding = _insecure(facts, item)
    return [finding] if finding else []


def is_full(facts: Facts) -> bool:
    """Whether nothing can be written into the home."""
    return any(disk.path == facts.account.home and not (disk.free and disk.free_inodes) for disk in facts.session.disks)


def add_key(facts: Facts) -> str:
    """The command that adds the asked-for key to the first file, as its owner; empty where it isn't that simple."""
    key, account = facts.request.key, facts.account
    path = facts.key_files[0].path if facts.key_files else ""
    if key is None or not path or is_full(facts):
        return ""
    user, folder = shell_quote(facts.request.user), path.rpartition("/")[0]
    line = shell_quote(key.line)
    if not path.startswith(account.home.rstrip("/") + "/"):
        return "mkdir -p %s && printf '\\n%%s\\n' %s >> %s && chmod 0644 %s" % (
            shell_quote(folder),
            line,
            shell_quote(path),
            shell_quote(path),
        )
    owner = "%s:%d" % (user, account.gid)
    return "install -d -m 0700 -o %s -g %d %s && printf '\\n%%s\\n' %s >> %s && chown %s %s && chmod 0600 %s" % (
        user,
        account.gid,
        shell_quote(folder),
        line,
        shell_quote(path),
        owner,
        shell_quote(path),
        shell_quote(path),
    )


def _missing(facts: Facts, item: KeyFileFacts) -> List[Finding]:
    node = item.nodes[-1] if item.nodes else Node(item.path)
    if node.kind == "link":
        return [
            blocks(
                "key_file_dangling_link",
                "%s is a symbolic link to %s, where nothing is" % (node.path, node.link),
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
                "%s is a %s, so %s can't exist" % (node.path, node.kind, item.path),
                "move it away and make a directory of that name (alicloud.ecs_access.ssh_access)",
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
        node.path,
        node.owner or node.uid,
        node.mode,
        user,
        what,
    )
    quoted = shell_quote(node.path)
    if node.kind == "directory":
        cause = "home_not_enterable" if node.path == home else "directory_not_enterable"
    else:
        cause = "key_file_unreadable"
    if node.uid != uid and in_home and node.path != home:
        wrong = [other.path for other in item.nodes if other.path.startswith(home + "/") and other.uid != uid]
        paths = " ".join(shell_quote(path) for path in wrong or [node.path])
        return blocks(cause, evidence, "give it to the account", "chown %s:%d %s" % (shell_quote(user), facts.account.gid, paths))
    if node.uid == uid:
        return blocks(
            cause, evidence, "give the owner the right to", "chmod u+%s %s" % ("rwx" if node.kind == "directory" else "rw", quoted)
        )
    if node.path == home:
        return blocks(cause, evidence, "give the home to the account", "chown %s:%d %s" % (shell_quote(user), facts.account.gid, quoted))
    return blocks(cause, evidence, "let everybody %s it" % what, "chmod a+%s %s" % ("x" if node.kind == "directory" else "r", quoted))


def _insecure(facts: Facts, item: KeyFileFacts) -> Optional[Finding]:
    account, home = facts.account, facts.account.home.rstrip("/")
    for node in item.secured:
        what = "key_file" if node is item.secured[0] else "home" if node.path == home else "directory"
        quoted = shell_quote(node.path)
        if node.uid not in (0, account.uid):
            owner = "root" if not (node.path + "/").startswith(home + "/") else "%s:%d" % (shell_quote(facts.request.user), account.gid)
            return blocks(
                what + "_wrong_owner",
                "%s belongs to %s; StrictModes accepts only %s and root"
                % (node.path, node.owner or "uid %d" % node.uid, facts.request.user),
                "give it to its account",
                "chown %s %s" % (owner, quoted),
            )
        group = node.mode & 0o020 and not (facts.server.debian and node.private_group)
        if node.mode & 0o002 or group:
            who = "everybody" if node.mode & 0o002 else "the group %s" % (node.group or node.gid)
            if node.acl and not node.mode & 0o002:
                # With a list, the mode's group bits are the most that anybody in the list may do.
                who = "somebody in its access control list (see getfacl)"
            return blocks(
                what + "_writable",
                "%s has mode %04o: %s may write it, and StrictModes refuses its keys" % (node.path, node.mode, who),
                "take that right away",
                "chmod go-w %s" % quoted,
            )
    return None
