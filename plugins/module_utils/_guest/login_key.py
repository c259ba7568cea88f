# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts an SSH key into accounts' key files or takes it out, and reports what decides whether sshd lets it in.

Sent as text and run as root: Python 2.7 and 3, standard library, at most 16 KiB. Every judgement is the controller's.
Note that this module util is **PRIVATE** to the collection.
"""
import base64
import fcntl
import grp
import hashlib
import json
import os
import pwd
import re
import stat
import subprocess
import sys

SETTINGS = re.compile("allow(users|groups)|deny|permitroot|usepam|(pubkey|password)authen|authent|pubkeyacc|.*rsa.*size|revoked|chroot")
# Lines with these were written to give less than a login.
NARROWING = re.compile(r"(?:^|,)(command|from|expiry-time|cert-authority|principals)\b")
KEY_TYPE = re.compile(br"(ssh|ecdsa|sk)-\S+$")
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
REGULAR = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


def run(*argv, **given):
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            argv, stdin=pipe, stdout=pipe, stderr=pipe, close_fds=True)
    except OSError as exc:
        return 127, "", exc.strerror
    out, err = process.communicate(given.get("data", b""))
    return process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def slurp(path):
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except EnvironmentError:  # noqa: UP024
        return b""


def acting_as(user, work, *arguments):
    """What work() returns, done with the account's rights to files; it may change the working directory."""
    groups = os.getgroups()
    try:
        if user.pw_uid:
            os.initgroups(user.pw_name, user.pw_gid)
            os.setegid(user.pw_gid)
            os.seteuid(user.pw_uid)
        return work(*arguments)
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
        os.chdir("/")


def read_line(line):
    """(options, type, blob) of a line in a key file; empty when it holds no key."""
    options, words = b"", line.split(None, 2)
    if words and not KEY_TYPE.match(words[0]):
        found = re.match(br'\s*((?:[^\s"#]|"(?:\\.|[^"\\])*")+)\s+', line)
        if found:
            options, words = found.group(1), line[found.end():].split(None, 2)
    if len(words) < 2 or not KEY_TYPE.match(words[0]):
        return ()
    try:
        return options.decode("latin-1"), words[0].decode("ascii"), base64.b64decode(words[1])
    except (ValueError, TypeError):
        return ()


def digest(line):
    return hashlib.sha256(b"".join(read_line(line)[2:])).hexdigest()


def narrowing(options):
    return NARROWING.findall(re.sub(r'"(\\.|[^"\\])*"', "", options.lower()))


def lines_of(content):
    return re.findall(br"[^\n]*\n|[^\n]+", content)


def state_of(content, key):
    """absent, present, or narrowed: there, but not for a plain login."""
    state = "absent"
    for line in lines_of(content):
        if digest(line) == digest(key):
            limits = narrowing(read_line(line)[0])
            if not limits:
                return "present"
            state = "narrowed"
            if "command" in limits:  # sshd goes by the first line that fits
                break
    return state


def edit(content, key, add, drop):
    content = b"".join(line for line in lines_of(content) if digest(line) not in drop)
    if add and state_of(content, key) == "absent":
        content += (b"\n" if content and not content.endswith(b"\n") else b"") + key + b"\n"
    return content


def open_at(name, flags):
    try:
        return os.open(name, flags)
    except OSError:
        if os.path.lexists(name):
            raise


def secure(name, fd, user, mode=0, write=False, done=None):
    """Set the mode, or check what StrictModes demands. Debian's sshd tolerates a group of the account's own."""
    info = os.fstat(fd)
    if mode and info.st_uid == user.pw_uid:
        if stat.S_IMODE(info.st_mode) != mode:
            done.append("mode of " + name)
            if write:
                os.fchmod(fd, mode)
        return
    own = info.st_gid == user.pw_gid != 0 and os.path.exists("/etc/debian_version")
    if info.st_uid not in (0, user.pw_uid) or info.st_mode & (0o002 if own else 0o022):
        raise OSError("%s can be changed by others (uid %d, mode %04o)" % (name, info.st_uid, stat.S_IMODE(info.st_mode)))


def visit(user, base, parts, key, add, drop, write):
    """Look at one key file below base, and settle it if write. Directories are held open and no link is followed."""
    home = base != "/"
    done, content, before, name = [], b"", None, parts[-1]
    fd = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
    secure(base, fd, user)
    os.fchdir(fd)
    for part in parts[:-1]:
        fd = open_at(part, DIRECTORY)
        if fd is None and add and not home:
            raise OSError("the directory of /%s is missing" % "/".join(parts))
        if fd is None and add and write:
            os.mkdir(part, 0o700)
            fd = open_at(part, DIRECTORY)
        if fd is None:
            break
        if add or not home:
            secure(part, fd, user, 0o700 if home else 0, write, done)
        os.fchdir(fd)
    else:
        fd = open_at(name, REGULAR)
        if fd is not None:
            before = os.fstat(fd)
            if not stat.S_ISREG(before.st_mode) or before.st_size > 1 << 20:
                raise OSError("%s is not a regular file of at most 1 MiB" % name)
            if add:
                secure(name, fd, user, 0o600 if home else 0, write, done)
            with os.fdopen(fd, "rb") as stream:
                content = stream.read()
    after = edit(content, key, add, drop)
    if after != content:
        if os.stat(".").st_uid not in (user.pw_uid, os.geteuid()):
            raise OSError("the directory of %s belongs to root" % name)
        done.append("keys in " + name)
        if write:
            replace(name, after, before, user if home else None)
    keys = [line.decode("latin-1") for line in lines_of(after) if read_line(line) and not narrowing(read_line(line)[0])]
    return done, state_of(after if write else content, key), keys[:3]


