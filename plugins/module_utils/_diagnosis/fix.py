# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that are safe to paste into a root shell: no account can redirect one to another file, however late it is run.

Below a directory that an account can write, names can be replaced between the answer and the command. There a command runs
as the account and can do no more than the account; root's commands name only what root alone can move.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Sequence

from .facts import Facts, Node
from .finding import shell_quote

# Accounts in them may become root, on one distribution or another.
_POWERFUL = frozenset(("root", "sudo", "wheel", "admin", "adm", "disk", "shadow", "docker", "lxd", "libvirt", "kmem", "staff"))


def as_user(user: str, *words: str) -> str:
    """A command with the rights of an account."""
    return "runuser -u %s -- %s" % (shell_quote(user), " ".join(shell_quote(word) for word in words))


def by_root(node: Node, *words: str) -> str:
    """A command of root's on one path; empty where another account decides what is at that path."""
    return "%s -- %s" % (" ".join(words), shell_quote(node.path)) if node.fixed else ""


def set_mode(facts: Facts, node: Node, mode: str) -> str:
    """chmod by whoever owns the file, if that is the account or root."""
    if node.uid == facts.account.uid != 0:
        return as_user(facts.request.user, "chmod", mode, "--", node.path)
    return by_root(node, "chmod", mode) if node.uid == 0 else ""


def open_up(facts: Facts, node: Node, right: str) -> str:
    """Give all users a permission on something of root's that is not part of anybody's home."""
    private = any((node.path + "/").startswith(home.rstrip("/") + "/") for home in facts.account.other_homes if home != "/")
    return by_root(node, "chmod", "a+" + right) if node.uid == 0 and not private else ""


def join_group(facts: Facts, names: Sequence[str]) -> str:
    """Make the user a member of the first of these groups that exists and grants no further rights."""
    for name in names:
        if name in facts.account.plain_groups and name not in _POWERFUL:
            return "usermod -aG %s -- %s" % (shell_quote(name), shell_quote(facts.request.user))
    return ""


def add_line(path: str, line: str, user: str) -> str:
    """Append a line to a file as an account, its directory made if need be."""
    script = 'umask 077 && mkdir -p -- "$1" && printf "\\n%s\\n" "$2" >> "$3"'
    return as_user(user, "sh", "-c", script, "sh", path.rpartition("/")[0], line, path)


def give_home(facts: Facts, node: Node) -> str:
    """chown of a home that is plainly this account's and nobody else's."""
    account, user = facts.account, facts.request.user
    home = account.home.rstrip("/")
    plain = node.path == home and home == "/home/" + user and node.owner in ("", "root")
    shared = any((other.rstrip("/") + "/").startswith(home + "/") for other in account.other_homes)
    return by_root(node, "chown", "%s:%d" % (shell_quote(user), account.gid)) if plain and not shared else ""


def make_home(facts: Facts) -> str:
    """Create a missing home where only root can put anything."""
    account, node = facts.account, facts.account.home_node
    return by_root(node, "install", "-d", "-m", "0700", "-o", shell_quote(facts.request.user), "-g", str(account.gid))
