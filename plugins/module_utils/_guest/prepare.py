# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks whether sshd asks for temporary keys and, when told, has the vendor's plugin arrange it, under guard.

Sent as text and run as root: Python 2.7 and 3, standard library, at most 16 KiB. Every judgement is the controller's.
Note that this module util is **PRIVATE** to the collection.
"""
import base64
import fcntl
import glob
import grp
import json
import os
import pwd
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time

PLUGIN = "config_ecs_instance_connect"
HELPER = "/usr/local/share/aliyun-assist/plugin/%s/ecs_config_instance_connect" % PLUGIN
ACCOUNT = "ecs-instance-connect"
# What the plugin appends; tried out before it is let loose.
LINES = "\nAuthorizedKeysCommand /usr/bin/timeout 5s %s %%u %%f\nAuthorizedKeysCommandUser %s\n" % (HELPER, ACCOUNT)
CONFIG = "/etc/ssh/sshd_config"
# Stands while the plugin works. Found later, it tells that a run was cut off.
SAVED = "/etc/ssh/.sshd_config.ecs-access"
BACKUP = "/etc/ssh/sshd_config.before-temporary-keys"
CANDIDATE = "/etc/ssh/.sshd_config.ecs-access-candidate"
SETTINGS = re.compile("authorizedkeyscommand|allow(users|groups)|deny|permitroot|pubkeyauthent|authenticationmeth")
UNITS = ("ssh.service", "sshd.service")


def run(*argv, **given):
    """(exit code, output) of a program; it and its children are killed after the given seconds."""
    # The output goes to a file: a pipe would be waited for as long as any child holds it.
    with tempfile.TemporaryFile() as stream, open(os.devnull) as nothing:
        try:
            process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                argv, stdin=nothing, stdout=stream, stderr=subprocess.STDOUT, close_fds=True, preexec_fn=os.setsid)
        except OSError as exc:
            return 127, str(exc)
        end = time.time() + given.get("seconds", 20)
        while process.poll() is None and time.time() < end:
            time.sleep(0.05)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return -1, "it did not end in time"
        stream.seek(0)
        return process.returncode, stream.read().decode("utf-8", "replace").strip()


def slurp(path):
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except EnvironmentError:  # noqa: UP024
        return None


def store(path, content, info=None):
    """The new file appears whole or not at all; with I(info) it gets that owner and mode."""
    path = os.path.realpath(path)
    new = path + ".new"
    if os.path.lexists(new):
        os.unlink(new)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as stream:
        stream.write(content)
        stream.flush()
        if info:
            os.fchown(fd, info.st_uid, info.st_gid)
            os.fchmod(fd, stat.S_IMODE(info.st_mode))
        os.fsync(fd)
    os.rename(new, path)
    run("restorecon", path)


def find_server():
    """(command line, whether it runs) of sshd. The one that listens may have been given another configuration."""
    root = os.stat("/")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            program = os.readlink("/proc/%s/exe" % pid).split(" ")[0]
            there = os.stat("/proc/%s/root/." % pid)
        except OSError:
            continue
        if os.path.basename(program) != "sshd" or not os.path.samestat(there, root):
            continue  # perhaps in a container
        title = (slurp("/proc/%s/cmdline" % pid) or b"").decode("utf-8", "replace").replace("\0", " ")
        if re.match("(sshd: )?/", title):
            return [program] + [word for pair in re.findall(r" (-[fo]) ?(\S+)", title) for word in pair], True
    for program in ("/usr/sbin/sshd", "/usr/local/sbin/sshd"):
        if os.path.exists(program):
            return [program], run("systemctl", "is-active", "ssh.socket", "sshd.socket")[1].startswith("active")
    raise OSError("there is no OpenSSH server")


def test(server):
    """What sshd says against its configuration; empty when it accepts it."""
    if not os.path.exists("/run/sshd"):
        os.mkdir("/run/sshd", 0o755)  # gone while only a socket unit waits
    code, out = run(*server + ["-t"])
    return last_words(out) or "exit status %d" % code if code else ""


def last_words(out):
    return "; ".join(out.splitlines()[-2:])[:300]  # which line is wrong, and that it gave up


def read_settings(server, name):
    """What sshd applies to the account: keyword to words."""
    who = "user=%s,host=203.0.113.1,addr=203.0.113.1" % name
    for more in (",laddr=127.0.0.1,lport=22", ""):  # an old sshd knows fewer criteria
        code, out = run(*server + ["-T", "-C", who + more])
        if not code:
            break
    else:
        raise OSError(last_words(out))
    found = {}
    for line in out.splitlines():
        word, _blank, value = line.partition(" ")
        if SETTINGS.match(word.lower()):
            found.setdefault(word.lower(), []).extend(value.split())
    return found


def is_ours(settings):
    return HELPER in settings.get("authorizedkeyscommand", []) and settings.get("authorizedkeyscommanduser") == [ACCOUNT]


def has_none(settings):
    return settings.get("authorizedkeyscommand", ["none"])[0] == "none"


def look_at_user(server, name):
    row = {"name": name, "exists": False}
    try:
        user = pwd.getpwnam(name)
        groups = [group.gr_name for group in grp.getgrall() if group.gr_gid == user.pw_gid or name in group.gr_mem]
        row.update(exists=True, uid=user.pw_uid, home=user.pw_dir, shell=user.pw_shell, groups=groups)
        row["settings"] = read_settings(server, name)
        row["ours"] = is_ours(row["settings"])
    except KeyError:
        pass
    except (EnvironmentError, ValueError) as exc:  # noqa: UP024
        row["error"] = str(exc)[:300]
    return row


def find_manager():
    """The agent's plugin manager; of several agents the newest."""
    folders = os.environ["PATH"].split(":")
    agents = glob.glob("/usr/local/share/aliyun-assist/[0-9]*")
    folders += sorted(agents, key=lambda path: [int(word) for word in re.findall("[0-9]+", os.path.basename(path))], reverse=True)
    found = [folder + "/acs-plugin-manager" for folder in folders if os.access(folder + "/acs-plugin-manager", os.X_OK)]
    return (found or [""])[0]


