# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what decides after the key has been accepted, and what may block an address before.

Note that this module util is **PRIVATE** to the collection.
"""

import glob
import ipaddress
import os
import re
from typing import Dict, List, Set, Tuple

from .._openssh.authorized_keys import parse_key_file
from .._openssh.key_options import KeyOptionsError, parse_options
from .._openssh.rules import expand_pattern
from .._system.nodes import chain, read_quietly
from .._system.packet_filter import ask_filter
from .._system.private_login import Route
from .._system.processes import find_processes
from .._system.rights import acting_as
from .._system.run import HostError, find_tool, run_tool
from .._text import text_lines
from . import look_environment, look_wrappers
from .facts import (
    NOTHING_TO_ASK,
    AccountFacts,
    Answer,
    Disk,
    Facts,
    Mount,
    NetworkFacts,
    Request,
    SessionFacts,
)
from .look_pam import read_tuple
from .startup_text import find_replacement

# What a shell reads for a command that comes over SSH, and for a terminal.
_STARTUP: Dict[str, Tuple[Tuple[str, ...], Tuple[str, ...]]] = {
    "bash": (("/etc/bash.bashrc", ".bashrc"), ("/etc/profile", ".bash_profile", ".bash_login", ".profile")),
    "zsh": (("/etc/zsh/zshenv", "/etc/zshenv", ".zshenv"), ("/etc/zsh/zprofile", ".zprofile", ".zshrc", ".zlogin")),
    "csh": (("/etc/csh.cshrc", ".cshrc"), ("/etc/csh.login", ".login")),
    "tcsh": (("/etc/csh.cshrc", ".tcshrc", ".cshrc"), ("/etc/csh.login", ".login")),
    "": ((), ("/etc/profile", ".profile")),
}


_ONE_OF = (".bash_profile", ".bash_login", ".profile")
_MOST_PROFILES = 100
_MESSAGES = "/etc/update-motd.d"
# Where sshd lets commands be looked for, and words that shells have of themselves.
_PLACES = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/games", "/usr/local/sbin", "/usr/sbin", "/sbin", "/snap/bin")
_OF_SHELLS = re.compile(
    r"(alias|bg|break|case|cd|command|continue|declare|echo|eval|exec|exit|export|false|fc|fg|for|getopts|hash|if|internal-sftp|jobs|kill|let|local"
    r"|printf|pwd|read|readonly|return|select|set|shift|source|test|time|times|trap|true|type|ulimit|umask|unalias|unset|until|wait|while)\Z"
)


def read_session(facts: Facts) -> SessionFacts:
    """Start-up files, disks, limits in use, the chroot, forced commands."""
    account, user = facts.account, facts.request.user
    every, login = _STARTUP.get(os.path.basename(account.shell), _STARTUP[""])
    with acting_as(user, account.uid, account.gid):
        startup = read_tuple(_in_home(account, every))
        login_startup = read_tuple(_only_first(_in_home(account, login)))
        rc = read_tuple((account.home + "/.ssh/rc", "/etc/ssh/sshrc"))
        missing_commands = frozenset(command for command in _forced(facts) if not _is_startable(command))
        server = _sftp_server(facts)
        server_missing = bool(server) and not _is_startable(server)
        replacing = [find_replacement(text) for _path, text in startup + login_startup]
        missing = tuple(program for program in replacing if program and not _is_startable(program))
    logins = _logins()
    root = facts.setting("chrootdirectory", "none")
    chroot = () if root == "none" else chain(expand_pattern(root, user, account.uid, account.home))
    return SessionFacts(
        startup=startup,
        login_startup=login_startup,
        rc=rc,
        disks=_disks(account),
        unmounted=_unmounted(account.home, [item.path for item in facts.key_files]),
        processes=len(find_processes(account.uid)),
        logins=len([name for name in logins if name == user]),
        all_logins=len(logins),
        chroot=chroot,
        messages=read_tuple(_message_scripts(facts)),
        missing_commands=missing_commands,
        library_paths=look_environment.find_library_paths(facts),
        sftp_server=server,
        sftp_server_missing=server_missing,
        missing_programs=missing,
        chroot_shell=not chroot or os.path.exists(chroot[-1].path + (account.shell or "/bin/sh")),
    )


def read_network(request: Request, program: str, port: int, others: Tuple[int, ...]) -> NetworkFacts:
    """TCP wrappers, the route back, and the packet filter, which may send the port on to one of the others."""
    asked, arrives = _ask_filter(request, port, others)
    return NetworkFacts(
        wrappers=look_wrappers.ask(request, program),
        hosts_allow=read_quietly("/etc/hosts.allow"),
        hosts_deny=read_quietly("/etc/hosts.deny"),
        route_error=_route_error(request.address or ""),
        filter=asked,
        sent_on_to=arrives if arrives != port else 0,
    )


def _in_home(account: AccountFacts, names: Tuple[str, ...]) -> Tuple[str, ...]:
    return tuple(name if name.startswith("/") else "%s/%s" % (account.home.rstrip("/"), name) for name in names)


def _only_first(paths: Tuple[str, ...]) -> Tuple[str, ...]:
    """bash reads the first that there is of its own three, and /etc/profile reads a folder."""
    own = [path for path in paths if path.rpartition("/")[2] in _ONE_OF and os.access(path, os.R_OK, effective_ids=True)]
    folder = sorted(glob.glob("/etc/profile.d/*.sh"))[:_MOST_PROFILES] if "/etc/profile" in paths else []
    rest = [path for path in paths if path.rpartition("/")[2] not in _ONE_OF]
    return tuple(rest[:1] + folder + own[:1] + rest[1:])


def _message_scripts(facts: Facts) -> Tuple[str, ...]:
    """Debian's pam_motd runs them, unless each of its lines forbids it."""
    runs = any(entry.module == "pam_motd" and entry.kind == "session" and "noupdate" not in entry.arguments for entry in facts.pam.entries)
    if not facts.uses_pam or not runs or not facts.server.debian:
        return ()
    paths = sorted(glob.glob(_MESSAGES + "/*"))[:_MOST_PROFILES]
    return tuple(path for path in paths if re.match(r"[\w-]+\Z", os.path.basename(path)) and os.access(path, os.X_OK))


