# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the packet filter: the host's rules in a copy of its network, and one real connection through them.

Two private networks are joined by a pair of interfaces called like the host's own. The rules are loaded into one, the other has
the client's address. Nothing of this can be seen from the host, and it is gone with the process.
Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import re
import select
import socket
import time
from typing import Any, Dict, List, Sequence, Tuple

from . import spaces
from .child import in_child
from .filter_rules import (
    Rules,
    find_counted,
    find_recent,
    has_rules,
    is_noted,
    is_of_iptables,
    names_hardware,
    names_interfaces,
    parse_tables,
    with_counters,
)
from .nodes import read_quietly
from .private_login import Route, can_meet
from .run import find_tool
from .server import run

_SECONDS = 40
# A packet that was lost is sent again after one second.
_CONNECT_SECONDS = 2.5
_GREETING = b"SSH-2.0-copy\r\n"
_HERE, _THERE = "02:00:00:00:00:01", "02:00:00:00:00:02"
# Of the network that the thread is in, which changes here.
_RECENT = "/proc/thread-self/net/xt_recent"
_PLAIN_ROUTING = re.compile(r"\d+:\s+from all lookup (local|main|default)\s*")


def ask_filter(route: Route, others: Sequence[int] = ()) -> Dict[str, Any]:
    """{"answer": {"port": ..., "rule": ...}}, {"answer": None} where there are no rules, or {"error": why it was not asked}.

    C(port) is where the connection arrives: the route's, one of I(others) that a rule sends it on to, or 0.
    """
    return in_child(lambda: _ask(route, others), _SECONDS)


def _ask(route: Route, others: Sequence[int]) -> Any:
    version = "6" if ":" in route.client else ""
    rules = _read(version)
    if not rules:
        return None
    if not can_meet(route):
        raise spaces.NotPossible(0, "there are rules, and where the login comes from is not known")
    family = ["-6"] if version else ["-4"]
    if any(line.strip() and not _PLAIN_ROUTING.match(line) for line in spaces.ip(*(family + ["rule", "show"])).split("\n")):
        raise spaces.NotPossible(0, "this host routes by policy (see 'ip rule')")
    way = spaces.ip(*(family + ["route", "get", route.client]), optional=True)
    found = re.search(r" dev (\S+)", way)
    device = found.group(1) if found else "eth0"
    hardware = _find_hardware(route.client, way, device, family, rules)
    recent = _read_recent(route.client, rules)
    sets = spaces.tool(["ipset", "save"]) if any("match-set" in one.text for one in rules) else ""
    here = spaces.new_network()
    spaces.raise_loopback(*([route.local, route.client] if device == "lo" else []))
    there = here
    if device != "lo":
        there = spaces.new_network()
        _join(here, device, route, family, hardware)
    spaces.enter(here)
    for name in names_interfaces(one.text for one in rules):
        if name not in ("lo", device):
            spaces.ip("link", "add", name, "type", "dummy", optional=True)
    if sets:
        spaces.tool(["ipset", "restore"], sets)
    for one in rules:
        _load(one)
    for name in recent:
        _note_recent(name, route.client)
    port = _connect(here, there, route, others)
    spaces.enter(here)
    shown = [] if port else [spaces.tool(list(one.show), optional=True) for one in rules]
    return {"port": port, "rule": find_counted(shown)}


def _read(version: str) -> List[Rules]:
    """What the host has, of every program that keeps rules."""
    found = []
    tables = []
    if find_tool("nft"):
        tables = parse_tables(spaces.tool(["nft", "list", "ruleset"]))
    kept = ""
    name = "ip%stables" % version
    plain = _is_legacy(name)
    if find_tool(name + "-nft-save") or plain is False:
        program = name + "-nft" if find_tool(name + "-nft-save") else name
        kept = spaces.tool([program + "-save"], optional=not tables)
        if has_rules(kept):
            found.append(Rules((program + "-restore",), kept, (program + "-save", "-c")))
    if read_quietly("/proc/net/%s_tables_names" % ("ip" + version)).strip():
        program = name + "-legacy" if find_tool(name + "-legacy-save") else name
        saved = spaces.tool([program + "-save"])
        if has_rules(saved):
            found.append(Rules((program + "-restore",), saved, (program + "-save", "-c")))
    for table in tables:
        other = table.family == ("ip" if version else "ip6")
        if not other and not is_of_iptables(table, kept):
            found.append(Rules(("nft", "-f", "-"), table.text, ("nft", "list", "table", table.family, table.name)))
    return found


