# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX lays them out for ansible-runner, and what came of them."""

from __future__ import annotations

import json
import subprocess
import venv
from pathlib import Path
from typing import Any, Mapping

import yaml

UID = 1000620000
"""As OpenShift chooses one for a project."""


def install(folder: Path, *packages: str) -> Path:
    """A virtual environment of their own; answers its bin."""
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "pip", "install", "-q", *packages], check=True, capture_output=True, timeout=300)
    return folder / "bin"


class Answer(str):
    """Text that a person gave: AWX marks it, so that it is never a template."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(Answer, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text)))


def lay_out(folder: Path, environment: Mapping[str, str], key: str, options: str, variables: Mapping[str, Any], inventory: Mapping[str, Any]) -> None:
    """The folder of a job: the environment, a machine credential, options of ansible-playbook, extra variables, the group all."""
    for part in ("env", "inventory", "project", "cp"):
        (folder / part).mkdir(exist_ok=True)
    (folder / "env" / "envvars").write_text(yaml.safe_dump({"JOB_ID": "7", "ANSIBLE_RETRY_FILES_ENABLED": "False", "ANSIBLE_TIMEOUT": "20", **environment}))
    (folder / "env" / "ssh_key").write_text(key)
    (folder / "env" / "cmdline").write_text(options)
    (folder / "env" / "extravars").write_text(yaml.dump({**variables, "awx_job_id": 7}, Dumper=_Dumper))
    (folder / "inventory" / "hosts.json").write_text(json.dumps({"all": dict(inventory)}))


class Job:
    """What came of one job."""

    def __init__(self, folder: Path, returncode: int, output: str) -> None:
        self.folder, self.returncode, self.output = folder, returncode, output
        assert (folder / "artifacts").exists(), output
        (artifacts,) = (folder / "artifacts").iterdir()
        self.events = [json.loads(path.read_text()) for path in sorted((artifacts / "job_events").glob("*.json"))]
        # The runner itself writes down the environment, and with process isolation that of the container.
        kept = [path for path in artifacts.rglob("*") if path.is_file() and path.name not in ("command", "env.list")]
        self.kept = "\n".join(path.read_text(errors="replace") for path in kept)

    @property
    def stats(self) -> dict[str, Any]:
        (event,) = [event for event in self.events if event["event"] == "playbook_on_stats"]
        return event["event_data"]

    @property
    def failed_hosts(self) -> list[str]:
        return sorted({*self.stats["failures"], *self.stats["dark"]})

    @property
    def artifact(self) -> dict[str, Any]:
        assert set(self.stats["artifact_data"]) == {"alicloud_ecs_access"}
        return self.stats["artifact_data"]["alicloud_ecs_access"]


def variables_of(fleet: Any, name: str) -> dict[str, Any]:
    """Of one instance, as the inventory plugin gives them."""
    found: dict[str, Any] = {"ecs_instance_id": fleet.ids[name], "ecs_region": fleet.region, "ecs_login_user": "root"}
    if name in fleet.instances:
        found.update(ansible_host=fleet[name].ssh_host, ansible_port=fleet[name].ssh_port)
    return found
