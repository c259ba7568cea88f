# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When keys were last used, by sshd's log, private keys that lie on the host, and the key that its metadata service has.

Sent as text, behind the text of what it imports from here, and run as root: Python 2.7 and 3, standard library. Every judgement is
the controller's.
Note that this module util is **PRIVATE** to the collection.
"""

import base64
import calendar
import glob
import os
import pwd
import re
import socket
import stat
import struct
import sys
import time

from ..._system.server import KILLED, run, slurp
from .frames import directory_names, fingerprint, read_key, remote, show, text

CPU_SECONDS = 10
METADATA, TOKEN = ("100.100.100.200", 80), "X-aliyun-ecs-metadata-token"
MOST_FILE, MOST_LOG, MOST_USED, MOST_NAMES = 65536, 16 << 20, 5000, 1000
MOST_PRIVATE = 200  # of an account, which can make up any number of them
LOGS = ("/var/log/auth.log", "/var/log/auth.log.1", "/var/log/secure", "/var/log/secure-*", "/var/log/secure.1")
JOURNAL = ("journalctl", "-q", "--no-pager", "-o", "short-iso")
# Only what root's processes wrote: anybody can write as sshd. A certificate's line names its authority last.
SSHD = ("_UID=0", "SYSLOG_IDENTIFIER=sshd", "SYSLOG_IDENTIFIER=sshd-session")
# In files any account can write such lines, so that the words have limits.
# From the beginning of the line: further on stands what a client may have given for a user name, without any login.
ACCEPTED = re.compile(r"(?:\w+ +\d+ )?\S+ \S+ sshd(?:-session)?\[\d+\]: Accepted (\S{1,60}) for (\S{1,256}) from \S+ port \d+ ssh2(?:: (.*))?")
ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[.0-9]*(?:Z|([+-])(\d\d):?(\d\d))? ")
BEGIN = re.compile(b"-----BEGIN (OPENSSH |RSA |DSA |EC |ENCRYPTED )?PRIVATE KEY-----([^-]*)")


def when(line):
    # type: (str) -> float
    """The time that a line of a log begins with, 0 where it begins with none."""
    found = ISO.match(line)
    try:
        if found:
            day, sign, hours, minutes = found.groups()
            ahead = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
            return calendar.timegm(time.strptime(day, "%Y-%m-%dT%H:%M:%S")) - ahead
        for year in (time.localtime().tm_year, time.localtime().tm_year - 1):
            at = time.mktime(time.strptime("%d %s" % (year, line[:15]), "%Y %b %d %H:%M:%S"))
            if at < time.time() + 86400:
                return at
    except (ValueError, OverflowError):
        pass
    return 0


def iso(at):
    # type: (float) -> str
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def read_log(lines, used):
    # type: (list[str], dict[tuple[str, str, str], float]) -> None
    """Keep the latest login of each account by each key."""
    for line in lines:
        found = ACCEPTED.match(line) if " Accepted " in line else None
        if found:
            method, account, rest = found.groups()
            for name in re.findall(r"SHA256:[A-Za-z0-9+/]{43}", rest or "") or [""]:
                key = (account, method, name)
                if key in used or len(used) < MOST_USED:
                    used[key] = max(used.get(key, 0), when(line))


def read_journal(used):
    # type: (dict[tuple[str, str, str], float]) -> float
    """How far back the journal reaches; 0 where there is none."""
    ended = run(JOURNAL + ("-r",) + SSHD, seconds=15, most=MOST_LOG)
    lines = ended.out.split("\n")
    read_log(lines, used)
    if ended.code == KILLED:
        # What was not read is older than the last whole line.
        return when(lines[-2]) if len(lines) > 2 else 0
    first = run(JOURNAL, seconds=10, most=2000).out.split("\n")
    return min([at for at in map(when, first[:5]) if at] or [0])


def read_file(path, used):
    # type: (str, dict[tuple[str, str, str], float]) -> float
    """The same of a file, the end of it if it is long."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as stream:
        info = os.fstat(stream.fileno())
        if not stat.S_ISREG(info.st_mode):
            return 0
        stream.seek(max(0, info.st_size - MOST_LOG))
        lines = text(stream.read(MOST_LOG)).split("\n")[1 if info.st_size > MOST_LOG else 0 :]
    read_log(lines, used)
    return min([at for at in map(when, lines[:5]) if at] or [0])


