# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances whose sshd may be broken on purpose: what happens to them must not happen to the shared fleet."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import yaml
from lab import ssh as lab_ssh
from lab.controller import Controller
from lab.fleet import Fleet
from lab.instance import Instance
from lab.ssh import KeyFile

PASSWORD = "only-for-this-container"
STATE = "/var/lib/alicloud-ecs-access/sshd"


class SshdHost:
    """A real system of the test: `op` comes by password and has sudo, `alice` and `root` have a key."""

    def __init__(self, instance: Instance, controller: Controller, key: KeyFile, fleet: Fleet) -> None:
        self.instance = instance
        self.controller = controller
        self.key = key
        self.fleet = fleet
        self.exec = instance.exec

    @property
    def unit(self) -> str:
        """The service that is named after the distribution's habit."""
        return "sshd.service" if self.instance.name == "el-like" else "ssh.service"

    def ssh_command(self, user: str, *command: str, key: KeyFile | None = None) -> list[str]:
        """A login by one key alone, by default alice's."""
        return [
            "ssh",
            *lab_ssh.OPTIONS,
            "-o",
            f"UserKnownHostsFile={self.controller.known_hosts}",
            "-i",
            str((key or self.key).path),
            "-p",
            str(self.instance.ssh_port),
            f"{user}@{self.instance.ssh_host}",
            *command,
        ]

    def login(self, user: str = "alice", key: KeyFile | None = None) -> str:
        """The user's name as the host says it after a login by key alone, or what ssh says against it."""
        done = subprocess.run(self.ssh_command(user, "id", "-un", key=key), capture_output=True, text=True, timeout=30, check=False)
        return (done.stdout or done.stderr).strip()

    def password_login(self, user: str, method: str) -> bool:
        """Whether a person who types the password is let in by this method of ssh; the account's password is the lab's."""
        askpass = self.controller.folder / "askpass"
        askpass.write_text(f"#!/bin/sh\necho {PASSWORD}\n")
        askpass.chmod(0o700)
        options = ("BatchMode=no", f"PreferredAuthentications={method}", "PubkeyAuthentication=no", "NumberOfPasswordPrompts=1")
        command = self.ssh_command(user, "id", "-un")
        command[1:1] = [word for option in options for word in ("-o", option)]
        environment = {**os.environ, "SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":none"}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env=environment, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        assert done.stdout.strip() == user or "Permission denied" in done.stderr, done.stderr
        return done.stdout.strip() == user

    def let_op_in(self) -> None:
        """Give `op` the key that Ansible logs in with, and root a password."""
        public = self.controller.key.public
        self.exec(f"""
            echo root:{PASSWORD} | chpasswd
            mkdir -p -m 700 /home/op/.ssh; echo '{public}' > /home/op/.ssh/authorized_keys; chown -R op: /home/op/.ssh
        """)

    def configure(self, script: str) -> None:
        """Change the files as an administrator would, and let sshd read them."""
        self.exec(script)
        # A second's resolution is all that systemd gives for the time of the last reload: it has to be another second.
        time.sleep(1.02 - time.time() % 1)
        self.exec(f"systemctl reload {self.unit}")
        # systemctl returns when the signal is sent; sshd closes its port for a moment when it comes to it.
        time.sleep(0.5)
        self.wait_for_port()

    def run(self, check: bool = False, variables: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """The module's result through real ansible, logged in by password, with what a person sees as `output`."""
        run = self.controller.playbook(
            self.play(**options), [self.instance], options=["--diff"] + ["--check"] * check, user="op",
            variables={**self.variables(), **(variables or {})},
        )  # fmt: skip
        assert len(run.results) == 1, run.output
        return {**run.results[0].result, "status": run.results[0].status, "output": " ".join(run.output.split())}

    def play(self, **options: Any) -> str:
        """A playbook with the one task; proven by alice's key unless told otherwise."""
        options = {"proof_user": "alice", "proof_private_key_file": str(self.key.path), **options}
        tasks = [{"alicloud.ecs_access.sshd_pubkey": options}]
        return "---\n" + yaml.safe_dump([{"hosts": "all", "gather_facts": False, "become": True, "tasks": tasks}])

    def variables(self) -> dict[str, Any]:
        """How Ansible logs in: by password, since keys may be off."""
        return {
            "ansible_password": PASSWORD,
            "ansible_python_interpreter": "auto_silent",
            "ansible_ssh_common_args": f"-F none -o UserKnownHostsFile={self.controller.known_hosts}",
        }

    def snapshot(self) -> str:
        """Every file below /etc and of our state: kind, mode, owner, content and time."""
        return self.exec(
            "find /etc /var/lib/alicloud-ecs-access -xdev -printf '%p %m %u %g %y %l %T@\\n' 2>/dev/null | sort; "
            "find /etc/ssh -type f -exec sha256sum {} + | sort"
        )

    def greets(self) -> bool:
        """Whether an SSH server answers."""
        try:
            with socket.create_connection((self.instance.ssh_host, self.instance.ssh_port), timeout=5) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def reset(self) -> None:
        """The original configuration of sshd, and nothing of ours."""
        self.exec(f"""
            rm -rf /etc/ssh {STATE} /run/alicloud-ecs-access-sshd.lock
            rm -rf /etc/systemd/system/ssh*.service.d /etc/systemd/system/sshd.service.d
            cp -a /root/ssh.pristine /etc/ssh
            systemctl daemon-reload
            if systemctl is-active -q ssh.socket; then systemctl disable --now ssh.socket; fi
            systemctl reset-failed
            systemctl start {self.unit}
            systemctl kill -s CONT {self.unit}
        """)
        self.configure("true")

    def wait_for_port(self) -> None:
        """Return once an SSH server answers."""
        for _attempt in range(60):
            if self.greets():
                return
            time.sleep(0.25)
        raise AssertionError("no SSH server answers")


@contextlib.contextmanager
def running_hosts(start_fleet: Callable, images: list[str], folder: Path, controller_key: KeyFile) -> Iterator[dict[str, SshdHost]]:
    """Systems by the name of their image."""
    folder.mkdir()
    key = lab_ssh.make_key(folder, "alice")
    with start_fleet({"instances": [{"name": name, "backend": "container", "image": name} for name in images]}) as fleet:
        lab_ssh.write_known_hosts(folder / "known_hosts", fleet)
        controller = Controller(folder, controller_key, folder / "known_hosts")
        for instance in fleet:
            instance.exec(f"""
                useradd -m -s /bin/bash op && echo op:{PASSWORD} | chpasswd
                echo 'op ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/op
                useradd -m -s /bin/bash alice
                for user in alice root; do
                    home=$(getent passwd $user | cut -d: -f6)
                    mkdir -p -m 700 $home/.ssh; echo '{key.public}' >> $home/.ssh/authorized_keys
                    chown -R $user: $home/.ssh
                done
                cp -a /etc/ssh /root/ssh.pristine
            """)
        yield {instance.name: SshdHost(instance, controller, key, fleet) for instance in fleet}
        controller.close()
