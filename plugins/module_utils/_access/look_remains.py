# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left on a host of users who have lost their access: not ours to remove, but it has to be known.

A crontab or a sudoers line serves the next account of that name, a file the next account of that number.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import stat
import time
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._system.files import READABLE_DIRECTORY, closing
from .._system.nodes import read_quietly
from .._system.sudoers import Rule
from .._text import text_lines

_CRONTABS = ("/var/spool/cron/crontabs", "/var/spool/cron", "/var/spool/cron/tabs")
_CRON_FILES = ("/etc/crontab", "/etc/anacrontab")
_CRON_FOLDER = "/etc/cron.d"
_AT_JOBS = ("/var/spool/cron/atjobs", "/var/spool/at", "/var/spool/atjobs")
_LINGER = "/var/lib/systemd/linger"
_UNITS = ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system")
# Where accounts can write, or are given places; homes are the business of userdel.
_FILES = ("/tmp", "/var/tmp", "/dev/shm", "/var/mail", "/var/spool/mail", "/run/user", "/home", "/srv", "/opt", "/usr/local", "/var/www", "/etc", "/var/lib")
_MOST_FILES = 50000
_SECONDS = 5
_MOST_UNITS = 5000
_DEEPEST = 20
_SHOWN = 3


class Gone(NamedTuple):
    """A user who has lost the access. C(uid) is None for one who was not there any more."""

    name: str
    uid: Optional[int]
    home: str
    removed: bool = True
    """Whether the account goes: its number is then free for the next one. One that is locked keeps its number, and so its files."""


def find_remains(users: Sequence[Gone], rules: Sequence[Rule]) -> List[str]:
    """What is left of these users, one sentence each."""
    found: List[str] = []
    for user in users:
        found += ["%s:%d names user %s: %s" % (rule.path, rule.number, user.name, rule.text) for rule in rules if _names(rule, user)]
        found += ["user %s still has the crontab %s" % (user.name, path) for path in _present(_CRONTABS, user.name)]
        found += ["%s:%d runs a command as user %s" % (path, number, user.name) for path, number in _cron_lines(user.name)]
        found += ["user %s still has the at job %s" % (user.name, path) for path in _at_jobs(user.uid)]
        found += ["services of user %s start at boot (loginctl disable-linger %s)" % (user.name, user.name) for _path in _present((_LINGER,), user.name)]
        found += ["%s runs as user %s" % (path, user.name) for path in _units(user)]
    return found + _files([user for user in users if user.removed])


def _names(rule: Rule, user: Gone) -> bool:
    words = {word.lstrip("! \t").strip('"').lower() for word in rule.who}
    return user.name.lower() in words or (user.uid is not None and "#%d" % user.uid in words)


def _present(folders: Sequence[str], name: str) -> List[str]:
    return [path for path in (os.path.join(folder, name) for folder in folders) if os.path.lexists(path) and not os.path.isdir(path)]


def _entries(folder: str) -> List[str]:
    try:
        return sorted(os.path.join(folder, name) for name in os.listdir(folder))
    except OSError:
        return []


def _cron_lines(name: str) -> Iterator[Tuple[str, int]]:
    for path in list(_CRON_FILES) + _entries(_CRON_FOLDER):
        for number, line in enumerate(text_lines(read_quietly(path)), 1):
            fields = line.split(None, 6)
            place = 1 if line.lstrip().startswith("@") else 5
            if len(fields) > place + 1 and not line.lstrip().startswith("#") and fields[place] == name:
                yield path, number


def _at_jobs(uid: Optional[int]) -> List[str]:
    found = []
    for path in [path for folder in _AT_JOBS for path in _entries(folder)] if uid is not None else []:
        try:
            status = os.lstat(path)
        except OSError:
            continue
        if status.st_uid == uid and stat.S_ISREG(status.st_mode):
            found.append(path)
    return found


def _units(user: Gone) -> List[str]:
    wanted = {"User=%s" % name for name in (user.name, user.uid)}
    paths = [path for folder in _UNITS for path in _entries(folder)]
    paths += [path for folder in paths if folder.endswith(".d") for path in _entries(folder)]
    found = []
    for path in paths[:_MOST_UNITS]:
        if path.endswith((".service", ".conf")):
            lines = ["".join(line.split()) for line in text_lines(read_quietly(path)) if "User" in line]
            found += [path] if wanted.intersection(lines) else []
    return found


def _files(users: Sequence[Gone]) -> List[str]:
    """Files of accounts outside of their homes, as far as they can be found in time."""
    owners = {user.uid: user.name for user in users if user.uid is not None}
    search = _Search(set(owners), {user.home.rstrip("/") for user in users})
    for top in _FILES if owners else ():
        search.look_below(top, top)
    found = [
        "%d files still belong to user %s (uid %d), such as %s" % (len(paths), owners[uid], uid, ", ".join(paths[:_SHOWN]))
        for uid, paths in sorted(search.found.items())
    ]
    if not search.complete:
        found.append("not all folders could be searched for files of %s; find -uid finds the rest" % ", ".join(owners.values()))
    return found


class _Search:
    """Walks folders by descriptor, so that one that is exchanged for a link or a pipe meanwhile leads nowhere."""

    def __init__(self, uids: Set[int], homes: Set[str]) -> None:
        self._uids = uids
        self._homes = homes
        self._left = _MOST_FILES
        self._deadline = time.monotonic() + _SECONDS
        self.found: Dict[int, List[str]] = {}
        self.complete = True

    def look_below(self, where: str, name: str, parent: Optional[int] = None, depth: int = 0) -> None:
        """Note what the accounts own in a folder."""
        try:
            descriptor = os.open(name, READABLE_DIRECTORY, dir_fd=parent)
        except OSError:
            return
        with closing(descriptor), os.scandir("/proc/self/fd/%d" % descriptor) as entries:
            for entry in entries:
                self._left -= 1
                if self._left < 0 or time.monotonic() > self._deadline:
                    self.complete = False
                    return
                path = os.path.join(where, entry.name)
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if path in self._homes:
                        continue
                    if status.st_uid in self._uids:
                        self.found.setdefault(status.st_uid, []).append(path)
                    if stat.S_ISDIR(status.st_mode) and depth < _DEEPEST:
                        self.look_below(path, entry.name, descriptor, depth + 1)
                    elif stat.S_ISDIR(status.st_mode):
                        self.complete = False
