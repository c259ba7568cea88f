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
import re
import struct
from typing import Optional, Tuple

from .._system.account_files import read_passwd, read_shadows
from .._system.accounts import Shadow
from .._system.nodes import chain, find_closed, look_at, read_quietly, read_regular
from .._system.rights import acting_as
from .._system.run import HostError
from .._system.sudoers_tree import find_named_groups
from .._text import text_lines
from .facts import AccountFacts

# Below are groups of the system, on every distribution that ECS offers.
_FIRST_GROUP = 1000
# What of a binary is read to find its loader.
_HEAD = 1 << 16
_INTERPRETER = 3
_EMULATORS = "/proc/sys/fs/binfmt_misc"
# Programs of 32 bits that processors of 64 bits run as well (e_machine).
_SMALLER = {62: 3, 183: 40}
# Their names; what else stands in the place of a shell may end every session.
_USUAL = frozenset(
    [
        "ash",
        "bash",
        "busybox",
        "csh",
        "dash",
        "elvish",
        "fish",
        "ksh",
        "ksh93",
        "lksh",
        "mksh",
        "nu",
        "oksh",
        "pwsh",
        "rbash",
        "rksh",
        "sh",
        "tcsh",
        "xonsh",
        "yash",
        "zsh",
        "zsh5",
        "zsh-static",
    ]
)
_NOLOGIN = ("/var/run/nologin", "/etc/nologin")


def read_account(name: str) -> AccountFacts:
    """What is known of the account; C(found) is false where it does not exist."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        others = tuple(sorted(item.pw_name for item in pwd.getpwall() if item.pw_name.lower() == name.lower()))
        return AccountFacts(similar=others, passwd_line=_passwd_line(name), name_sources=_name_sources())
    shell = entry.pw_shell or "/bin/sh"
    interpreter = _find_interpreter(shell)
    programs = [os.path.realpath(path) for path in (shell, interpreter) if path]
    with acting_as(name, entry.pw_uid, entry.pw_gid):
        # sshd asks as root whether anybody may execute it; then it is executed with the rights of the account.
        executable = os.access(shell, os.X_OK, effective_ids=True)
        closed = next((path for path in map(_find_closed, programs) if path), "")
        unusable = interpreter and not os.access(interpreter, os.X_OK, effective_ids=True)
        good = [path for path in ("/bin/bash", "/bin/sh") if path != shell and os.access(path, os.X_OK, effective_ids=True)]
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
        shell_executable=executable and _is_program(shell),
        other_shell=next((path for path in good if path in _shells()), ""),
        shell_closed_at=look_at(closed) if closed else None,
        shell_interpreter=interpreter if unusable else "",
        shell_foreign=_is_foreign(shell),
        shell_unknown=not is_usual_shell(shell),
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


def _find_closed(path: str) -> str:
    """The directory on a way without links that whoever we are now cannot enter; empty where there is none."""
    closed = find_closed(chain(path))
    return closed if closed != path and os.path.isdir(closed) else ""


def _find_interpreter(shell: str) -> str:
    """The program without which the kernel cannot start a shell: that of a script, or the loader of a binary."""
    try:
        data = read_regular(shell, _HEAD)
    except OSError:
        return ""
    return os.fsdecode(find_script_interpreter(data) if data.startswith(b"#!") else find_loader(data))


def find_script_interpreter(data: bytes) -> bytes:
    """What the first line of a script names. To the kernel only blanks and tabs end a word: the line end of another system is part of it."""
    words = [word for word in re.split(rb"[ \t]+", data.split(b"\n", 1)[0][2:256]) if word]
    return words[0] if words else b""


def find_loader(data: bytes) -> bytes:
    """What an ELF binary names as its loader (PT_INTERP); empty where it names none."""
    if data[:5] != b"\x7fELF\x02" or len(data) < 64:
        return b""
    start, size, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 54)[0], struct.unpack_from("<H", data, 56)[0]
    for index in range(min(count, 64)):
        header = data[start + index * size : start + index * size + 40]
        if len(header) == 40 and struct.unpack_from("<I", header)[0] == _INTERPRETER:
            at, length = struct.unpack_from("<Q", header, 8)[0], struct.unpack_from("<Q", header, 32)[0]
            return data[at : at + min(length, 255)].rstrip(b"\0")
    return b""


def _is_program(shell: str) -> bool:
    """Whether the kernel takes the file for one: sshd starts it without another shell's help."""
    try:
        return read_regular(shell, 4).startswith((b"#!", b"\x7fELF"))
    except OSError:
        return True


def _is_foreign(shell: str) -> bool:
    """Whether it is a program for a processor of another kind, and no emulator is registered for those."""
    try:
        kind, own = find_machine(read_regular(shell, 20)), find_machine(read_regular("/proc/self/exe", 20))
        emulators = set(os.listdir(_EMULATORS)) - {"register", "status"} if os.path.isdir(_EMULATORS) else set()
    except OSError:
        return False
    return bool(kind and own) and kind != own and kind != _SMALLER.get(own) and not emulators


def find_machine(data: bytes) -> int:
    """The kind of processor that an ELF binary is for (e_machine); 0 where it is none."""
    return int(struct.unpack_from("<H", data, 18)[0]) if data[:4] == b"\x7fELF" and len(data) >= 20 else 0


def is_usual_shell(shell: str) -> bool:
    """Whether what a login gets is one of the usual shells, under its own name or as a copy of one that /etc/shells lists."""
    try:
        if read_regular(shell, 2) == b"#!":
            return False
        if os.path.basename(os.path.realpath(shell)) in _USUAL:
            return True
        data = read_regular(shell)
        return any(_is_same(shell, path, data) for path in _shells() if os.path.basename(path) in _USUAL and path != shell)
    except OSError:
        # That it cannot be read is a finding of its own.
        return True


def _is_same(shell: str, other: str, data: bytes) -> bool:
    with contextlib.suppress(OSError):
        return os.stat(shell).st_size == os.stat(other).st_size and read_regular(other) == data
    return False


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
