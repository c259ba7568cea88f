# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the account files hold at this moment, and what the name service answers.

Note that this module util is **PRIVATE** to the collection.
"""

import pwd
from typing import Dict, List, NamedTuple, Optional

from .accounts import Account, Group, Shadow, find_damage, parse_group, parse_passwd, parse_shadow
from .run import HostError


class Passwd(NamedTuple):
    """Accounts of /etc/passwd, and the numbers of the lines that may hide another account."""

    accounts: Dict[str, Account]
    damage: List[int]


def read_passwd() -> Passwd:
    """/etc/passwd, read afresh; HostError where that cannot be done."""
    text = _read("/etc/passwd")
    return Passwd(parse_passwd(text), find_damage(text))


def read_shadows() -> Dict[str, Shadow]:
    """/etc/shadow likewise."""
    return parse_shadow(_read("/etc/shadow"))


def read_groups() -> Dict[str, Group]:
    """/etc/group likewise."""
    return parse_group(_read("/etc/group"))


def find_account(name: str) -> Optional[Account]:
    """An account by the name service, which knows those of directories too."""
    try:
        return to_account(pwd.getpwnam(name))
    except KeyError:
        return None


def to_account(entry: pwd.struct_passwd) -> Account:
    """An entry of the name service as our record."""
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_gecos, entry.pw_dir, entry.pw_shell)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
            return stream.read()
    except OSError as exc:
        raise HostError("%s cannot be read: %s" % (path, exc.strerror))
