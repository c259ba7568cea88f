# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real ansible and ansible-playbook, over real SSH, without anything of the person who runs the tests."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Iterable, Mapping, NamedTuple

import yaml
from lab.ansible_server import AnsibleServers
from lab.instance import Instance
from lab.ssh import KeyFile

HERE = Path(__file__).resolve().parent
COLLECTIONS = HERE.parents[2] / ".work" / "collections"
BIN = Path(sys.executable).parent
# Shared by the controllers of this process, so that their runs are forks of one that has imported ansible.
SERVERS = AnsibleServers()


class TaskResult(NamedTuple):
    """What one task did on one host."""

    host: str
    task: str
    action: str
    status: str
    """ok, changed, failed, ignored, skipped or unreachable."""
    result: dict[str, Any]


class Run(NamedTuple):
    """One run of ansible or ansible-playbook."""

    returncode: int
    stdout: str
    stderr: str
    results: tuple[TaskResult, ...]

    @property
    def output(self) -> str:
        """Everything a person would see."""
        return self.stdout + self.stderr

    def changed(self) -> list[TaskResult]:
        """The tasks that changed something."""
        return [result for result in self.results if result.status == "changed"]

    def failed(self) -> list[TaskResult]:
        """The tasks that failed or did not reach their host."""
        return [result for result in self.results if result.status in ("failed", "unreachable")]


class Controller:
    """Runs Ansible on instances; logs in as root with a key of its own unless told otherwise."""

    def __init__(self, folder: Path, key: KeyFile, known_hosts: Path) -> None:
        self.folder = folder
        self.key = key
        self.known_hosts = known_hosts
        # The path of a control socket must be short.
        self._sockets = tempfile.TemporaryDirectory(prefix="lab-", dir="/tmp")

    def close(self) -> None:
        """Forget the connections."""
        self._sockets.cleanup()

    def ansible(
        self,
        instances: Instance | Iterable[Instance],
        module: str,
        args: Mapping[str, Any] | None = None,
        *,
        check: bool = False,
        diff: bool = False,
        become: bool = False,
        user: str = "root",
        key: KeyFile | None = None,
        variables: Mapping[str, Any] | None = None,
        options: Iterable[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Any:
        """Run one module: its result for one instance, name -> result for several. A failure is a result like any other."""
        chosen = [instances] if isinstance(instances, Instance) else list(instances)
        inventory = self.inventory(chosen, user=user, key=key, variables=variables)
        command = ["ansible", "-i", str(inventory), "all", "-m", module, *options]
        command += ["-a", json.dumps(dict(args))] if args else []
        command += ["--check"] * check + ["--diff"] * diff + ["--become"] * become
        run = self._run(command, environment or {})
        results = {entry.host: entry.result for entry in run.results}
        assert set(results) == {instance.name for instance in chosen}, run.output
        return results[chosen[0].name] if isinstance(instances, Instance) else results

    def playbook(
        self,
        playbook: str | Path,
        instances: Iterable[Instance] | Path = (),
        *,
        extra_vars: Mapping[str, Any] | None = None,
        options: Iterable[str] = (),
        environment: Mapping[str, str] | None = None,
        user: str = "root",
        key: KeyFile | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> Run:
        """Run a playbook: a path, an FQCN, or the text itself. Instances, or an inventory file of the test's own."""
        if isinstance(playbook, str) and "\n" in playbook:
            text, playbook = playbook, self._scratch("playbook", ".yml")
            playbook.write_text(text)
        inventory = instances if isinstance(instances, Path) else self.inventory(instances, user=user, key=key, variables=variables)
        command = ["ansible-playbook", "-i", str(inventory), str(playbook), *options]
        if extra_vars:
            path = self._scratch("vars", ".json")
            path.write_text(json.dumps(dict(extra_vars)))
            command += ["-e", f"@{path}"]
        return self._run(command, environment or {})

    def inventory(
        self,
        instances: Iterable[Instance],
        *,
        user: str = "root",
        key: KeyFile | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> Path:
        """An inventory file of these instances by name; it may be given to playbook() too."""
        hosts = {
            instance.name: {"ansible_host": instance.ssh_host, "ansible_port": instance.ssh_port, "ecs_instance_id": instance.instance_id}
            for instance in instances
        }
        common = {
            "ansible_user": user,
            "ansible_ssh_private_key_file": str((key or self.key).path),
            "ansible_ssh_common_args": f"-F none -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile={self.known_hosts}",
            "ansible_python_interpreter": "/usr/bin/python3",
            **(variables or {}),
        }
        path = self._scratch("inventory", ".yml")
        path.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": common}}))
        return path

    def environment(self) -> dict[str, str]:
        """The environment that ansible gets, for tests that call it in a way of their own."""
        foreign = ("ANSIBLE_", "ALIBABA_CLOUD_", "ALICLOUD_", "SSH_AUTH_SOCK")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {
            **clean,
            "PATH": f"{BIN}:{clean.get('PATH', '')}",
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_CALLBACKS_ENABLED": "collect",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CONFIG": str(HERE / "ansible.cfg"),
            "ANSIBLE_HOME": SERVERS.home,
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": self._sockets.name,
            "ANSIBLE_TIMEOUT": "20",
        }

    def _run(self, command: list[str], environment: Mapping[str, str]) -> Run:
        collected = self._scratch("results", ".jsonl")
        full = {**self.environment(), "LAB_RESULTS": str(collected), **environment}
        done = SERVERS.run([str(BIN / command[0]), *command[1:]], full, timeout=600)
        results = tuple(TaskResult(**json.loads(line)) for line in collected.read_text().splitlines())
        return Run(done.returncode, done.stdout, done.stderr, results)

    def _scratch(self, name: str, suffix: str) -> Path:
        handle, path = tempfile.mkstemp(prefix=f"{name}-", suffix=suffix, dir=self.folder)
        os.close(handle)
        return Path(path)
