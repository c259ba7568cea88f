# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong after the key has been accepted: start-up files that end the shell, full and read-only disks.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import Callable, List, Optional, Tuple

from .._text import text_lines
from .facts import Facts
from .finding import Finding, blocks, warns
from .judge_account import serves_files

_ENDING = re.compile(r"\s*(exit|logout|exec\s+(?!\d*[<>])\S.*)(\s|;|$)")
# Ends the shell where there is no terminal, which is so for every command and every copy of files.
_ENDING_WITHOUT_TERMINAL = re.compile(
    r"""\s*(?:
        (?:\[\[?|test)\s+-z\s+"?\$\{?PS1\}?"?(?:\s+\]\]?)?\s*&&\s*(?:\{\s*)?(?:exit|logout)\b
        | (?:\[\[?|test)\s+(?:-n\s+)?"?\$\{?PS1\}?"?(?:\s+\]\]?)?\s*\|\|\s*(?:exit|logout)\b
        | \[\[\s+"?\$-"?\s+!=\s+\*i\*\s+\]\]\s*&&\s*(?:exit|logout)\b
        | \[\[\s+"?\$-"?\s+={1,2}\s+\*i\*\s+\]\]\s*\|\|\s*(?:exit|logout)\b
        | (?:tty\s+-s|(?:\[|test)\s+-t\s+[012](?:\s+\])?)\s*\|\|\s*(?:exit|logout)\b
        | case\s+"?\$-"?\s+in\s+\*i\*\)\s*(?::\s*)?;;\s*\*\)\s*(?:exit|logout)\b
    )""",
    re.VERBOSE,
)
_ENDING_BY_TEST = re.compile(r"(?:&&|\|\|)\s*(?:\{\s*)?(?:exit|logout)\b")
_OPENING = re.compile(r"\s*(if|case|for|while|until|function|select)\b|.*\(\)\s*\{?\s*$|\s*\{\s*$")
_CLOSING = re.compile(r"\s*(fi|esac|done)\b|\s*\}")


def judge_session(facts: Facts) -> List[Finding]:
    """Files that run at login, and where they run."""
    return _messages(facts) + _start_up(facts) + _rc(facts) + _disks(facts)


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


def find_end_in_terminal(text: str) -> Optional[Tuple[int, str]]:
    """The same where the shell has a terminal."""
    return _find_unconditional(text, lambda line, _rest: bool(_ENDING.match(line)))


def find_conditional_end(text: str) -> Optional[Tuple[int, str]]:
    """The first line on the outermost level that ends the shell where a test decides it."""
    return _find_unconditional(text, lambda line, _rest: bool(_ENDING_BY_TEST.search(line)) and not _ENDING_WITHOUT_TERMINAL.match(line))


def find_replacement(text: str) -> str:
    """The program that the shell is replaced with without a condition; empty where it is not."""
    hit = find_end_in_terminal(text)
    words = hit[1].split() if hit is not None else []
    return words[1] if len(words) > 1 and words[0] == "exec" and not words[1].startswith("-") else ""


def find_unconditional_end(text: str) -> Optional[Tuple[int, str]]:
    """The first line on the outermost level that ends or replaces the shell, unless a line before it lets others return."""
    lines = text_lines(text)
    for number, line in enumerate(lines, 1):
        if _ENDING_WITHOUT_TERMINAL.match(line):
            return find_end_in_terminal("\n".join(lines[: number - 1])) or (number, line.strip())
    return find_end_in_terminal(text)


def find_unsure(text: str) -> Optional[Tuple[int, str]]:
    """A line that makes the shell end at the first command that fails, or a loop that sleeps: what comes of it shows only when it runs."""
    return _find_unconditional(text, _is_unsure)


def _is_unsure(line: str, rest: str) -> bool:
    if re.match(r"\s*set\s+(-[a-z]*[eu]|-o\s+(errexit|nounset))", line):
        return True
    return bool(re.match(r"\s*(until|while)\b", line)) and bool(re.search(r"\bsleep\b", (line + "\n" + rest).split("done")[0]))


def find_unconditional_wait(text: str) -> Optional[Tuple[int, str]]:
    """The first line on the outermost level that waits for longer than anybody would."""
    return _find_unconditional(text, _waits)


def _waits(line: str, rest: str) -> bool:
    if re.match(r"\s*while\s+(true|:)\s*(;|$)", line):
        if re.search(r"(?m)^\s*done\s*&|;\s*done\s*&", line + "\n" + rest):
            # It runs beside the shell.
            return False
        # Up to the end of the text: an exit after the loop is taken for one in it, which errs on the safe side.
        return not re.search(r"\b(break|exit|return|exec)\b", line + rest)
    return bool(re.match(r"\s*(/bin/|/usr/bin/)?sleep\s+(\d{3,}s?|\d{2,}m|\d+[hd]|inf\w*)\s*(;|$|&&)", line))


def _find_unconditional(text: str, wanted: Callable[[str, str], bool]) -> Optional[Tuple[int, str]]:
    depth = 0
    lines = text_lines(text)
    document = ""
    for number, line in enumerate(lines, 1):
        if document:
            # Text that is given to a program.
            document = "" if line.strip() == document else document
            continue
        begins = re.search(r"<<-?\s*[\"'\\]?(\w+)", line) if not line.lstrip().startswith("#") and "<<<" not in line else None
        document = begins.group(1) if begins else ""
        stripped = line.split("#", 1)[0].rstrip() if line.lstrip().startswith("#") else line.rstrip()
        if not stripped:
            continue
        returns = re.search(r"\breturn\b", stripped) and "()" not in stripped
        if returns and (re.search(r"\$-|PS1", text) or (depth == 0 and not _OPENING.match(stripped))):
            # What follows is for interactive shells.
            return None
        if depth == 0 and wanted(stripped, "\n".join(lines[number:])):
            return number, stripped.strip()
        opens = bool(_OPENING.match(stripped))
        closes = bool(_CLOSING.match(stripped)) or bool(re.search(r";\s*(fi|esac|done|\})\s*;?$", stripped))
        depth = max(0, depth + opens - closes)
    return None
