# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssh_access where homes lie on file systems that do not do everything, and where their owners fight back."""

from __future__ import annotations

import contextlib
import json
import shlex

import pytest
from lab.payload import catch_module
from lab.strace import FOLDER, put_strace

MODULE = "alicloud.ecs_access.ssh_access"
# Where a path is looked up or changed.
SLOWED = "unlinkat,renameat,mkdirat,fchmodat,fchownat,fchown"
READ_ONLY = "lies on a file system that is mounted read-only (mount -o remount,rw)"


@pytest.fixture
def prepared(one_instance, make_key, new_name):
    """prepared(script): an account whose key works; the script ({name}, {home}) then runs with every right, and is undone in the end."""
    key, undo = make_key(), contextlib.ExitStack()

    def prepare(script="", undo_script=""):
        name = new_name("home")
        home = f"/home/{name}"
        one_instance.exec(f"useradd -m -s /bin/sh -p '*' {name}; install -d -m 700 -o {name} -g {name} {home}/.ssh")
        one_instance.put(f"{home}/.ssh/authorized_keys", key.public + "\n", "0600", f"{name}:{name}")
        if undo_script:
            undo.callback(one_instance.exec, undo_script.format(name=name, home=home), privileged=True)
        one_instance.exec(f"cd {home}; {script.format(name=name, home=home)}", privileged=True)
        return name, home, key

    with undo:
        yield prepare


# A file system of its own in the place of the home, with all that was in it; {{}} stays for the account.
ON_TMPFS = "mv {{home}} {{home}}.was && mkdir {{home}} && mount -t tmpfs -o mode=755,{options} none {{home}} && cp -a {{home}}.was/. {{home}}"
OFF_TMPFS = "umount {home}"


REFUSED = {
    "read-only": (
        ON_TMPFS.format(options="size=1m") + " && mount -o remount,ro {home}", OFF_TMPFS, "{home}/.ssh/authorized_keys " + READ_ONLY),
    "read-only without .ssh": (
        "rm -r .ssh && " + ON_TMPFS.format(options="size=1m") + " && mount -o remount,ro {home}", OFF_TMPFS, "{home} " + READ_ONLY),
    "full": (
        ON_TMPFS.format(options="size=64k") + " && ! dd if=/dev/zero of={home}/filler bs=4k 2>/dev/null", OFF_TMPFS,
        "{home}/.ssh/authorized_keys lies on a file system that is full (df {home}/.ssh/authorized_keys)"),
    "immutable .ssh": ("chattr +i .ssh", "chattr -i {home}/.ssh", "{home}/.ssh is immutable or append-only (chattr -ia {home}/.ssh)"),
    "append-only file": (
        "chattr +a .ssh/authorized_keys", "chattr -a {home}/.ssh/authorized_keys",
        "{home}/.ssh/authorized_keys is immutable or append-only (chattr -ia {home}/.ssh/authorized_keys)"),
    "directory in the way": (
        "install -d -o {name} .ssh/.authorized_keys.alicloud-ecs-access", "rmdir {home}/.ssh/.authorized_keys.alicloud-ecs-access",
        "the directory {home}/.ssh/.authorized_keys.alicloud-ecs-access is in the way of a new key file; remove it"),
    "home lost with its parent": (
        "usermod -d /no/such/{name} {name}", "", "the parent directory of the home /no/such/{name} does not exist"),
}  # fmt: skip


