# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the SSH server: program, configuration as it applies to one login, units, sockets, host keys, log.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import re
from typing import Dict, Optional, Tuple

from .._openssh.sshd_config import Directive
from .._system.listener import Listener, find_listener, has_own_mounts
from .._system.nodes import read_quietly, read_regular
from .._system.processes import read_stat
from .._system.run import HostError, find_tool, run_program
from .._system.server import Server, ask_sshd, find_missing_folder, is_roots, run
from .._system.sockets import find_foreign, read_listening
from .._system.sshd import Origin, Sshd, SshdError, lent_folder
from .._system.sshd_tree import SshdTree
from .._text import text_lines
from .facts import HostKey, Listening, Request, ServerFacts, UnitState

_UNITS = ("ssh.service", "sshd.service", "ssh.socket", "sshd.socket")
_HOST_KEYS = tuple("/etc/ssh/ssh_host_%s_key" % kind for kind in ("rsa", "ecdsa", "ed25519"))
_SESSION_PROGRAMS = ("/usr/lib/openssh/sshd-session", "/usr/libexec/openssh/sshd-session", "/usr/lib/ssh/sshd-session")
_NAME_SECONDS = 5
_PROGRAM_BYTES = 16 << 20
_LOG_LINES = 400
# Of a host that many knock at.
_LOG_BYTES = 64 << 20
UNKNOWN_CLIENT = "192.0.2.1"
"""Stands for a client that nothing is known of."""
_LOGS = ("/var/log/auth.log", "/var/log/secure")


def read_server(request: Request) -> ServerFacts:
    """Everything about the server; what cannot be read is left at its default."""
    listening = read_listening()
    try:
        listener = _find_listener(request, listening)
    except SshdError as exc:
        return ServerFacts(error=str(exc), listening=listening)
    server = listener.server
    states = _unit_states()
    missing = find_missing_folder(run([server.program, "-t", "-f", server.config]))
    with lent_folder(missing):
        ended = ask_sshd(server, "-t")
        return _read_server(request, listener, listening, states)._replace(
            privsep_missing=missing,
            error="" if ended.code == 0 else " ".join(ended.err.split()) or "status %d" % ended.code,
        )


def _find_listener(request: Request, listening: Tuple[Listening, ...]) -> Listener:
    """The sshd of the port in question, where that is a unit of its own; else the host's."""
    usual = find_listener(item.pid for item in listening if item.program == "sshd")
    for item in listening:
        if item.program == "sshd" and item.port == request.port and item.pid not in (0, usual.pid):
            unit = re.search(r"/system\.slice/([\w.@-]+\.service)$", read_quietly("/proc/%d/cgroup" % item.pid), re.MULTILINE)
            other = find_listener(names=(unit.group(1),)) if unit else usual
            if other.server.main_pid == item.pid and other.pid == item.pid:
                return other
    return usual


def _missing_helper(program: str) -> str:
    """The program that this sshd hands connections to (since 9.8) and that is not there; empty when all are."""
    paths, unread = [program], [program]
    while unread and len(paths) < 5:
        with contextlib.suppress(OSError):
            data = read_regular(unread.pop(), _PROGRAM_BYTES)
            named = (os.fsdecode(name) for name in re.findall(rb"\0(/[\w./-]+/sshd-(?:session|auth))\0", data))
            found = [name for name in dict.fromkeys(named) if name not in paths]
            paths += found
            unread += found
    return next((path for path in paths if not os.access(path, os.X_OK)), "")


def _read_server(
    request: Request,
    listener: Listener,
    listening: Tuple[Listening, ...],
    states: Tuple[UnitState, ...],
) -> ServerFacts:
    server = listener.server
    facts = ServerFacts(
        program=server.program,
        config=server.config,
        options=server.options,
        unit=_unit(states),
        unit_states=states,
        listening=listening,
        not_to_be_run=os.path.exists("/etc/ssh/sshd_not_to_be_run"),
        debian=is_debians(server.program),
        missing_helper=_missing_helper(server.program),
        keeps_host_keys=any(os.path.exists(path) for path in _SESSION_PROGRAMS),
        log=_log(),
    )
    try:
        tree = SshdTree(server.config)
    except SshdError:
        return facts
    directives = tuple(tree.directives())
    facts = facts._replace(directives=directives, host_keys=_host_keys(directives))
    facts = facts._replace(effective=_effective(server, request))
    named = [value for keyword in ("revokedkeys", "hostkey") for value in facts.effective.get(keyword, ())]
    in_place = [path for path in named if path.startswith("/") and not os.path.islink(path) and is_roots(os.path.dirname(path))]
    facts = facts._replace(fixed=frozenset([path for path in tree.files if is_roots(path)] + in_place))
    facts = facts._replace(foreign=find_foreign(facts.effective.get("listenaddress", ())))
    if listener.pid:
        latest = tree.latest_change()
        facts = facts._replace(
            listener=listener.pid,
            listener_state=_process_state(listener.pid),
            listener_options=server.options,
            loaded_at=_loaded_at(listener.pid, directives),
            changed_at=latest.at,
            changed_path=latest.path,
            startups=_startups(listener.pid),
            own_mounts=has_own_mounts(listener.pid),
        )
    return facts


