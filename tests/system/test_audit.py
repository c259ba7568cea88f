# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook audit on real instances: what was planted is found, over SSH and through Cloud Assistant alike."""

from __future__ import annotations

import base64
import hashlib
import json
import stat
from pathlib import Path

import pytest
import yaml
from lab import screen
from lab import ssh as lab_ssh

AUDIT = "alicloud.ecs_access.audit"

PLANT_ACCOUNT = """
useradd -m -s /bin/bash {name} && mkdir -m 0700 ~{name}/.ssh && echo '{key}' > ~{name}/.ssh/authorized_keys
chmod 0600 ~{name}/.ssh/authorized_keys && chown -R {name}: ~{name}/.ssh
"""


class World:
    """Two systems with a few people on them, and an instance that does not run."""

    def __init__(self, fleet, folder: Path, controller, controller_key) -> None:
        self.fleet, self.folder, self._controller = fleet, folder, controller
        known_hosts = folder / "known_hosts"
        lab_ssh.write_known_hosts(known_hosts, fleet)
        self.inventory = folder / "my.ecs.yml"
        self.inventory.write_text(
            yaml.safe_dump(
                {
                    "plugin": "alicloud.ecs_access.ecs",
                    "hostnames": ["name"],
                    "keyed_groups": [{"key": "ecs_tags.role", "prefix": "role"}],
                    "compose": {
                        "ansible_user": "'root'",
                        "ansible_ssh_private_key_file": f"'{controller_key.path}'",
                        "ansible_ssh_common_args": f"'-F none -o IdentityAgent=none -o UserKnownHostsFile={known_hosts}'",
                    },
                }
            )
        )
        self.keys = {name: lab_ssh.make_key(folder, name) for name in ("anna", "emil", "mary", "stranger")}
        people = [{"name": name, "authorized_keys": [self.keys[name].public]} for name in ("anna", "emil", "mary")]
        people[2]["state"] = "absent"
        people.append({"name": "root", "authorized_keys": [controller_key.public]})
        rules = [{"users": ["anna", "root"], "hosts": "role_web:role_db", "sudo": "nopasswd"}, {"users": ["emil"], "hosts": "role_db"}]
        self.team = folder / "team.yml"
        self.team.write_text(yaml.safe_dump({"ssh_users_accounts": people, "ssh_users_access": rules}))

    def plant(self) -> None:
        for name, people in (("web-1", ("anna", "mary")), ("db-1", ("anna", "emil"))):
            for person in people:
                self.fleet[name].exec(PLANT_ACCOUNT.format(name=person, key=self.keys[person].public))
            self.fleet[name].put("/etc/sudoers.d/anna", "anna ALL=(ALL) NOPASSWD: ALL\n", "0440")
        self.fleet["web-1"].exec(f"echo '{self.keys['stranger'].public}' >> /root/.ssh/authorized_keys")
        self.fleet["db-1"].put("/etc/sudoers.d/emil", "emil ALL=(ALL) NOPASSWD: ALL\n", "0440")
        self.fleet["db-1"].put("/home/anna/.ssh/id_ed25519", self.keys["emil"].path.read_text(), "0600", "anna:anna")

    def run(self, folder: Path, hosts: str = "web-1,db-1,off", *options: str, environment: dict | None = None, **variables):
        given = {"ecs_access_hosts": hosts, "ecs_access_audit_dir": str(folder), **{f"ecs_access_{name}": value for name, value in variables.items()}}
        full = {**self.fleet.environment(), "COLUMNS": "400", **(environment or {})}
        return self._controller.playbook(AUDIT, self.inventory, extra_vars=given, options=["-e", f"@{self.team}", *options], environment=full)


@pytest.fixture(scope="module")
def world(start_fleet, tmp_path_factory, controller, controller_key):
    instances = [
        {"name": "web-1", "backend": "container", "image": "debian12", "tags": {"role": "web"}},
        {"name": "db-1", "backend": "container", "image": "debian12", "tags": {"role": "db"}},
        {"name": "off", "backend": "api", "status": "Stopped"},
    ]
    with start_fleet({"instances": instances}) as fleet:
        made = World(fleet, tmp_path_factory.mktemp("audit"), controller, controller_key)
        made.plant()
        yield made