def find_command(content):
    """(the Match line that holds it or empty, the line) of the first AuthorizedKeysCommand in a file; empty when there is none."""
    block = ""
    for line in content.decode("utf-8", "replace").splitlines():
        words = line.lower().replace("=", " ").split()
        if words[:1] == ["match"]:
            block = "" if words[1:2] == ["all"] else line.strip()
        if words and words[0] in ("authorizedkeyscommand", "authorizedkeyscommanduser", "authorizedkeyscommandrunas"):
            return [block, line.strip()]
    return []


def look(server, names):
    content = slurp(CONFIG) or b""
    helper = os.access(HELPER, os.X_OK) and os.stat(HELPER).st_uid == 0 and not os.stat(HELPER).st_mode & 0o022
    try:
        pwd.getpwnam(ACCOUNT)
        account = True
    except KeyError:
        account = False
    return {"plugin": bool(helper and account), "command": find_command(content), "manager": find_manager(),
            "users": [look_at_user(server, name) for name in names]}


def is_wanted(seen):
    """Whether the plugin is missing and nothing is in its way."""
    if not all(row["exists"] and "error" not in row for row in seen["users"]):
        return False
    settings = [row["settings"] for row in seen["users"]]
    if not all(row.get("pubkeyauthentication") != ["no"] and (is_ours(row) or has_none(row)) for row in settings):
        return False
    if all(map(is_ours, settings)):
        return not seen["plugin"]
    return not seen["command"]  # else the plugin would be content with that line


def try_out(server, names):
    """What comes of the plugin's lines: [Match line, error]; empty when they work for all these users."""
    store(CANDIDATE, slurp(CONFIG) + LINES.encode("ascii"))
    try:
        trial = [server[0], "-f", CANDIDATE]
        error = test(trial)
        if not error and all(is_ours(read_settings(trial, name)) for name in names):
            return []
        return [(find_command(slurp(CANDIDATE)) or [""])[0], error]
    finally:
        os.unlink(CANDIDATE)


def settle():
    """Have sshd use what is in its file; a server that is down comes up again."""
    for unit in UNITS:
        state = run("systemctl", "is-active", unit)[1]
        if state == "active":
            run("systemctl", "reload", unit)
        elif state == "failed":
            run("systemctl", "reset-failed", unit)
            run("systemctl", "start", unit)


def put_back(content, info):
    """Byte for byte what there was."""
    if slurp(CONFIG) != content:
        store(CONFIG, content, info)
    settle()
    os.unlink(SAVED)


def is_up():
    for _turn in range(25):
        if find_server()[1]:
            return True
        time.sleep(0.2)
    return False


def recover(server, names, answer):
    """Finish or undo what a run that was cut off left."""
    saved = slurp(SAVED)
    if saved is None:
        return
    content = slurp(CONFIG) or b""
    good = not test(server) and all(is_ours(read_settings(server, name)) for name in names)
    if good or not content.startswith(saved):
        os.rename(SAVED, BACKUP)
        return
    put_back(saved, os.stat(CONFIG))
    answer["done"].append("sshd_config put back, an earlier preparation was cut off")


def prepare(server, request, answer):
    """Run the vendor's installer, which tests nothing, between tests and with a way back."""
    names, seen = request["users"], answer["seen"]
    if not all(row["ours"] for row in seen["users"]):
        answer["trial"] = try_out(server, names)
        if answer["trial"]:
            return
    content, info = slurp(CONFIG), os.stat(CONFIG)
    store(SAVED, content)
    code, out = run(seen["manager"], "-e", "-P", PLUGIN, "--params", "--install", seconds=request["seconds"])
    answer["install"] = {"code": code, "output": out[-400:]}
    error = test(server)
    if code == 0 and not error:
        after = look(server, names)
        if after["plugin"] and all(row.get("ours") for row in after["users"]) and is_up():
            answer.update(seen=after)
            answer["done"].append("plugin installed")
            if slurp(CONFIG) == content:
                os.unlink(SAVED)
            else:
                os.rename(SAVED, BACKUP)
                answer["done"].append("AuthorizedKeysCommand added to %s (as it was: %s)" % (CONFIG, BACKUP))
            return
        answer["after"] = after
    answer["after_error"] = error
    put_back(content, info)
    answer.update(undone=True, still=test(server), up=is_up())


def serve(request):
    names, answer = request["users"], {"done": [], "clock": time.time()}
    server, answer["up"] = find_server()
    if request["write"]:
        lock = os.open("/run/alicloud-ecs-access-sshd.lock", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        recover(server, names, answer)
    answer["sshd_error"] = test(server)
    answer["seen"] = look(server, [] if answer["sshd_error"] else names)
    answer["wanted"] = not answer["sshd_error"] and is_wanted(answer["seen"])
    if answer["wanted"] and request["write"] and answer["seen"]["manager"]:
        prepare(server, request, answer)
    answer["clock"] = time.time()
    return answer


def main():
    os.umask(0o077)
    request = json.loads(base64.b64decode(sys.argv[1]).decode("utf-8"))
    try:
        answer = serve(request)
    except Exception as exc:  # noqa: BLE001
        answer = {"error": str(exc)}
    sys.stdout.write("\n%s%s\n" % (request["marker"], json.dumps(answer)))


if __name__ == "__main__":
    main()
