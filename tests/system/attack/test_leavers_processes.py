# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a leaver has left running ends with the access, however it defends itself, and a home that cannot be removed is not called removed."""

from __future__ import annotations

import time

import pytest
from lab.leavers import add_accounts, apply, known, open_sessions, opened, wait_for

# Each process touches a file of its own in /beats all the time; "stopped" and "su" are seen by what they are called.
PROCESSES = r"""
import ctypes, os, signal, subprocess, sys, time

def start(name, work):
    if os.fork() == 0:
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        for number in range(3):
            os.dup2(null, number)
        path = "/beats/" + name
        open(path, "w").close()
        for number in set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP, 32, 33}:
            signal.signal(number, signal.SIG_IGN)
        work(lambda: os.utime(path))
        os._exit(0)

def deaf(beat):
    while True:
        beat()
        time.sleep(0.02)

def hidden(beat):
    # From now on its folder in /proc belongs to root.
    ctypes.CDLL(None).prctl(4, 0)
    deaf(beat)

def forking(beat):
    # None of its processes lives long enough to be found in /proc and then killed.
    libc = ctypes.PyDLL(None)
    while True:
        beat()
        time.sleep(0.001)
        if libc.fork():
            libc._exit(0)

def nested(beat):
    # Root in a namespace of its own.
    os.execv("/usr/bin/unshare", ["unshare", "-Ur", "sh", "-c", "while sleep 0.02; do touch /beats/nested; done"])

def stopped(beat):
    os.execv("/bin/sh", ["sh", "-c", "kill -STOP $$; exec sleep 7777"])

def su(beat):
    reader, _writer = os.pipe()
    os.dup2(reader, 0)
    subprocess.run(["su", "-c", "id", "root"])

for work in (deaf, hidden, nested, stopped, su, *[forking] * 2):
    start(work.__name__, work)
"""
SERVICE = "[Service]\nExecStart=/bin/sh -c 'while sleep 0.05; do touch /beats/service; done'\nRestart=always\nRestartSec=50ms\n"
# A host with many processes of others: looking at all of them takes a while.
BUSY = "python3 -c 'import os, signal; [os.fork() or signal.pause() for number in range(500)]' > /dev/null 2>&1 < /dev/null &"
# As root; "moves" leaves the control group of its session.
BEAT = """#!/bin/sh
trap '' HUP INT QUIT TERM
case $1 in *-moves) echo $$ > "$(find /sys/fs/cgroup -path '*/cron.service/cgroup.procs' | head -n 1)";; esac
echo $$ > /beats/$1
while sleep 0.05; do touch /beats/$1; done
"""
BEATING = {"deaf", "hidden", "forking", "nested", "service"}


def beats(instance, seconds=0.5):
    """Who has touched their file within this time."""
    look = "find /beats -type f -printf '%f %T@\\n'"
    first = set(instance.exec(look).splitlines())
    time.sleep(seconds)
    return {line.split()[0] for line in set(instance.exec(look).splitlines()) - first}


def processes_of(instance, number):
    """Commands of the processes that have this number as their real one."""
    return instance.exec(f"ps -o args= --User {number}", check=False).splitlines()


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param({"state": "absent"}, id="absent"),
        pytest.param({"state": "locked", "end_sessions": True}, id="locked", marks=pytest.mark.long),
    ],
)
def test_no_process_outlives_the_access(attacked, make_key, leave):
    instance, key = attacked.instance, make_key()
    add_accounts(instance, ["mallory", "john"], key)
    number = instance.exec("id -u mallory").strip()
    instance.exec("systemctl unmask -q user@.service && mkdir -m 1777 /beats && loginctl enable-linger mallory")
    instance.put("/home/mallory/processes.py", PROCESSES, "0644", "mallory")
    instance.exec("mkdir -p ~/.config/systemd/user", user="mallory")
    instance.put("/home/mallory/.config/systemd/user/beat.service", SERVICE, "0644", "mallory")
    start = "systemctl --user daemon-reload && systemctl --user start beat && /usr/bin/python3 processes.py"
    with open_sessions(attacked, {"john": BUSY, "mallory": start}, key) as sessions:
        wait_for(lambda: beats(instance, 0.2) == BEATING)
        lines = wait_for(lambda: [line for line in processes_of(instance, number) if line.startswith("su ")] and processes_of(instance, number))
        assert any("kill -STOP" in line for line in lines)
        assert instance.exec("pgrep -c -u root -x su").strip() == "1", "it acts as root, on her behalf"
        outcome = apply(attacked, users=[{"name": "mallory", **leave}])
        lasting = {name for name, session in sessions.items() if not session.ended(0.5)}
    problems = {
        "beats": beats(instance),
        "processes": processes_of(instance, number),
        "opens": opened(attacked, ["mallory"], key),
        "failure": outcome.said if outcome.failed else "",
        "account": known(instance, ["mallory"]) if leave["state"] == "absent" else set(),
    }
    assert {problem: what for problem, what in problems.items() if what} == {}
    assert lasting == {"john"}


