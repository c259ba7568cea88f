# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds an SSH key to accounts' key files or removes it, and reports what decides whether sshd accepts it.

Sent as text, behind the text of what it imports from here, and run as root: Python 2.7 and 3, standard library. Every
judgement is the controller's.
Note that this module util is **PRIVATE** to the collection.
"""

import fcntl
import hashlib
import json
import os
import pwd
import re
import stat
import sys

from ..._system.server import Server, find_server, read_settings, run, slurp  # noqa: F401 - Server is in comments on types

SETTINGS = re.compile("allow|deny|permitroot|usepam|pubkey|password|auth|.*rsa.*size|revoked|chroot")
# Options, in which quotes may hide blanks, and the text of the key behind its type, in which sshd passes over other blanks.
KEY = re.compile(br'\s*(?!#)((?:(?:\\"|\\(?!")|[^\s"\\]|"(?:\\"|\\(?!")|[^"\\])*")+\s+)??)[^\s"]+[ \t]+((?:[\r\v\f]*A){4}[^ \t\n]+)')  # fmt: skip
lines_of = re.compile(b"[^\n]*\n|[^\n]+").findall


def digest(line):
    # type: (bytes) -> str | None
    """SHA-256 of the text of the key in a line of a key file, which to sshd ends at a NUL; None when it holds none."""
    found = KEY.match(line.split(b"\0")[0])
    return found and hashlib.sha256(found.group(2).translate(None, b"\r\v\f")).hexdigest()


def edit(lines, key, add, drop):
    # type: (list[bytes], bytes, bool, list[str]) -> list[bytes]
    lines = [line for line in lines if digest(line) not in drop]
    if add and digest(key) not in map(digest, lines):
        if lines and not lines[-1].endswith(b"\n"):
            lines[-1] += b"\n"
        lines.append(key + b"\n")
    return lines


def secure(name, fd, user, mode, write, done, is_hidden=False):
    # type: (str, int, pwd.struct_passwd, int, bool, list[str], bool) -> None
    """Set mode and owner of what is the account's or hidden from it; of anything else check what StrictModes demands."""
    info = os.fstat(fd)
    found = stat.S_IMODE(info.st_mode)
    # Debian's sshd tolerates a group of the account's own.
    others = 0o002 if info.st_gid == user.pw_gid != 0 and os.path.exists("/etc/debian_version") else 0o022
    if is_hidden or (mode and info.st_uid == user.pw_uid):
        if is_hidden or found != mode:
            done.append(("owner of " if is_hidden else "mode of ") + name)
            if write:
                os.fchmod(fd, mode)
                os.fchown(fd, user.pw_uid, user.pw_gid)
                os.seteuid(user.pw_uid)
    elif info.st_uid not in (0, user.pw_uid) or found & others:
        raise OSError("%s can be changed by others (uid %d, mode %04o)" % (name, info.st_uid, found))


def check_hidden(name, fd, lines, beginning):
    # type: (str, int, list[bytes], str) -> None
    """OSError unless it is plainly a key file of root's, or the directory of one: the account may have moved something else here."""
    info = os.fstat(fd)
    odd = info.st_uid or (info.st_nlink > 1 or [line for line in lines if not KEY.match(line) and line[:1] not in b"#\n"])  # type: object
    if stat.S_ISDIR(info.st_mode):
        os.fchdir(fd)
        odd = info.st_uid or [entry for entry in os.listdir(".") if not entry.startswith(beginning)]
    if odd:
        raise OSError("root's own: " + name)


