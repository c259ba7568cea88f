# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read an account: name service, /etc/shadow, shell, home, files that disable logins.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import grp
import os
import pwd
from typing import Optional, Tuple

from .._system.account_files import read_passwd, read_shadows
from .._system.accounts import Shadow
from .._system.nodes import chain, find_closed, look_at, read_quietly
from .._system.rights import acting_as
from .._system.run import HostError
from .._system.sudoers_tree import find_named_groups
from .._text import text_lines
from .facts import AccountFacts

# Below are groups of the system, on every distribution that ECS offers.
_FIRST_GROUP = 1000
_NOLOGIN = ("/var/run/nologin", "/etc/nologin")


def read_account(name: str) -> AccountFacts:
    """What is known of the account; C(found) is false where it does not exist."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        others = tuple(sorted(item.pw_name for item in pwd.getpwall() if item.pw_name.lower() == name.lower()))
        return AccountFacts(similar=others, passwd_line=_passwd_line(name), name_sources=_name_sources())
    shell = entry.pw_shell or "/bin/sh"
    with acting_as(name, entry.pw_uid, entry.pw_gid):
        # sshd asks as root whether anybody may execute it; then it is executed with the rights of the account.
        executable = os.access(shell, os.X_OK, effective_ids=True)
        closed = find_closed(chain(shell)) if not executable else ""
    return AccountFacts(
        found=True,
        uid=entry.pw_uid,
        gid=entry.pw_gid,
        home=entry.pw_dir,
        shell=entry.pw_shell,
        local=_is_local(name),
        password_field=entry.pw_passwd,
        groups=_groups(name, entry.pw_gid),
        shadow=_shadow(name),
        shell_node=look_at(shell),
        shell_executable=executable,
        shell_closed_at=look_at(closed) if closed not in ("", shell) else None,
        shell_interpreter=_missing_interpreter(shell),
        shells=_shells(),
        nologin=_notices(),
        home_node=look_at(entry.pw_dir),
        other_homes=tuple(sorted({item.pw_dir for item in pwd.getpwall() if item.pw_name != name})),
        plain_groups=_plain_groups(),
    )


def _plain_groups() -> Tuple[str, ...]:
    """Groups made for people, without those that a rule of sudo names."""
    named = find_named_groups() if os.geteuid() == 0 else frozenset()
    groups = [group for group in grp.getgrall() if group.gr_gid >= _FIRST_GROUP]
    return tuple(group.gr_name for group in groups if not named & {group.gr_name, str(group.gr_gid)})


def _passwd_line(name: str) -> Tuple[int, str]:
    for number, line in enumerate(text_lines(read_quietly("/etc/passwd")), 1):
        if line.split(":")[0] == name:
            return number, line
    return 0, ""


def _name_sources() -> str:
    for line in text_lines(read_quietly("/etc/nsswitch.conf")):
        key, colon, rest = line.split("#", 1)[0].partition(":")
        if colon and key.strip() == "passwd":
            return " ".join(rest.split())
    return ""


def _missing_interpreter(shell: str) -> str:
    """Of a shell that is a script; reading as much as the kernel does."""
    first = read_quietly(shell, 256).split("\n", 1)[0]
    words = first[2:].split() if first.startswith("#!") else []
    return words[0] if words and not os.path.exists(words[0]) else ""


def _is_local(name: str) -> bool:
    with contextlib.suppress(HostError):
        return name in read_passwd().accounts
    return False


def _groups(name: str, gid: int) -> Tuple[str, ...]:
    names = []
    for number in os.getgrouplist(name, gid):
        try:
            names.append(grp.getgrgid(number).gr_name)
        except KeyError:
            names.append(str(number))
    return tuple(dict.fromkeys(names))


def _shadow(name: str) -> Optional[Shadow]:
    with contextlib.suppress(HostError):
        return read_shadows().get(name)
    return None


def _shells() -> Tuple[str, ...]:
    lines = [line.strip() for line in text_lines(read_quietly("/etc/shells"))]
    return tuple(line for line in lines if line and not line.startswith("#"))


def _notices() -> Tuple[Tuple[str, str], ...]:
    found = []
    for path in _NOLOGIN:
        if os.path.exists(path):
            lines = text_lines(read_quietly(path).strip())
            found.append((path, lines[0] if lines else ""))
    return tuple(found)
