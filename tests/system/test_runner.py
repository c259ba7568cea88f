# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as AWX runs them: ansible-runner, a uid of its own, a home that is thrown away, credentials in the environment, a machine
credential in an agent, surveys that answer with text, slices at the same time, and relaunching on failed hosts."""

from __future__ import annotations

import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lab import ssh as lab_ssh
from lab.controller import BIN, COLLECTIONS
from lab.jobs import UID, Job, install, lay_out, variables_of

pytestmark = pytest.mark.long

IMPORT = "- import_playbook: alicloud.ecs_access.onboard\n"


@pytest.fixture(scope="module")
def runner(tmp_path_factory) -> Path:
    """ansible-runner in a virtual environment of its own."""
    return install(tmp_path_factory.mktemp("runner") / "venv", "ansible-runner") / "ansible-runner"


class Awx:
    """A job template with a survey, a cloud credential and a machine credential."""

    def __init__(self, fleet, runner: Path, folder: Path) -> None:
        self.fleet, self.runner = fleet, runner
        self.machine = lab_ssh.make_key(folder, "machine", "rsa")
        self.john = lab_ssh.make_key(folder, "john")
        self.team = {"ssh_users_accounts": [{"name": "john", "sudo": "nopasswd", "authorized_keys": [self.john.public]}]}
        self.passwd = folder / "passwd"
        self.passwd.write_text(Path("/etc/passwd").read_text() + f"runner:x:{UID}:0::/runner:/bin/sh\n")

    def launch(self, hosts: list[str], limit: str = "", **survey: str) -> Job:
        with tempfile.TemporaryDirectory(prefix="awx-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            environment = {**self.fleet.environment(), "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_SSH_CONTROL_PATH_DIR": f"{folder}/cp"}
            answers = {"ecs_access_key_pair_name": "machine", "ecs_access_public_key": "agent", "ecs_access_hosts": "all", "ecs_access_serial": "", **survey}
            inventory = {"hosts": {host: variables_of(self.fleet, host) for host in hosts}}
            options = f"-u root {f'--limit {limit}' if limit else ''}"
            lay_out(folder, environment, self.machine.path.read_text(), options, {**self.team, **answers}, inventory)
            (folder / "project" / "onboard.yml").write_text(IMPORT)
            (folder / "home").mkdir()
            own = {"PATH": f"{BIN}:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": f"{folder}/home", "LANG": "C.UTF-8"}
            command = [self.runner, "run", folder, "-p", "onboard.yml"]
            inside = f'mount --bind {self.passwd} /etc/passwd && exec unshare --user --map-user={UID} --map-group=0 -- "$@"'
            done = subprocess.run(
                ["unshare", "--mount", "--", "sh", "-c", inside, "sh", *map(str, command)], env=own, cwd=folder, capture_output=True, text=True, timeout=550,
                stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
            return Job(folder, done.returncode, done.stdout + done.stderr)

    def secrets(self) -> list[str]:
        key = self.machine.path.read_text().splitlines()[2]
        return [self.fleet.access_key_secret, key, "BEGIN OPENSSH PRIVATE KEY"]


@pytest.fixture(scope="module")
def awx(start_fleet, runner, tmp_path_factory):
    instances = [{"name": name, "backend": "container", "image": "debian12"} for name in ("web-1", "web-2")]
    with start_fleet({"instances": [*instances, {"name": "off", "backend": "api", "status": "Stopped"}]}) as fleet:
        yield Awx(fleet, runner, tmp_path_factory.mktemp("awx"))


def test_two_slices_at_once_then_only_what_failed_again(awx):
    with ThreadPoolExecutor(2) as pool:
        slices = list(pool.map(awx.launch, (["web-1", "off"], ["web-2"])))
    first, second = slices
    assert (first.returncode, second.returncode) == (2, 0), first.output + second.output
    assert (first.failed_hosts, second.failed_hosts) == (["off"], [])
    # Relaunching on failed hosts is a limit on the same inventory.
    again = awx.launch(["web-1", "off"], limit=",".join(first.failed_hosts))
    assert (again.returncode, set(again.stats["processed"])) == (2, {"off"}), again.output
    assert (again.artifact["hosts"], again.artifact["failed_hosts"]) == (1, ["off"])
    quiet = awx.launch(["web-1", "web-2"], ecs_access_fail_on_drift="true", ecs_access_serial="1,50%", ecs_access_bootstrap_key="keep")
    assert (quiet.returncode, quiet.artifact["result"], quiet.artifact["changed"]) == (0, "clean", 0), quiet.output
    for job in (*slices, again, quiet):
        for secret in awx.secrets():
            assert secret not in job.kept
        for value in job.artifact.values():
            assert isinstance(value, int) or value in ("onboard", "clean", "incomplete", "", [], ["off"]), job.artifact


def test_an_empty_slice_is_no_failure(awx):
    job = awx.launch([])
    assert job.returncode == 0, job.output


def test_a_key_is_not_made_where_it_would_vanish(awx):
    job = awx.launch(["web-1"], ecs_access_public_key="", ecs_access_private_key_path="~/made")
    assert job.returncode == 2, job.output
    assert "would be made in this job and lost at its end" in " ".join(job.output.split())