def _effective(server: Server, request: Request) -> Dict[str, Tuple[str, ...]]:
    origin = Origin(request.address or UNKNOWN_CLIENT, request.local_address or "127.0.0.1", request.port or 22, request.name)
    try:
        found = Sshd(server.program, server.options).effective(server.config, request.user, origin)
        if found.get("usedns") == ["yes"] and request.address:
            origin = origin._replace(name=find_name(request.address))
            found = Sshd(server.program, server.options).effective(server.config, request.user, origin)
    except SshdError:
        return {}
    return {keyword: tuple(values) for keyword, values in found.items()}


def find_name(address: str) -> str:
    """What an address resolves to, if that resolves back to it: what sshd takes for the name of a client. Bounded in time."""
    words = run(["getent", "hosts", address], seconds=_NAME_SECONDS).out.split()
    name = words[1] if len(words) > 1 else ""
    back = run(["getent", "ahosts", name], seconds=_NAME_SECONDS).out.split() if name else []
    return name if address in back else ""


def _loaded_at(pid: int, directives: Tuple[Directive, ...]) -> float:
    """When the listener last read its files: it writes its pid file anew each time."""
    named = [item.arguments[0] for item in directives if item.keyword == "pidfile" and item.arguments]
    path = named[0] if named else "/run/sshd.pid"
    if read_quietly(path).strip() == str(pid):
        return os.stat(path).st_mtime
    status = read_stat(pid)
    boot = re.search(r"^btime (\d+)", read_quietly("/proc/stat"), re.MULTILINE)
    # The start of the process, known to a second only.
    return int(boot.group(1)) + int(status[19]) / float(os.sysconf("SC_CLK_TCK")) + 1 if boot and len(status) > 19 else 0.0


def _startups(pid: int) -> Optional[Tuple[int, int]]:
    """What the title of the proven listener shows."""
    found = re.search(r"(\d+) of \d+-(\d+) startups", read_quietly("/proc/%d/cmdline" % pid))
    return (int(found.group(1)), int(found.group(2))) if found else None


def _process_state(pid: int) -> str:
    return (read_stat(pid) or [""])[0]


def _unit_states() -> Tuple[UnitState, ...]:
    if not os.path.isdir("/run/systemd/system"):
        return ()
    _code, out, _err = run_program(["systemctl", "show", "-p", "Id,LoadState,ActiveState,UnitFileState,Listen"] + list(_UNITS))
    found = {}
    for block in out.strip().split("\n\n"):
        values = dict(line.split("=", 1) for line in text_lines(block) if "=" in line)
        if values.get("Id"):
            state = values.get("LoadState", ""), values.get("ActiveState", ""), values.get("UnitFileState", "")
            found[values["Id"]] = UnitState(values["Id"], *state, ports=find_listen_ports(block))
    return tuple(found.values())


def find_listen_ports(block: str) -> Tuple[int, ...]:
    """The TCP ports of a socket unit; a line for each, such as C(Listen=[::]:22 (Stream))."""
    return tuple(int(port) for port in re.findall(r"(?m)^Listen=(?:\S*:)?(\d+) \(Stream\)", block))


def _unit(states: Tuple[UnitState, ...]) -> str:
    services = [item for item in states if item.name.endswith(".service") and item.load in ("loaded", "masked")]
    active = [item for item in services if item.active == "active"]
    return next((item.name[: -len(".service")] for item in active + services), "")


def _host_keys(directives: Tuple[Directive, ...]) -> Tuple[HostKey, ...]:
    paths = [item.arguments[0] for item in directives if item.keyword == "hostkey" and item.arguments] or list(_HOST_KEYS)
    return tuple(HostKey(path, _host_key_problem(path)) for path in paths)


def _host_key_problem(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return "does not exist"
    if status.st_uid == 0 and status.st_mode & 0o077 and status.st_mode & 0o077 != 0o040:
        return "is readable by others (mode %04o), which sshd does not accept" % (status.st_mode & 0o7777)
    return "" if os.geteuid() != 0 or "BEGIN" in read_quietly(path) else "holds no key"


def _has_text(program: str, text: bytes) -> bool:
    for path in (program,) + _SESSION_PROGRAMS:
        with contextlib.suppress(OSError):
            with open(path, "rb") as stream:
                if text in stream.read():
                    return True
    return False


def is_debians(program: str) -> bool:
    """Whether this sshd lets a group write that has nobody but the account: those with Debian's patches do."""
    return _has_text(program, b"debianbanner")


def is_linked_to_libwrap(program: str) -> bool:
    """Whether this sshd asks hosts.allow and hosts.deny."""
    return _has_text(program, b"libwrap.so")


def _log() -> Tuple[str, ...]:
    if find_tool("journalctl"):
        with contextlib.suppress(HostError):
            # Not with -n: together with --since it means the first lines, not the last.
            # Only what root's processes wrote: anybody can write as sshd.
            command = ["journalctl", "-q", "--no-pager"]
            ended = run_program(command + ["--since=-15min", "_UID=0", "-t", "sshd", "-t", "sshd-session"], most=_LOG_BYTES)
            # Also where there are none, unless nothing is kept in the journal: into the files below any account can write under that name.
            if ended.code == 0 and (ended.out.strip() or run_program(command + ["-n1"], most=_LOG_BYTES).out.strip()):
                return tuple(text_lines(ended.out.strip())[-_LOG_LINES:])
    for path in _LOGS:
        with contextlib.suppress(OSError):
            with open(path, "rb") as stream:
                stream.seek(max(0, os.fstat(stream.fileno()).st_size - 32768))
                lines = text_lines(stream.read().decode("utf-8", "replace"))
            return tuple(line for line in lines if "sshd" in line)[-_LOG_LINES:]
    return ()
