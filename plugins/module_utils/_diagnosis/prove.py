# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real login through an sshd of our own: its key, configuration and log are files without a name.

A file that has no name is gone with the last process that holds it, so nothing stays behind, whatever ends this one.

Note that this module util is **PRIVATE** to the collection.
"""

import os
import tempfile
import uuid
from typing import IO, List, Optional, Tuple

from .._system.run import TOOL_PATH, find_tool, held_open
from .._system.server import run
from .._system.sshd import lent_folder
from .facts import Facts
from .look_pam import find_unsafe_pam
from .proof import Proof, key_kinds, read_log, render_config

_SECONDS = 30
_ACCEPTED = "Accepted publickey for"
_SESSION_IN_SESSION = "Cannot make/remove an entry for the specified session"
_ENVIRONMENT = {"PATH": TOOL_PATH, "LC_ALL": "C", "HOME": "/nonexistent"}


def prove_login(facts: Facts) -> Proof:
    """Log in as the user; returns the reason where that is not possible."""
    user = facts.request.user
    ssh, keygen, echo = find_tool("ssh"), find_tool("ssh-keygen"), find_tool("echo")
    if not facts.root or not facts.server.effective or not (ssh and keygen and echo):
        return Proof(None, False, "a login could not be tried: %s" % _reason(facts, ssh, keygen))
    unsafe = find_unsafe_pam() if facts.uses_pam else ""
    if unsafe:
        return Proof(None, False, "a login was not tried: PAM would load %s, which others than root can change" % unsafe)
    with _nameless() as private, _nameless() as config, _nameless() as log, held_open(private, config, log) as paths:
        line = _make_key(keygen, paths[0], key_kinds(facts))
        if not line:
            return Proof(None, False, "a login could not be tried: ssh-keygen created no key")
        config.write(render_config(facts, line, os.path.realpath(echo)).encode("utf-8", "surrogateescape"))
        config.flush()
        mark = "in-%s" % uuid.uuid4().hex
        with lent_folder(facts.server.privsep_missing):
            server = "%s -i -f %s -E %s" % (facts.server.program, paths[1], paths[2])
            code, said = _log_in(ssh, paths[0], server, user, mark)
            text = _read(log)
            if _SESSION_IN_SESSION in text and find_tool("systemd-run"):
                # The audit identity of a login cannot be changed everywhere. Then it takes a process that descends from none.
                log.truncate(0)
                again = _log_in(ssh, paths[0], "systemd-run --quiet --pipe --collect " + server, user, mark)
                retold = _read(log)
                if mark in again[1] or _ACCEPTED in retold:
                    (code, said), text = again, retold
    if "bad configuration option" in text:
        return Proof(None, False, "a login could not be tried: %s" % " ".join(text.split())[:200])
    accepted = _ACCEPTED in text
    why = read_log(text)
    if mark in said:
        return Proof(True, True, "%s logged in through a private sshd" % user)
    if accepted and facts.setting("forcecommand", "none") != "none" and code != 255:
        return Proof(True, True, "%s was let in by a private sshd, where ForceCommand ran" % user)
    if accepted:
        said = " ".join(said.split())[-200:]
        return Proof(
            True,
            False,
            "a private sshd let %s in, but its session ran no command (status %d%s)" % (user, code, ": " + said if said else ""),
            why,
        )
    return Proof(False, False, "a private sshd refused %s%s" % (user, ": " + why if why else ""), why)


def _read(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode("utf-8", "replace")


def _reason(facts: Facts, *tools: Optional[str]) -> str:
    if not facts.root:
        return "it needs root"
    return "sshd does not accept its own configuration" if all(tools) else "ssh or ssh-keygen is not installed"


def _nameless() -> IO[bytes]:
    return tempfile.TemporaryFile(dir="/run")


def _make_key(keygen: str, private: str, kinds: List[List[str]]) -> str:
    """Fill the file with a private key; returns the public line without comment."""
    for kind in kinds:
        # It asks whether to overwrite, and it cannot put the public half beside a file that has no name; we ask for that.
        _run([keygen, "-q", "-t"] + kind + ["-N", "", "-C", "", "-f", private], b"y\n")
        code, out = _run([keygen, "-y", "-f", private])
        if code == 0:
            return " ".join(out.split()[:2])
    return ""


def _log_in(ssh: str, identity: str, server: str, user: str, mark: str) -> Tuple[int, str]:
    options = (
        "ProxyCommand=" + server,
        "IdentityFile=" + identity,
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        "BatchMode=yes",
        "PreferredAuthentications=publickey",
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "GlobalKnownHostsFile=/dev/null",
        "ControlPath=none",
        "LogLevel=ERROR",
        "RequestTTY=no",
    )
    arguments = [ssh, "-F", "none"]
    for option in options:
        arguments += ["-o", option]
    return _run(arguments + ["-l", user, "private-sshd", "echo", mark])


def _run(command: List[str], stdin: bytes = b"") -> Tuple[int, str]:
    ended = run(command, stdin, _SECONDS, _ENVIRONMENT)
    return ended.code, ended.out + ended.err