def test_refused_with_the_reason_before_anything_is_done(one_instance, playbook, prepared, make_key, new_name):
    cases = {case: prepared(script, undo) for case, (script, undo, _said) in REFUSED.items()}
    # Only what is a file: another test's account may have a FIFO there.
    state = "sha256sum /etc/passwd /etc/shadow /etc/group; find /home -name authorized_keys -type f -exec sha256sum {} +; ls -RA /home /etc/sudoers.d"
    before, more = one_instance.exec(state), make_key().public
    tasks = [
        {
            "name": case,
            MODULE: {"users": [{"name": new_name("newcomer")}, {"name": name, "authorized_keys": [more]}]},
            "ignore_errors": True,
        }
        for case, (name, _home, _key) in cases.items()
    ]
    # Nothing has to be written for keys that are there already.
    kept = [{"name": name, "authorized_keys": [key.public]} for name, home, key in cases.values() if home]
    tasks.append({"name": "kept", MODULE: {"users": [user for user in kept if user["name"] in (cases["read-only"][0], cases["full"][0])]}})
    run = playbook(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}], indent=1), [one_instance])
    assert "Traceback" not in run.output
    results = {entry.task: entry for entry in run.results}
    assert results.pop("kept").status == "ok"
    assert {case: entry.result["msg"] for case, entry in results.items()} == {
        case: f"user {name}: " + REFUSED[case][2].format(name=name, home=home) for case, (name, home, _key) in cases.items()
    }
    assert one_instance.exec(state) == before


def test_a_disk_that_runs_full_in_the_middle(one_instance, ansible, ssh, prepared, make_key):
    """Two pages are left: enough for the new file's beginning."""
    script = ON_TMPFS.format(options="size=64k") + " && ! dd if=/dev/zero of={home}/filler bs=4k 2>/dev/null; truncate -s -8k {home}/filler"
    name, home, key = prepared(script, OFF_TMPFS)
    keys = [f"{make_key().public} {'x' * 5000}" for _number in range(2)]
    result = ansible(one_instance, MODULE, {"users": [{"name": name, "authorized_keys": keys}]})
    assert result["msg"].endswith(f"{home}/.ssh/authorized_keys could not be written: No space left on device; it was not changed")
    assert (result["changed"], result["actions"]) == (False, [])
    assert one_instance.exec(f"ls -A {home}/.ssh; cat {home}/.ssh/authorized_keys") == f"authorized_keys\n{key.public}\n"
    assert ssh(one_instance, name, key, "true").returncode == 0


def test_a_home_without_exec_and_without_roots_rights(one_instance, ansible, ssh, prepared, make_key):
    """A network file system takes root for nobody: root is given no right here that the account does not have."""
    name, home, key = prepared(ON_TMPFS.format(options="noexec,nodev,nosuid") + " && chmod 700 {home}", OFF_TMPFS)
    rights = "setpriv --bounding-set -dac_override,-dac_read_search,-fowner,-chown"
    assert "Permission denied" in one_instance.exec(f"{rights} ls {home} 2>&1", check=False)
    squash = "/run/lab-squashed"
    one_instance.put(squash, f'#!/bin/sh\nexec {rights} /usr/bin/python3 "$@"\n', "0755")
    new = make_key()
    result = ansible(
        one_instance,
        MODULE,
        {"users": [{"name": name, "authorized_keys": [new.public, {"key": key.public, "state": "absent"}]}]},
        variables={"ansible_python_interpreter": squash},
    )
    assert "users" in result, result["msg"]
    assert ssh(one_instance, name, new, "true").returncode == 0
    assert "Permission denied" in ssh(one_instance, name, key, "true").stderr
    assert one_instance.exec(f"stat -c '%a %U %G' {home}/.ssh/authorized_keys; ls -A {home}/.ssh") == f"600 {name} {name}\nauthorized_keys\n"
    one_instance.exec(f"rm {squash}")


def test_immutable_files_of_the_system(one_instance, ansible, prepared, make_key, new_name):
    newcomer = new_name("newcomer")
    for path, user in {"/etc/passwd": {}, "/etc/sudoers.d": {"sudo": "nopasswd"}}.items():
        name, _home, key = prepared(f"chattr +i {path}", f"chattr -i {path}")
        users = [{"name": name, "authorized_keys": [make_key().public], **user}]
        said = ansible(one_instance, MODULE, {"users": users if user else [*users, {"name": newcomer}]})["msg"]
        begin = f"user {name}: " if user else "accounts and groups cannot be changed: "
        assert said == f"{begin}{path} is immutable or append-only (chattr -ia {path})"
        assert one_instance.exec(f"cat /home/{name}/.ssh/authorized_keys") == key.public + "\n"
        one_instance.exec(f"chattr -i {path}", privileged=True)


