# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook recover_access: the key is lost, sometimes more is broken, and only Cloud Assistant still gets in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab import screen
from lab import ssh as lab_ssh
from lab.verbs import known_inventory

pytestmark = pytest.mark.long

PLAYBOOK = "alicloud.ecs_access.recover_access"
NAMES = ("web-1", "web-2")
# Everything that a test may have broken, and nobody's key anywhere but those that the test puts there.
SAVE = """
useradd -m -s /bin/bash -u 3001 ecs-ops
if sshd -T | grep -q persourcepenalties; then echo 'PerSourcePenalties no' >> /etc/ssh/sshd_config; fi
rm -rf /root/.ssh; mkdir -p /opt/base
tar -C / -cpf /opt/base/base.tar etc/ssh etc/passwd etc/group etc/shadow etc/gshadow home
"""
RESET = """
systemctl unmask -q ssh.service sshd.service 2>/dev/null
rm -rf /etc/ssh /root/.ssh /home/* /var/lib/alicloud-ecs-access
tar -C / -xpf /opt/base/base.tar
unit=sshd; systemctl cat ssh.service >/dev/null 2>&1 && unit=ssh
systemctl reset-failed $unit; systemctl restart $unit
"""
CONF = "{ echo '%s'; cat /etc/ssh/sshd_config; } > /tmp/c && cat /tmp/c > /etc/ssh/sshd_config && systemctl restart $unit"
ROOT_OWNED = (
    "install -d -m 0700 -o root -g root /home/ecs-ops/.ssh; printf '%s\\n' 'OLD' > /home/ecs-ops/.ssh/authorized_keys; "
    "chmod 0600 /home/ecs-ops/.ssh/authorized_keys"
)


class World:
    """Two systems with a key pair whose private half is lost, and one stopped instance."""

    def __init__(self, fleet, folder: Path, playbook, ssh) -> None:
        self.fleet, self._playbook, self._ssh = fleet, playbook, ssh
        self.inventory, self.known_hosts = known_inventory(fleet, folder)
        self.lost = lab_ssh.make_key(folder, "lost", "rsa")
        fleet.call("ImportKeyPair", KeyPairName="lost", PublicKeyBody=self.lost.public)
        for name in NAMES:
            fleet[name].exec(SAVE)

    def lose_the_key(self) -> None:
        """Everything as it was: sound, with the lost key in root's file and its key pair bound."""
        for name in NAMES:
            self.fleet[name].exec(RESET)
            self.fleet[name].exec(
                f"install -d -m 0700 /root/.ssh; echo '{self.lost.public}' > /root/.ssh/authorized_keys; chmod 0600 /root/.ssh/authorized_keys"
            )
            self.fleet.call("AttachKeyPair", KeyPairName="lost", InstanceIds=json.dumps([self.fleet.ids[name]]))

    def break_it(self, name: str, script: str) -> None:
        unit = "unit=sshd; systemctl cat ssh.service >/dev/null 2>&1 && unit=ssh\n"
        self.fleet[name].exec(unit + script)

    def run(self, variables: dict, *options: str):
        return self._playbook(PLAYBOOK, self.inventory, extra_vars=variables, options=options, environment=self.fleet.environment())

    def logs_in(self, name: str, user: str, key) -> bool:
        return self._ssh(self.fleet[name], user, key, "true", known_hosts=self.known_hosts).returncode == 0

    def bound(self, name: str) -> str:
        answer = self.fleet.call("DescribeInstances", InstanceIds=json.dumps([self.fleet.ids[name]]))
        return answer["Instances"]["Instance"][0].get("KeyPairName", "")

    def state(self, name: str) -> str:
        """What a run that changes nothing must leave as it is."""
        look = "find /etc/ssh /root /home /etc/shadow -type f -exec sha256sum {} + -exec stat -c '%n %U %a' {} +; systemctl is-active ssh sshd"
        return self.fleet[name].exec(look, check=False)


@pytest.fixture(scope="module")
def shared(start_fleet, tmp_path_factory, playbook, ssh):
    instances = [
        {"name": "web-1", "backend": "container", "image": "debian12"},
        {"name": "web-2", "backend": "container", "image": "el-like"},
        {"name": "off", "backend": "api", "status": "Stopped"},
    ]
    with start_fleet({"instances": instances}) as fleet:
        yield World(fleet, tmp_path_factory.mktemp("recover"), playbook, ssh)


@pytest.fixture
def world(shared):
    shared.lose_the_key()
    return shared


@pytest.fixture
def wanted(new_name, tmp_path):
    """The variables of a run for web-1, with a new key that is made by it."""
    return {
        "ecs_access_hosts": "web-1",
        "ecs_access_key_pair_name": new_name("found"),
        "ecs_access_private_key_path": str(tmp_path / "found"),
    }


def row(run, host: str) -> str:
    return screen.table_row(run.stdout, host)


def said(run) -> str:
    return " ".join(run.stdout.split())


