# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances without any standing key, and Ansible that reaches them with temporary ones."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Mapping

import yaml
from lab.controller import BIN, Controller, Run
from lab.fleet import Fleet
from lab.ssh import KeyFile

INSTALL = "acs-plugin-manager -e -P config_ecs_instance_connect --params --install"
PING = "    - ansible.builtin.ping:\n"
CONNECTION = "alicloud.ecs_access.ecs_ssh"


@contextlib.contextmanager
def running_cloud(
    start_fleet: Callable, reachable: Iterable[str], hidden: Iterable[str] = (), bare: Iterable[str] = (), el_like: Iterable[str] = (),
    **fleet: Any,
) -> Iterator[Fleet]:  # fmt: skip
    """Instances by name: reachable ones, hidden ones whose port is not published, and bare ones that nobody prepared."""
    groups = [(reachable, {}), (hidden, {"publish_ssh": False}), (bare, {})]
    instances = [
        {"name": name, "backend": "container", "image": "el-like" if name in el_like else "debian12", **more} for names, more in groups for name in names
    ]
    with start_fleet({"instances": instances, **fleet}) as started:
        for instance in started:
            if instance.name not in bare:
                assert started.run_command(instance, INSTALL)["InvocationStatus"] == "Success"
            instance.exec("useradd -m -s /bin/bash ops && echo 'ops ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ops")
            instance.exec("rm -f /root/.ssh/authorized_keys; ! ls /home/*/.ssh/authorized_keys 2>/dev/null")
        yield started


class Runner:
    """Real ansible-playbook over ecs_ssh, on a cloud whose calls are counted."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet, self.folder = fleet, folder
        self.known_hosts = folder / "known_hosts"
        self.controller = Controller(folder, KeyFile(folder / "none", ""), self.known_hosts)

    @classmethod
    @contextlib.contextmanager
    def open(cls, fleet: Fleet, folder: Path) -> Iterator[Runner]:
        made = cls(fleet, folder)
        made.control("DELETE", "requests")
        made.control("DELETE", "faults")
        try:
            yield made
        finally:
            made.hang_up()
            made.controller.close()

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a person exports, and a file of host keys of the test's own."""
        return {**self.fleet.environment(), "ECS_ACCESS_KNOWN_HOSTS": str(self.known_hosts), **(more or {})}

    def inventory(self, names: Iterable[str], **variables: Any) -> Path:
        """Hosts by name; hidden ones have no address."""
        hosts = {}
        for name in names:
            instance = self.fleet[name]
            hosts[name] = {"ecs_instance_id": instance.instance_id, "ecs_region": self.fleet.region}
            if instance.ssh_host:
                hosts[name].update(ansible_host=instance.ssh_host, ansible_port=instance.ssh_port)
        common = {
            "ansible_connection": CONNECTION, "ansible_user": "root", "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_common_args": "-F none", **variables,
        }  # fmt: skip
        path = self.folder / f"inventory-{len(list(self.folder.glob('inventory-*')))}.yml"
        path.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": {key: value for key, value in common.items() if value is not None}}}))
        return path

    def play(
        self, tasks: str, names: Iterable[str], *, options: Iterable[str] = (), environment: Mapping[str, str] | None = None,
        tunnel: str = "never", head: str = "", **variables: Any,
    ) -> Run:  # fmt: skip
        """A play with these tasks."""
        text = f"---\n- hosts: all\n  gather_facts: false\n{head}  tasks:\n{tasks}"
        inventory = self.inventory(names, ecs_access_tunnel=tunnel, **variables)
        return self.controller.playbook(text, inventory, options=options, environment=self.environment(environment))

    def start(self, tasks: str, names: Iterable[str], tunnel: str = "never", **variables: Any) -> subprocess.Popen:
        """The same, not waited for; a session of its own, so that it can be killed with all that it started."""
        playbook = self.folder / "started.yml"
        playbook.write_text(f"---\n- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}")
        inventory = self.inventory(names, ecs_access_tunnel=tunnel, **variables)
        collected = self.folder / "started.jsonl"
        collected.touch()
        environment = {**self.controller.environment(), **self.environment(), "LAB_RESULTS": str(collected)}
        return subprocess.Popen(
            [str(BIN / "ansible-playbook"), "-i", str(inventory), str(playbook)], env=environment, stdin=subprocess.DEVNULL,
            stdout=open(self.folder / "started.out", "wb"), stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def hang_up(self) -> None:
        """Close the connections that ssh keeps open."""
        for socket in Path(self.controller.environment()["ANSIBLE_SSH_CONTROL_PATH_DIR"]).iterdir():
            subprocess.run(["ssh", "-F", "none", "-O", "exit", "-S", str(socket), "any"], capture_output=True, timeout=20, check=False)

    def folders(self) -> list[Path]:
        """What runs have left behind."""
        return list((self.folder / "home" / "tmp").glob("*/ecs_ssh"))

    def calls(self, ignore: Iterable[str] = ("DescribeInvocationResults",)) -> dict[str, int]:
        """API calls so far by action."""
        counts = Counter(self.control("GET", "requests")["by_action"])
        return {action: count for action, count in counts.items() if action not in ignore}

    def keys(self, name: str) -> list[dict[str, Any]]:
        """The temporary keys that the service still holds for an instance."""
        return self.control("GET", f"instances/{name}")["keys"]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A control path of the embedded cloud."""
        return self.fleet.control(method, path, body)

    def fault(self, action: str, fault: str, **details: Any) -> None:
        """Queue a fault."""
        self.control("POST", "faults", {"action": action, "fault": fault, **details})


def processes(*words: str) -> list[int]:
    """Processes with all these words in their command lines."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                line = Path("/proc", entry, "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                if all(word in line for word in words):
                    found.append(int(entry))
    return found