def read_private(content):
    # type: (bytes) -> tuple[str, str] | None
    """(fingerprint or nothing, whether it is encrypted) of a private key; None for anything else."""
    if content.startswith(b"PuTTY-User-Key-File"):
        return "", "no" if b"Encryption: none" in content else "yes"
    found = BEGIN.search(content)
    if not found:
        return None
    if found.group(1) == b"OPENSSH ":
        try:
            blob, at, parts = base64.b64decode(b"".join(found.group(2).split())), 15, []
            for _part in range(3):
                (size,) = struct.unpack(">I", blob[at : at + 4])
                parts.append(blob[at + 4 : at + 4 + size])
                at += 4 + size
            (size,) = struct.unpack(">I", blob[at + 4 : at + 8])
            return fingerprint(blob[at + 8 : at + 8 + size]), "no" if parts[0] == b"none" else "yes"
        except Exception:  # noqa: BLE001
            return "", "unknown"
    if found.group(1) == b"ENCRYPTED " or b"4,ENCRYPTED" in content:
        return "", "yes"
    key = read_key(run(("ssh-keygen", "-y", "-P", "", "-f", "/dev/stdin"), content, seconds=5).out.encode("utf-8"))
    return (key[2], "no") if key else ("", "unknown")


class Search:
    """Looks for private keys, by descriptors: no link is followed, and no file system but that of the folder is entered."""

    def __init__(self):
        # type: () -> None
        self.found = {}  # type: dict[str, list]
        self.unread = []  # type: list[list]
        self.room = 0
        self.late = sum(os.times()[:4]) + CPU_SECONDS
        config = text(slurp("/etc/ssh/sshd_config"))
        self.host_keys = set(re.findall(r"(?im)^\s*hostkey[\s=]+\"?([^\s\"]+)", config))

    def start(self, parent, name, account, depth):
        # type: (str, str, str, int) -> None
        """The folder I(name) of I(parent), and so many folders below it."""
        path, self.room = os.path.join(parent, name), MOST_PRIVATE
        kind = remote(path)
        if kind:
            self.unread.append(["unread", path, "it is on a network file system (%s)" % kind])
            return
        try:
            os.chdir(parent)
            if name in os.listdir("."):
                self.enter(name, path, account, depth, os.lstat(name).st_dev)
        except EnvironmentError as exc:  # noqa: UP024
            if os.path.isdir(parent):
                self.unread.append(["unread", path, str(exc.strerror)])
        finally:
            os.chdir("/")

    def enter(self, name, path, account, depth, device):
        # type: (str, str, str, int, int) -> None
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            os.fchdir(fd)
            names = sorted(os.listdir("."))
            if len(names) > MOST_NAMES:
                self.unread.append(["unread", path, "it has more than %d names" % MOST_NAMES])
            for entry in names[:MOST_NAMES]:
                if sum(os.times()[:4]) > self.late:
                    self.unread.append(["unread", path, "the search for private keys took too long"])
                    return
                inner, info = os.path.join(path, entry), os.lstat(entry)
                if stat.S_ISDIR(info.st_mode) and depth and info.st_dev == device:
                    self.enter(entry, inner, account, depth - 1, device)
                    os.fchdir(fd)
                elif stat.S_ISREG(info.st_mode) and 0 < info.st_size < MOST_FILE and inner not in self.host_keys:
                    self.judge(entry, inner, account)
        finally:
            os.close(fd)

    def judge(self, name, path, account):
        # type: (str, str, str) -> None
        if path.startswith("/etc/ssh/ssh_host_"):
            return
        try:
            with os.fdopen(os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as stream:
                content = stream.read(MOST_FILE) if stat.S_ISREG(os.fstat(stream.fileno()).st_mode) else b""
            key = read_private(content) if self.room else None
            if key:
                self.found[path] = ["private", path, account, key[0], key[1]]
                self.room -= 1
                if not self.room:
                    self.unread.append(["unread", os.path.dirname(path), "of its private keys, only the first %d are listed" % MOST_PRIVATE])
        except EnvironmentError as exc:  # noqa: UP024
            self.unread.append(["unread", path, str(exc.strerror)])


def ask_metadata(request, header):
    # type: (str, str) -> bytes
    """The body of an answer; empty for one that is not a success."""
    connection = socket.create_connection(METADATA, 1.5)
    try:
        connection.sendall(("%s HTTP/1.0\r\nHost: %s\r\n%sContent-Length: 0\r\n\r\n" % (request, METADATA[0], header)).encode("ascii"))
        answer, late = b"", time.time() + 3
        while len(answer) < 65536 and time.time() < late:
            part = connection.recv(4096)
            if not part:
                break
            answer += part
    finally:
        connection.close()
    head, _blank, body = answer.partition(b"\r\n\r\n")
    return body if head.split(b" ", 2)[1:2] == [b"200"] else b""


def read_bound(records):
    # type: (list[list]) -> None
    """The key of the pair that is bound to this instance in the cloud, by its metadata service."""
    try:
        token = text(ask_metadata("PUT /latest/api/token", TOKEN + "-ttl-seconds: 60\r\n")).strip()
        header = "%s: %s\r\n" % (TOKEN, token) if re.match(r"[!-~]+\Z", token) else ""
        for line in ask_metadata("GET /latest/meta-data/public-keys/0/openssh-key", header).split(b"\n"):
            key = read_key(line)
            if key:
                records.append(["bound", key[1], key[2], key[3], key[5]])
    except (EnvironmentError, socket.error):  # noqa: UP024
        pass


def collect():
    # type: () -> list[list]
    """The records of this chapter, the same for the same host."""
    os.nice(19)
    run(("ionice", "-c3", "-p", str(os.getpid())), seconds=5)
    sources = re.findall(r"(?m)^passwd:(.*)", text(slurp("/etc/nsswitch.conf"))) or ["files"]
    minimum = re.findall(r"(?m)^\s*UID_MIN\s+(\d+)", text(slurp("/etc/login.defs"))) or ["1000"]
    debian = os.path.exists("/etc/debian_version")
    used = {}  # type: dict[tuple[str, str, str], float]
    records = [["host", {"sources": sources[0].split(), "uid_min": int(minimum[0]), "debian": debian}]]  # type: list[list]
    read_bound(records)
    search = Search()
    search.start("/etc", "ssh", "", 2)
    search.start("/", "root", "root", 2)
    local = [line.split(":")[0] for line in text(slurp("/etc/passwd", 1 << 22)).split("\n") if re.match("[^#+:-][^:]*:", line)]
    for name in sorted(set(local)) + directory_names(set(local)):
        try:
            home = pwd.getpwnam(name).pw_dir
        except KeyError:
            continue
        if home.startswith("/") and os.path.normpath(home) not in ("/", "/root"):
            search.start(os.path.normpath(home), ".ssh", name, 1)
    at = read_journal(used)
    records.append(["log", "journal", iso(at) if at else ""])
    for path in sorted(set(path for pattern in LOGS for path in glob.glob(pattern) if not path.endswith("z"))):
        try:
            at = read_file(path, used)
            records.append(["log", path, iso(at) if at else ""])
        except EnvironmentError as exc:  # noqa: UP024
            search.unread.append(["unread", path, str(exc.strerror)])
    records += [["used", key[0], key[1], key[2], iso(at)] for key, at in sorted(used.items()) if at]
    return records + [search.found[path] for path in sorted(search.found)] + search.unread[:1000]


def main(request):
    # type: (dict) -> None
    show(collect(), request, sys.argv[2])
