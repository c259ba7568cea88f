# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts and files that a task does not name, and what became of them."""

from __future__ import annotations

import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterable, Mapping

from lab.instance import Instance

ACCESS = "alicloud.ecs_access.ssh_access"
ATTACH = "alicloud.ecs_access.ecs_attach_key_pair"


def state(instance: Instance, paths: Iterable[str]) -> dict[str, str]:
    """Kind, mode, owner, link target and content of each path; a link is not followed."""
    look = (
        f"for path in {shlex.join(paths)}; do echo \"$path $(stat -c '%F %a %U:%G' $path 2>/dev/null || echo missing) $(readlink $path)"
        ' $(test ! -L $path && test -f $path && sha256sum < $path)"; done'
    )
    return dict(line.split(" ", 1) for line in instance.exec(look).splitlines())


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What differs: path to what it was and what it is."""
    return {path: (old, after[path]) for path, old in before.items() if after[path] != old}


def account(name: str, *keys: Any, home: str = "", options: str = "", prepare: str = "") -> str:
    """A script: an account, in a home of its own or in that one, with these keys in its own key file; the last words are run in the end."""
    made = f"useradd -s /bin/bash {options} " + (f"-M -d {home} {name}" if home else f"-m {name}")
    return "\n".join([made, own_keys(f"~{name}", *keys, owner=name) if keys else "", prepare])


def own_keys(home: str, *keys: Any, owner: str = "root", modes: tuple[str, str] = ("0700", "0600")) -> str:
    """A script: .ssh and authorized_keys in this home, with these keys, modes and owner."""
    lines = "".join(f"{key.public}\n" for key in keys)
    folder = f"install -d -m {modes[0]} -o {owner} -g $(id -g {owner}) {home}/.ssh; printf %s {shlex.quote(lines)} > {home}/.ssh/authorized_keys"
    return f"{folder}; chown {owner}: {home}/.ssh/authorized_keys; chmod {modes[1]} {home}/.ssh/authorized_keys"


def run_all(instance: Instance, *scripts: str) -> None:
    """Run scripts in turn; none may fail."""
    instance.exec("\n".join(["set -e", *scripts]))


def set_sshd(instance: Instance, settings: str = "") -> None:
    """Put settings ahead of all others, Match blocks behind them. Many logins follow: none is a penalty or makes a session of systemd."""
    path, (general, match, blocks) = "/etc/ssh/sshd_config", settings.partition("Match ")
    if "persourcepenalties" in instance.exec("sshd -T"):
        general += "\nPerSourcePenalties no"
    instance.put(path, f"{general}\n{instance.exec(f'cat {path}')}\n{match}{blocks}\n", "0600")
    instance.exec("sed -i /pam_systemd/d /etc/pam.d/*; sshd -t && { systemctl restart ssh.service 2>/dev/null || systemctl restart sshd.service; }")


def each(module: str, cases: Mapping[str, Mapping[str, Any]], hosts: str = "all") -> str:
    """A play with one task for each case; one that fails does not keep the next from being tried."""
    tasks = [{"name": name, module: dict(arguments), "ignore_errors": True} for name, arguments in cases.items()]
    play: dict[str, Any] = {"hosts": hosts, "gather_facts": False, "tasks": tasks}
    if hosts == "localhost":
        play.update(connection="local", vars={"ansible_python_interpreter": "{{ ansible_playbook_python }}"})
    return json.dumps([play], indent=1)


def outcomes(run: Any, cases: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The result of each task of each(), with C(failed); all of them were reached."""
    results = {entry.task: dict(entry.result, failed=entry.status not in ("ok", "changed")) for entry in run.results}
    assert set(results) == set(cases), run.output[-2000:]
    assert "Traceback" not in run.output
    return results


def opens(attacked: Any, user: str, key: Any) -> bool:
    """Whether this key opens this account, which may have expired or be gone: then PAM ends the connection without a word."""
    done = attacked.ssh(user, key)
    assert done.returncode == 0 or not done.stderr or "Permission denied" in done.stderr, done.stderr
    return done.returncode == 0


def who_opens(attacked: Any, tries: Iterable[tuple[str, Any]]) -> list[bool]:
    """The same for each account and key, tried side by side."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda entry: opens(attacked, *entry), tries))


def opened_by(attacked: Any, key: Any, names: Iterable[str]) -> list[str]:
    """Those of the accounts that this key opens, in their order."""
    names = list(names)
    return [name for name, opened in zip(names, who_opens(attacked, [(name, key) for name in names])) if opened]
