# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tricks of people who leave: each fails, for one who leaves alone and for one who leaves with another, and what is left is named."""

from __future__ import annotations

import time
from typing import NamedTuple

import pytest
from lab.leavers import apply, apply_each, known, open_sessions, opened, set_immutable


class Trick(NamedTuple):
    """What is run in ~/.ssh as the account, what root or a colleague has done, and what of it is still there afterwards."""

    own: str = "true"
    others: str = ""
    rest: str = ""


HUGE = "head -c {0} /dev/zero | tr '\\0' '\\n' > huge; cat authorized_keys >> huge; cat huge > authorized_keys"
FORKS = "import os, time\nwhile os.fork() == 0: time.sleep(0.02)"
DEEP = "import os\nfor n in range(3000):\n    os.mkdir('d' * 100)\n    os.chdir('d' * 100)"
QUIET = "> /dev/null 2>&1 < /dev/null &"
TRICKS = {
    "folder": Trick("mv authorized_keys authorized_keys2; mkdir -p authorized_keys/full"),
    "second": Trick("mv authorized_keys authorized_keys2; ln -s authorized_keys2 authorized_keys"),
    "closed": Trick("chmod 500 ."),
    "shut": Trick("chmod 000 . .."),
    "linked": Trick("cd; mv .ssh elsewhere; ln -s elsewhere .ssh"),
    "filed": Trick("cd; mv .ssh elsewhere; echo > .ssh"),
    "link": Trick("mv authorized_keys ../keys; ln -s ../keys authorized_keys"),
    "root": Trick("ln -sf /etc/shadow authorized_keys"),
    "fifo": Trick("rm authorized_keys; mkfifo authorized_keys"),
    "twin": Trick("ln authorized_keys twin; chmod 500 ."),
    "huge": Trick(HUGE.format(5000000)),
    "lines": Trick(HUGE.format(2000000)),
    "blanks": Trick("printf '%s%400000s.\\n' \"$(cat authorized_keys)\" '' > new; cat new >> authorized_keys"),
    "stars": Trick("printf 'from=\"%sX\" %s\\n' '********************' \"$(cat authorized_keys)\" >> authorized_keys"),
    "temporary": Trick("mkdir -p .authorized_keys.alicloud-ecs-access/full"),
    "fixed": Trick(),
    "name": Trick("true", "sed -i 's/^\\(NAME:[^:]*:[^:]*:[^:]*:\\)/\\1a\\xe2\\x80\\xa8b\\xc2\\x85c\\xff/' /etc/passwd"),
    "deaf": Trick(f"for n in 1 2 3; do setsid sh -c \"trap '' HUP INT TERM QUIT; while :; do sleep 0.1; done\" {QUIET} done"),
    "forks": Trick(f'setsid python3 -c "{FORKS}" {QUIET}'),
    "stopped": Trick(f"setsid sh -c 'kill -STOP $$; exec sleep 7777' {QUIET}"),
    "deep": Trick(f'cd; python3 -c "{DEEP}"'),
    "crontab": Trick("true", "mkdir -p /var/spool/cron/crontabs; echo '* * * * * id' > /var/spool/cron/crontabs/NAME", "/var/spool/cron/crontabs/NAME"),
    "table": Trick("true", "mkdir -p /etc/cron.d; echo '* * * * * NAME id' > /etc/cron.d/NAME", "/etc/cron.d/NAME"),
    "at": Trick("true", "mkdir -p /var/spool/cron/atjobs; install -o NAME /dev/null /var/spool/cron/atjobs/NAME", "/var/spool/cron/atjobs/NAME"),
    "sudoers": Trick(
        "true", "install -m 0440 /dev/null /etc/sudoers.d/x-NAME; echo 'NAME ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/x-NAME", "/etc/sudoers.d/x-NAME"
    ),
    "linger": Trick("true", "mkdir -p /var/lib/systemd/linger; touch /var/lib/systemd/linger/NAME", "/var/lib/systemd/linger/NAME"),
    "unit": Trick("true", "printf '[Service]\\nUser=NAME\\nExecStart=/bin/true\\n' > /etc/systemd/system/NAME.service", "/etc/systemd/system/NAME.service"),
    "files": Trick("mkdir /tmp/NAME /dev/shm/NAME; cp /bin/sh /tmp/NAME/sh", "", "/tmp/NAME"),
}
SHORT = ("lines", "files")


