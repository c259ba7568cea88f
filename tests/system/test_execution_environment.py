# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job templates of awx/ in the execution environment of awx/, in both ways that AWX starts one: in a container of its own as root (process
isolation), and as a worker with any uid in group 0 (on Kubernetes). The project is the one of awx/, the surveys answer with text alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ecs_emulator.backends.podman import podman_environment
from lab import execution_environment
from lab import ssh as lab_ssh
from lab.jobs import UID, Answer, Job, install, lay_out, variables_of

pytestmark = pytest.mark.long

AWX = execution_environment.ROOT / "awx"
KEPT = "/kept"
WAYS = ("isolated", "worker")


@pytest.fixture(scope="module")
def tools(tmp_path_factory) -> Path:
    return install(tmp_path_factory.mktemp("tools") / "venv", "ansible-builder", "ansible-runner")


@pytest.fixture(scope="module")
def image(tmp_path_factory, tools):
    yield execution_environment.build(tmp_path_factory.mktemp("image"), tools)
    execution_environment.remove()


class Awx:
    """Launches job templates."""

    def __init__(self, fleet, tools: Path, image: str, folder: Path) -> None:
        self.fleet, self.tools, self.image = fleet, tools, image
        self.machine = lab_ssh.make_key(folder, "machine", "rsa")
        self.john = lab_ssh.make_key(folder, "john")
        self.project = folder / "project"
        shutil.copytree(AWX / "project", self.project)
        # Inventory updates put it among the variables of the inventory.
        self.team = yaml.safe_load((self.project / "group_vars" / "all" / "team.yml").read_text())
        (self.person,) = self.team["ssh_users_accounts"]
        self.person["authorized_keys"] = [self.john.public]
        self.kept = folder / "kept"
        self.kept.mkdir()
        self.kept.chmod(0o2770)
        objects = (AWX / "vars" / "objects.yml").read_text().replace("{{ awx_setup_kept_dir }}", KEPT)
        # Without the marks that Ansible puts on texts.
        self.templates = {template["name"]: template for template in json.loads(json.dumps(DataLoader().load(objects)["controller_templates"]))}

    def launch(self, way: str, template: str, hosts: list[str], limit: str = "", job_type: str = "", **answers: str) -> Job:
        wanted = self.templates[template]
        questions = wanted.get("survey_spec", {}).get("spec", [])
        assert set(answers) <= {question["variable"] for question in questions}
        survey = {question["variable"]: Answer(answers.get(question["variable"], question["default"])) for question in questions}
        kind = job_type or wanted.get("job_type", "run")
        options = ["-u", "root", *["--limit", limit] * bool(limit), *["--check"] * (kind == "check")]
        with tempfile.TemporaryDirectory(prefix="awx-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            key = self.machine.path.read_text() if len(wanted["credentials"]) > 1 else ""
            environment = {**self.fleet.environment(), "ANSIBLE_SSH_CONTROL_PATH_DIR": "/runner/cp", "ANSIBLE_HOST_KEY_CHECKING": "False"}
            inventory = {"hosts": {host: variables_of(self.fleet, host) for host in hosts}, "vars": self.team}
            lay_out(folder, environment, key, " ".join(options), {**wanted.get("extra_vars", {}), **survey}, inventory)
            if not key:
                (folder / "env" / "ssh_key").unlink()
            shutil.copytree(self.project, folder / "project", dirs_exist_ok=True)
            output, status = getattr(self, f"_{way}")(folder, wanted["playbook"])
            return Job(folder, status, output)

    def _isolated(self, folder: Path, playbook: str) -> tuple[str, int]:
        command = [self.tools / "ansible-runner", "run", folder, "-p", playbook, "--process-isolation", "--process-isolation-executable", "podman"]
        command += ["--container-image", self.image, "--container-option=--network=host", "--container-option=--user=root"]
        mounts = [f"{self.fleet.ca_file}:{self.fleet.ca_file}:ro", f"{self.kept}:{KEPT}:rw"]
        return self._run([*command, *(word for mount in mounts for word in ("--container-volume-mount", mount))])

    def _worker(self, folder: Path, playbook: str) -> tuple[str, int]:
        """What is sent to the worker, and what comes back, is one stream each; its folder has been empty, and goes with it."""
        runner = self.tools / "ansible-runner"
        mounts = f"-v {self.fleet.ca_file}:{self.fleet.ca_file}:ro -v {self.kept}:{KEPT}"
        container = f"podman run --rm --interactive --network=host --pull=never --user={UID}:0 {mounts} {self.image}"
        worker = f"{container} ansible-runner worker --private-data-dir=/runner"
        streams = f"{runner} transmit {folder} --ident 7 -p {playbook} | {worker} | {runner} process {folder} --ident 7"
        output, _status = self._run(["bash", "-o", "pipefail", "-c", streams])
        status = folder / "artifacts" / "7" / "rc"
        assert status.exists(), output
        return output, int(status.read_text())

    def _run(self, command: list) -> tuple[str, int]:
        done = subprocess.run(
            list(map(str, command)), env=podman_environment(), capture_output=True, text=True, timeout=550, stdin=subprocess.DEVNULL, check=False
        )
        return done.stdout + done.stderr, done.returncode


@pytest.fixture(scope="module")
def awx(start_fleet, tools, image, tmp_path_factory):
    instances = [{"name": name, "backend": "container", "image": "debian12"} for name in ("web-1", "web-2")]
    with start_fleet({"instances": [*instances, {"name": "off", "backend": "api", "status": "Stopped"}]}) as fleet:
        made = Awx(fleet, tools, image, tmp_path_factory.mktemp("awx"))
        bound = made.launch("worker", "ECS bind key pair", ["web-1", "web-2"], ecs_access_key_pair_name="machine", ecs_access_public_key=made.machine.public)
        assert bound.returncode == 0, bound.output
        yield made


def _logs_in(awx, name: str) -> bool:
    done = subprocess.run(
        ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "StrictHostKeyChecking=no",
         "-o", "UserKnownHostsFile=/dev/null", "-i", awx.john.path, "-p", str(awx.fleet[name].ssh_port), f"john@{awx.fleet[name].ssh_host}", "sudo -n id -u"],
        capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return done.stdout == "0\n"


@pytest.mark.parametrize("way", WAYS)
def test_onboard_then_relaunch_on_failed_hosts(awx, way):
    hosts = ["web-1", "web-2", "off"]
    job = awx.launch(way, "ECS onboard", hosts)
    assert (job.returncode, job.failed_hosts) == (2, ["off"]), job.output
    assert _logs_in(awx, "web-1") and _logs_in(awx, "web-2")
    again = awx.launch(way, "ECS onboard", hosts, limit=",".join(job.failed_hosts))
    assert (again.returncode, set(again.stats["processed"]), again.artifact["failed_hosts"]) == (2, {"off"}, ["off"]), again.output
    quiet = awx.launch(way, "ECS drift", ["web-1", "web-2"])
    assert (quiet.returncode, quiet.artifact["result"], quiet.artifact["changed"]) == (0, "clean", 0), quiet.output
    secrets = [awx.fleet.access_key_secret, awx.machine.path.read_text().splitlines()[2], "BEGIN OPENSSH PRIVATE KEY"]
    assert [secret for each in (job, again, quiet) for secret in secrets if secret in each.kept] == []


@pytest.mark.parametrize("way", WAYS)
def test_audit(awx, way):
    job = awx.launch(way, "ECS audit", ["web-1", "web-2"])
    assert job.returncode in (0, 2), job.output
    audit = json.loads((awx.kept / "audit" / "access.json").read_text())
    assert (audit["expected"], audit["seen"]) == (2, 2), job.output
    assert "john" in [person["name"] for person in audit["people"] if person["in_team"]]
    shutil.rmtree(awx.kept / "audit")


def test_adopt_and_leave(awx):
    job = awx.launch("worker", "ECS adopt", ["web-1", "web-2"])
    assert job.returncode == 0, job.output
    team = yaml.safe_load((awx.kept / "team.yml").read_text())
    assert [entry["name"] for entry in team["ssh_users_accounts"]] == ["john"]
    again = awx.launch("worker", "ECS adopt", ["web-1", "web-2"])
    assert again.returncode == 2 and "ecs_access_replace_team_file" in again.output, again.output
    # A check, as long as nobody says otherwise at its launch.
    looked = awx.launch("worker", "ECS leave", ["web-1"], ecs_access_hosts="web-1")
    assert (looked.returncode, looked.artifact["changed"]) == (0, 1), looked.output
    assert not (awx.kept / "records").exists()
    left = awx.launch("worker", "ECS leave", ["web-1"], job_type="run", ecs_access_hosts="web-1")
    assert (left.returncode, left.artifact["changed"]) == (0, 1), left.output
    assert len(list((awx.kept / "records").iterdir())) == 1
    assert _logs_in(awx, "web-1")


def test_offboard(awx):
    """The last one: afterwards john is gone."""
    hosts = ["web-1", "web-2", "off"]
    refused = awx.launch("worker", "ECS offboard", hosts, ecs_access_person="john")
    assert refused.returncode == 2 and "Set state: absent there first" in " ".join(refused.output.split()), refused.output
    awx.person["state"] = "absent"
    planned = awx.launch("worker", "ECS offboard", hosts, ecs_access_person="john")
    report = json.loads((awx.kept / "offboard-john.json").read_text())
    assert [entry["host"] for entry in report["pending"]] == ["off"], planned.output
    assert _logs_in(awx, "web-1")
    done = awx.launch("worker", "ECS offboard", hosts, ecs_access_person="john", ecs_access_mode="apply", ecs_access_plan=report["plan_id"])
    assert (done.returncode, done.failed_hosts) == (2, ["off"]), done.output
    # The machine credential is in an agent, and the control that the keys of others are refused.
    rows = json.loads((awx.kept / "offboard-john.json").read_text())["hosts"]
    assert {row["host"]: row["refused"] for row in rows} == {"web-1": "yes", "web-2": "yes", "off": None}, done.output
    assert not _logs_in(awx, "web-1") and not _logs_in(awx, "web-2")