def settle_file(user, base, path, key, add, drop, write):
    # type: (pwd.struct_passwd, str, str, bytes, bool, list[str], bool) -> tuple[list[str], list[bytes]]
    """Look at one key file, and settle it if write: (what is done, its lines).

    The directories below base are entered one by one and no link is followed. Root's unreadable .ssh and key file, as the vendor's
    manual recipe leaves them in a home, are given to the account; if no key will be added, root goes on by itself instead.
    """
    home, done, lines, parts = base != "/", [], [], os.path.relpath(path, base).split("/")  # type: bool, list[str], list[bytes], list[str]
    owner = (-1, -1, 0o600) if home else (0, 0, 0o644)  # outside of homes, too, sshd reads it as the account
    fd = os.open(base, os.O_DIRECTORY)
    secure(base, fd, user, 0, False, done)
    adopts = os.fstat(fd).st_uid == user.pw_uid != 0
    for depth, part in enumerate(parts, 1):
        last = depth == len(parts)
        mode, need, kind = (0o600, 4, os.O_NONBLOCK) if last else (0o700, 5, os.O_DIRECTORY)
        os.fchdir(fd)
        os.close(fd)
        if not os.path.lexists(part):
            if last or not add or (home and not write):
                break
            if home:
                os.mkdir(part, 0o700)
        info = os.lstat(part)
        is_hidden = adopts and info.st_uid == 0 and info.st_mode & need != need
        if is_hidden:
            os.seteuid(0)
        fd = os.open(part, os.O_NOFOLLOW | kind)
        if last:
            info, content = os.fstat(fd), os.read(fd, 1 << 20)
            if not stat.S_ISREG(info.st_mode) or info.st_size != len(content):
                raise OSError("not a key file: " + part)
            lines = lines_of(content)
        if is_hidden:
            check_hidden(part, fd, lines, parts[-1][:15])
        if add or not (home or last):
            secure(part, fd, user, mode if home else 0, write, done, is_hidden)
    else:
        os.close(fd)
        if not home:
            owner = info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)
    after = edit(lines, key, add, drop)
    if after != lines:
        if os.stat(".").st_uid not in (user.pw_uid, os.geteuid()):
            raise OSError("root's directory: " + path)
        done.append("keys in " + parts[-1])
        if write:
            replace(parts[-1], b"".join(after), *owner)
    return done, after if write else lines


def replace(name, content, uid, gid, mode):
    # type: (str, bytes, int, int, int) -> None
    """The new file appears whole or not at all, in the working directory."""
    new = ".%s.alicloud-ecs-access" % name
    if os.path.lexists(new):
        os.unlink(new)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # follows no link
    try:
        os.fchown(fd, uid, gid)
        os.fchmod(fd, mode)
        while content:
            content = content[os.write(fd, content) :]
        os.fsync(fd)
        os.close(fd)
        os.rename(new, name)
    except Exception:
        os.unlink(new)
        raise
    os.fsync(os.open(".", os.O_DIRECTORY))


def visit(user, place, task):
    # type: (pwd.struct_passwd, tuple[str, str], dict) -> tuple[list[str], list[bytes]]
    """What settle_file() returns: in the home with the account's rights to files, elsewhere with root's."""
    try:
        if place[0] != "/":
            os.initgroups(user.pw_name, user.pw_gid)
            os.setegid(user.pw_gid)
            os.seteuid(user.pw_uid)
        return settle_file(user, *place, **task)
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups([])
        os.chdir("/")


def expand(pattern, user):
    # type: (str, pwd.struct_passwd) -> str
    """The path of a key file; a relative one lies below the home."""
    tokens = {"%h": user.pw_dir, "%u": user.pw_name, "%U": str(user.pw_uid), "%%": "%"}
    return os.path.normpath(os.path.join(user.pw_dir, re.sub("%[huU%]", lambda found: tokens[found.group()], pattern)))


def key_files(user, settings, drop):
    # type: (pwd.struct_passwd, dict[str, list[str]], list[str]) -> list[tuple[str, str]]
    """(base, path) of each key file that is this account's alone, those below its home first."""
    own, shared, home = [], [], os.path.normpath(user.pw_dir)
    for pattern in settings["authorizedkeysfile"]:
        path = expand(pattern, user)
        base = home if path.startswith(home + "/") else "/"
        # A file in a home is closed to all others but root and its own uid.
        others = [other for other in pwd.getpwall() if other.pw_name != user.pw_name and (base == "/" or other.pw_uid in (0, user.pw_uid))]
        if os.path.realpath(path) in [os.path.realpath(expand(pattern, other)) for other in others]:
            shared.append(path)
            if set(map(digest, lines_of(slurp(path)))) & set(drop):
                raise OSError("shared: " + path)
        elif pattern != "none":
            own.append((base, path))
    if not own:
        raise OSError("no key file: " + ", ".join(shared))
    return sorted(own, key=lambda place: place[0] == "/")