BROKEN = {
    "key lost only": ("root", "true", ()),
    "sshd stopped": ("root", "systemctl stop $unit", ("sshd_not_running",)),
    "keys turned off": ("root", CONF % "PubkeyAuthentication no", ("pubkey_authentication_off",)),
    "ssh directory of root": ("ecs-ops", ROOT_OWNED, ("owner of .ssh",)),
    "keys turned off, empty ssh directory of root": (
        "ecs-ops",
        CONF % "PubkeyAuthentication no" + "; install -d -m 0700 -o root -g root /home/ecs-ops/.ssh",
        ("pubkey_authentication_off", "owner of .ssh"),
    ),
    "home writable by all": ("ecs-ops", ROOT_OWNED + "; chown -R ecs-ops: /home/ecs-ops; chmod 0777 /home/ecs-ops", ("home_writable",)),
    "stopped, keys turned off, directory of root": (
        "ecs-ops",
        CONF % "PubkeyAuthentication no" + "; systemctl stop $unit; " + ROOT_OWNED,
        ("sshd_not_running", "pubkey_authentication_off", "directory_not_enterable"),
    ),
}
ALL_AT_ONCE = "stopped, keys turned off, directory of root"


@pytest.mark.parametrize(("name", "case"), [*(("web-1", case) for case in BROKEN), ("web-2", ALL_AT_ONCE)])
def test_a_host_is_recovered_without_a_reboot(world, wanted, name, case):
    user, script, causes = BROKEN[case]
    wanted["ecs_access_hosts"] = name
    if user != "root":
        wanted["ecs_access_user"] = user
    world.break_it(name, script.replace("OLD", world.lost.public))
    if causes:
        assert not world.logs_in(name, user, world.lost)
    boot, before = world.fleet[name].boot_id(), world.state(name)

    check = world.run(wanted, "--check")
    assert check.returncode == 0, check.output
    assert "check mode" in row(check, name)
    assert world.state(name) == before
    assert world.bound(name) == "lost"
    assert not Path(wanted["ecs_access_private_key_path"]).exists()

    run = world.run(wanted)
    assert run.returncode == 0, run.output
    assert world.logs_in(name, user, Path(wanted["ecs_access_private_key_path"]))
    assert world.bound(name) == wanted["ecs_access_key_pair_name"]
    assert row(run, name).startswith(f"{name} yes yes yes "), run.output
    for cause in causes:
        assert cause in said(run), run.output
    assert world.fleet[name].boot_id() == boot

    again = world.run(wanted)
    assert (again.returncode, again.changed()) == (0, []), again.output


def test_what_somebody_decided_is_said_and_the_others_go_on(world, wanted):
    wanted.update({"ecs_access_hosts": "all", "ecs_access_previous_key": "remove"})
    world.break_it("web-2", CONF % "PermitRootLogin no")
    before = world.state("web-2")
    run = world.run(wanted)
    assert run.returncode == 2, run.output
    assert world.logs_in("web-1", "root", Path(wanted["ecs_access_private_key_path"]))
    assert not world.logs_in("web-1", "root", world.lost)
    assert "the key of lost does not work any more" in row(run, "web-1")
    assert row(run, "web-2").startswith("web-2 no no no "), run.output
    assert "PermitRootLogin is no (/etc/ssh/sshd_config:1) => log in as another user" in said(run)
    assert (world.state("web-2"), world.bound("web-2")) == (before, "lost")
    assert "Stopped" in row(run, "off")
    assert "2 of 3 hosts need attention" in run.output
    quiet = world.run({**wanted, "ecs_access_hosts": "web-1"}, "--check")
    assert (quiet.returncode, quiet.changed()) == (0, []), quiet.output


def test_an_expired_account_comes_back_only_if_that_was_asked_for(world, wanted):
    wanted["ecs_access_user"] = "ecs-ops"
    world.break_it("web-1", "chage -E 1 ecs-ops")
    refused = world.run(wanted)
    assert refused.returncode == 2, refused.output
    assert "expired" in said(refused)
    assert "remove the expiry date" in said(refused)
    assert not world.logs_in("web-1", "ecs-ops", Path(wanted["ecs_access_private_key_path"]))
    assert world.bound("web-1") == "lost"
    asked = world.run({**wanted, "ecs_access_repair": ["account_expired"]})
    assert asked.returncode == 0, asked.output
    assert world.logs_in("web-1", "ecs-ops", Path(wanted["ecs_access_private_key_path"]))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"ecs_access_hosts": None}, "No hosts were named"),
        ({"ecs_access_key_pair_name": None}, "Set the name of the"),
        ({"ecs_access_private_key_path": None}, "and the file of its key"),
        ({"ecs_access_previous_key": "forget"}, "keep or remove"),
        ({"ecs_access_repair": ["permit_root_login"]}, "is a list of any of"),
    ],
)
def test_wrong_input_gets_a_sentence_and_changes_nothing(shared, wanted, change, sentence):
    variables = {name: value for name, value in {**wanted, **change}.items() if value is not None}
    run = shared.run(variables)
    assert run.returncode != 0
    assert sentence in said(run)
    assert run.changed() == []
