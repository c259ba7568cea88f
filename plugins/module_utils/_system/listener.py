# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process is the sshd that listens: one that is proven to be root's, of this system and of that very program.

A name, a title or a command line proves nothing: any account can give its own processes those of sshd.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import re
from typing import Iterable, NamedTuple, Sequence, Tuple

from .nodes import read_quietly
from .processes import read_stat, read_status
from .run import describe_error
from .server import UNITS, NoServer, Server, find_server, parse_arguments
from .sshd import SshdError

_SPACES = ("pid", "mnt", "user", "net")
_TITLE = "sshd:"


class Listener(NamedTuple):
    """The server and its listening process; C(pid) is 0 when none is proven to be it."""

    server: Server
    pid: int = 0


def find_listener(holders: Iterable[int] = (), names: Sequence[str] = UNITS) -> Listener:
    """The main process of the unit, or else the one of I(holders) of sockets that is sshd. SshdError without a usable server."""
    try:
        server = find_server(names)
    except NoServer as exc:
        raise SshdError(exc.args[0])
    except OSError as exc:
        raise SshdError(describe_error(exc))
    candidates = [server.main_pid] if server.main_pid else sorted(set(holders))
    for pid in candidates:
        if pid and is_sshd(pid, server.program):
            words = _read_words(pid, server.program)
            if words:
                options, config = parse_arguments(words)
                server = server._replace(options=options, config=config)
            return Listener(server, pid)
    # An sshd that was replaced on disk while it runs is the unit's all the same, but nothing is read of it.
    return Listener(server, server.main_pid if server.main_pid and is_roots_process(server.main_pid) else 0)


def is_sshd(pid: int, program: str) -> bool:
    """Whether the process is root's and runs this very file."""
    with contextlib.suppress(OSError):
        return is_roots_process(pid) and os.path.samestat(os.stat("/proc/%d/exe" % pid), os.stat(program))
    return False


def is_roots_process(pid: int) -> bool:
    """Whether the process belongs to root by all four ids, in the system itself: no container, user namespace or chroot.

    Mounts of its own are allowed to the service itself: its unit may ask for them, with PrivateTmp for example.
    """
    with contextlib.suppress(OSError):
        same_root = os.readlink("/proc/%d/root" % pid) == os.readlink("/proc/1/root")
        apart = [space for space in _SPACES if os.readlink("/proc/%d/ns/%s" % (pid, space)) != os.readlink("/proc/1/ns/" + space)]
        if same_root and (not apart or (apart == ["mnt"] and _is_of_unit(pid))):
            return read_status(pid).get("Uid", "").split() == ["0"] * 4
    return False


def has_own_mounts(pid: int) -> bool:
    """Whether it has another mount namespace than this process."""
    with contextlib.suppress(OSError):
        return os.readlink("/proc/%d/ns/mnt" % pid) != os.readlink("/proc/self/ns/mnt")
    return False


def _is_of_unit(pid: int) -> bool:
    """Whether the service manager started it for the service: only root can put a process into that control group."""
    unit = re.search(r"^\d+:[^:]*:/system\.slice/([\w.@-]+)$", read_quietly("/proc/%d/cgroup" % pid), re.MULTILINE)
    return unit is not None and unit.group(1) in UNITS


def _read_words(pid: int, program: str) -> Tuple[str, ...]:
    """Arguments of the process; empty when it shows a title instead, or is not the same process all the while."""
    began = _began(pid)
    raw = read_quietly("/proc/%d/cmdline" % pid)
    if not began or raw.startswith(_TITLE) or not is_sshd(pid, program) or _began(pid) != began:
        return ()
    return tuple(raw.rstrip("\0").split("\0")[1:])


def _began(pid: int) -> str:
    fields = read_stat(pid)
    return fields[19] if len(fields) > 19 else ""