def fingerprint_of(key) -> str:
    digest = hashlib.sha256(base64.b64decode(key.public.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def read(folder: Path) -> dict:
    return json.loads((folder / "access.json").read_text())


def findings(document: dict, *without: str) -> set[tuple[str, str, str]]:
    names = {instance["id"]: instance["name"] for instance in document["instances"]}
    return {(each["kind"], each["subject"], names.get(each["instance"], "")) for each in document["findings"] if each["kind"] not in without}


def without_times(document: dict) -> str:
    """What may not differ between two audits, or two ways."""

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items() if key not in ("generated_at", "first_seen", "last_used", "log_since", "via")}
        return [plain(item) for item in value] if isinstance(value, list) else value

    return json.dumps(plain(document))


@pytest.fixture(scope="module")
def over_ssh(world):
    folder = world.folder / "over-ssh"
    return world.run(folder, via="ssh"), folder


def test_what_was_planted_is_found(world, over_ssh):
    run, folder = over_ssh
    assert run.returncode == 2, run.output
    fingerprint = {name: fingerprint_of(key) for name, key in world.keys.items()}
    assert read(folder)["account"] == world.fleet.call("GetCallerIdentity", version="2015-04-01")["AccountId"]
    assert findings(read(folder), "unused") == {
        ("unknown_key", fingerprint["stranger"], "web-1"),
        ("leaver", "mary", "web-1"),
        ("not_in_team", "emil", "db-1"),
        ("private_key_on_host", fingerprint["emil"], "db-1"),
        ("path", fingerprint["emil"], "db-1"),
        ("not_seen", "off", "off"),
    }
    assert not run.changed()
    assert "Traceback" not in run.output
    assert screen.table_row(run.stdout, "off").split()[1:3] == ["not", "seen"]


def test_through_cloud_assistant_it_is_the_same(world, over_ssh):
    _run, folder = over_ssh
    other = world.folder / "through-assistant"
    run = world.run(other, via="assistant")
    assert run.returncode == 2, run.output
    assert "Cloud Assistant runs 9 commands in 3 instances" in run.stdout
    one, two = read(folder), read(other)
    assert {instance["via"] for instance in two["instances"] if instance["seen"]} == {"assistant"}
    for document in (one, two):
        # Why an instance that does not run gives no answer depends on the way.
        document["instances"] = [{**instance, "why": None} for instance in document["instances"]]
        document["findings"] = [finding for finding in document["findings"] if finding["subject"] != "off"]
    assert without_times(one) == without_times(two)


def test_the_files_are_private(over_ssh):
    _run, folder = over_ssh
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == dict.fromkeys(["access.csv", "access.html", "access.json"], 0o600)


def test_a_change_is_a_sentence_about_a_person(world, over_ssh):
    _run, folder = over_ssh
    world.fleet["db-1"].exec("mv /etc/sudoers.d/emil /root/emil")
    try:
        run = world.run(world.folder / "later", "db-1", via="ssh", compare=str(folder / "access.json"))
    finally:
        world.fleet["db-1"].exec("mv /root/emil /etc/sudoers.d/emil")
    assert "- emil can no longer become root on db-1" in run.stdout, run.output
    assert read(world.folder / "later")["compared"]["changes"][0] == "- emil can no longer become root on db-1"
    assert "removed" not in run.stdout


def test_parts_are_put_together_and_judged_again(world, over_ssh):
    _run, whole = over_ssh
    for name in ("web-1", "db-1"):
        world.run(world.folder / f"part-{name}", name, via="ssh")
    parts = [str(world.folder / f"part-{name}" / "access.json") for name in ("web-1", "db-1")]
    run = world.run(world.folder / "merged", "", merge=parts)
    merged = read(world.folder / "merged")
    assert findings(merged, "unused") == {entry for entry in findings(read(whole), "unused") if entry[1] != "off"}, run.output
    assert merged["expected"] == 2


def test_accepted_findings_do_not_make_a_host_fail(world):
    entry = {"reason": "known", "by": "anna", "until": "2099-12-31"}
    accepted = [{**entry, "kind": kind} for kind in ("not_in_team", "path", "leaver", "unknown_key")]
    run = world.run(world.folder / "accepted", "web-1,db-1", via="ssh", accepted=accepted)
    assert run.returncode == 0, run.output
    assert sum(finding["accepted"] is not None for finding in read(world.folder / "accepted")["findings"]) == 4
    assert world.run(world.folder / "accepted", "web-1,db-1", via="ssh", accepted=accepted, fail_on="medium").returncode == 2


@pytest.mark.parametrize(
    ("variables", "environment", "part"),
    [
        ({"audit_dir": ""}, {}, "Set the folder for the audit"),
        pytest.param({}, {"JOB_ID": "7"}, "ecs_access_audit_dir_lasts=true", marks=pytest.mark.long),
        pytest.param({"fail_on": "blocks"}, {}, "ecs_access_fail_on must be high, medium, low, info or never, not 'blocks'", marks=pytest.mark.long),
        pytest.param({"accepted": [{"kind": "leaver"}]}, {}, "ecs_access_accepted[0] has no reason", marks=pytest.mark.long),
        pytest.param({"compare": "/nowhere/access.json"}, {}, "The audit /nowhere/access.json cannot be read", marks=pytest.mark.long),
        ({"via": "assistant", "daily_quota": 11}, {}, "That is more than half of it"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_asked(world, variables, environment, part):
    folder = world.folder / "refused"
    run = world.run(folder, "web-1,db-1", environment=environment, **variables)
    assert run.returncode == 2 and part in run.output, run.output
    assert not folder.exists() or not any(folder.iterdir())
