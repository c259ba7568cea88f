# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sshd serves this host and how it is started, by the word of systemd and of root's own files alone.

The program is the one that the loaded unit of systemd names, or lies in a fixed system path, and only root can change it. The
options are the unit's. Nothing is taken from a process: anybody can name one sshd.

This file is also sent to instances in front of guest programs, so it runs on Python 2.7 and 3.6 and imports nothing of ours.
Note that this module util is **PRIVATE** to the collection.
"""

import os
import re
import shlex
import signal
import stat
import subprocess
import tempfile
import time
from collections import namedtuple

MYPY = False
if MYPY:  # Python 2.7 has no typing
    from typing import Callable, Mapping, Sequence  # noqa: F401 pylint: disable=unused-import

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}
LIMIT = 1 << 20
PROGRAMS = ("/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd")
MAIN_CONFIG = "/etc/ssh/sshd_config"
# The instance of a template is only asked for what every instance gets.
UNITS = ("ssh.service", "sshd.service", "ssh@0.service", "sshd@0.service", "ssh.socket", "sshd.socket")

# What no program ends with.
NOT_STARTED, KILLED = -101, -102

Ended = namedtuple("Ended", "code out err")
Server = namedtuple("Server", "program options config unit main_pid up")


class NoServer(OSError):
    """Guests prefix its subject; hosts take the sentence alone, C(args[0])."""

    def __str__(self):
        # type: () -> str
        return "sshd: " + self.args[0]


def run(argv, data=b"", seconds=30, env=None, become=os.setsid, most=LIMIT):
    # type: (Sequence[str], bytes, float, Mapping[str, str] | None, Callable[[], object], int) -> Ended
    """A program with a plain environment, in a process group of its own that is killed when it is late or prints I(most) bytes in all.

    The code is NOT_STARTED or KILLED when it was not run to its end; C(err) is then the reason. I(become) makes the group in the new process.
    """
    # Files, not pipes: a pipe is open for as long as any child holds it. In memory: a disk may be full.
    given, out, err = [tempfile.TemporaryFile(dir="/dev/shm") for _i in range(3)]  # noqa: SIM115
    given.write(data)
    given.seek(0)
    try:
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function,subprocess-popen-preexec-fn
            argv, stdin=given, stdout=out, stderr=err, cwd="/", env=env or ENVIRONMENT, close_fds=True, preexec_fn=become
        )
    except OSError as exc:
        return Ended(NOT_STARTED, "", str(exc))
    late = time.time() + seconds
    while process.poll() is None and time.time() < late and os.fstat(out.fileno()).st_size + os.fstat(err.fileno()).st_size < most:
        time.sleep(0.005)
    code = process.poll()
    if code is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    out.seek(0)
    err.seek(0)
    said, wrong = [stream.read(most).decode("utf-8", "replace") for stream in (out, err)]
    return Ended(code, said, wrong) if code is not None else Ended(KILLED, said, "it did not end within %d seconds or %d bytes" % (seconds, most))


def slurp(path, most=LIMIT):
    # type: (str, int) -> bytes
    """The content of a regular file; empty where there is none. It never waits; OSError for a file of more than I(most) bytes."""
    try:
        with os.fdopen(os.open(path, os.O_NONBLOCK), "rb") as stream:
            content = stream.read(most + 1) if stat.S_ISREG(os.fstat(stream.fileno()).st_mode) else b""
    except EnvironmentError:  # noqa: UP024
        return b""
    if len(content) > most:
        raise OSError("%s has more than %d bytes" % (path, most))
    return content


def is_roots(path, turns=20):
    # type: (str, int) -> bool
    """Whether root alone can change what this path leads to: each part of it, and of every link on the way, is root's."""
    parent = os.path.dirname(path)
    try:
        info = os.lstat(path)
        if info.st_uid or not turns:
            return False
        if stat.S_ISLNK(info.st_mode):
            return is_roots(parent, turns) and is_roots(os.path.join(parent, os.readlink(path)), turns - 1)
    except OSError:
        return False
    return not info.st_mode & 0o022 and (parent == path or is_roots(parent, turns))


def find_server(names=UNITS):
    # type: (Sequence[str]) -> Server
    """The Server of this host, as one of these units starts it; OSError when there is none that is root's alone."""
    units = run(("systemctl", "show", "--") + tuple(names)).out.split("\n\n")
    unit, up = choose_unit([unit for unit in units if value_of(unit, "LoadState") == "loaded"])
    path, words = read_command(unit)
    program = ([one for one in (path,) + PROGRAMS if os.path.isfile(one)] or ["none"])[0]
    if not is_roots(program):
        raise NoServer("there is no OpenSSH server that root alone can change (%s)" % program)
    options, config = parse_arguments(words)
    # Where systemd does not know: sshd writes its number there, and only root can.
    up = up or os.path.exists(b"/proc/" + slurp("/run/sshd.pid").strip() + b"/exe")
    return Server(program, options, config, value_of(unit, "Id"), int(value_of(unit, "MainPID") or 0), up)


