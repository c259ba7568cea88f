# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd unit that serves SSH on this host: find it, reload it (never restart), see that it still listens.

Note that this module util is **PRIVATE** to the collection.
"""

import calendar
import os
import re
import socket
import time
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._text import text_lines
from .listener import find_listener
from .run import run_program
from .server import UNITS, Server
from .sshd import SshdError

_SERVICES = ("ssh.service", "sshd.service")
_SOCKETS = ("ssh.socket", "sshd.socket")
_PROPERTIES = "Id,LoadState,ActiveState,MainPID,ActiveEnterTimestamp,ExecReload,KillMode,Listen,Triggers,TriggeredBy"
# A listener that dies of its new configuration does so within milliseconds; this leaves room for a slow machine.
_SETTLE = 1.0
_ALIVE_TIMEOUT = 10.0
_RELOAD_TIMEOUT = 30


class Service(NamedTuple):
    """What answers on the SSH port, and how it gets to read its files again."""

    unit: str
    """The unit that holds the port: a service, or a socket of systemd."""
    listener: str
    """The service whose sshd runs already and has read the files; empty for a socket that waits."""
    main_pid: int
    loaded_at: Optional[float]
    """When the listener last read the files as far as systemd knows; None if the next connection reads them anyway."""
    program: str
    options: Tuple[str, ...]
    """C(-o) and C(-p) options on the listener's command line: they override every file."""
    config: str

    @property
    def verb(self) -> str:
        """What makes the listener read the files: V(reload), V(stop) or V(none).

        A listener behind a socket of systemd must not be reloaded: it cannot bind the port again and dies. It is ended
        instead, which loses nothing: systemd holds the port, and the next connection starts a new one.
        """
        if not self.listener:
            return "none"
        return "reload" if self.listener == self.unit else "stop"


def get_service(wanted: str = "auto") -> Service:
    """The active unit; SshdError if this host has no systemd or no active SSH unit."""
    if not os.path.isdir("/run/systemd/system"):
        raise SshdError("this host does not run systemd, and without it a change of sshd could not be undone safely; make the change by hand")
    names = _SERVICES + _SOCKETS if wanted == "auto" else (_full_name(wanted),)
    seen = []
    for name in names:
        unit = _show(name)
        if _is_active(unit):
            return _make_service(unit)
        seen.append("%s is %s" % (name, unit.get("ActiveState", "unknown") if unit.get("LoadState") == "loaded" else "not there"))
    raise SshdError("no SSH unit of systemd is active (%s); start it, or name the right one with the option service" % ", ".join(seen))


def reload_service(service: Service) -> None:
    """Make the listener read the files again. Running sessions stay."""
    if service.verb == "none":
        return
    code, _out, err = run_program(["systemctl", service.verb, service.listener], timeout=_RELOAD_TIMEOUT)
    if code != 0:
        raise SshdError("'systemctl %s %s' failed: %s" % (service.verb, service.listener, " ".join(err.split()) or "status %d" % code))


def check_alive(service: Service, addresses: List[Tuple[str, int]]) -> None:
    """Raises SshdError unless the unit is active, its process the same, and one of I(addresses) greets as SSH."""
    time.sleep(_SETTLE)
    deadline = time.monotonic() + _ALIVE_TIMEOUT
    while True:
        problem = _find_problem(service, addresses)
        if problem is None:
            return
        if time.monotonic() > deadline:
            raise SshdError(problem)
        time.sleep(0.25)


def listen_addresses(effective: Mapping[str, Sequence[str]], service: Service) -> List[Tuple[str, int]]:
    """Where the server can be reached from this host itself."""
    texts = effective.get("listenaddress", ())
    if service.unit.endswith(".socket"):
        texts = re.findall(r"(\S+) \(Stream\)", _show(service.unit).get("Listen", "")) or texts
    addresses = []
    for text in texts:
        address, _colon, port = text.rpartition(":")
        address = address.strip("[]")
        # A wildcard is tried by loopback; that of IPv6 takes IPv4 too, unless the system is configured otherwise.
        wildcards = {"0.0.0.0": ("127.0.0.1",), "*": ("127.0.0.1",), "": ("127.0.0.1",), "::": ("::1", "127.0.0.1")}
        if port.isdigit():
            addresses += [(name, int(port)) for name in wildcards.get(address, (address,))]
    return addresses


