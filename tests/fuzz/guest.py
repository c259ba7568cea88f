# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside an instance and asks its sshd, ssh-keygen, visudo and sudo: one JSON question a line, one JSON answer a line.

Python 3.6 and the standard library alone; it is sent there as text.
"""

import base64
import concurrent.futures
import contextlib
import grp
import json
import os
import pwd
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

FOLDER = tempfile.mkdtemp(prefix="fuzz-")
KEYS = os.path.join(FOLDER, "keys")
USER = "fuzz"
SHOWN = "matching key found|Accepted key|key options:|forced command:|environment:|permitted open:|permitted listen:|authorized principals:"
LOG_LINE = re.compile(r"(?:debug\d: )?(?:%s:(\d+): (%s) ?(.*)|(Accepted) key \S+ (\S+) found at %s:(\d+))" % (KEYS, SHOWN, KEYS))
CONFIG = """\
HostKey %(folder)s/host
AuthorizedKeysFile %(keys)s
StrictModes no
UsePAM no
PermitUserEnvironment yes
PasswordAuthentication no
MaxAuthTries 100000
LoginGraceTime 0
MaxSessions 0
PidFile none
LogLevel DEBUG1
AllowTcpForwarding yes
"""


def run(*command, check=False, **more):
    """The process, with its output as bytes."""
    return subprocess.run(  # noqa: UP022
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=120, check=check, **more
    )


def write(path, content, mode=0o644):
    with open(path, "wb") as stream:
        stream.write(content)
    os.chmod(path, mode)


CLIENT = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "PreferredAuthentications=publickey")
# Others take four times as long.
CLIENT += ("KexAlgorithms=curve25519-sha256",)


class Agent(threading.Thread):
    """An SSH agent that offers public keys nobody has the private half of."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.blobs = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(5)

    def run(self):
        while True:
            connection = self.listener.accept()[0]
            with contextlib.suppress(OSError, struct.error), connection:
                self.serve(connection)

    def serve(self, connection):
        stream = connection.makefile("rwb")
        while True:
            head = stream.read(4)
            if len(head) < 4:
                return
            request = stream.read(struct.unpack(">I", head)[0])
            answer = b"\x05"
            if request[:1] == b"\x0b":
                entries = b"".join(struct.pack(">I", len(blob)) + blob + struct.pack(">I", 0) for blob in self.blobs)
                answer = b"\x0c" + struct.pack(">I", len(self.blobs)) + entries
            stream.write(struct.pack(">I", len(answer)) + answer)
            stream.flush()


def listening(address):
    """A socket that waits for a connection."""
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.bind((address, 0))
    listener.listen(5)
    listener.settimeout(30)
    return listener


