# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local account that wants root to run its things: a script that leaves word of who ran it, and processes that stay."""

from __future__ import annotations

from lab.instance import Instance

HOME = "/home/mallory"
SCRIPT = f"{HOME}/evil.sh"
TRACES = "/run/traces"
# One file for each uid. Under the name sshd it goes on as the real server would, so that the run does not end early.
EVIL = f"""#!/bin/sh
printf 'uid %s ran %s\\n' "$(/usr/bin/id -u)" "$0 $*" >> {TRACES}/$(/usr/bin/id -u)
case $0 in */sshd) exec /usr/sbin/sshd "$@" ;; esac
"""


def settle(instance: Instance) -> None:
    """The account mallory with its script, which is shown to leave word."""
    instance.exec(f"useradd -m -s /bin/bash mallory; chmod 755 {HOME}; mkdir -m 1777 {TRACES}")
    instance.put(SCRIPT, EVIL, "0755", "mallory:mallory")
    instance.exec(SCRIPT, user="mallory")
    assert "ran" in traces(instance), "the script leaves no word"


def traces(instance: Instance) -> str:
    """What mallory's script and processes have left word of since the last time, which is forgotten."""
    return instance.exec(f"cat {TRACES}/* 2>/dev/null | sort -u; rm -f {TRACES}/*")


def start(instance: Instance, command: str, stdin: str = "/dev/null", user: str = "mallory", privileged: bool = False) -> int:
    """Start a command that stays, by bash, in a session of its own: its process id."""
    instance.put(f"{HOME}/start.sh", f"cd {HOME}\necho $$ > {HOME}/pid\n{command}\n", "0644", "mallory:mallory")
    instance.exec(f"rm -f {HOME}/pid {HOME}/out; setsid bash {HOME}/start.sh < {stdin} > {HOME}/out 2>&1 &", user=user, privileged=privileged)
    return int(instance.exec(f"until [ -s {HOME}/pid ]; do sleep 0.02; done; cat {HOME}/pid", timeout=20))


def unit_of_sshd(instance: Instance) -> str:
    """ssh or sshd, as the distribution has it."""
    return instance.exec("systemctl cat ssh.service > /dev/null 2>&1 && echo ssh || echo sshd").strip()
