# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What start-up files of a shell do to every session, as far as their text shows it: end it, wait, print, or read each other without end.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from bisect import bisect_right
from typing import Callable, Collection, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._text import text_lines

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
# Ends this very shell, or sshd's process for the session.
# The blanks belong to nothing else: otherwise a line of blanks takes the square of its length.
_KILLING = re.compile(r"\s*kill\s+(?!\s|-0\b|-l\b|-s\s+0\b)[^;|&]*\$(?:\$|PPID|\{PPID\}|BASHPID)(?:\s|;|$)")
_PRINTING = re.compile(
    r"\s*(?:echo|cat|printf(?!\s+-v\b)|figlet|fortune|neofetch|fastfetch|screenfetch|uptime|date|who|w|last|df|free|hostname|id)(?:\s[^<>|&`]*)?$"
)
_READING = re.compile(r"(?:^|&&|\|\||;|\bthen\b)\s*(?:\.|source)\s+[\"']?([^\s\"';&|]+)")
# Of lines that do not end with blanks.
_OPENING = re.compile(r"\s*(if|case|for|while|until|function|select)\b|.*\(\)(?:\s*\{)?$|\s*\{$")
_CLOSING = re.compile(r"\s*(fi|esac|done)\b|\s*\}")

_UNTIL = re.compile(r"\s*(until|while)\b")
_FOREVER = re.compile(r"\s*while\s+(true|:)\s*(;|$)")
_SLEEPING = re.compile(r"\bsleep\b")
_LEAVING = re.compile(r"\b(break|exit|return|exec)\b")
_BESIDE = re.compile(r"(?:^|;)\s*done\s*&")


class _Below:
    """The lines behind a line, each looked at once: a file of any account may have any number of them."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._known: Dict[Callable[[str], bool], List[int]] = {}

    def first(self, number: int, fits: Callable[[str], bool]) -> int:
        """The number of the first line behind line I(number) that fits; 0 if none does."""
        if fits not in self._known:
            self._known[fits] = [place for place, line in enumerate(self._lines, 1) if fits(line)]
        numbers = self._known[fits]
        index = bisect_right(numbers, number)
        return numbers[index] if index < len(numbers) else 0


class Loop(NamedTuple):
    """A start-up file that is read again by what it reads."""

    path: str
    number: int
    line: str
    sure: bool
    """Whether no test stands before any line on the way."""


class _Reading(NamedTuple):
    number: int
    line: str
    target: str
    sure: bool


def find_loop(first: Sequence[Tuple[str, str]], others: Sequence[Tuple[str, str]], home: str) -> Optional[Loop]:
    """The first of the files that a shell reads which is read again without end; I(others) are those that they may read."""
    texts = dict(list(others) + list(first))
    readings = {path: _find_readings(text, home, texts) for path, text in texts.items()}
    for path, _text in first:
        way = _find_way(readings, path, path, set())
        if way:
            return Loop(path, way[0].number, way[0].line, all(item.sure for item in way))
    return None


def _find_way(readings: Dict[str, List[_Reading]], start: str, goal: str, seen: Set[str]) -> List[_Reading]:
    for item in readings[start]:
        if item.target == goal:
            return [item]
        if item.target not in seen:
            seen.add(item.target)
            rest = _find_way(readings, item.target, goal, seen)
            if rest:
                return [item] + rest
    return []


def _find_readings(text: str, home: str, known: Collection[str]) -> List[_Reading]:
    """Those of the known files that a text reads; one for each, the first."""
    found: Dict[str, _Reading] = {}
    outermost = [(number, line) for number, line in _outermost(text) if line.split()[:1] in (["."], ["source"])]
    for number, line in enumerate(text_lines(text), 1):
        for word in _READING.findall(line) if not line.lstrip().startswith("#") else ():
            target = _expand(word, home)
            if target in known and target not in found:
                sure = next((place for place, one in outermost if word in one), 0)
                found[target] = _Reading(number, line.strip(), target, sure == number)
    return list(found.values())


def _expand(word: str, home: str) -> str:
    for prefix in ("~/", "$HOME/", "${HOME}/"):
        if word.startswith(prefix):
            return "%s/%s" % (home.rstrip("/"), word[len(prefix) :])
    return word


def find_printing(text: str) -> Optional[Tuple[int, str]]:
    """The first line on the outermost level that prints, which the other end of a copy takes for an answer."""
    return _find_unconditional(text, lambda line, _number, _below: bool(_PRINTING.match(line)))


def find_end_in_terminal(text: str) -> Optional[Tuple[int, str]]:
    """The same where the shell has a terminal."""
    return _find_unconditional(text, lambda line, _number, _below: bool(_ENDING.match(line) or _KILLING.match(line)))


def find_conditional_end(text: str) -> Optional[Tuple[int, str]]:
    """The first line on the outermost level that ends the shell where a test decides it."""
    return _find_unconditional(text, lambda line, _number, _below: bool(_ENDING_BY_TEST.search(line)) and not _ENDING_WITHOUT_TERMINAL.match(line))


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


def _is_unsure(line: str, number: int, below: _Below) -> bool:
    if re.match(r"\s*set\s+(-[a-z]*[eu]|-o\s+(errexit|nounset))", line):
        return True
    if not _UNTIL.match(line):
        return False
    if _sleeps(line) or _is_done(line):
        return _sleeps(line)
    sleeps, done = below.first(number, _sleeps), below.first(number, _is_done)
    return sleeps > 0 and (not done or sleeps <= done)


def _sleeps(line: str) -> bool:
    return bool(_SLEEPING.search(line.split("done")[0]))


def _is_done(line: str) -> bool:
    return "done" in line


def find_unconditional_wait(text: str) -> Optional[Tuple[int, str]]:
    """The first line on the outermost level that waits for longer than anybody would."""
    return _find_unconditional(text, _waits)


def _waits(line: str, number: int, below: _Below) -> bool:
    if _FOREVER.match(line):
        # Up to the end of the text: an exit after the loop is taken for one in it, which errs on the safe side. So is a loop that runs beside the shell.
        return not any(fits(line) or below.first(number, fits) for fits in (_runs_beside, _leaves))
    return bool(re.match(r"\s*(/bin/|/usr/bin/)?sleep\s+(\d{3,}s?|\d{2,}m|\d+[hd]|inf\w*)\s*(;|$|&&)", line))


def _runs_beside(line: str) -> bool:
    return bool(_BESIDE.search(line))


def _leaves(line: str) -> bool:
    return bool(_LEAVING.search(line))


def _find_unconditional(text: str, wanted: Callable[[str, int, _Below], bool]) -> Optional[Tuple[int, str]]:
    below = _Below(text_lines(text))
    for number, line in _outermost(text):
        if wanted(line, number, below):
            return number, line.strip()
    return None


def _outermost(text: str) -> Iterator[Tuple[int, str]]:
    """Lines that no test, loop or function is around, with their numbers, up to where a shell that is not interactive returns."""
    depth = 0
    document = ""
    interactive = re.search(r"\$-|PS1", text)
    for number, line in enumerate(text_lines(text), 1):
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
        if returns and (interactive or (depth == 0 and not _OPENING.match(stripped))):
            # What follows is for interactive shells.
            return
        if depth == 0:
            yield number, stripped
        opens = bool(_OPENING.match(stripped))
        closes = bool(_CLOSING.match(stripped)) or bool(re.search(r";\s*(fi|esac|done|\})\s*;?$", stripped))
        depth = max(0, depth + opens - closes)
