# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whether sshd queries temporary keys and, if asked to, runs the vendor's installer for it, between tests.

Sent as text, behind the text of what it imports from here, and run as root: Python 2.7 and 3, standard library. Every
judgement is the controller's.
Note that this module util is **PRIVATE** to the collection.
"""

import fcntl
import glob
import grp
import json
import os
import pwd
import re
import stat
import sys
import time

from ..._system.server import Server, ask_sshd, find_server, is_roots, read_settings, run, slurp  # noqa: F401 - Server is in comments on types

PLUGIN = "config_ecs_instance_connect"
HELPER = "/usr/local/share/aliyun-assist/plugin/%s/ecs_config_instance_connect" % PLUGIN
ACCOUNT = "ecs-instance-connect"
# What the plugin appends; tried out before it is let loose.
LINES = "\nAuthorizedKeysCommand /usr/bin/timeout 5s %s %%u %%f\nAuthorizedKeysCommandUser %s\n" % (HELPER, ACCOUNT)
CONFIG = "/etc/ssh/sshd_config"
# Stands while the plugin works. Found later, it tells that a run was cut off.
SAVED = "/etc/ssh/.sshd_config.alicloud-ecs-access-saved"
# Where earlier versions kept it.
FORMER = "/etc/ssh/.sshd_config.ecs-access"
BACKUP = "/etc/ssh/sshd_config.before-temporary-keys"
CANDIDATE = "/etc/ssh/.sshd_config.alicloud-ecs-access-candidate"
SETTINGS = re.compile("authorizedkeyscommand|allow(users|groups)|deny|permitroot|pubkeyauthent|authenticationmeth")
UNITS = ("ssh.service", "sshd.service")


def store(path, content, info=None):
    # type: (str, bytes, os.stat_result | None) -> None
    """The new file appears whole or not at all; with I(info) it gets that owner and mode."""
    path = os.path.realpath(path)
    new = "%s/.%s.alicloud-ecs-access" % os.path.split(path)
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
    run(("restorecon", path))


def test(server):
    # type: (Server) -> str
    """Why sshd rejects its configuration; empty if it accepts it."""
    code, out, error = ask_sshd(server, "-t")
    # Which line is wrong, and that it gave up.
    return "; ".join((out + error).splitlines()[-2:])[:300] or "exit status %d" % code if code else ""


def is_ours(settings):
    # type: (dict[str, list[str]]) -> bool
    return HELPER in settings.get("authorizedkeyscommand", []) and settings.get("authorizedkeyscommanduser") == [ACCOUNT]


def has_none(settings):
    # type: (dict[str, list[str]]) -> bool
    return settings.get("authorizedkeyscommand", ["none"])[0] == "none"


def look_at_user(server, name):
    # type: (Server, str) -> dict
    row = {"name": name, "exists": False}  # type: dict
    try:
        user = pwd.getpwnam(name)
        groups = [group.gr_name for group in grp.getgrall() if group.gr_gid == user.pw_gid or name in group.gr_mem]
        row.update(exists=True, uid=user.pw_uid, home=user.pw_dir, shell=user.pw_shell, groups=groups)
        row["settings"] = read_settings(server, name, SETTINGS)
        row["ours"] = is_ours(row["settings"])
    except KeyError:
        pass
    except (EnvironmentError, ValueError) as exc:  # noqa: UP024
        row["error"] = str(exc)[:300]
    return row


def find_manager():
    # type: () -> str
    """The agent's plugin manager; of several agents the newest."""
    folders = os.environ["PATH"].split(":")
    agents = glob.glob("/usr/local/share/aliyun-assist/[0-9]*")
    folders += sorted(agents, key=lambda path: [int(word) for word in re.findall("[0-9]+", os.path.basename(path))], reverse=True)
    found = [path for path in (folder + "/acs-plugin-manager" for folder in folders) if os.access(path, os.X_OK) and is_roots(path)]
    return (found or [""])[0]


def find_command(content):
    # type: (bytes) -> list[str]
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
    # type: (Server, list[str]) -> dict
    content = slurp(CONFIG)
    helper = os.access(HELPER, os.X_OK) and is_roots(HELPER)
    try:
        pwd.getpwnam(ACCOUNT)
        account = True
    except KeyError:
        account = False
    return {
        "plugin": bool(helper and account),
        "command": find_command(content),
        "manager": find_manager(),
        "users": [look_at_user(server, name) for name in names],
    }


def is_wanted(seen):
    # type: (dict) -> bool
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
    # type: (Server, list[str]) -> list[str]
    """Why the plugin's lines do not work, as [Match line, error]; empty if they work for all these users."""
    store(CANDIDATE, slurp(CONFIG) + LINES.encode("ascii"))
    try:
        trial = server._replace(config=CANDIDATE)
        error = test(trial)
        if not error and all(is_ours(read_settings(trial, name, SETTINGS)) for name in names):
            return []
        return [(find_command(slurp(CANDIDATE)) or [""])[0], error]
    finally:
        os.unlink(CANDIDATE)


def settle():
    # type: () -> None
    """Have sshd use what is in its file; a server that is down comes up again."""
    for unit in UNITS:
        state = run(("systemctl", "is-active", unit)).out.strip()
        if state == "active":
            run(("systemctl", "reload", unit))
        elif state == "failed":
            run(("systemctl", "reset-failed", unit))
            run(("systemctl", "start", unit))


def put_back(content, info):
    # type: (bytes, os.stat_result) -> None
    """Byte for byte what there was."""
    if slurp(CONFIG) != content:
        store(CONFIG, content, info)
    settle()
    os.unlink(SAVED)


def is_up():
    # type: () -> bool
    for _turn in range(25):
        if find_server().up:
            return True
        time.sleep(0.2)
    return False


def recover(server, names, answer):
    # type: (Server, list[str], dict) -> None
    """Finish or undo what a run that was cut off left."""
    if os.path.lexists(FORMER):
        os.rename(FORMER, SAVED)
    saved = slurp(SAVED)
    if not saved:
        return
    content = slurp(CONFIG)
    good = not test(server) and all(is_ours(read_settings(server, name, SETTINGS)) for name in names)
    if good or not content.startswith(saved):
        os.rename(SAVED, BACKUP)
        return
    put_back(saved, os.stat(CONFIG))
    answer["done"].append("sshd_config put back, an earlier preparation was cut off")


def prepare(server, request, answer):
    # type: (Server, dict, dict) -> None
    """Run the vendor's installer, which tests nothing, between tests and with a rollback."""
    names, seen = request["users"], answer["seen"]
    if not all(row["ours"] for row in seen["users"]):
        answer["trial"] = try_out(server, names)
        if answer["trial"]:
            return
    content, info = slurp(CONFIG), os.stat(CONFIG)
    store(SAVED, content)
    argv = (seen["manager"], "-e", "-P", PLUGIN, "--params", "--install")
    code, out, said = run(argv, seconds=request["seconds"], env=os.environ)
    answer["install"] = {"code": code, "output": (out + said).strip()[-400:]}
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
    # type: (dict) -> dict
    names, answer = request["users"], {"done": [], "clock": time.time()}  # type: list[str], dict
    server = find_server()
    answer["up"] = server.up
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


def main(request):
    # type: (dict) -> None
    try:
        answer = serve(request)
    except Exception as exc:  # noqa: BLE001
        answer = {"error": str(exc)}
    print("\n" + sys.argv[2] + json.dumps(answer))  # pylint: disable=ansible-bad-function
