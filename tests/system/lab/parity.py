# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance as three hosts, one for each way to it, and the same tasks on all of them: whatever they answer has to be the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Iterable, Mapping, NamedTuple

import yaml
from lab.controller import Run
from lab.fleet import let_in
from lab.ssh import KeyFile, write_known_hosts
from lab.temporary import CONNECTION, Runner

# Names of one length, because sizes of files and of answers count.
WAYS = {
    "by_ssh": {"ansible_connection": "ansible.builtin.ssh"},
    "by_ecs": {"ansible_connection": CONNECTION},
    "by_aid": {"ansible_connection": "alicloud.ecs_access.ecs_assistant"},
}
NORM = "by_ssh"
# What no two runs have in common, whatever leads to the instance.
_TIMES = {
    "start", "end", "delta", "atime", "mtime", "ctime", "birthtime", "inode", "ansible_job_id", "results_file", "started_at", "elapsed",
    "_ansible_delegated_vars", "invocation", "attempts",
}  # fmt: skip
_FOLDER = re.compile(r"ansible-tmp-[0-9.-]+|/\.ansible/tmp/[A-Za-z0-9_.-]+|j[0-9]{6,}\.[0-9]+")


class Difference(NamedTuple):
    """One task that is answered differently."""

    task: str
    host: str
    wanted: str
    got: str


class Parity:
    """The hosts, and what became of them."""

    def __init__(self, runner: Runner, name: str, key: KeyFile) -> None:
        self.runner, self.instance, self.key = runner, runner.fleet[name], key
        for user in ("root", "ops"):
            let_in(self.instance, key, user)

    def run(self, tasks: str, *, environment: Mapping[str, str] | None = None, **variables: Any) -> Run:
        """Run tasks on every host; C(place) is a folder of the host's own."""
        self.instance.exec("rm -rf /srv/by_*; mkdir -m 0755 " + " ".join(f"/srv/{name}" for name in WAYS))
        address = {
            "ansible_host": self.instance.ssh_host, "ansible_port": self.instance.ssh_port,
            "ecs_instance_id": self.instance.instance_id, "ecs_region": self.runner.fleet.region,
        }  # fmt: skip
        # Nothing is said about host keys, which would be among the errors of the first task.
        known = self.runner.folder / "parity_known_hosts"
        write_known_hosts(known, [self.instance])
        standing = {
            "ansible_ssh_private_key_file": str(self.key.path),
            "ansible_ssh_common_args": f"-F none -o IdentityAgent=none -o UserKnownHostsFile={known}",
        }
        common = {
            "ansible_user": "root", "ansible_python_interpreter": "/usr/bin/python3", "ansible_ssh_common_args": "-F none",
            # A terminal would join the two outputs, and is there over ssh alone.
            "ansible_ssh_use_tty": False, "place": "/srv/{{ inventory_hostname }}", **variables,
        }  # fmt: skip
        hosts = {name: {**address, **way, **(standing if name == NORM else {})} for name, way in WAYS.items()}
        inventory = self.runner.folder / "parity.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": common}}))
        (self.runner.folder / "sent").mkdir(exist_ok=True)
        text = f"---\n- hosts: all\n  gather_facts: false\n  ignore_errors: true\n  ignore_unreachable: true\n  tasks:\n{tasks}"
        # Each host goes on by itself: the slowest of the three would hold up the others at every task.
        full = {**self.runner.environment(environment), "ANSIBLE_STRATEGY": "free"}
        return self.runner.controller.playbook(text, inventory, environment=full)

    def files(self, host: str) -> str:
        """What the tasks have left in the host's folder: kind, mode, owner, size and content of each file."""
        look = f"cd /srv/{host} && find . -printf '%y %m %u:%g %l %P\\n' | sort && find . -type f -exec sha256sum {{}} + | sort -k 2"
        return self.instance.exec(look).replace(host, NORM)


def differences(run: Run, hide: Iterable[str] = ()) -> list[Difference]:
    """The tasks whose results differ from those over plain ssh; what is hidden (regular expressions) does not count."""
    told: dict[str, dict[str, str]] = {}
    for entry in run.results:
        text = json.dumps([entry.status, _plain(entry.result)], sort_keys=True, ensure_ascii=False).replace(entry.host, NORM)
        text = _FOLDER.sub("TEMPORARY", text)
        for pattern in hide:
            text = re.sub(pattern, "HIDDEN", text)
        told.setdefault(entry.task, {})[entry.host] = text
    return [
        Difference(task, host, answers.get(NORM, "nothing"), answers.get(host, "nothing"))
        for task, answers in told.items()
        for host in WAYS
        if answers.get(host) != answers.get(NORM)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if name not in _TIMES}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def write_sent(folder: Path) -> None:
    """What tasks send: binary, large, with odd names, modes and texts."""
    sent = folder / "sent"
    sent.mkdir(exist_ok=True)
    (sent / "every byte").write_bytes(bytes(range(256)) * 40)
    (sent / "large").write_bytes(bytes(number * number % 251 for number in range(700_001)))
    (sent / "empty").write_bytes(b"")
    (sent / "template.j2").write_text("{{ greeting }}\n{% if true %}\n  gr\u00fc\u00dfe \u4f60\u597d\t{{ 1 + 1 }}\n{% endif %}\n\nno end of line")
    (sent / "script.sh").write_text('#!/bin/sh\nprintf "%s|" "$@"; id -un; echo "to err" >&2; exit 7\n')
    (sent / "script.py").write_text("#!/usr/bin/python3\nimport os, sys\nprint(sys.argv[1:], os.environ.get('WORD'), oct(os.umask(0)))\n")
    tree = sent / "tree"
    (tree / "deep" / "er").mkdir(parents=True)
    (tree / "deep" / "er" / "run me").write_text("#!/bin/sh\n")
    (tree / "deep" / "er" / "run me").chmod(0o750)
    (tree / "note").write_text("x" * 3000)
