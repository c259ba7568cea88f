# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program: with a plain environment, in time, and killed with its children when it is late or prints too much.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import shutil
import subprocess
from typing import IO, Dict, Iterator, List, Optional, Sequence, Tuple

from .._errors import AccessError
from .server import KILLED, LIMIT, NOT_STARTED, Ended, run

TOOL_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_TOOL_ENVIRONMENT = {"PATH": TOOL_PATH, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


class HostError(AccessError):
    """Something could not be done on the host. The message is one sentence that can be shown as it is."""


def describe_error(exc: Exception) -> str:
    """An error as text for people: for one of the system PATH: reason, for one of ours its sentence."""
    if not isinstance(exc, OSError):
        return str(exc)
    reason = exc.strerror or str(exc)
    return "%s: %s" % (os.fsdecode(exc.filename), reason) if isinstance(exc.filename, (str, bytes)) else reason


def find_tool(name: str) -> Optional[str]:
    """Where a tool lies, whatever PATH this process was given."""
    return shutil.which(name, path=TOOL_PATH)


def run_program(argv: Sequence[str], stdin: bytes = b"", timeout: int = 30, env: Optional[Dict[str, str]] = None, most: int = LIMIT) -> Ended:
    """How a program ended: C(code), C(out), C(err). HostError when it cannot be started, is late or prints more than I(most) bytes."""
    ended = run(argv, stdin, timeout, env, most=most)
    if ended.code == NOT_STARTED:
        raise HostError("cannot run %s: %s" % (argv[0], ended.err))
    if ended.code == KILLED:
        raise HostError("'%s': %s" % (" ".join(argv), ended.err))
    return ended


def run_tool(argv: List[str], stdin: str = "", timeout: int = 120) -> Tuple[int, str]:
    """Run a tool of the system: (return code, output). HostError when it is not there or does not end."""
    path = find_tool(argv[0])
    if path is None:
        raise HostError("%s not found in %s" % (argv[0], TOOL_PATH))
    ended = run_program([path] + argv[1:], stdin.encode("utf-8"), timeout, _TOOL_ENVIRONMENT)
    return ended.code, (ended.out + ended.err).strip()


@contextlib.contextmanager
def held_open(*streams: IO[bytes]) -> Iterator[List[str]]:
    """Paths by which other programs of root's can open files without a name, as long as this process lives.

    A cat that ends with us holds them, because the kernel hides the descriptors of a process that has acted as another user.
    """
    numbers = [stream.fileno() for stream in streams]
    holder = subprocess.Popen(  # pylint: disable=ansible-bad-function # it lives on while we work
        ["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=_TOOL_ENVIRONMENT, pass_fds=numbers
    )
    try:
        yield ["/proc/%d/fd/%d" % (holder.pid, number) for number in numbers]
    finally:
        holder.communicate()
