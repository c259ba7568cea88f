# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces of this process: networks and mounts that nobody else sees and that are gone when it ends.

To be called in a child only (see child.py), because a process does not come back from some of them.
Note that this module util is **PRIVATE** to the collection.
"""

import ctypes
import os
from typing import List, Optional

from .child import own_group
from .run import find_tool
from .server import run

_NEW_MOUNTS, _NEW_NETWORK = 0x00020000, 0x40000000
_RECURSIVE, _PRIVATE, _BIND, _DETACH = 0x4000, 1 << 18, 0x1000, 2
_SECONDS = 10


class NotPossible(OSError):
    """This process may not do it, or a program that it takes is not there."""


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise NotPossible(ctypes.get_errno(), "this process may not make private namespaces (%s)" % os.strerror(ctypes.get_errno()))


def this_network() -> int:
    """A descriptor of the network that this process is in."""
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def new_network() -> int:
    """Go into a network that has nothing yet."""
    _call("unshare", _NEW_NETWORK)
    return this_network()


def enter(network: int) -> None:
    """Go into a network that was left before."""
    _call("setns", network, _NEW_NETWORK)


def own_mounts() -> None:
    """From now on mounts of this process are its own."""
    _call("unshare", _NEW_MOUNTS)
    _call("mount", b"none", b"/", None, ctypes.c_ulong(_RECURSIVE | _PRIVATE), None)


def mount_memory(folder: str) -> None:
    """Lay an empty file system over a folder."""
    _call("mount", b"tmpfs", folder.encode(), b"tmpfs", ctypes.c_ulong(0), b"mode=0755,size=1m")


def mount_over(source: str, target: str) -> None:
    """Show one file where another is."""
    _call("mount", source.encode(), target.encode(), None, ctypes.c_ulong(_BIND), None)


def ip(*words: str, optional: bool = False, network: Optional[int] = None) -> str:
    """The program C(ip) in the network that this process is in, or in another."""
    return tool(["ip"] + list(words), optional=optional, network=network)


def tool(argv: List[str], given: str = "", optional: bool = False, network: Optional[int] = None) -> str:
    """Output of a program of the system, in another network if one is given; NotPossible when it fails, unless that is allowed."""

    def become() -> None:
        if network is not None:
            enter(network)
        own_group()

    path = find_tool(argv[0])
    if path is None:
        raise NotPossible(0, "%s is not installed" % argv[0])
    ended = run([path] + argv[1:], given.encode("utf-8", "surrogateescape"), _SECONDS, become=become)
    if ended.code != 0 and not optional:
        raise NotPossible(0, "%s: %s" % (" ".join(argv[:3]), " ".join((ended.err or ended.out).split())[:200]))
    return ended.out


def raise_loopback(*addresses: str) -> None:
    """Bring lo up with these addresses as this host's own."""
    ip("link", "set", "lo", "up")
    for address in dict.fromkeys(addresses):
        if address != "::1" and not address.startswith("127."):
            # Without nodad a new address of IPv6 cannot be used for a second.
            ip("addr", "add", *(["%s/128" % address, "dev", "lo", "nodad"] if ":" in address else ["%s/32" % address, "dev", "lo"]))


def unmount(target: str) -> None:
    """Take away what was laid over it."""
    _call("umount2", target.encode(), _DETACH)