def look(name, server, task):
    # type: (str, Server, dict) -> dict
    """What decides about an account's logins, and what its key files hold or would; of its password only whether one could be typed."""
    key, row = task["key"], {"name": name, "done": [], "lines": []}  # type: bytes, dict
    try:
        user, settings = pwd.getpwnam(name), read_settings(server, name, SETTINGS)
        found = re.search(r"(?m)^%s:(!?)([^:\n]*):(.*)" % re.escape(name), slurp("/etc/shadow").decode("latin-1"))
        lock, password, aging = found.groups() if found else ("", "", "")
        revoked = settings.get("revokedkeys", ["none"])[0]
        gone = digest(key) in map(digest, lines_of(slurp(revoked)))
        if slurp(revoked).startswith(b"SSHKRL"):
            gone = run(("ssh-keygen", "-Qf", revoked, "/dev/stdin"), key + b"\n").code != 0
        needed = revoked, expand(settings.get("chrootdirectory", ["none"])[0], user), "/etc/nologin", "/run/nologin"
        row.update(
            uid=user.pw_uid,
            home=user.pw_dir,
            groups=run(("id", "-nG", name)).out.split(),
            settings=settings,
            revoked=gone,
            shell=user.pw_shell,
            shell_works=os.access(user.pw_shell or "/bin/sh", os.X_OK),
            locked=bool(lock),
            aging=aging,
            password=not lock and len(password) > 12,
            missing=[path for path in needed if not os.path.exists(path)],
        )
        places = key_files(user, settings, task["drop"])
        # The key goes into the first file, unless another has it.
        places.sort(key=lambda place: digest(key) not in map(digest, visit(user, place, dict(task, add=False, write=False))[1]))
        for place in places:
            done, lines = visit(user, place, dict(task, add=task["add"] and place == places[0]))
            row["done"] += done
            row["lines"] += lines
            if done and task["write"]:
                run(("restorecon", os.path.dirname(place[1]), place[1]))
    except Exception as exc:  # noqa: BLE001
        row["error"] = str(exc)[:300]
    return row


def show(row, lines):
    # type: (dict, list[bytes]) -> dict
    """The row with a few lines as text."""
    return dict(row, lines=[line.decode("latin-1")[:2000] for line in lines[:4]])


def find_ways(server, task):
    # type: (Server, dict) -> list[dict]
    """Accounts that may become root and keep a key or a password; with sudo's own words."""
    found = []
    for user in pwd.getpwall():
        sudo = run(("sudo", "-nlU", user.pw_name)).out[-500:]
        if (user.pw_uid == 0 or "ALL" in sudo) and "," not in user.pw_name:
            row = look(user.pw_name, server, task)
            keys = [line for line in row["lines"] if digest(line) not in task["drop"] + [None]]
            if keys or row.get("password"):
                found.append(show(dict(row, sudo=sudo), sorted(keys, key=lambda line: b'"' in line)))  # those without values first
    return found[:5]


def serve(task):
    # type: (dict) -> dict
    """What is asked about these accounts, one after the other under a lock. The last row is that of the vendor's account."""
    users, vendor = task.pop("users"), task.pop("vendor")
    key = task["key"] = task["key"].encode("ascii")
    if task["write"]:
        for name in ("alicloud.ecs_access", "alicloud-ecs-access"):  # earlier versions know the first alone
            fcntl.flock(os.open("/run/%s.lock" % name, os.O_WRONLY | os.O_CREAT, 0o600), fcntl.LOCK_EX)
    server = find_server()
    vendor = vendor or ("ecs-user" if b"\necs-user:" in slurp("/etc/passwd") else "root")
    rows = [look(vendor if name == "auto" else name, server, task) for name in users]
    rows += [look(vendor, server, dict(task, add=False, write=False))]
    return {
        "up": server.up,
        "rows": [show(row, [line for line in row["lines"] if digest(line) == digest(key)]) for row in rows],
        "ways": [] if task["add"] or task["write"] else find_ways(server, task),
        "boot": slurp("/proc/sys/kernel/random/boot_id").decode("ascii"),
    }


def main(request):
    # type: (dict) -> None
    try:
        answer = serve(request)
    except Exception as exc:  # noqa: BLE001
        answer = {"error": str(exc)}
    print("\n" + sys.argv[2] + json.dumps(answer))  # pylint: disable=ansible-bad-function
