# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account, mostly of instances that only the API knows, and the controller of a person who works with it, with canaries on it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Mapping, NamedTuple

import yaml
from lab.controller import BIN, Controller, Run, TaskResult
from lab.fleet import Fleet
from lab.ssh import KeyFile

PLUGIN = "alicloud.ecs_access.ecs"


class Listing(NamedTuple):
    """What ansible-inventory answered."""

    hosts: dict[str, dict[str, Any]]
    """Name to variables, without the marks for text that must not be evaluated."""
    said: str
    text: str

    def of(self, instance_id: str) -> dict[str, dict[str, Any]]:
        """The hosts that stand for this instance."""
        return {name: variables for name, variables in self.hosts.items() if variables.get("ecs_instance_id") == instance_id}


class Canaries:
    """Files on the controller that nobody makes unless foreign text is run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "canaries"
        self._folder.mkdir()

    def path(self, name: str) -> Path:
        """Where this canary will be."""
        return self._folder / name

    def command(self, name: str) -> str:
        """What leaves it when a shell runs it."""
        return f"touch {self.path(name)}"

    def template(self, name: str) -> str:
        """What leaves it when Ansible evaluates it."""
        return "{{ lookup('pipe', '%s') }}" % self.command(name)

    def beside(self, name: str) -> Path:
        """A file that is none of them."""
        return self._folder.parent / name

    def seen(self) -> list[str]:
        """Those that are there; they are gone afterwards."""
        found = sorted(self._folder.iterdir())
        for path in found:
            path.unlink()
        return [path.name for path in found]


class Account:
    """An account and real ansible in a folder of its own."""

    def __init__(self, cloud: Fleet, folder: Path, key: KeyFile) -> None:
        self.cloud, self.folder, self.key = cloud, folder, key
        self.work = folder / "work"
        for made in (self.work, folder / "controller"):
            made.mkdir()
        (folder / "known_hosts").touch()
        self.controller = Controller(folder / "controller", key, folder / "known_hosts")
        self.environment = {
            **cloud.environment(), "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "COLUMNS": "400", "ANSIBLE_FORKS": "16",
            "ANSIBLE_TIMEOUT": "3", "ANSIBLE_SSH_ARGS": "-F none -o IdentityAgent=none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
        }  # fmt: skip

    def source(self, name: str = "my.ecs.yml", **options: Any) -> Path:
        """An inventory file for the plugin."""
        return self.write(name, yaml.safe_dump({"plugin": PLUGIN, **options}))

    def write(self, name: str, text: str) -> Path:
        """A file in the folder that somebody works in."""
        path = self.work / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def run(self, *words: str, sources: Iterable[Path | str] = (), environment: Mapping[str, str] | None = None) -> Run:
        """ansible or one of its relatives."""
        collected = self.folder / "results.jsonl"
        collected.write_text("")
        full = {**self.controller.environment(), **self.environment, "LAB_RESULTS": str(collected), **(environment or {})}
        inventories = [word for source in sources for word in ("-i", str(source))]
        done = subprocess.run(
            [str(BIN / words[0]), *inventories, *words[1:]], capture_output=True, text=True, env=full, cwd=self.work, timeout=120,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        results = tuple(TaskResult(**json.loads(line)) for line in collected.read_text().splitlines())
        return Run(done.returncode, done.stdout, done.stderr, results)

    def play(
        self, playbook: str, *sources: Path | str, environment: Mapping[str, str] | None = None, options: Iterable[str] = (), **variables: Any
    ) -> Run:  # fmt: skip
        """A playbook by its name or its text."""
        if "\n" in playbook:
            playbook = str(self.write("play.yml", playbook))
        given = self.write("vars.json", json.dumps(variables))
        return self.run("ansible-playbook", playbook, "-e", f"@{given}", *options, sources=sources, environment=environment)

    def listing(self, *sources: Path | str, environment: Mapping[str, str] | None = None) -> Listing:
        """ansible-inventory --list."""
        done = self.run("ansible-inventory", "--list", sources=sources, environment=environment)
        assert done.returncode == 0, done.output
        hosts = plain(json.loads(done.stdout))["_meta"]["hostvars"]
        return Listing(hosts, done.stderr, done.stdout)


def plain(value: Any) -> Any:
    """Without the marks for text that must not be evaluated."""
    if isinstance(value, dict):
        if value.keys() == {"__ansible_unsafe"}:
            return value["__ansible_unsafe"]
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@contextlib.contextmanager
def running_account(start_fleet: Callable, folder: Path, key: KeyFile, instances: list[dict[str, Any]], **fleet: Any) -> Iterator[Account]:
    """An account with these instances."""
    with start_fleet({"instances": instances, **fleet}) as cloud:
        made = Account(cloud, folder, key)
        yield made
        made.controller.close()


class Door:
    """Listens where SSH servers would be, on one port of several loopback addresses, and counts who knocks."""

    def __init__(self, *addresses: str) -> None:
        self.knocks = dict.fromkeys(addresses, 0)
        first = socket.create_server((addresses[0], 0))
        self.port = first.getsockname()[1]
        self._sockets = {addresses[0]: first, **{address: socket.create_server((address, self.port)) for address in addresses[1:]}}
        for address, listener in self._sockets.items():
            threading.Thread(target=self._listen, args=(address, listener), daemon=True).start()

    def _listen(self, address: str, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                listener.accept()[0].close()
                self.knocks[address] += 1

    def __enter__(self) -> Door:
        return self

    def __exit__(self, *_error: object) -> None:
        for listener in self._sockets.values():
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()


def ssh_as_typed(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What a person types. ssh takes the home from the user database, so their .ssh is put there, for this process alone."""
    line = 'mount --bind "$0/.ssh" "$HOME/.ssh" && exec ssh "$@"'
    real = os.path.expanduser("~")
    Path(real, ".ssh").mkdir(mode=0o700, exist_ok=True)
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", line, str(home), *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": real}, check=False,
    )  # fmt: skip