def answering(addresses: List[Tuple[str, int]]) -> List[Tuple[str, int]]:
    """Those of I(addresses) that greet as an SSH server."""
    return [address for address in addresses if _greets(address)]


def _find_problem(service: Service, addresses: List[Tuple[str, int]]) -> Optional[str]:
    unit = _show(service.unit)
    if unit.get("ActiveState") not in ("active", "reloading"):
        return "%s is %s after the change" % (service.unit, unit.get("ActiveState"))
    if service.verb == "reload" and int(unit.get("MainPID") or 0) != service.main_pid:
        return "the main process of %s ended during the reload" % service.unit
    if addresses and not answering(addresses):
        return "no SSH server answers on %s any more" % ", ".join("%s port %d" % address for address in addresses)
    return None


def _greets(address: Tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, timeout=5) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _full_name(name: str) -> str:
    return name if name.endswith((".service", ".socket")) else name + ".service"


def _show(unit: str) -> Dict[str, str]:
    code, out, err = run_program(["systemctl", "show", "-p", _PROPERTIES, "--", unit])
    if code != 0:
        raise SshdError("systemd does not answer: %s" % " ".join(err.split()))
    properties: Dict[str, str] = {}
    for line in text_lines(out):
        key, _equals, value = line.partition("=")
        # A property with several values (ExecReload, Listen) comes as several lines.
        properties[key] = properties[key] + "\n" + value if key in properties else value
    return properties


def _is_active(unit: Dict[str, str]) -> bool:
    return unit.get("LoadState") == "loaded" and unit.get("ActiveState") in ("active", "reloading")


def _make_service(unit: Dict[str, str]) -> Service:
    holder, listener = unit, None  # type: Tuple[Dict[str, str], Optional[Dict[str, str]]]
    if unit["Id"].endswith(".socket"):
        triggered = [_show(name) for name in unit.get("Triggers", "").split() if not name.endswith("@.service")]
        listener = next((entry for entry in triggered if _is_active(entry)), None)
    else:
        listener = unit
        sockets = [_show(name) for name in unit.get("TriggeredBy", "").split() if name.endswith(".socket")]
        holder = next((entry for entry in sockets if _is_active(entry)), unit)
    server = _find_server((listener or holder)["Id"])
    if listener is None:
        return Service(holder["Id"], "", 0, None, server.program, server.options, server.config)
    main_pid = int(listener.get("MainPID") or 0)
    if not main_pid:
        raise SshdError("systemd reports no main process for %s; it cannot be reloaded safely" % listener["Id"])
    if holder is not listener and listener.get("KillMode") not in ("process", "none"):
        raise SshdError(
            "%s has KillMode=%s, so that ending its listener for %s to start a new one would end open sessions too; "
            "set KillMode=process for it first" % (listener["Id"], listener.get("KillMode"), holder["Id"])
        )
    times = [listener.get("ActiveEnterTimestamp", "")]
    times += re.findall(r"start_time=\[([^\]]*)\]", listener.get("ExecReload", ""))
    known = [stamp for stamp in (_parse_time(text) for text in times) if stamp is not None]
    return Service(holder["Id"], listener["Id"], main_pid, max(known) if known else None, server.program, server.options, server.config)


def _find_server(unit: str) -> Server:
    return find_listener(names=UNITS if unit.endswith(".socket") else (unit,)).server


def _parse_time(text: str) -> Optional[float]:
    try:
        return float(calendar.timegm(time.strptime(text, "%a %Y-%m-%d %H:%M:%S UTC")))
    except ValueError:
        return None