def value_of(unit, name):
    # type: (str, str) -> str
    """A property of a unit; a line for each value."""
    return "\n".join(re.findall("(?m)^%s=(.*)" % name, unit))


def choose_unit(units):
    # type: (list[str]) -> tuple[str, bool]
    """(the service that starts sshd, whether it or its socket is active)."""
    first = ([unit for unit in units if value_of(unit, "ActiveState") in ("active", "reloading")] or [""])[0]
    wanted = value_of(first, "Id").replace(".socket", "@0.service" if value_of(first, "Accept") == "yes" else ".service")
    return min(units or [""], key=lambda unit: value_of(unit, "Id") != wanted), bool(first)


def read_command(unit):
    # type: (str) -> tuple[str, tuple[str, ...]]
    """(program, its arguments) of a unit, with the variables of its environment files."""
    path, command = (re.findall(r"path=(\S+) ; argv\[\]=(.*?) ; ", value_of(unit, "ExecStart")) or [("", "")])[0]
    lines = split(value_of(unit, "Environment"))
    # Old versions of systemd leave out the last letter.
    for source in re.findall(r"(?m)^(.*) \(", value_of(unit, "EnvironmentFiles?")):
        if is_roots(source):
            lines += [" ".join(split(line)) for line in slurp(source).decode("utf-8", "replace").split("\n")]
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    command = re.sub(r"\$\{?(\w+)\}?", lambda name: values.get(name.group(1), ""), command)
    return path, tuple(split(command)[1:])


def split(text):
    # type: (str) -> list[str]
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def parse_arguments(words):
    # type: (Sequence[str]) -> tuple[tuple[str, ...], str]
    """(C(-o) and C(-p) options, C(-f) file) among the arguments of sshd.

    The quotes around C("Keyword value") are lost where systemd shows a command: what follows up to the next option belongs to it.
    """
    options, config = (), MAIN_CONFIG  # type: tuple[str, ...], str
    for letter, value in re.findall(r"(?:^| )-[46DdeGiqRTt]*([fop]) ?(.+?)(?= -|$)", " ".join(words)):
        if letter == "f":
            config = value
        else:
            options += ("-" + letter, value)
    return options, config


def ask_sshd(server, *arguments):
    # type: (Server, *str) -> Ended
    """Ended of sshd with the options that the host starts it with."""
    argv = (server.program, "-f", server.config) + server.options + arguments
    ended = run(argv)
    missing = find_missing_folder(ended)
    if missing:
        # It stays: an sshd started meanwhile would need it.
        make_folder(missing)
        ended = run(argv)
    return ended


def find_missing_folder(ended):
    # type: (Ended) -> str
    """The folder that sshd reports as missing; systemd makes it, but not while only a socket unit waits. Empty when it is there."""
    return (re.findall(r"separation directory: (\S+)", ended.err) or [""])[0]


def make_folder(path):
    # type: (str) -> None
    if not os.path.isdir(path):
        os.mkdir(path, 0o755)


def ask_about(server, name, address="203.0.113.1", local="127.0.0.1", port=22, host=""):
    # type: (Server, str, str, str, int, str) -> Ended
    """Ended of sshd that is asked what it applies to the account, by default for a client that no Match block names."""
    here = ",laddr=%s,lport=%s" % (local, port)
    for more in (here + ",rdomain=", here, ""):  # an old sshd knows fewer criteria
        ended = ask_sshd(server, "-TC", "user=%s,host=%s,addr=%s%s" % (name, host or address, address, more))
        if not ended.code:
            break
    return ended


def read_settings(server, name, wanted):
    # type: (Server, str, re.Pattern[str]) -> dict[str, list[str]]
    """What sshd applies to the account, as far as I(wanted) matches the keyword: keyword to words."""
    ended = ask_about(server, name)
    if ended.code:
        raise OSError("sshd -T: " + "; ".join(ended.err.splitlines()[-2:]))
    found = {}  # type: dict[str, list[str]]
    for line in re.sub("[^, ]*-cert-[^, ]*,", "", ended.out).splitlines():
        word, _blank, value = line.partition(" ")
        if wanted.match(word):
            found.setdefault(word, []).extend(value.split())
    return found