class Tools:
    """The questions."""

    def __init__(self):
        os.chmod(FOLDER, 0o755)
        try:
            pwd.getpwnam(USER)
        except KeyError:
            run("useradd", "-M", "-d", FOLDER, "-s", "/bin/sh", "-p", "*", USER, check=True)
        os.makedirs("/run/sshd", 0o755, exist_ok=True)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", FOLDER + "/host", check=True)
        self.config = FOLDER + "/sshd_config"
        self.base = CONFIG % {"folder": FOLDER, "keys": KEYS}
        write(self.config, self.base.encode())
        self.agent = Agent(FOLDER + "/agent")
        self.agent.start()
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", FOLDER + "/id", check=True)
        self.added = {}
        self.pool = concurrent.futures.ThreadPoolExecutor(4)

    def versions(self):
        return [run("ssh", "-V").stderr.decode().split(",")[0], run("sudo", "-V").stdout.decode().splitlines()[0]]

    def connect(self, config, user, address, *options):
        """What ssh says to a login from this address of this host, and what an sshd with this configuration logs of it."""
        log = config + ".log"
        write(log, b"")
        server = "::1" if ":" in address else "127.0.0.1"
        client = ["ssh", "-F", "none", "-b", address, "-l", user]
        for option in CLIENT + options:
            client += ["-o", option]
        with listening(server) as listener:
            client += ["-p", str(listener.getsockname()[1]), server, "true"]
            with subprocess.Popen(client, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as started:
                connection = listener.accept()[0]
                with connection, subprocess.Popen(["/usr/sbin/sshd", "-i", "-f", config, "-E", log], stdin=connection, stdout=connection):
                    pass
                said = started.communicate(timeout=120)[1].decode("utf-8", "replace")
        with open(log, encoding="utf-8", errors="replace", newline="\n") as stream:
            return said, [line[:-2] if line.endswith("\r\n") else line.rstrip("\n") for line in stream]

    def sshd(self, content, blobs, address="127.0.0.1"):
        """What sshd logs of each line that it takes for one of the keys: [[line, what, text], ...]."""
        write(KEYS, base64.b64decode(content))
        self.agent.blobs = self.sound(blobs)
        said, lines = self.connect(self.config, USER, address, "IdentityAgent=" + FOLDER + "/agent", "IdentityFile=none")
        if "Permission denied" not in said:
            raise RuntimeError("ssh ended in another way than being refused: " + said)
        found = []
        for match in map(LOG_LINE.match, lines):
            if match and match.group(4):
                found.append([int(match.group(6)), "accepted", match.group(5)])
            elif match:
                found.append([int(match.group(1)), match.group(2).rstrip(":"), match.group(3)])
        return found

    def logins(self, attempts):
        """What sshd logs of a real login for each [settings, options of the key, user, address]."""
        return list(self.pool.map(self.login, range(len(attempts)), attempts))

    def login(self, number, attempt):
        """One of them."""
        settings, options, user, address = attempt
        config = "%s/login-%d" % (FOLDER, number)
        with open(FOLDER + "/id.pub", encoding="ascii") as stream:
            write(config + ".keys", (options + stream.read()).encode("utf-8"))
        write(config, ("AuthorizedKeysFile %s.keys\n%s%s" % (config, settings, self.base)).encode("utf-8"))
        return self.connect(config, user, address, "IdentityAgent=none", "IdentityFile=" + FOLDER + "/id", "IdentitiesOnly=yes")[1]

    def matches(self, criteria, user, address):
        """Which of these criteria of Match lines sshd finds true for a connection: its own words, in order."""
        config = FOLDER + "/match_config"
        write(config, (self.base + "".join("Match %s\n    Banner none\n" % each for each in criteria)).encode("utf-8"))
        done = run("/usr/sbin/sshd", "-T", "-ddd", "-f", config, "-C", "user=%s,host=%s,addr=%s" % (user, address, address), check=True)
        return re.findall(r"(?m)^debug3: match (not )?found", done.stderr.decode("utf-8", "replace").replace("\r", ""))

    def people(self, users, groups):
        """Make users {name: [uid, gid]} and groups {name: [gid, members]}, whatever their names are; the groups of each user as sshd counts them."""
        self.add("/etc/passwd", ["%s:*:%d:%d::%s:/bin/sh\n" % (name, uid, gid, FOLDER) for name, (uid, gid) in users.items()])
        self.add("/etc/group", ["%s:x:%d:%s\n" % (name, gid, ",".join(members)) for name, (gid, members) in groups.items()])
        names = {entry.gr_gid: entry.gr_name for entry in grp.getgrall()}
        return {name: [names[gid] for gid in os.getgrouplist(name, users[name][1]) if gid in names] for name in users}

    def sound(self, blobs):
        """Those that OpenSSH can read; its client ends at the first one that it cannot."""
        kinds = [base64.b64decode(blob)[4:].split(b"\0")[0] for blob in blobs]
        lines = [b"%s %s %d\n" % (kind, blob.encode(), number) for number, (kind, blob) in enumerate(zip(kinds, blobs))]
        write(FOLDER + "/offers", b"".join(lines))
        listed = run("ssh-keygen", "-lf", FOLDER + "/offers").stdout.split(b"\n")[:-1]
        return [base64.b64decode(blobs[int(line.split()[2])]) for line in listed]

    def keygen(self, content):
        """The lines of ssh-keygen -l; none when it finds no key."""
        write(KEYS, base64.b64decode(content))
        return run("ssh-keygen", "-lf", KEYS).stdout.decode("utf-8", "replace").split("\n")[:-1]

    def add(self, path, lines):
        """Lines that are taken out again at the end: some stand for a second root."""
        if path not in self.added:
            self.added[path] = lines
            with open(path, "a", encoding="utf-8") as stream:
                stream.writelines(lines)

    def close(self):
        """Leave nothing behind but accounts with plain names."""
        for path, lines in self.added.items():
            with open(path, encoding="utf-8") as stream:
                kept = [line for line in stream if line not in lines]
            write(path, "".join(kept).encode("utf-8"))
        shutil.rmtree(FOLDER)

    def visudo(self, texts):
        """[accepted, what visudo says] of each text as a file of its own."""
        answers = []
        for text in texts:
            write(FOLDER + "/sudoers", text.encode("utf-8"), 0o440)
            done = run("visudo", "-cf", FOLDER + "/sudoers")
            answers.append([done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")])
        return answers

    def granted(self, texts):
        """What each text grants: cvtsudoers' JSON, null where it refuses. Some versions print no JSON for rules with options."""
        answers = []
        for text in texts:
            write(FOLDER + "/sudoers", text.encode("utf-8"), 0o440)
            done = run("cvtsudoers", "-f", "json", FOLDER + "/sudoers")
            answers.append(None)
            with contextlib.suppress(ValueError):
                answers[-1] = json.loads(done.stdout.decode("utf-8")) if done.returncode == 0 else None
        return answers

    def accounts(self, groups):
        """Make these groups, {name: [members]}, and their members: the numeric ids of all of them by name."""
        for name, members in groups.items():
            run("groupadd", "-f", name, check=True)
            for member in members:
                run("useradd", "-M", "-p", "*", member)
                run("usermod", "-aG", name, member, check=True)
        ids = {name: str(grp.getgrnam(name).gr_gid) for name in groups}
        ids.update((name, str(pwd.getpwnam(name).pw_uid)) for members in groups.values() for name in members)
        return ids

    def sudo(self, texts, users):
        """For each text as the whole of /etc/sudoers: the users whom sudo lets run anything, null where visudo refuses it."""
        kept = FOLDER + "/sudoers.kept"
        shutil.copy2("/etc/sudoers", kept)
        try:
            return [self.users_of(text, users) for text in texts]
        finally:
            shutil.copy2(kept, "/etc/sudoers")

    def users_of(self, text, users):
        write("/etc/sudoers.new", text.encode("utf-8"), 0o440)
        if run("visudo", "-cf", "/etc/sudoers.new").returncode != 0:
            return None
        os.replace("/etc/sudoers.new", "/etc/sudoers")
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        return [user for user in users if b"may run the following" in run("sudo", "-n", "-l", "-U", user, env=environment).stdout]


def main():
    tools = Tools()
    try:
        for line in sys.stdin:
            question = json.loads(line)
            try:
                answer = {"answer": getattr(tools, question["ask"])(*question["with"])}
            except Exception as exc:  # noqa: BLE001 the asker raises it
                answer = {"error": "%s: %s" % (type(exc).__name__, exc)}
            print(json.dumps(answer), flush=True)
    finally:
        tools.close()


main()