@pytest.mark.parametrize("chosen", [pytest.param(SHORT, id="some"), pytest.param(tuple(TRICKS), id="all", marks=pytest.mark.long)])
def test_no_trick_keeps_anything(attacked, make_key, chosen):
    instance, key = attacked.instance, make_key()
    alone = {f"a-{trick}": TRICKS[trick] for trick in chosen}
    pairs = {f"b-{trick}": TRICKS[trick] for trick in chosen}
    honest = {f"c-{trick}": Trick() for trick in chosen}
    everybody = {**alone, **pairs, **honest}
    hired = apply(attacked, users=[{"name": name, "sudo": "nopasswd", "authorized_keys": [key.public]} for name in everybody])
    assert not hired.failed, hired.said
    numbers = dict(zip(everybody, instance.exec(f"id -u {' && id -u '.join(everybody)}").split()))
    fixed = [f"/home/{name}/.ssh{file}" for name in everybody if name.endswith("-fixed") and name[0] != "c" for file in ("/authorized_keys", "")]
    commands = {name: "cd .ssh; " + trick.own.replace("NAME", name) for name, trick in {**alone, **pairs}.items()}
    with open_sessions(attacked, commands, key) as sessions:
        instance.exec("\n".join(["true", *(trick.others.replace("NAME", name) for name, trick in everybody.items())]))
        tasks = [{"users": [{"name": name, "state": "absent", "remove_home": name == "a-deep"}]} for name in alone]
        tasks += [{"users": [{"name": f"{letter}-{trick}", "state": "absent"} for letter in "bc"]} for trick in chosen]
        if fixed:
            set_immutable(instance, True, *fixed)
        try:
            start = time.monotonic()
            outcomes = apply_each(attacked, *tasks)
            took = time.monotonic() - start
        finally:
            if fixed:
                set_immutable(instance, False, *fixed)
        lasting = {name for name, session in sessions.items() if not session.ended(0.5)}
    said = {name: outcomes[index % len(chosen) + (0 if name in alone else len(chosen))] for index, name in enumerate(everybody)}
    there = known(instance, everybody)
    running = instance.exec("ps -eo uid=").split()
    rules = instance.exec("ls /etc/sudoers.d").split()
    rest = {name: trick.rest.replace("NAME", name) for name, trick in everybody.items() if trick.rest}
    problems = {
        "session lasts": lasting,
        "process runs": {name for name, number in numbers.items() if number in running},
        "key opens": opened(attacked, there, key),
        "sudo rule stays": {name for name in everybody if any(rule.endswith(f"-{name}") and not rule.startswith("x-") for rule in rules)},
        "account stays without a word": {name for name in there if not said[name].names(name)},
        "an honest one stays": there & set(honest),
        "rest without a word": {name for name, path in rest.items() if path not in said[name].said and f"disable-linger {name}" not in said[name].said},
        "rest is not there": set(rest.values()) - set(instance.exec(f"ls -d {' '.join(rest.values())} 2> /dev/null", check=False).split()) if rest else set(),
        "home is called removed": {"a-deep"} if "deep" in chosen and instance.exec("ls /home").split().count("a-deep") and not said["a-deep"].failed else set(),
        "takes too long": {f"{took / len(tasks):.0f} seconds a task"} if took > 30 * len(tasks) else set(),
    }
    assert {problem: who for problem, who in problems.items() if who} == {}
