# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the embedded cloud as a process, and ansible and ssh against it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ecs_emulator.variables import variables_of

HERE = Path(__file__).resolve().parent
_START_SECONDS = 120


class Instance(NamedTuple):
    """One entry of the emulator's ready file."""

    name: str
    ssh_host: str | None
    ssh_port: int | None
    container: str | None

    def inside(self, script: str) -> str:
        """Run a script as root in the system behind the instance, past ssh and the cloud."""
        return subprocess.run(["podman", "exec", "-i", self.container, "sh", "-eu"], input=script, check=True, capture_output=True, text=True).stdout

    def boot_id(self) -> str:
        """The id of the current boot of the instance."""
        return self.inside("cat /proc/sys/kernel/random/boot_id").strip()


class Cloud:
    """Starts the embedded cloud and points ansible at it through the environment, as one would at a real account."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.keys = folder / "keys"
        self.keys.mkdir(mode=0o700)
        self._known_hosts = folder / "known_hosts"
        self.instances: list[Instance] = []
        self.last_exit_code = 0

    def __enter__(self) -> Cloud:
        ready = self._folder / "ready.json"
        self._server = subprocess.Popen(
            [sys.executable, "-m", "ecs_emulator", "serve", "--listen", "127.0.0.1:0", "--fleet", HERE / "fleet.yml",
             "--state", self._folder / "state", "--ready-file", ready, "--tls"]
        )  # fmt: skip
        give_up = time.monotonic() + _START_SECONDS
        while not ready.exists():
            if self._server.poll() is not None:
                sys.exit(f"demo: the embedded cloud ended with exit code {self._server.returncode} before it was ready")
            if time.monotonic() > give_up:
                self._stop()
                sys.exit(f"demo: the embedded cloud was not ready after {_START_SECONDS} seconds")
            time.sleep(0.2)
        account = json.loads(ready.read_text(encoding="utf-8"))
        fields = Instance._fields
        self.instances = [Instance(**{field: entry.get(field) for field in fields}) for entry in account["instances"]]
        port = next(str(instance.ssh_port) for instance in self.instances if instance.ssh_port)
        self._environment = {
            **os.environ,
            **variables_of(account),
            "ANSIBLE_REMOTE_PORT": port,
            "ANSIBLE_SSH_COMMON_ARGS": f"-o UserKnownHostsFile={self._known_hosts} -o StrictHostKeyChecking=accept-new",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self._folder / "cp"),
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_DISPLAY_OK_HOSTS": "false",
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
            "ANSIBLE_FORCE_COLOR": "true" if sys.stdout.isatty() else "false",
            "COLUMNS": str(shutil.get_terminal_size((120, 24)).columns - 2),
        }
        return self

    def __exit__(self, *_unused) -> None:
        self._stop()

    def _stop(self) -> None:
        self._server.terminate()
        try:
            self._server.wait(60)
        except subprocess.TimeoutExpired:
            self._server.kill()

    @property
    def key_pair_options(self) -> list[str]:
        """The extra variables that name the key pair and its private key."""
        return ["-e", "ecs_access_key_pair_name=team", "-e", f"ecs_access_private_key_path={self.keys / 'team'}"]

    def people_keys(self, **names: str) -> str:
        """The extra variable with the private keys that are at hand."""
        return json.dumps({"ecs_access_private_keys": {person: str(self.keys / key) for person, key in names.items()}})

    def make_key(self, name: str, kind: str) -> None:
        """A person's own key pair, made by ssh-keygen."""
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", name, "-f", self.keys / name], check=True)

    def key_mode(self, name: str) -> int:
        """Permission bits of a private key's file."""
        return (self.keys / name).stat().st_mode & 0o777

    def plant_key(self, instance: Instance, user: str, name: str) -> None:
        """An account with one key that was created by hand."""
        line = (self.keys / f"{name}.pub").read_text(encoding="utf-8")
        instance.inside(
            f"useradd --create-home --shell /bin/bash {user}\n"
            f"install -d -m 0700 -o {user} -g {user} /home/{user}/.ssh\n"
            f"cat > /home/{user}/.ssh/authorized_keys <<'KEY'\n{line}KEY\n"
            f"chown {user}: /home/{user}/.ssh/authorized_keys\nchmod 0600 /home/{user}/.ssh/authorized_keys\n"
        )

    def inventory_graph(self) -> str:
        """The hosts and groups that the inventory plugin finds in the account."""
        command = ["ansible-inventory", "-i", "demo.ecs.yml", "--graph"]
        return subprocess.run(command, cwd=HERE, env=self._environment, check=True, capture_output=True, text=True).stdout

    def playbook(self, name: str, *options: str) -> Iterator[str]:
        """Run a playbook of the collection; yields its lines as they come."""
        command = ["ansible-playbook", f"alicloud.ecs_access.{name}", "-i", "demo.ecs.yml", *options, "-e", f"demo_keys={self.keys}"]
        with subprocess.Popen(command, cwd=HERE, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            for line in process.stdout:
                yield line.rstrip("\n")
        self.last_exit_code = process.returncode

    def answer(self, instance: Instance, user: str, key: str, command: str) -> str | None:
        """What a command over ssh prints; None when the login or the command failed."""
        done = self._ssh(instance, user, key, command)
        return done.stdout.strip() if done.returncode == 0 else None

    def can_log_in(self, instance: Instance, user: str, key: str) -> bool:
        """Whether that key, and no other, opens that account."""
        return self.answer(instance, user, key, "id -un") == user

    def is_refused(self, instance: Instance, user: str, key: str) -> bool:
        """Whether sshd itself refuses the key; a host that cannot be reached does not count."""
        done = self._ssh(instance, user, key, "true")
        return done.returncode == 255 and "Permission denied" in done.stderr

    def _ssh(self, instance: Instance, user: str, key: str, command: str) -> subprocess.CompletedProcess:
        options = [
            "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "PreferredAuthentications=publickey", "ControlPath=none",
            "StrictHostKeyChecking=accept-new", f"UserKnownHostsFile={self._known_hosts}", "ConnectTimeout=10",
        ]  # fmt: skip
        words = ["ssh", "-F", "none", "-i", self.keys / key, "-p", str(instance.ssh_port)]
        words += [word for option in options for word in ("-o", option)]
        return subprocess.run([*words, f"{user}@{instance.ssh_host}", command], check=False, capture_output=True, text=True, timeout=60)
