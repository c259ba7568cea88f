# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts, what sshd applies to each, and the keys that it reads for them: fingerprint, type, size, options and place.

Never a password hash, a name of a person or the bytes of a key. Sent as text, behind the text of what it imports from here, and
run as root: Python 2.7 and 3, standard library. Every judgement is the controller's.
Note that this module util is **PRIVATE** to the collection.
"""

import errno
import glob
import grp
import os
import pwd
import re
import stat
import sys
import time

from ..._system.server import Server, find_server, read_settings, slurp  # noqa: F401 pylint: disable=unused-import
from .frames import directory_names, read_key, remote, show, text

SETTINGS = re.compile("allow(users|groups)|deny|permit(root|empty)|usepam|pubkey|password|kbd|challenge|auth|.*rsa.*size|revoked|trusted|strict")
SECONDS = 25  # for questions to sshd


def list_accounts():
    # type: () -> tuple[list[tuple[int, str]], list[int]]
    """(number of the line, the line of /etc/passwd without password and GECOS) and the numbers of lines that are none.

    Behind them the owners of homes and the members of groups whom only a directory knows; their number is 0.
    """
    found, damage = [], []  # type: list[tuple[int, str]], list[int]
    for number, line in enumerate(text(slurp("/etc/passwd", 1 << 22)).split("\n"), 1):
        fields = line.split(":", 6)
        if re.match(r"\s*[^:\s]+:[^:]*:\d+:\d+(:|$)", line) and not line.startswith(("#", "+", "-")):
            rest = fields[2:4] + [""] + (fields[5:] + ["", ""])[:2]
            found.append((number, ":".join([fields[0].strip(), "x"] + rest)))
        elif line.strip() and line.lstrip()[0] not in "#+-":
            damage.append(number)
    known = set(line.split(":")[0] for _number, line in found)
    for name in directory_names(known):
        try:
            entry = pwd.getpwnam(name)
            found.append((0, "%s:x:%d:%d::%s:%s" % ((name,) + entry[2:4] + entry[5:7])))
        except KeyError:
            pass
    return found, damage


def read_shadow():
    # type: () -> dict[str, str]
    """Lines of /etc/shadow by name; in the place of a hash stands that there is one."""
    found = {}  # type: dict[str, str]
    for line in text(slurp("/etc/shadow", 1 << 22)).split("\n"):
        fields = line.split(":")
        if len(fields) >= 8:
            secret = fields[1].lstrip("!")
            fields[1] = "!" * (secret != fields[1]) + ("$x$x" if len(secret) > 12 else "*" * bool(secret))
            found.setdefault(fields[0], ":".join(fields[:8] + [""]))
    return found


def find_matches(path, depth=0):
    # type: (str, int) -> list[str]
    """What the Match lines of a configuration ask, and of what it includes. Where there are none, all users are alike to sshd."""
    content = text(slurp(path))
    found = re.findall(r"(?im)^[\s\"']*match\b(.*)", content)
    for line in re.findall(r"(?im)^[\s\"']*include\b(.*)", content) if depth < 5 else []:
        for word in re.findall(r"[^\s\"'=]+", line):
            for name in sorted(glob.glob(os.path.join("/etc/ssh", word))):
                found += find_matches(name, depth + 1)
    return found


def expand(pattern, user):
    # type: (str, pwd.struct_passwd) -> str
    tokens = {"%h": user.pw_dir, "%u": user.pw_name, "%U": str(user.pw_uid), "%%": "%"}
    return os.path.join(user.pw_dir, re.sub("%[huU%]", lambda found: tokens[found.group()], pattern))


def read_as(user, path):
    # type: (pwd.struct_passwd, str) -> tuple[str, bytes]
    """(what came of it, the content) when the account reads a file, as sshd does with its rights."""
    try:
        os.initgroups(user.pw_name, user.pw_gid)
        os.setegid(user.pw_gid)
        os.seteuid(user.pw_uid)
        return read(path, 0)
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups([])


def read(path, flags):
    # type: (str, int) -> tuple[str, bytes]
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | flags), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return "not_regular", b""
            content = stream.read((1 << 20) + 1)
            return ("ok", content) if len(content) <= 1 << 20 else ("too_large", b"")
    except EnvironmentError as exc:  # noqa: UP024
        return {errno.ENOENT: "missing", errno.ENOTDIR: "missing", errno.EACCES: "denied"}.get(exc.errno or 0, "error"), b""


def open_to_others(user, path):
    # type: (pwd.struct_passwd, str) -> list[list]
    """What StrictModes objects to: [path, uid, gid, mode] of the file and the directories above it, up to the home."""
    found, current, home = [], os.path.realpath(path), os.path.realpath(user.pw_dir)
    while True:
        info = os.stat(current)
        if info.st_uid not in (0, user.pw_uid) or info.st_mode & 0o022:
            found.append([current, info.st_uid, info.st_gid, info.st_mode & 0o7777])
        above = os.path.dirname(current)
        if current in (home, above):
            return found[:99]  # a link of the account's may lead as deep as it likes
        current = above


class Look:
    """What is found, as records."""

    def __init__(self):
        # type: () -> None
        self.records = []  # type: list[list]
        self.keys = []  # type: list[list]
        self.settings = []  # type: list[dict]
        self.contents = {}  # type: dict[tuple[str, bytes], int]
        self.late = time.time() + SECONDS

    def add(self, *record):
        # type: (*object) -> None
        self.records.append(list(record))

    def file(self, user, path):
        # type: (pwd.struct_passwd, str) -> None
        state, content, objections = "remote", b"", []  # type: str, bytes, list[list]
        if not remote(path):
            state, content = read_as(user, path)
            seen = state
            if state == "denied" and os.path.realpath(path) == path:
                seen, content = read(path, os.O_NOFOLLOW)
            if seen == "missing":
                return
            if state != "error":
                objections = open_to_others(user, path)
        # What several accounts share is listed once.
        new = (path, content) not in self.contents
        number = self.contents.setdefault((path, content), len(self.contents))
        self.add("file", number, path, user.pw_name, state, objections)
        found = [["key", number, place] + key for place, key in enumerate(map(read_key, content.split(b"\n") * new), 1) if key]
        # Of all files 10000; one of them must not leave the others no room.
        room = min(2000, 10000 - len(self.keys))
        self.keys += found[:room]
        if found[room:]:
            self.add("unread", path, "%d keys are listed" % room)

    def account(self, server, line, alike):
        # type: (Server | None, str, bool) -> int
        """The number of its settings, -1 where there are none."""
        name = line.split(":")[0]
        try:
            user = pwd.getpwnam(name)
            if server is None or time.time() > self.late or re.search(r"[,\s]", name):  # sshd splits its question at commas
                return -1
            # Where no Match line is, anybody's settings are everybody's.
            settings = self.settings[0] if alike and self.settings else read_settings(server, "root" if alike else name, SETTINGS)
            if settings not in self.settings:
                self.settings.append(settings)
            for pattern in settings.get("authorizedkeysfile", []):
                if pattern.lower() != "none":
                    self.file(user, expand(pattern, user))
            return self.settings.index(settings)
        except Exception as exc:  # noqa: BLE001
            self.add("unread", name, str(exc)[:200])
        return -1


def collect():
    # type: () -> list[list]
    """The records of this chapter, the same for the same host."""
    look = Look()
    server, matches = None, []  # type: Server | None, list[str]
    try:
        server = find_server()
        matches = find_matches(server.config)
    except Exception as exc:  # noqa: BLE001
        look.add("unread", "sshd", str(exc)[:200])
    rows, damage = list_accounts()
    shadow, groups = read_shadow(), grp.getgrall()
    for number, line in rows[:5000]:
        name, _x, _uid, gid, _gecos, _home, shell = line.split(":", 6)
        own = sorted(set(group.gr_name for group in groups if name in group.gr_mem or str(group.gr_gid) == gid))
        index = look.account(server, line, not matches)
        look.add("account", number, line, shadow.get(name, ""), own, index, os.access(shell or "/bin/sh", os.X_OK))
    settings = [["settings", number, found] for number, found in enumerate(look.settings)]
    words = sorted(set(re.findall("[a-z]+", " ".join(matches).lower())))[:200]
    # The first lines of all files come first: only so much arrives, and an account can fill its own file with the longest lines.
    look.keys.sort(key=lambda key: key[2])
    return [["found", {"match": words, "damage": damage[:100]}]] + settings + look.records + look.keys


def main(request):
    # type: (dict) -> None
    show(collect(), request, sys.argv[2])
