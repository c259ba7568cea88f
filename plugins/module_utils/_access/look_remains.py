# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left on a host of users who lose their access: named in any case, and removed where that is asked for.

A crontab or a sudoers line serves the next account of that name, a file the next account of that number.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import stat
import time
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._openssh.authorized_keys import Revoked
from .._openssh.private_files import public_half
from .._system.accounts import Account
from .._system.files import READABLE_DIRECTORY, closing
from .._system.nodes import READ, read_quietly
from .._system.processes import find_processes, find_strays
from .._system.rights import acting_as
from .._system.server import is_roots
from .._system.sudoers import Rule, bare_word
from .._text import text_lines
from .homes import UnsafePath, as_account_or_root, open_home
from .remains import AT_JOB, CRON_LINE, CRONTAB, FILES, LINGER, PRIVATE_KEY, PROCESSES, SUDO, UNIT, UNSEARCHED, Remain

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
_MOST_KEY = 65536


class Gone(NamedTuple):
    """A user who has lost the access. C(uid) is None for one who was not there any more."""

    name: str
    uid: Optional[int]
    home: str
    removed: bool = True
    """Whether the account goes: its number is then free for the next one. One that is locked keeps its number, and so its files."""
    groups: Tuple[str, ...] = ()
    """Groups that the user is still in, as C(%name) and C(%#number)."""


def find_remains(users: Sequence[Gone], rules: Sequence[Rule]) -> List[Remain]:
    """What is left of these users."""
    found: List[Remain] = []
    for user in users:
        names = _names(user)
        found += [
            Remain(SUDO, user.name, rule.path, rule.number, rule.text, not rule.alias and len(rule.who) == 1 and is_roots(rule.path))
            for rule in rules
            if _words(rule) & names
        ]
        found += [Remain(CRONTAB, user.name, path) for path in _present(_CRONTABS, user.name)]
        found += [Remain(CRON_LINE, user.name, path, number, sole=is_roots(path)) for path, number in _cron_lines(user.name)]
        found += [Remain(AT_JOB, user.name, path) for path in _at_jobs(user.uid)]
        found += [Remain(LINGER, user.name, path) for path in _present((_LINGER,), user.name)]
        found += [Remain(UNIT, user.name, path) for path in _units(user)]
    return found + _files([user for user in users if user.removed])


def find_processes_and_keys(account: Account, others: Sequence[str], revoked: Revoked) -> List[Remain]:
    """Processes of an account, unless other accounts have its number, and private keys in its home whose public halves are revoked."""
    running = set() if others or account.uid == 0 else {*find_processes(account.uid), *find_strays(account.uid)}
    found = [Remain(PROCESSES, account.name, number=len(running))] if running else []
    return found + [Remain(PRIVATE_KEY, account.name, path, text=print_) for path, print_ in _private_keys(account, revoked)]


def _private_keys(account: Account, revoked: Revoked) -> Iterator[Tuple[str, str]]:
    path = account.home.rstrip("/") + "/.ssh"
    try:
        with closing(open_home(account.home)) as home:
            folder = as_account_or_root(account, os.open, ".ssh", READABLE_DIRECTORY, dir_fd=home)
        with closing(folder):
            for name in sorted(os.listdir(folder))[:_MOST_UNITS]:
                key = public_half(_read_small(account, folder, name))
                if key is not None and revoked.covers(key):
                    yield "%s/%s" % (path, name), key.fingerprint_sha256
    except (OSError, UnsafePath):
        return


def _read_small(account: Account, folder: int, name: str) -> bytes:
    """What the account itself can read there; a link is not followed."""
    with acting_as(account.name, account.uid, account.gid), contextlib.suppress(OSError):
        with closing(os.open(name, READ | os.O_NOFOLLOW, dir_fd=folder)) as descriptor:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return os.read(descriptor, _MOST_KEY)
    return b""


def _words(rule: Rule) -> Set[str]:
    return {bare_word(word.lstrip("! \t")).lower() for word in rule.who}


def _names(user: Gone) -> Set[str]:
    """As sudoers may name the user."""
    return {user.name.lower(), *(group.lower() for group in user.groups)} | ({"#%d" % user.uid} if user.uid is not None else set())


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


def _files(users: Sequence[Gone]) -> List[Remain]:
    """Files of accounts outside of their homes, as far as they can be found in time."""
    owners = {user.uid: user.name for user in users if user.uid is not None}
    search = _Search(set(owners), {user.home.rstrip("/") for user in users})
    for top in _FILES if owners else ():
        search.look_below(top, top)
    found = [
        Remain(FILES, owners[uid], number=len(paths), text="(uid %d), such as %s" % (uid, ", ".join(paths[:_SHOWN])))
        for uid, paths in sorted(search.found.items())
    ]
    if not search.complete:
        found.append(Remain(UNSEARCHED, ", ".join(owners.values())))
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