def _is_legacy(name: str) -> Any:
    """Whether the program keeps its rules apart from nft; None where it is not there."""
    path = find_tool(name)
    return None if path is None else "nf_tables" not in run([path, "-V"]).out


def _find_hardware(client: str, way: str, device: str, family: Sequence[str], rules: Sequence[Rules]) -> Tuple[str, str]:
    """The hardware addresses of this host and of where the client's packets come from; invented ones where no rule asks for them."""
    if not names_hardware(one.text for one in rules):
        return _HERE, _THERE
    through = re.search(r" via (\S+)", way)
    known = spaces.ip(*(list(family) + ["neigh", "show", through.group(1) if through else client, "dev", device]), optional=True)
    other = re.search(r" lladdr ([0-9a-f:]{17})(?= )", known)
    own = read_quietly("/sys/class/net/%s/address" % device).strip()
    if not other or not re.match(r"[0-9a-f:]{17}\Z", own):
        raise spaces.NotPossible(0, "a rule asks for hardware addresses, and that of the client or its gateway is not known")
    return own, other.group(1)


def _read_recent(client: str, rules: Sequence[Rules]) -> List[str]:
    """Lists of xt_recent that have the client now."""
    found = []
    for name, timed in find_recent(one.text for one in rules):
        noted = is_noted(read_quietly("%s/%s" % (_RECENT, name)), client)
        if noted and timed:
            raise spaces.NotPossible(0, "a rule counts earlier connections from %s (the list %s of xt_recent)" % (client, name))
        if noted:
            found.append(name)
    return found


def _note_recent(name: str, client: str) -> None:
    """The same in this network; the rules have made the list."""
    try:
        with open("%s/%s" % (_RECENT, name), "w") as stream:
            stream.write("+%s\n" % client)
    except OSError:
        raise spaces.NotPossible(0, "a rule asks for the list %s of xt_recent, which cannot be copied" % name)


def _join(here: int, device: str, route: Route, family: Sequence[str], hardware: Tuple[str, str]) -> None:
    """A pair of interfaces of one name between that network and this one."""
    ours, theirs = hardware
    spaces.ip("link", "add", device, "address", ours, "type", "veth", "peer", "name", device, "address", theirs, "netns", str(os.getpid()), network=here)
    bits, more = ("128", ["nodad"]) if ":" in route.local else ("32", [])
    for network, own, other, address in ((here, route.local, route.client, theirs), (None, route.client, route.local, ours)):
        spaces.ip("link", "set", "lo", "up", network=network)
        spaces.ip(*(["addr", "add", "%s/%s" % (own, bits), "dev", device] + more), network=network)
        spaces.ip("link", "set", device, "up", network=network)
        spaces.ip(*(list(family) + ["route", "add", "%s/%s" % (other, bits), "dev", device, "src", own]), network=network)
        # Nobody has to ask for it: rules that refuse such questions are not what is asked about.
        spaces.ip("neigh", "replace", other, "lladdr", address, "dev", device, "nud", "permanent", network=network)


def _load(rules: Rules) -> None:
    if rules.load[0] != "nft":
        spaces.tool(list(rules.load), rules.text)
        return
    try:
        spaces.tool(list(rules.load), with_counters(rules.text))
    except spaces.NotPossible:
        # Counters only help to name the rule.
        spaces.tool(list(rules.load), rules.text)


def _connect(here: int, there: int, route: Route, others: Sequence[int]) -> int:
    """The port at which a greeting of the one side can be had by the other; 0 where it never arrives."""
    kind = socket.AF_INET6 if ":" in route.local else socket.AF_INET
    spaces.enter(here)
    late = time.monotonic() + _CONNECT_SECONDS
    with contextlib.ExitStack() as held:
        doors = {}
        for port in {route.port, *others}:
            door = held.enter_context(socket.socket(kind))
            door.bind((route.local, port))
            door.listen(1)
            doors[door] = port
        spaces.enter(there)
        client = held.enter_context(socket.socket(kind))
        client.bind((route.client, 0))
        client.settimeout(max(0.1, late - time.monotonic()))
        try:
            client.connect((route.local, route.port))
            for door in select.select(list(doors), [], [], max(0.1, late - time.monotonic()))[0]:
                server, _peer = door.accept()
                with server:
                    server.sendall(_GREETING)
                    client.settimeout(max(0.1, late - time.monotonic()))
                    if client.recv(len(_GREETING)) == _GREETING:
                        return doors[door]
        except OSError:
            return 0
    return 0