# What the account does all the time while the module is at work, in its own home only.
RACERS = {
    "folder exchanged for a link": """
os.rename(".ssh", "real"); os.symlink(VICTIM, ".ssh"); time.sleep(0.01); os.unlink(".ssh"); os.rename("real", ".ssh"); time.sleep(0.01)
""",
    "file exchanged for a link": """
os.symlink(VICTIM + "/authorized_keys", ".ssh/x"); os.rename(".ssh/x", KEYS); time.sleep(0.01)
open(".ssh/x", "w").close(); os.rename(".ssh/x", KEYS); time.sleep(0.01)
""",
    "new file exchanged for a link": """
os.symlink(VICTIM + "/authorized_keys", ".ssh/x"); os.rename(".ssh/x", ".ssh/.authorized_keys.alicloud-ecs-access"); time.sleep(0.01)
if os.path.exists(KEYS): os.unlink(KEYS)
""",
    "FIFO": "os.mkfifo('.ssh/x'); os.rename('.ssh/x', KEYS); time.sleep(0.02); os.unlink(KEYS); time.sleep(0.01)",
}
RACER = """
import os, time
VICTIM, KEYS = "/etc/lab-victim", ".ssh/authorized_keys"
os.chdir(os.path.expanduser("~"))
while True:
    try:
        {step}
    except OSError:
        for name, other in (("real", ".ssh"),):
            if os.path.islink(other): os.unlink(other)
            if os.path.isdir(name): os.rename(name, other)
"""


@pytest.mark.long
@pytest.mark.parametrize("racer", RACERS)
def test_an_owner_who_races(one_instance, ansible, prepared, make_key, racer):
    """strace holds the module up at the calls that count, so that the race is run many times, not once in a blue moon."""
    name, _home, _key = prepared()
    one_instance.exec("install -d -m 755 /etc/lab-victim; echo '# of root' > /etc/lab-victim/authorized_keys; chmod 600 /etc/lab-victim/*")
    state = "find /etc /root/.ssh -xdev -printf '%p %m %U:%G %l\\n' | sort; sha256sum /etc/lab-victim/*"
    before = one_instance.exec(state)
    options = {"users": [{"name": name, "authorized_keys": [make_key().public]}]}
    module = catch_module(ansible, one_instance, MODULE, options, "/run/lab-module.py")
    strace = [*put_strace(one_instance), "-o", "/dev/null", "-e", f"trace={SLOWED}", "-e", f"inject={SLOWED}:delay_enter=15000"]
    one_instance.put("/run/lab-racer.py", RACER.format(step="; ".join(RACERS[racer].strip().splitlines()).replace("; if", "\n        if")))
    one_instance.exec(f"setsid su -s /bin/sh {name} -c 'exec python3 /run/lab-racer.py' > /dev/null 2>&1 & echo $! > /run/lab-racer")
    try:
        runs = f"for turn in $(seq 8); do {shlex.join([*strace, *module])}; echo; done"
        answers = [json.loads(line) for line in one_instance.exec(runs, privileged=True).splitlines() if line.startswith("{")]
    finally:
        one_instance.exec(f"pkill -9 -u {name}; rm -r /run/lab-racer /run/lab-racer.py /run/lab-module.py", check=False)
    assert len(answers) == 8
    said = [answer["msg"] for answer in answers if answer.get("failed")]
    assert all("\n" not in text and "Traceback" not in text and "[Errno" not in text for text in said), said
    assert one_instance.exec(state) == before
    one_instance.exec(f"rm -r /etc/lab-victim {FOLDER}")