@pytest.mark.long
def test_what_runs_as_root_out_of_a_leavers_session_ends_or_is_named(attacked, make_key):
    """She may use sudo until now; john's processes are nobody's business."""
    instance, key = attacked.instance, make_key()
    instance.exec("mkdir /beats")
    hired = apply(attacked, users=[{"name": name, "sudo": "nopasswd", "authorized_keys": [key.public]} for name in ("mallory", "john")])
    assert not hired.failed, hired.said
    instance.put("/usr/local/bin/beat", BEAT, "0755")
    start = 'for how in stays moves; do sudo -n sh -c "setsid /usr/local/bin/beat {0}-$how > /dev/null 2>&1 < /dev/null &"; done'
    everything = {"mallory-stays", "mallory-moves", "john-stays", "john-moves"}
    with open_sessions(attacked, {name: start.format(name) for name in ("mallory", "john")}, key) as sessions:
        wait_for(lambda: beats(instance, 0.2) == everything)
        numbers = {name: instance.exec(f"cat /beats/{name}").strip() for name in everything}
        assert instance.exec(f"ps -o user= -p {','.join(numbers.values())}").split() == ["root"] * 4
        groups = {name: instance.exec(f"cat /proc/{number}/cgroup") for name, number in numbers.items()}
        assert {name for name, group in groups.items() if "/session-" in group} == {"mallory-stays", "john-stays"}
        outcome = apply(attacked, users=[{"name": "mallory", "state": "absent"}])
        assert sessions["mallory"].ended()
        running = beats(instance)
    assert {"john-stays", "john-moves"} <= running
    assert {name for name in running if name.startswith("mallory") and not outcome.names(numbers[name])} == set()
    assert not opened(attacked, ["mallory"], key)


@pytest.mark.long
def test_a_home_that_stays_is_not_called_removed(attacked, make_key):
    """Three thousand folders, one in the other, and links that lead elsewhere."""
    instance, key = attacked.instance, make_key()
    add_accounts(instance, ["mallory", "john"], key)
    instance.exec("mkdir -m 777 /srv/precious && echo > /srv/precious/file && chmod 666 /srv/precious/file")
    deep = "import os\nfor n in range(3000):\n    os.mkdir('d' * 100)\n    os.chdir('d' * 100)\nopen('end', 'w').close()"
    instance.exec(f'cd; ln -s /srv/precious link; ln -s /srv/precious .ssh/link; python3 -c "{deep}"', user="mallory")
    assert int(instance.exec("find /home/mallory -type d -name 'd*' | wc -l")) == 3000
    outcome = apply(attacked, users=[{"name": name, "state": "absent", "remove_home": True} for name in ("mallory", "john")])
    left = set(instance.exec("ls /home").split()) & {"mallory", "john"}
    assert {name for name in left if not outcome.names(name)} == set()
    assert "john" not in left
    assert known(instance, ["mallory", "john"]) == set()
    assert not opened(attacked, ["mallory", "john"], key)
    assert instance.exec("ls /srv/precious").strip() == "file"
