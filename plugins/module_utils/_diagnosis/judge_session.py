# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong after the key has been accepted: start-up files that end the shell, full and read-only disks.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import List, Optional, Tuple

from .facts import Facts
from .finding import Finding, blocks, warns
from .judge_account import serves_files
from .startup_text import (
    find_conditional_end,
    find_end_in_terminal,
    find_loop,
    find_printing,
    find_replacement,
    find_unconditional_end,
    find_unconditional_wait,
    find_unsure,
)


def judge_session(facts: Facts) -> List[Finding]:
    """Files that run at login, and where they run."""
    return _messages(facts) + _libraries(facts) + _start_up(facts) + _loop(facts) + _printing(facts) + _rc(facts) + _disks(facts)


def judge_sftp(facts: Facts) -> List[Finding]:
    """The server for files that sshd has the shell start."""
    session = facts.session
    if facts.request.session != "sftp" or not facts.server.effective or facts.setting("forcecommand", "none") != "none":
        return []
    if not any(value.split()[:1] == ["sftp"] for value in facts.server.effective.get("subsystem", ())):
        return [blocks("sftp_not_offered", "sshd has no subsystem sftp", "add the line 'Subsystem sftp internal-sftp', and reload sshd")]
    if session.sftp_server_missing:
        evidence = "Subsystem sftp names %s, which does not exist or cannot be executed" % session.sftp_server
        return [blocks("sftp_server_missing", evidence, "set it to internal-sftp, or to the path of the host's own sftp-server, and reload sshd")]
    return []


def _start_up(facts: Facts) -> List[Finding]:
    """What the shell reads before it does what was asked."""
    session, found = facts.session, []
    if facts.request.session == "shell":
        # A shell for a login reads the files of others only where its own say so.
        others = any("bashrc" in text for _path, text in session.login_startup) or not facts.account.shell.endswith(("/bash", "/sh"))
        for path, text in session.login_startup + (session.startup if others else ()):
            found += _ends(facts, path, text, find_end_in_terminal(text), "before anything can be typed")
        return found
    for path, text in () if serves_files(facts) else session.startup:
        found += _ends(facts, path, text, find_unconditional_end(text), "before the command runs")
    for path, text in session.login_startup:
        hit = find_unconditional_end(text)
        if hit is not None and not hit[1].startswith("exec"):
            found.append(warns("shell_startup_exits", "%s:%d ends every interactive session: %s" % (path, hit[0], hit[1]), "remove the line"))
    return found


def _ends(facts: Facts, path: str, text: str, hit: Optional[Tuple[int, str]], when: str) -> List[Finding]:
    """One file: whether it ends the shell, waits, or may do either."""
    found = []
    terminal = facts.request.session == "shell"
    if terminal and hit is not None and hit[1].startswith("exec") and find_replacement(text) not in facts.session.missing_programs:
        # Whatever runs instead is what the person gets.
        return []
    if hit is not None:
        found.append(
            blocks(
                "shell_startup_exits",
                "%s:%d ends the shell %s: %s" % (path, hit[0], when, hit[1]),
                "remove the line" if terminal else "run it in interactive shells only: case $- in *i*) ... esac",
            )
        )
    unsure = find_unsure(text) or (find_conditional_end(text) if terminal else None)
    if unsure is not None and hit is None:
        evidence = "%s:%d may end the shell, or wait for long: %s" % (path, unsure[0], unsure[1])
        found.append(warns("shell_startup_unsure", evidence, "check with prove: true, which runs it"))
    wait = find_unconditional_wait(text)
    if wait is not None and (hit is None or wait[0] < hit[0]):
        found.append(blocks("shell_startup_hangs", "%s:%d makes every session wait: %s" % (path, wait[0], wait[1]), "remove the line"))
    return found


def _loop(facts: Facts) -> List[Finding]:
    """Files that read each other without end, until the shell has no room left."""
    session = facts.session
    first = session.login_startup if facts.request.session == "shell" else () if serves_files(facts) else session.startup
    loop = find_loop(first, session.startup + session.login_startup, facts.account.home)
    if loop is None:
        return []
    evidence = "%s:%d reads a file that reads this one again: %s" % (loop.path, loop.number, loop.line)
    if loop.sure:
        return [blocks("shell_startup_exits", evidence + "; the shell ends when it has no memory left", "remove one of the two lines")]
    return [warns("shell_startup_unsure", evidence, "check with prove: true, which runs it")]


def _printing(facts: Facts) -> List[Finding]:
    """Text in front of the answers of a server for files that the shell has to start."""
    found = []
    for path, text in facts.session.startup if facts.request.session == "sftp" and not serves_files(facts) else ():
        hit = find_printing(text)
        if hit is not None:
            evidence = "%s:%d prints text, which sftp takes for an answer of the server: %s" % (path, hit[0], hit[1])
            found.append(blocks("shell_startup_prints", evidence, "print in interactive shells only: case $- in *i*) ... esac"))
    return found


def _libraries(facts: Facts) -> List[Finding]:
    return [
        warns(
            "library_path",
            "%s sets LD_LIBRARY_PATH=%s for every session: a shell that loads a library of the wrong kind from there does not start" % item,
            "remove it, and set it where the program that needs it is started",
        )
        for item in (() if serves_files(facts) else facts.session.library_paths)
    ]


def _messages(facts: Facts) -> List[Finding]:
    found = []
    for path, text in facts.session.messages:
        wait = find_unconditional_wait(text)
        if wait is not None and re.match(r"#!\s*/(?:usr/)?bin/(?:env )?(?:ba|da)?sh\b", text):
            evidence = "%s:%d, which pam_motd runs at every login, waits: %s" % (path, wait[0], wait[1])
            found.append(blocks("motd_hangs", evidence, "remove the line, or run the script by a timer"))
    return found


def _rc(facts: Facts) -> List[Finding]:
    found = []
    for path, text in facts.session.rc:
        wait = find_unconditional_wait(text)
        if wait is not None:
            found.append(blocks("ssh_rc_hangs", "%s:%d runs at every login and does not end: %s" % (path, wait[0], wait[1]), "remove the line"))
    return found


def _disks(facts: Facts) -> List[Finding]:
    found = []
    for disk in facts.session.disks:
        if disk.read_only:
            found.append(
                warns(
                    "disk_read_only",
                    "%s is mounted read-only: programs that write at login fail" % disk.path,
                    "find out why (dmesg) and mount it read-write",
                )
            )
        elif disk.free == 0 or disk.free_inodes == 0:
            found.append(warns("disk_full", "the file system of %s has no %s left" % (disk.path, "space" if disk.free == 0 else "inodes"), "make room"))
    return found
