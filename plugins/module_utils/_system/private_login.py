# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One ssh and one sshd that meet in a network of their own, where both have the addresses of the connection in question.

Only the connection is made there: sshd itself stays in the host's network, where name services and PAM may need it. What
sshd sees, logs and gives to PAM is what it would see of the real connection, and no other process can reach it.
Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import resource
import select
import signal
import socket
import subprocess
import time
from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

from . import spaces
from .child import die_with_parent, in_child, own_group
from .server import ENVIRONMENT, KILLED, LIMIT, Ended, run

_CLIENT_OPTIONS = (
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "BatchMode=yes",
    "PreferredAuthentications=publickey",
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "GlobalKnownHostsFile=/dev/null",
    "ControlPath=none",
    "RequestTTY=no",
)
_CONNECT_SECONDS = 5
_CLOSING_SECONDS = 5


class Route(NamedTuple):
    """Both ends of a connection, as numbers."""

    client: str = ""
    local: str = ""
    port: int = 22


class Meeting(NamedTuple):
    """How ssh ended, and C(error): why the two did not meet, empty when they did."""

    ended: Ended
    error: str = ""


def client_command(ssh: str, user: str, *options: str) -> List[str]:
    """The client of a meeting: it offers only the key of its options, asks nobody and keeps nothing."""
    command = [ssh, "-F", "none"]
    for option in _CLIENT_OPTIONS + options:
        command += ["-o", option]
    return command + ["-l", user]


def can_meet(route: Route) -> bool:
    """Whether the addresses can be given to a network at all; a link-local one means nothing without its link."""
    return bool(route.client and route.local) and not any(text.lower().startswith("fe80:") for text in (route.client, route.local))


def meet(server: Sequence[str], client: Sequence[str], route: Route, seconds: float, typed: bytes = b"", most: int = 0) -> Meeting:
    """Run C(sshd -i) at one end and ssh, which gets its addresses here, at the other; I(typed) is what ssh reads.

    With I(most) sshd ends where it would make a file larger than so many bytes, such as its log, which has what an account wrote.
    """
    told = in_child(lambda: _meet(server, client, route, seconds, typed, most), seconds + _CLOSING_SECONDS + 1)
    if "error" in told:
        return Meeting(Ended(KILLED, "", told["error"]), told["error"])
    return Meeting(Ended(*told["answer"]))


def meet_by_pipe(server: Sequence[str], client: Sequence[str], seconds: int, typed: bytes = b"", most: int = 0) -> Meeting:
    """The same without a network: sshd knows neither address."""
    argv = list(client[:1]) + ["-o", "ProxyCommand=" + " ".join(server)] + list(client[1:])
    # In the group of the child, which is ended with all that AuthorizedKeysCommand may have left in it.
    told = in_child(lambda: list(run(argv, typed, seconds, become=_limited(die_with_parent, most))), seconds + 1)
    ended = Ended(*told["answer"]) if "answer" in told else Ended(KILLED, "", told["error"])
    return Meeting(ended, ended.err if ended.code == KILLED else "")


def _meet(server: Sequence[str], client: Sequence[str], route: Route, seconds: float, typed: bytes, most: int) -> List[object]:
    late = time.monotonic() + seconds
    host = spaces.this_network()
    private = spaces.new_network()
    spaces.raise_loopback(route.client, route.local)
    with socket.socket(socket.AF_INET6 if ":" in route.local else socket.AF_INET) as door:
        door.bind((route.local, route.port))
        door.listen(1)
        door.settimeout(_CONNECT_SECONDS)
        spaces.enter(host)

        def go_inside() -> None:
            spaces.enter(private)
            own_group()

        argv = list(client[:1]) + ["-b", route.client, "-p", str(route.port)] + list(client[1:])
        asking = _start(argv, go_inside, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        answering = None
        with contextlib.suppress(socket.timeout):
            connection, _peer = door.accept()
            with connection:
                # It must wait as sshd expects of a socket; accept() takes the deadline of the door over.
                connection.setblocking(True)
                answering = _start(server, _limited(own_group, most), stdin=connection, stdout=connection, stderr=subprocess.DEVNULL)
        _type(asking, typed, late)
        out, err = _receive(asking, late)
        if asking.poll() is None:
            err += b"\nit did not end within %d seconds or %d bytes" % (seconds, LIMIT)
            asking.kill()
            asking.wait()
            asking.returncode = KILLED
        if answering is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                # It closes the session with PAM and the records of logins.
                answering.wait(timeout=_CLOSING_SECONDS)
            with contextlib.suppress(OSError):
                # What AuthorizedKeysCommand may have left.
                os.killpg(answering.pid, signal.SIGKILL)
    return [asking.returncode, _text(out), _text(err)]


def _limited(become: Callable[[], None], most: int) -> Callable[[], None]:
    def prepare() -> None:
        become()
        if most:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    return prepare


def _type(asking, typed: bytes, late: float) -> None:  # type: ignore[no-untyped-def] # of subprocess
    """Give ssh what it reads, whose end has to wait for the first answer: an sftp-server that finds the end before has answered nothing."""
    if typed:
        with contextlib.suppress(BrokenPipeError):
            asking.stdin.write(typed)
            asking.stdin.flush()
        select.select([asking.stdout], [], [], max(0.1, late - time.monotonic()))


def _receive(asking, late: float) -> Tuple[bytes, bytes]:  # type: ignore[no-untyped-def] # of subprocess
    """What ssh prints up to its end; it lives on where it takes too long, or where what an account has it print has no room."""
    printed: Dict[int, bytes] = {asking.stdout.fileno(): b"", asking.stderr.fileno(): b""}
    with contextlib.suppress(BrokenPipeError):
        asking.stdin.close()
    waiting = list(printed)
    while waiting and max(map(len, printed.values())) < LIMIT:
        ready = select.select(waiting, [], [], max(0.0, late - time.monotonic()))[0]
        if not ready:
            break
        for descriptor in ready:
            part = os.read(descriptor, 1 << 16)
            printed[descriptor] += part
            if not part:
                waiting.remove(descriptor)
    if not waiting:
        with contextlib.suppress(subprocess.TimeoutExpired):
            asking.wait(timeout=max(0.1, late - time.monotonic()))
    out, err = printed.values()
    return out, err


def _start(argv, become, **streams):  # type: ignore[no-untyped-def] # of subprocess
    return subprocess.Popen(  # pylint: disable=ansible-bad-function,subprocess-popen-preexec-fn
        list(argv), env=dict(ENVIRONMENT, HOME="/nonexistent"), cwd="/", close_fds=True, preexec_fn=become, **streams
    )


def _text(data: bytes) -> str:
    return data[-(1 << 17) :].decode("utf-8", "replace")


def local_address(client: str) -> str:
    """The address of this host that a connection from there most likely goes to; empty when there is no route back."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in client else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            # Nothing is sent: the kernel only chooses a source address.
            probe.connect((client, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""
