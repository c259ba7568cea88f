# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the host's own sshd whether it accepts a key: with its real files and settings, in a private copy of the connection.

Only the public half is offered. sshd answers whether it would accept a signature of it, and the connection ends there: nobody is
logged in, and PAM is not asked. Nothing is written but sshd's log, to a file without a name.
Note that this module util is **PRIVATE** to the collection.
"""

import os
import tempfile
from typing import List, Tuple

from .._openssh.authorized_keys import parse_key_file
from .._system.private_login import Meeting, Route, can_meet, client_command, meet, meet_by_pipe
from .._system.run import find_tool, held_open
from .._system.server import KILLED
from .._system.sshd import lent_folder
from .facts import Answer, Facts
from .key_log import depends_on_address, read_answer
from .look_server import UNKNOWN_CLIENT

_SECONDS = 20
# Where no key is named, any will do: those are tried that stand first.
_MOST_KEYS = 5
_MOST_LOG = 32 << 20
"""Bytes in memory: sshd repeats each line of a key file that has no key, and an account can have any number of them."""
_OPTIONS = (
    "PubkeyAuthentication=yes",
    # What this client would not do of itself says nothing about other clients.
    "PubkeyAcceptedKeyTypes=+ssh-rsa",
)


def ask(facts: Facts, check_mode: bool) -> Answer:
    """Whether sshd accepts the key; where none was named, one of those in the files that it reads."""
    reason = _obstacle(facts, check_mode)
    if reason:
        return Answer(None, reason)
    request = facts.request
    # A client that has a certificate offers it first, and then the key alone.
    certified = _ask(facts, request.certificate.line, "CertificateFile") if request.certificate is not None else None
    if certified is not None and certified.yes:
        return certified
    answer = Answer(None, "there is no key to try")
    for line in [request.key.line] if request.key is not None else _candidates(facts):
        answer = _ask(facts, line, "IdentityFile")
        if answer.yes is not False:
            break
    return answer if answer.yes or certified is None else certified


def _obstacle(facts: Facts, check_mode: bool) -> str:
    if not facts.root:
        return "that takes root"
    if not facts.server.program or not facts.server.effective or facts.server.error:
        return "sshd does not accept its own configuration"
    if find_tool("ssh") is None:
        return "ssh is not installed on this host"
    if check_mode and any(facts.setting(name, "none") != "none" for name in ("authorizedkeyscommand", "authorizedprincipalscommand")):
        return "it would run AuthorizedKeysCommand, which is not done in check mode"
    return ""


def _candidates(facts: Facts) -> List[str]:
    lines = [line for item in facts.key_files for line in parse_key_file(item.content)]
    return [line.key.line for line in lines if line.key is not None and "cert-authority" not in line.options][:_MOST_KEYS]


def _ask(facts: Facts, line: str, option: str) -> Answer:
    request, server = facts.request, facts.server
    route = Route(request.address or UNKNOWN_CLIENT, request.local_address or "127.0.0.1", facts.port)
    with tempfile.TemporaryFile(dir="/run") as public, tempfile.TemporaryFile(dir="/run") as log, held_open(public, log) as paths:
        public.write((line + "\n").encode("utf-8", "surrogateescape"))
        public.flush()
        client = client_command(find_tool("ssh") or "ssh", request.user, "%s=%s" % (option, paths[0]), *_OPTIONS) + ["-v"]
        command = [server.program, "-i", "-ddd", "-f", server.config, "-E", paths[1]] + list(server.options)
        with lent_folder(server.privsep_missing):
            meeting, by_pipe = _meet(command, client + [route.local, "true"], route)
        too_long = os.fstat(log.fileno()).st_size >= _MOST_LOG
        log.seek(0)
        said = log.read(1 << 20).decode("utf-8", "replace")
    if meeting.error or too_long:
        return Answer(None, meeting.error or "sshd logs more than %d MiB about it" % (_MOST_LOG >> 20))
    if by_pipe and depends_on_address(facts, said):
        return Answer(None, "the answer depends on addresses, and this process may not make a private network")
    return read_answer(meeting.ended.err, said)._replace(late=meeting.ended.code == KILLED)


def _meet(server: List[str], client: List[str], route: Route) -> Tuple[Meeting, bool]:
    """In a network of their own, or else without one."""
    if can_meet(route):
        meeting = meet(server, client, route, _SECONDS, most=_MOST_LOG)
        if not meeting.error:
            return meeting, False
    return meet_by_pipe(server, client, _SECONDS, most=_MOST_LOG), True
