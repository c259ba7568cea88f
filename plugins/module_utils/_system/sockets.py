# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listening TCP sockets and who holds them, and the connection that this process came by. All from /proc.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import errno
import os
import socket
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from .._text import printable, text_lines
from .listener import is_roots_process
from .nodes import read_quietly
from .processes import ancestors, read_status
from .records import Listening

_LISTEN = "0A"


class Connection(NamedTuple):
    """The SSH connection of this run, from sshd's environment for its session."""

    address: str
    local_address: str
    port: int


def read_listening() -> Tuple[Listening, ...]:
    """Every listening TCP socket; programs are known to root only."""
    found: List[Tuple[str, int, str]] = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in text_lines(read_quietly(table))[1:]:
            fields = line.split()
            if len(fields) > 9 and fields[3] == _LISTEN:
                address, _colon, port = fields[1].partition(":")
                found.append((_address(address), int(port, 16), fields[9]))
    holders = _holders({inode for _address_text, _port, inode in found})
    return tuple(Listening(address, port, *_name(holders.get(inode, 0))) for address, port, inode in found)


def find_foreign(listen: Tuple[str, ...]) -> Tuple[str, ...]:
    """Those of sshd's listen addresses that no interface of this host has."""
    found = []
    for text in listen:
        address = text.rpartition(":")[0].strip("[]")
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.bind((address, 0))
        except OSError as exc:
            if exc.errno == errno.EADDRNOTAVAIL:
                found.append(address)
    return tuple(found)


def find_connection() -> Optional[Connection]:
    """The SSH connection that this process descends from; sudo and su hide it from the environment, not from here."""
    for status in ancestors(os.getpid()):
        if status["Pid"] == "1":
            break
        for entry in read_quietly("/proc/%s/environ" % status["Pid"]).split("\0"):
            if entry.startswith("SSH_CONNECTION="):
                words = entry.partition("=")[2].split()
                if len(words) == 4:
                    return Connection(words[0].split("%")[0], words[2].split("%")[0], int(words[3]))
    return None


def _holders(inodes: Set[str]) -> Dict[str, int]:
    found: Dict[str, int] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError):
            for name in os.listdir("/proc/%s/fd" % entry):
                with contextlib.suppress(OSError):
                    target = os.readlink("/proc/%s/fd/%s" % (entry, name))
                    inode = target[8:-1] if target.startswith("socket:[") else ""
                    if inode in inodes:
                        # A socket of systemd's is also held by the service that it was given to.
                        found[inode] = max(found.get(inode, 0), int(entry))
    return found


def _name(pid: int) -> Tuple[str, int]:
    """What holds a socket. Anybody can give a process of their own any name, so only processes of root's are called by theirs."""
    if not pid:
        return "", 0
    status = read_status(pid)
    name = printable(status.get("Name", "").strip())
    if not is_roots_process(pid):
        uid = (status.get("Uid", "").split() or ["?"])[0]
        return "%s of %s" % (name or "a process", "uid " + uid if uid != "0" else "root in a namespace of its own"), pid
    if name == "sshd" and read_status(int(status.get("PPid", "0"))).get("Name", "") == "sshd":
        # A forwarded port of a session.
        name = "sshd-session"
    return name, pid


def _address(text: str) -> str:
    raw = bytes.fromhex(text)
    # Each 32-bit word is written in the machine's own byte order, which is the wrong one on what ECS runs on.
    words = b"".join(raw[index : index + 4][::-1] for index in range(0, len(raw), 4))
    return socket.inet_ntop(socket.AF_INET if len(words) == 4 else socket.AF_INET6, words)