def _unmounted(home: str, paths: List[str]) -> Tuple[Mount, ...]:
    """Mounts of /etc/fstab on the way to the home or to a key file that are not there."""
    mounted = {line.split()[1].replace("\\040", " ") for line in text_lines(read_quietly("/proc/self/mounts"))}
    found = []
    for line in text_lines(read_quietly("/etc/fstab")):
        words = line.split("#", 1)[0].split()
        if len(words) < 3 or words[2] == "swap" or words[1] in ("/", "none"):
            continue
        point = words[1].replace("\\040", " ")
        if point not in mounted and any((path + "/").startswith(point.rstrip("/") + "/") for path in [home] + paths):
            found.append(Mount(point, words[0]))
    return tuple(found)


def _disks(account: AccountFacts) -> Tuple[Disk, ...]:
    found: List[Disk] = []
    seen = set()
    for path in (account.home, "/tmp", "/var", "/"):
        try:
            device = os.stat(path).st_dev
            status = os.statvfs(path)
        except OSError:
            continue
        if device not in seen:
            seen.add(device)
            # File systems without fixed inodes count none at all.
            inodes = status.f_favail if status.f_files else 1
            found.append(Disk(path, bool(status.f_flag & os.ST_RDONLY), status.f_bavail, inodes))
    return tuple(found)


def _logins() -> Tuple[str, ...]:
    """Whose sessions are open."""
    code, said = _tool(["who"])
    return tuple(line.split()[0] for line in text_lines(said) if line.strip()) if code == 0 else ()


def _forced(facts: Facts) -> Set[str]:
    """The commands that run instead of what is asked for."""
    certificate = facts.request.certificate
    commands = {facts.setting("forcecommand", "none"), certificate.options.get("force-command", "none") if certificate else "none"} - {"none"}
    for item in facts.key_files:
        for line in parse_key_file(item.content):
            if line.key is not None and line.options:
                try:
                    commands.update(option.value or "" for option in parse_options(line.options, "") if option.name.lower() == "command")
                except KeyOptionsError:
                    continue
    return commands


def _sftp_server(facts: Facts) -> str:
    """The program of the subsystem sftp; empty where sshd serves files itself, and within a chroot, which has files of its own."""
    named = [words[1] for words in map(str.split, facts.server.effective.get("subsystem", ())) if len(words) > 1 and words[0] == "sftp"]
    return "" if facts.setting("chrootdirectory", "none") != "none" or "internal-sftp" in named else "".join(named[:1])


def _is_startable(command: str) -> bool:
    program = (command.split() or [""])[0]
    if re.match(r"[A-Za-z][\w.+-]*\Z", program) and not _OF_SHELLS.match(program):
        return any(os.access("%s/%s" % (folder, program), os.X_OK, effective_ids=True) for folder in _PLACES)
    # Anything else is a matter of the shell.
    return not program.startswith("/") or (os.path.isfile(program) and os.access(program, os.X_OK, effective_ids=True))


def _route_error(address: str) -> str:
    if not address or not find_tool("ip"):
        return ""
    code, said = _tool(["ip", "route", "get", address])
    if code == 0:
        return ""
    _code, routes = _tool(["ip", "route", "show"] if ":" not in address else ["ip", "-6", "route", "show"])
    for line in text_lines(routes):
        words = line.split()
        if len(words) > 1 and words[0] in ("blackhole", "unreachable", "prohibit") and _covers(words[1], address):
            return " ".join(words[:2])
    return text_lines(said)[-1] if said else "no route"


def _covers(network: str, address: str) -> bool:
    try:
        return network == "default" or ipaddress.ip_address(address) in ipaddress.ip_network(network)
    except ValueError:
        return False


def _ask_filter(request: Request, port: int, others: Tuple[int, ...]) -> Tuple[Answer, int]:
    """Whether a connection from the address gets through the packet filter, or through which rule it does not; and to which port."""
    if os.geteuid() != 0:
        return Answer(None, "that takes root"), port
    told = ask_filter(Route(request.address or "", request.local_address, port), others)
    if "error" in told:
        # Where this run itself came that way, it is known.
        return Answer(True) if request.came_by == port else Answer(None, told["error"]), port
    answer = told["answer"]
    return (NOTHING_TO_ASK, port) if answer is None else (Answer(bool(answer["port"]), "", answer["rule"]), answer["port"] or port)


def _tool(command: List[str]) -> Tuple[int, str]:
    try:
        return run_tool(command, timeout=10)
    except HostError as exc:
        return 127, str(exc)
