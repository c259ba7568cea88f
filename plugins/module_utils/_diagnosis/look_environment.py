# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what the environment of a session begins with, as far as it can keep a shell from starting.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import re
from typing import Iterator, List, Tuple

from .._system.nodes import read_quietly
from .._system.rights import acting_as
from .._text import text_lines
from .facts import Facts

_NAME = "LD_LIBRARY_PATH"
_SETTING = re.compile(r"\s*(?:export\s+)?%s=[\"']?([^\"'\s]+)" % _NAME)
_MOST_ENTRIES = 10000
# What shells are linked to, and where the system has it.
_OF_SHELLS = re.compile(
    r"(ld-linux[\w-]*|lib(c|m|dl|rt|pthread|util|crypt|cap|gdbm|tinfow?|ncursesw?|readline|history|pcre2?(-8)?|stdc\+\+|gcc_s))\.so(\.\d+)*\Z"
)
_OF_THE_SYSTEM = re.compile(r"(/usr)?/lib(32|64)?(/[\w.-]+-linux-gnu\w*)?\Z")


def find_library_paths(facts: Facts) -> Tuple[Tuple[str, str], ...]:
    """Place and value of each that names a folder with libraries that shells need."""
    account = facts.account
    texts = [(path, read_quietly(path)) for path in _files_of_pam(facts)]
    own = account.home.rstrip("/") + "/.ssh/environment"
    with acting_as(facts.request.user, account.uid, account.gid):
        if facts.setting("permituserenvironment", "no") != "no":
            texts.append((own, read_quietly(own)))
        return tuple((place, value) for place, value in _settings(facts, texts) if any(_has_libraries(folder) for folder in value.split(":")))


def _settings(facts: Facts, texts: List[Tuple[str, str]]) -> Iterator[Tuple[str, str]]:
    for word in facts.words("setenv"):
        if word.startswith(_NAME + "="):
            yield "SetEnv of sshd", word.partition("=")[2].strip('"')
    for path, text in texts:
        for number, line in enumerate(text_lines(text), 1):
            match = _SETTING.match(line)
            if match:
                yield "%s:%d" % (path, number), match.group(1)


def _files_of_pam(facts: Facts) -> List[str]:
    found = []
    for entry in facts.pam.entries if facts.uses_pam else ():
        if entry.module == "pam_env" and entry.kind in ("session", "auth"):
            named = [word.partition("=")[2] for word in entry.arguments if word.startswith("envfile=")]
            found += named or ["/etc/environment"]
    return list(dict.fromkeys(found))


def _has_libraries(folder: str) -> bool:
    """Whether the loader would find something there that a shell needs."""
    if not folder.startswith("/") or _OF_THE_SYSTEM.match(os.path.realpath(folder)):
        return False
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return any(_OF_SHELLS.match(entry.name) for _number, entry in zip(range(_MOST_ENTRIES), entries))
    return False
