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

from .._system.private_login import Route, can_meet, client_command, local_address, meet, meet_by_pipe
from .._system.run import TOOL_PATH, find_tool, held_open
from .._system.server import KILLED, run
from .._system.sshd import lent_folder
from .facts import Facts
from .judge_key_line import is_sftp
from .look_pam import find_address_modules, find_unsafe_pam
from .proof import Proof, key_kinds, read_log, render_config

_SECONDS = 30
_ACCEPTED = "Accepted publickey for"
_SESSION_IN_SESSION = "Cannot make/remove an entry for the specified session"
# SSH_FXP_INIT of a client, and how SSH_FXP_VERSION of a server begins after its length.
_FILES_ASKED, _FILES_SERVED = b"\0\0\0\5\1\0\0\0\3", "\2\0\0\0"
_ENVIRONMENT = {"PATH": TOOL_PATH, "LC_ALL": "C", "HOME": "/nonexistent"}


def prove_login(facts: Facts) -> Proof:
    """Log in as the user; returns the reason where that is not possible."""
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
        trial = _Trial(facts, ssh, paths, config, log)
        with lent_folder(facts.server.privsep_missing):
            trial.run(line, os.path.realpath(echo))
    return trial.judge()


class _Trial:
    """One private login, in a network of its own where that is possible."""

    def __init__(self, facts: Facts, ssh: str, paths: List[str], config: IO[bytes], log: IO[bytes]) -> None:
        self._facts = facts
        self._word = uuid.uuid4().hex
        self._config, self._log = config, log
        local = facts.request.local_address or local_address(facts.request.address or "")
        self._route = Route(facts.request.address or "", local, facts.port)
        self._client = client_command(ssh, facts.request.user, "LogLevel=ERROR", "IdentityFile=" + paths[0])
        self._server = [facts.server.program, "-i", "-f", paths[1], "-E", paths[2]]
        self._line = self._echo = self._text = self._error = ""
        self._code, self._said = 0, ""
        self._real = can_meet(self._route)

    def run(self, line: str, echo: str) -> None:
        """Log in; once more by the service manager where a session inside this one is what fails."""
        self._line, self._echo = line, echo
        self._log_in(self._server)
        manager = find_tool("systemd-run")
        if _SESSION_IN_SESSION in self._text and manager:
            # The audit identity of a login cannot be changed everywhere. Then it takes a process that descends from none.
            before = self._code, self._said, self._text
            self._log_in([manager, "--quiet", "--pipe", "--collect"] + self._server)
            if not self._is_in and _ACCEPTED not in self._text:
                self._code, self._said, self._text = before

    def _log_in(self, server: List[str]) -> None:
        if self._real:
            self._write_config()
            meeting = meet(server, self._client + self._ask(self._route.local), self._route, _SECONDS, self._typed)
            self._real = not meeting.error
        if not self._real:
            self._write_config()
            meeting = meet_by_pipe(server, self._client + self._ask("private-sshd"), _SECONDS, self._typed)
        self._error = meeting.error
        self._code, self._said = meeting.ended.code, meeting.ended.out + meeting.ended.err
        self._log.seek(0)
        self._text = self._log.read(1 << 20).decode("utf-8", "replace")

    def _ask(self, host: str) -> List[str]:
        """The rest of the client's command."""
        asked = {"shell": ["-tt", host], "sftp": ["-s", host, "sftp"]}
        return asked.get(self._facts.request.session, [host, "echo", "in-" + self._word])

    @property
    def _typed(self) -> bytes:
        # The terminal shows what is typed: only what the shell makes of it counts.
        typed = {"shell": b"echo in-''%s; exit\n" % self._word.encode(), "sftp": _FILES_ASKED}
        return typed.get(self._facts.request.session, b"")

    @property
    def _is_in(self) -> bool:
        """Whether what was asked for has run."""
        if self._facts.request.session == "sftp":
            # Anything in front of it is what sftp fails at.
            return self._said[4:8] == _FILES_SERVED
        return "in-" + self._word in self._said

    def _write_config(self) -> None:
        for stream in (self._config, self._log):
            stream.seek(0)
            stream.truncate()
        self._config.write(render_config(self._facts, self._line, self._echo, self._real).encode("utf-8", "surrogateescape"))
        self._config.flush()

    def judge(self) -> Proof:
        """The outcome of the login."""
        user, text, said = self._facts.request.user, self._text, " ".join(self._said.split())[-200:]
        if "bad configuration option" in text:
            return Proof(None, False, "a login could not be tried: %s" % " ".join(text.split())[:200])
        why = read_log(text)
        if self._is_in:
            return Proof(True, True, "%s logged in through a private sshd" % user, real=self._real)
        forced = self._facts.setting("forcecommand", "none")
        if _ACCEPTED in text and forced != "none" and self._code not in (255, 127, 126) and self._code >= 0:
            # One for files only has nothing to say to a plain command.
            status = 0 if is_sftp(forced) else self._code
            ended = "" if status == 0 else " and ended with status %d" % status
            return Proof(True, True, "%s was let in by a private sshd, where ForceCommand ran%s" % (user, ended), "", self._real, status, True)
        if _ACCEPTED in text:
            told = " (status %d%s)" % (self._code, ": " + said if said else "")
            return Proof(True, False, "a private sshd let %s in, but its session ran no command%s" % (user, told), why, self._real, waited=self._code == KILLED)
        if self._error:
            return Proof(None, False, "a login could not be tried: %s" % self._error)
        by_address = find_address_modules() if not self._real and self._facts.uses_pam else ""
        if by_address:
            return Proof(None, False, "a login could not be tried: %s may look at addresses, and this process may not make a private network" % by_address)
        return Proof(False, False, "a private sshd refused %s%s" % (user, ": " + why if why else ""), why, self._real)


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


def _run(command: List[str], stdin: bytes = b"") -> Tuple[int, str]:
    ended = run(command, stdin, _SECONDS, _ENVIRONMENT)
    return ended.code, ended.out + ended.err
