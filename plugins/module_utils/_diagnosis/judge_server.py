# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a healthy sshd is listening: configuration, host keys, unit, ports, what it has loaded.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import List, Set, Tuple

from .facts import Facts, Listening
from .finding import BLOCKS, Finding, blocks, info, shell_quote, warns
from .judge_settings import find_place

_SSH_PROGRAMS = ("sshd", "systemd", "init", "dropbear")


def judge_server(facts: Facts) -> List[Finding]:
    """What keeps a connection from ever reaching a working sshd."""
    server = facts.server
    if not server.program and server.error and "OpenSSH" not in server.error:
        return [blocks("sshd_program_unsafe", server.error, "make that path writable by root only, or reinstall the OpenSSH server")]
    if not server.program:
        return [blocks("sshd_not_installed", "there is no sshd on this host", "install the OpenSSH server")]
    found = _files(facts)
    port_holders = [item for item in server.listening if item.port in _ports(facts)]
    serving = [item for item in server.listening if item.program in _SSH_PROGRAMS and _is_ssh(facts, item)]
    if serving:
        found += _elsewhere(facts, serving) + _half_taken(facts, serving, port_holders)
    elif facts.root and not any(finding.severity == BLOCKS for finding in found):
        found += _not_running(facts, port_holders)
    if server.listener_state in ("T", "t"):
        found.append(
            blocks(
                "sshd_stopped",
                "process %d of sshd is stopped and does not answer" % server.listener,
                "resume it",
                "kill -CONT %d" % server.listener,
            )
        )
    if server.startups and server.startups[1] and server.startups[0] >= server.startups[1]:
        found.append(
            blocks(
                "max_startups",
                "%d logins are in progress, and MaxStartups allows no more" % server.startups[0],
                "end the connections that never log in, or raise MaxStartups",
            )
        )
    if facts.setting("persourcemaxstartups", "none") == "0":
        found.append(blocks("max_startups", "PerSourceMaxStartups is 0, so sshd takes no connection from anywhere", "set it to none"))
    return found


def judge_loaded(facts: Facts) -> List[Finding]:
    """A listener that has not read the files as they are now. It hands what it has read to every connection."""
    server = facts.server
    if not server.listener or not server.loaded_at or server.changed_at <= server.loaded_at:
        return []
    return [
        warns(
            "config_not_loaded",
            "%s changed %d s after sshd last read its configuration, so the settings in force are older than those checked here"
            % (server.changed_path, max(1, round(server.changed_at - server.loaded_at))),
            "reload sshd",
            "sshd -t && systemctl reload %s" % (server.unit or "sshd"),
        )
    ]


def _files(facts: Facts) -> List[Finding]:
    server = facts.server
    found = []
    usable = [path for path, problem in server.host_keys if not problem]
    if server.host_keys and not usable:
        path, problem = server.host_keys[0]
        later = server.listener and server.keeps_host_keys
        found.append(
            (warns if later else blocks)(
                "host_keys_missing",
                "sshd can use none of its host keys: %s %s%s" % (path, problem, "; the next restart ends all logins" if later else ""),
                "create new ones (clients will report a changed host key)" if problem == "does not exist" else "fix the files",
                _host_key_fix(facts, problem),
            )
        )
    if server.missing_helper:
        text = "%s does not exist or cannot be executed, and sshd needs it for every connection" % server.missing_helper
        found.append(blocks("sshd_helper_missing", text, "install the OpenSSH server again"))
    if server.privsep_missing and (server.listener or not server.unit_states):
        # Where systemd starts sshd it makes the directory, and takes it away with the service.
        found.append(
            blocks(
                "privsep_directory_missing",
                "%s does not exist, and sshd ends without it" % server.privsep_missing,
                "make it",
                "mkdir -m 0755 -- %s" % shell_quote(server.privsep_missing),
            )
        )
    if not facts.account.passwd_line[1]:
        # Else the name service is what is broken, and every account missing.
        found += _privsep(server.error)
    if server.error and not found and not facts.account.passwd_line[1]:
        place = re.search(r"(/\S+?):? line (\d+)", server.error)
        where = "%s:%s: " % place.groups() if place else ""
        text = "%ssshd does not accept its configuration: %s" % (where, server.error)
        if server.listener:
            found.append(warns("sshd_config_broken", text + "; the next restart, or reload, ends all logins", "fix that line"))
        else:
            found.append(blocks("sshd_config_broken", text, "fix that line and start sshd"))
    return found


def _privsep(error: str) -> List[Finding]:
    """What every connection needs, also those that a running sshd takes."""
    user = re.search(r"Privilege separation user (\S+) does not exist", error)
    if user:
        return [
            blocks(
                "privsep_user_missing",
                "the account %s, which sshd uses for connections that are not logged in yet, does not exist" % user.group(1),
                "create it",
                "useradd -r -M -N -d /run/sshd -s /usr/sbin/nologin %s" % shell_quote(user.group(1)),
            )
        ]
    folder = re.search(r"(/\S+) must be owned by root and not group or world-writable", error)
    if folder:
        return [
            blocks(
                "privsep_directory_unsafe",
                "%s is writable by others than root, and sshd refuses to work with it" % folder.group(1),
                "make root its owner",
                "chown root: -- %s && chmod 0755 -- %s" % (shell_quote(folder.group(1)), shell_quote(folder.group(1))),
            )
        ]
    return []


def _host_key_fix(facts: Facts, problem: str) -> str:
    if problem == "does not exist":
        return "ssh-keygen -A"
    if problem.startswith("is readable by others"):
        paths = [path for path, _problem in facts.server.host_keys]
        return "chmod 0600 -- %s" % " ".join(map(shell_quote, paths)) if facts.server.fixed.issuperset(paths) else ""
    return ""


