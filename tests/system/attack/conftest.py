# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the attacks: an instance that no other test has touched, and the collection used as its users use it.

Nothing here knows where code stands: the tests call modules and playbooks and look at what became of the instance.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple

import pytest
from lab import ssh as lab_ssh
from lab.controller import Controller, Run
from lab.fleet import Fleet
from lab.instance import Instance
from lab.ssh import KeyFile

LOCAL_PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: Call the module
      %(module)s: "{{ arguments }}"
"""


class Victim(NamedTuple):
    """An instance that is attacked, the cloud that it belongs to, and Ansible on a controller of its own."""

    instance: Instance
    cloud: Fleet
    controller: Controller
    key: KeyFile
    """The key that Ansible logs in with as root."""

    def ansible(self, module: str, args: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A host module over SSH: its result. A failure is a result like any other."""
        return self.controller.ansible(self.instance, module, args, **more)

    def cloud_module(self, module: str, args: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A cloud module on the controller: its result, with C(failed)."""
        run = self.controller.playbook(LOCAL_PLAY % {"module": module}, [], extra_vars={"arguments": args}, environment=self.cloud.environment(), **more)
        assert run.results, run.output
        return dict(run.results[-1].result, failed=run.results[-1].status == "failed")

    def playbook(self, name: str, **more: Any) -> Run:
        """A playbook of the collection by FQCN or text, on this instance."""
        return self.controller.playbook(name, [self.instance], environment=self.cloud.environment(), **more)

    def ssh(self, user: str, key: KeyFile, command: str = "id -un", **more: Any) -> Any:
        """One login from outside with exactly this key."""
        return lab_ssh.ssh(self.instance, user, key, command, self.controller.known_hosts, **more)

    def lets_in(self, user: str, key: KeyFile) -> bool:
        """Whether this key opens this account; a control in every test that takes something away."""
        for _attempt in range(3):
            done = self.ssh(user, key)
            if done.returncode == 0 or "Permission denied" in done.stderr:
                return done.returncode == 0
            # A connection that was lost has neither opened nor refused anything.
            time.sleep(1)
        raise AssertionError(f"no answer to a login as {user}: {done}")


@pytest.fixture
def attacked(start_fleet: Callable, controller_key: KeyFile, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Victim]:
    """A fresh instance of the image in turn, with its own cloud."""
    image = request.param
    with start_fleet({"instances": [{"name": image, "backend": "container", "image": image}]}) as cloud:
        known_hosts = tmp_path / "known_hosts"
        lab_ssh.write_known_hosts(known_hosts, cloud)
        folder = tmp_path / "controller"
        folder.mkdir()
        controller = Controller(folder, controller_key, known_hosts)
        yield Victim(cloud[image], cloud, controller, controller_key)
        controller.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The first image in C(make test), every image in C(make long)."""
    if "attacked" in metafunc.fixturenames:
        first, *others = metafunc.config.getoption("--images").split(",")
        cases = [first, *(pytest.param(name, marks=pytest.mark.long) for name in others)]
        metafunc.parametrize("attacked", cases, indirect=True)


@pytest.fixture
def local_account() -> Callable[[Instance, str], str]:
    """local_account(instance, "mallory"): an ordinary account with a home and a shell; its name."""

    def add(instance: Instance, name: str = "mallory") -> str:
        instance.exec(f"useradd -m -s /bin/bash {name}")
        return name

    return add
