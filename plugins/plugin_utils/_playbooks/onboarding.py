# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is brought onto a host, and who has logged in to it and become root.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import text_lines

from .._output.similar import did_you_mean

# The oldest minor version of Python 3 that runs modules, by line of ansible-core.
_OLDEST_PYTHON = {"2.16": 6, "2.17": 7, "2.18": 8, "2.19": 8}
_NEWEST_OLDEST = 9
_MOST, _LONGEST, _LONGEST_DIFF = 500, 500, 65536
_MOST_COMPARED = 8 * _LONGEST_DIFF
"""Characters of all diffs of a result: 64 KiB of short lines in another order take seconds."""
_DENIED = re.compile(r"Permission denied \([^()]*\)\.?$")
# Ansible takes the path for a template and for words of a command.
_PROGRAM = re.compile(r"/[A-Za-z0-9_./+-]{1,255}\Z")


class Attempted(Protocol):
    """What came of one login. I(problem) is what ssh reported, I(remark) what is known of the key."""

    @property
    def works(self) -> bool: ...
    @property
    def becomes_root(self) -> bool: ...
    @property
    def problem(self) -> str: ...
    @property
    def remark(self) -> str: ...


_PYTHON_SCRIPT = """\
minor=%d
find_python() {
  for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9 python3.8 /usr/libexec/platform-python python3.6; do
    path=$(command -v "$name" 2>/dev/null) || continue
    "$path" -c "import sys; sys.exit(sys.version_info < (3, $minor))" 2>/dev/null && { echo "$path"; return 0; }
  done
  return 1
}
find_python && exit 0
if %s; then echo would-install; exit 1; fi
if command -v apt-get >/dev/null; then
  DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND
  { apt-get update && apt-get install -y --no-install-recommends python3; } >&2
elif command -v dnf >/dev/null; then
  dnf install -y python3.11 >&2 || dnf install -y python39 >&2
elif command -v yum >/dev/null; then
  yum install -y python3 >&2
elif command -v zypper >/dev/null; then
  zypper --non-interactive install python311 >&2
fi
echo installed
find_python
"""


def is_settled(look: Mapping[str, Any]) -> bool:
    """Whether the look at sshd has found nothing that its module would change, refuse or warn of."""
    return not (look.get("changed") or look.get("failed") or look.get("warnings"))


def oldest_python(core: str) -> int:
    """The minor version of Python 3 that this ansible-core needs on a host."""
    return _OLDEST_PYTHON.get(".".join(core.split(".")[:2]), _NEWEST_OLDEST)


def python_script(minor: int, check_mode: bool) -> str:
    """Shell that finds a Python for the modules, or installs one with the host's own package manager; its last line is the path."""
    return _PYTHON_SCRIPT % (minor, "true" if check_mode else "false")


class Python(NamedTuple):
    """What that script answered. C(path) is empty where it has found none."""

    path: str
    installed: bool
    would_install: bool


def read_python(answer: str) -> Python:
    """Of a host that may answer anything: what is not plainly the path of a program is none."""
    lines = [line.strip() for line in text_lines(answer) if line.strip()]
    path = lines[-1] if lines and _PROGRAM.match(lines[-1]) else ""
    return Python(path, "installed" in lines, "would-install" in lines)


def no_python(minor: int, core: str, would_install: bool) -> str:
    """The sentence for a host on which none can be had."""
    if would_install:
        return f"check mode cannot go on here: Python 3.{minor} or newer would be installed first"
    return (
        f"ansible-core {core} needs Python 3.{minor} or newer on this host, which has none and whose package manager did not give one; "
        "install it there, or use an older ansible-core (see the README's table)"
    )


def no_answer(problem: str, host_keys: str, remark: str = "") -> str:
    """Why a host could not be reached over SSH.

    I(host_keys): why Cloud Assistant could not read its host keys, if it could not; I(remark): why the private key may not have been used.
    """
    problem = problem.rstrip(".")
    if "Permission denied" in problem:
        return f"no answer: {problem}. {remark + '. ' if remark else ''}The playbook diagnose finds out why: ansible-playbook alicloud.ecs_access.diagnose"
    if "Host key verification failed" in problem and host_keys:
        return f"no answer: {problem}. Its host keys could not be read through Cloud Assistant: {host_keys}"
    return f"no answer: {problem}"


def action_texts(actions: Any) -> list[str]:
    """What a module did. A host may answer anything: what is not a text is left out, and there is a limit to the rest."""
    entries = actions if isinstance(actions, list) else []
    return [entry[:_LONGEST] for entry in entries[:_MOST] if isinstance(entry, str)]


def diff_texts(diff: Any) -> list[str]:
    """The diffs of a module's result, each as text; what is not one is left out, and there is a limit to the rest."""
    entries = [entry for entry in (diff if isinstance(diff, list) else [diff])[:_MOST] if isinstance(entry, Mapping)]
    found: list[str] = []
    room = _MOST_COMPARED
    for entry in entries:
        texts = {side: str(entry.get(side) or "")[:_LONGEST_DIFF] for side in ("prepared", "before", "after")}
        room -= sum(map(len, texts.values()))
        if room < 0:
            return [*found, "more diffs are not shown"]
        text = texts["prepared"] if "prepared" in entry else _compare(entry, texts["before"], texts["after"])
        found += [text[:_LONGEST_DIFF]] if text else []
    return found


def _compare(entry: Mapping[str, Any], old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    names = (str(entry.get("before_header") or "before"), str(entry.get("after_header") or "after"))
    return "\n".join(line.rstrip("\n") for line in difflib.unified_diff(before, after, *names, lineterm=""))


def logins_outcome(outcome: Mapping[str, Any], users: Iterable[str], logins: Mapping[str, Attempted]) -> dict[str, Any]:
    """The outcome of a host on which every login with a key at hand was tried."""
    failed = {name: login for name, login in logins.items() if not login.works}
    refused = [name for name, login in failed.items() if _DENIED.search(login.problem)]
    reasons = [f"login refused: {', '.join(refused)}"] if refused else []
    reasons += [f"no login as {name}: {login.problem[:_LONGEST]}" for name, login in failed.items() if name not in refused]
    reasons += dict.fromkeys(login.remark for login in failed.values() if login.remark)
    return {
        **outcome,
        "people": len(list(users)),
        "login": [name for name in logins if name not in failed],
        "sudo": [name for name, login in logins.items() if login.becomes_root],
        "failed": bool(failed),
        "why": "; ".join(reasons),
    }


def untested(keys: Iterable[str], may_log_in: Collection[str]) -> Iterator[str]:
    """A sentence about each of I(keys) whose user may log in on no host that was set up."""
    for name in keys:
        if name not in may_log_in:
            yield f"No login was tested as {name}: no host that was set up has such a user who may log in{did_you_mean(name, may_log_in, '.')}"


def unreachable_outcome(outcome: Mapping[str, Any], msg: str, awaits_key: bool) -> dict[str, Any]:
    """The outcome of a host that could not be reached; I(awaits_key): in check mode its key is not live yet."""
    if awaits_key:
        return {**outcome, "failed": False, "why": "check mode: the host cannot be checked before the key pair is live"}
    return {**outcome, "failed": True, "why": msg}