def _not_running(facts: Facts, holders: List[Listening]) -> List[Finding]:
    server = facts.server
    start = "systemctl start %s" % (server.unit or "sshd")
    # One that has failed would fail again.
    if any(item.active == "failed" for item in server.unit_states):
        start = ""
    if server.not_to_be_run:
        return [
            blocks(
                "sshd_not_to_be_run",
                "/etc/ssh/sshd_not_to_be_run exists, so sshd is not started",
                "remove it and start sshd",
                "rm /etc/ssh/sshd_not_to_be_run && systemctl start %s" % (server.unit or "sshd"),
            )
        ]
    states = [item for item in server.unit_states if item[1] != "not-found"]
    masked = [item[0] for item in states if item[1] == "masked" or item[3].startswith("masked")]
    if masked and len(masked) == len(states):
        unit = masked[0]
        return [
            blocks(
                "sshd_masked",
                "the unit %s is masked, so sshd cannot start" % unit,
                "unmask and start it",
                "systemctl unmask %s && systemctl start %s" % (unit, unit),
            )
        ]
    if holders:
        other = holders[0]
        return [
            blocks(
                "port_taken",
                "port %d is held by %s (process %d), so sshd cannot listen there" % (other.port, other.program, other.pid),
                "stop that program, or set another port for one of the two",
            )
        ]
    sockets = [item for item in states if item[0].endswith(".socket") and item[3] == "enabled"]
    if sockets:
        unit = sockets[0][0]
        return [
            blocks(
                "sshd_socket_inactive",
                "%s is %s, so nothing listens for SSH" % (unit, sockets[0][2]),
                "start it",
                "systemctl start %s" % unit,
            )
        ]
    said = "; it reported: %s" % _complaint(server.log) if _complaint(server.log) else ""
    state = ", ".join("%s is %s" % (item[0], item[2]) for item in states) or "there is no unit of sshd"
    if server.foreign:
        where = find_place(facts, "listenaddress", server.foreign[0])
        return [
            blocks(
                "listen_address_unknown",
                "ListenAddress %s%s is not an address of this host" % (server.foreign[0], " (%s)" % where.place if where else ""),
                "correct or remove it and start sshd",
            )
        ]
    return [blocks("sshd_not_running", "sshd does not run (%s)%s" % (state, said), "start it", start)]


def _elsewhere(facts: Facts, serving: List[Listening]) -> List[Finding]:
    wanted = facts.request.port
    ports = sorted(set(item.port for item in serving))
    if wanted is not None and wanted not in ports:
        return [
            blocks(
                "sshd_other_port",
                "nothing listens for SSH on port %d; sshd listens on port %s" % (wanted, ", ".join(str(port) for port in ports)),
                "connect to that port (ssh -p %d), or change Port" % ports[0],
            )
        ]
    here = [item for item in serving if wanted is None or item.port == wanted]
    if all(item.address.startswith("127.") or item.address == "::1" for item in here):
        return [
            blocks(
                "sshd_local_only",
                "sshd listens on %s only, which cannot be reached from outside" % " and ".join(item.address for item in here),
                "remove or correct ListenAddress and restart sshd",
            )
        ]
    asked = facts.request.address
    by_sshd = [item for item in here if item.program == "sshd" and not _is_of_socket(facts, item)]
    if asked and by_sshd == here and not any((":" in item.address) == (":" in asked) for item in here):
        # sshd never takes both with one socket, unlike the service manager.
        version = "IPv6" if ":" in here[0].address else "IPv4"
        return [
            blocks(
                "sshd_other_family",
                "sshd listens for %s only (%s), and the login comes from %s" % (version, " and ".join(sorted({item.address for item in here})), asked),
                "remove or correct AddressFamily or ListenAddress, and restart sshd",
            )
        ]
    if any(item.address in ("0.0.0.0", "::") for item in here):
        return []
    said = "sshd listens on %s only" % " and ".join(sorted(set(item.address for item in here)))
    local = facts.request.local_address
    if not local or local in [item.address for item in here]:
        return [info("sshd_listens_on", said)]
    return [
        warns(
            "sshd_listens_on",
            "%s, and a login from %s most likely goes to %s" % (said, asked, local),
            "connect to an address that sshd listens on, or remove or correct ListenAddress and restart sshd",
        )
    ]


def _half_taken(facts: Facts, serving: List[Listening], holders: List[Listening]) -> List[Finding]:
    """sshd starts with what it gets: another program on the IPv4 side of the port leaves it with IPv6."""
    others = [item for item in holders if item not in serving and item.address == "0.0.0.0"]
    if not others or ":" in (facts.request.address or "") or any(item.port == others[0].port and "." in item.address for item in serving):
        return []
    return [
        blocks(
            "port_taken",
            "port %d is held by %s (process %d) for IPv4, so sshd listens for IPv6 only" % (others[0].port, others[0].program, others[0].pid),
            "stop that program and restart sshd, or set another port for one of the two",
        )
    ]


def _is_ssh(facts: Facts, item: Listening) -> bool:
    # systemd holds the sockets of many services, and sshd's unit says which are its own.
    return _is_of_socket(facts, item) if item.program in ("systemd", "init") else True


def _is_of_socket(facts: Facts, item: Listening) -> bool:
    """Whether the service manager opened it; an sshd that it started holds it too."""
    return any(unit.name.endswith(".socket") and unit.active == "active" and item.port in unit.ports for unit in facts.server.unit_states)


def _ports(facts: Facts) -> Set[int]:
    return set(int(word) for word in facts.words("port") if word.isdigit()) or {22}


def _complaint(log: Tuple[str, ...]) -> str:
    for line in reversed(log):
        if re.search(r"Bind to|Cannot bind|terminating|no hostkeys", line):
            return line.strip()
    return ""
