# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts that lose their access: how they are made, how it is taken away, and what is then left of it."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Iterable, Iterator, NamedTuple

from lab.controller import TaskResult
from lab.instance import Instance
from lab.ssh import OPTIONS, KeyFile

MODULE = "alicloud.ecs_access.ssh_access"
ROLE = "alicloud.ecs_access.ssh_users"
# What a result shows besides what went wrong; names stand there in any case.
NO_REPORT = ("invocation", "users", "actions", "guard", "diff", "ansible_facts")


class Outcome(NamedTuple):
    """How a task ended."""

    failed: bool
    said: str
    """All that the result reports."""

    def names(self, word: str) -> bool:
        """Whether the task failed and its report has this word."""
        return self.failed and re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(word), self.said) is not None


def apply_each(attacked: Any, *tasks: dict[str, Any]) -> list[Outcome]:
    """One task of the module after the other, whatever comes of each."""
    play = {"hosts": "all", "gather_facts": False, "tasks": [{MODULE: options, "ignore_errors": True} for options in tasks]}
    run = attacked.playbook(json.dumps([play], indent=1))
    assert len(run.results) == len(tasks), run.output
    return [_outcome(result) for result in run.results]


def apply(attacked: Any, **options: Any) -> Outcome:
    """One task of the module."""
    return apply_each(attacked, options)[0]


def apply_role(attacked: Any, **variables: Any) -> Outcome:
    """The role with these variables."""
    play = {"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.include_role": {"name": ROLE}, "vars": variables}]}
    run = attacked.playbook(json.dumps([play], indent=1))
    assert run.results, run.output
    return _outcome(run.results[-1])


def _outcome(result: TaskResult) -> Outcome:
    assert result.status in ("ok", "changed", "failed", "ignored"), result
    report = {name: value for name, value in result.result.items() if name not in NO_REPORT}
    return Outcome(result.status in ("failed", "ignored"), json.dumps(report, ensure_ascii=False))


def add_accounts(instance: Instance, names: Iterable[str], *keys: KeyFile) -> None:
    """Accounts with a home, a shell and these keys."""
    lines = "".join(f"{key.public}\n" for key in keys)
    instance.exec(
        "umask 077\n"
        + "".join(
            f"useradd -m -s /bin/sh {name} && mkdir /home/{name}/.ssh && printf '%s' '{lines}' > /home/{name}/.ssh/authorized_keys"
            f" && chown -R {name}:{name} /home/{name}/.ssh || exit 1\n"
            for name in names
        )
    )


def without_logind(instance: Instance) -> None:
    """Logins that do not start a manager of services for the account, which one without a proper home waits 25 seconds for."""
    instance.exec("sed -i /pam_systemd/d /etc/pam.d/common-session")


def set_immutable(instance: Instance, on: bool, *paths: str) -> None:
    """What chattr +i does, which not every image has."""
    flag = "flags | 16" if on else "flags & ~16"
    script = (
        "import fcntl, os, struct, sys\n"
        "for path in sys.argv[1:]:\n"
        "    fd = os.open(path, os.O_RDONLY)\n"
        "    (flags,) = struct.unpack('l', fcntl.ioctl(fd, 0x80086601, bytes(8)))\n"
        f"    fcntl.ioctl(fd, 0x40086602, struct.pack('l', {flag}))\n"
    )
    instance.exec(f'python3 -c "{script}" {" ".join(paths)}', privileged=True)


@functools.cache
def _forgive(attacked: Any) -> None:
    """Make an sshd from 9.8 on keep nobody out because of logins that failed before."""
    if "persourcepenalties" not in attacked.instance.exec("/usr/sbin/sshd -T -f /dev/null"):
        return
    attacked.instance.exec("sed -i '1i PerSourcePenalties no' /etc/ssh/sshd_config; systemctl reload $(systemctl is-active -q ssh && echo ssh || echo sshd)")
    wait_for(lambda: attacked.ssh("root", attacked.key).returncode == 0)


def opened(attacked: Any, names: Iterable[str], key: KeyFile, command: str = "id -un") -> set[str]:
    """Those of these accounts that the key opens: one real login each."""
    _forgive(attacked)

    def opens(name: str) -> bool:
        for _attempt in range(3):
            start = time.monotonic()
            done = attacked.ssh(name, key, command)
            # A host that is too busy to answer has not refused anybody.
            if done.returncode == 0 or "Permission denied" in done.stderr or time.monotonic() - start < 8:
                break
        # An account that PAM refuses is cut off without a word.
        refused = done.returncode == 255 and ("Permission denied" in done.stderr or not done.stderr.strip())
        assert done.returncode == 0 or refused, (name, done)
        return done.returncode == 0

    chosen = list(names)
    with ThreadPoolExecutor(3) as pool:
        return {name for name, answer in zip(chosen, pool.map(opens, chosen)) if answer}


def known(instance: Instance, names: Iterable[str]) -> set[str]:
    """Those of these names that are accounts to the system."""
    return set(instance.exec("getent passwd -- " + " ".join(names) + " | cut -d: -f1", check=False).split())


def wait_for(condition: Callable[[], Any], seconds: float = 15) -> Any:
    """What the condition answers as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {condition}"
        time.sleep(0.2)
    return answer


class Session:
    """A login that lasts; its command runs until the session ends."""

    def __init__(self, attacked: Any, user: str, key: KeyFile, command: str) -> None:
        options = [*OPTIONS, "-o", f"UserKnownHostsFile={attacked.controller.known_hosts}", "-p", str(attacked.instance.ssh_port)]
        full = ["ssh", *options, "-i", str(key.path), "-l", user, attacked.instance.ssh_host, "--", command]
        self.process = subprocess.Popen(full, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def wait_for_line(self) -> str:
        """The first line that the command prints; an AssertionError if it ends without."""
        assert self.process.stdout
        line = self.process.stdout.readline().decode().strip()
        assert line, f"the session ended: {self.process.args[-1]}"
        return line

    def ended(self, seconds: float = 5) -> bool:
        """Whether the session is over by then."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """Hang up."""
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def open_sessions(attacked: Any, commands: dict[str, str], key: KeyFile) -> Iterator[dict[str, Session]]:
    """A session of each account, whose command has been run: account to session."""
    sessions: dict[str, Session] = {}
    try:
        for user, command in commands.items():
            sessions[user] = Session(attacked, user, key, f"{command}\necho done; exec sleep 7777")
            # One by one, as sshd turns some away when too many come at once.
            assert sessions[user].wait_for_line() == "done", user
        yield sessions
    finally:
        for session in sessions.values():
            session.close()