def replace(name, content, before, user):
    """The new file appears whole or not at all, in the working directory."""
    new = ".%s.ecs-access" % name
    if os.path.lexists(new):
        os.unlink(new)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        if user:
            os.fchown(fd, user.pw_uid, user.pw_gid)
        else:  # outside of homes sshd still reads it as the account
            os.fchown(fd, before.st_uid if before else 0, before.st_gid if before else 0)
            os.fchmod(fd, stat.S_IMODE(before.st_mode) if before else 0o644)
        with os.fdopen(fd, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(fd)
        os.rename(new, name)
    except Exception:
        os.unlink(new)
        raise
    os.fsync(os.open(".", os.O_RDONLY))


def adopt(user, parts, write):
    """Give root's unreadable .ssh and key file to the account: the vendor's manual recipe leaves them so.

    The account may have moved something else here; only what is plainly a key file is given away.
    """
    found = []
    os.chdir(user.pw_dir)
    for part in parts:
        last = part is parts[-1]
        fd = open_at(part, REGULAR if last else DIRECTORY)
        if fd is None:
            break
        info, need = os.fstat(fd), 4 if last else 5
        if not last:
            os.fchdir(fd)
        if info.st_uid == 0 and info.st_mode & need != need:
            odd = [name for name in os.listdir(".") if name[:15] not in ("authorized_keys", parts[-1][:15])] if not last else (
                not stat.S_ISREG(info.st_mode) or info.st_nlink > 1 or [
                    line for line in lines_of(os.read(fd, 1 << 20)) if not read_line(line) and line[:1] not in b"#\n"])
            if odd:
                raise OSError("%s belongs to root and holds more than keys" % part)
            found.append("owner of " + part)
            if write:
                os.fchmod(fd, 0o600 if last else 0o700)
                os.fchown(fd, user.pw_uid, user.pw_gid)
    return found


def find_server():
    """(command line, whether it runs) of sshd. Crypto policies may be given to the one that listens."""
    root = os.stat("/")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            program = os.readlink("/proc/%s/exe" % pid).split(" ")[0]
            there = os.stat("/proc/%s/root/." % pid)
        except OSError:
            continue
        if os.path.basename(program) != "sshd" or not os.path.samestat(there, root):
            continue  # perhaps in a container
        title = slurp("/proc/%s/cmdline" % pid).decode("utf-8", "replace").replace("\0", " ")
        if re.match("(sshd: )?/", title):  # it renames itself: "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"
            return [program] + [word for pair in re.findall(r" (-[fo]) ?(\S+)", title) for word in pair], True
    for program in ("/usr/sbin/sshd", "/usr/local/sbin/sshd"):
        if os.path.exists(program):
            return [program], run("systemctl", "is-active", "ssh.socket", "sshd.socket")[1].startswith("active")
    raise OSError("sshd: there is no OpenSSH server")


def read_settings(server, name):
    """What sshd applies to the account: keyword to words."""
    # Match blocks are judged for a client that nobody's rules name.
    who = "user=%s,host=203.0.113.1,addr=203.0.113.1" % name
    for more in (",laddr=127.0.0.1,lport=22", "", ""):  # an old sshd knows fewer criteria
        code, out, error = run(*server + ["-T", "-C", who + more])
        if not code:
            break
        if "rivilege separation directory" in error and not os.path.exists("/run/sshd"):
            # Gone while only a socket unit waits. It stays: an sshd started meanwhile would need it.
            os.mkdir("/run/sshd", 0o755)
    else:
        raise OSError("sshd: it rejects its own configuration: %s" % (error.strip().splitlines() or ["?"])[-1])
    found = {}
    for line in re.sub("[^, ]*-cert-[^, ]*,", "", out).splitlines():
        word, _blank, value = line.partition(" ")
        found.setdefault(word.lower(), []).extend(value.split())
    return found


def expand(pattern, user):
    tokens = {"%h": user.pw_dir, "%u": user.pw_name, "%U": str(user.pw_uid), "%%": "%"}
    return re.sub("%[huU%]", lambda found: tokens[found.group()], pattern)


def key_files(user, settings):
    """(base, parts) of each key file that is this account's alone, those below its home first."""
    home, below, others = os.path.normpath(user.pw_dir), [], []
    for pattern in settings.get("authorizedkeysfile") or [".ssh/authorized_keys"]:
        path = os.path.normpath(os.path.join(home, expand(pattern, user)))
        if pattern != "none" and path.startswith(home + "/"):
            below.append((home, path[len(home) + 1:].split("/")))
        elif pattern not in ("none", expand(pattern, user)):  # else every account would read it
            others.append(("/", path.strip("/").split("/")))
    if not below + others:
        raise OSError("sshd: AuthorizedKeysFile names no file that is this account's own")
    return below + others


def settle(user, settings, key, add, drop, write):
    """Add to the first file unless another has it, drop from all; what was, or would be, done."""
    def one(place, add, drop, write):
        base, parts = place
        found, rights = [], user if base != "/" else root
        if rights.pw_uid:
            found = acting_as(root, adopt, user, parts, write and add)
            rights = root if found and not (write and add) else user
        done, state, keys = acting_as(rights, visit, user, base, parts, key, add, drop, write)
        return (found if add else []) + done, state, keys

    root, places, total = pwd.getpwuid(0), key_files(user, settings), {"done": [], "keys": []}
    places.sort(key=lambda place: one(place, False, [], False)[1] == "absent")
    for place in places:
        path, first = os.path.join(place[0], *place[1]), place is places[0]
        done, state, keys = one(place, add and first, drop, write)
        total.update(done=total["done"] + done, keys=total["keys"] + keys)
        if first:
            total.update(state=state, file=path)
        if done and write:
            run("restorecon", os.path.dirname(path), path)
    return total


def facts(user, settings, key):
    """What decides about the account's logins; of its password only whether one could be typed."""
    shadow = re.search(r"(?m)^%s:.*" % re.escape(user.pw_name), slurp("/etc/shadow").decode("latin-1"))
    shadow = (shadow.group() if shadow else ":" * 8).split(":")
    revoked = settings.get("revokedkeys", ["none"])[0]
    jail = expand(settings.get("chrootdirectory", ["none"])[0], user)
    gone = any(digest(row) == digest(key) for row in lines_of(slurp(revoked)))
    if slurp(revoked).startswith(b"SSHKRL"):
        gone = run("ssh-keygen", "-Q", "-f", revoked, "/dev/stdin", data=key + b"\n")[0] != 0
    shell = user.pw_shell or "/bin/sh"
    return {
        "uid": user.pw_uid, "home": user.pw_dir, "shell": shell, "shell_works": os.access(shell, os.X_OK), "revoked": gone,
        "groups": [group.gr_name for group in grp.getgrall() if group.gr_gid == user.pw_gid or user.pw_name in group.gr_mem],
        "password": "locked" if shadow[1][:1] == "!" else "usable" if len(shadow[1]) > 12 else "none",
        "aging": [shadow[2], shadow[4], shadow[7]],
        "closed": [path for path in ("/etc/nologin", "/run/nologin") if os.path.exists(path)],
        "missing": [path for path in (revoked, jail) if path != "none" and not os.path.exists(path)],
        "settings": dict(item for item in settings.items() if SETTINGS.match(item[0]))}


def look(name, server, key, add, drop, write):
    row = {"name": name, "state": "absent", "done": []}
    try:
        user, settings = pwd.getpwnam(name), read_settings(server, name)
        row.update(facts(user, settings, key))
        row.update(settle(user, settings, key, add, drop, write))
    except (EnvironmentError, KeyError) as exc:  # noqa: UP024
        row["error"] = str(exc)[:300]
    return row


def find_ways(server, key, drop):
    """Accounts that may become root and keep a key or a password; with sudo's own words."""
    found = []
    for user in pwd.getpwall():
        if user.pw_uid == 0 or (user.pw_uid >= 500 and os.path.isdir(user.pw_dir)):
            row = look(user.pw_name, server, key, False, drop, False)
            sudo = run("sudo", "-n", "-l", "-U", user.pw_name)[1][-500:]
            if (row.get("keys") or row.get("password") == "usable") and (user.pw_uid == 0 or "ALL" in sudo):
                found.append(dict(row, sudo=sudo))
    return found[:5]


def serve(request):
    write, drop, key = request["write"], request["drop"], request["key"].encode("ascii")
    add = request["state"] == "present"
    if write:
        lock = os.open("/run/alicloud.ecs_access.lock", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
    server, up = find_server()
    vendor = request["vendor"] or ("ecs-user" if b"\necs-user:" in slurp("/etc/passwd") else "root")
    names = [vendor if name == "auto" else name for name in request["users"]]
    rows = [look(name, server, key, add, drop, write) for name in sorted(set(names), key=names.index)]
    return {"up": up, "users": [dict(row, keys=[]) for row in rows], "vendor": look(vendor, server, key, False, [], False),
            "ways": [] if add or write else find_ways(server, key, drop)}


def main():
    os.umask(0o077)
    request = json.loads(base64.b64decode(sys.argv[1]).decode("utf-8"))
    try:
        answer = serve(request)
    except Exception as exc:  # noqa: BLE001
        answer = {"error": str(exc)}
    answer["boot"] = slurp("/proc/sys/kernel/random/boot_id").decode("ascii").strip()
    sys.stdout.write("\n%s%s\n" % (request["marker"], json.dumps(answer)))


if __name__ == "__main__":
    main()
