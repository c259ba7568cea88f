# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook diagnose: over SSH, through Cloud Assistant when SSH is broken, and from the cloud's side alone."""

from __future__ import annotations

import pytest
import yaml

pytestmark = pytest.mark.long

PLAYBOOK = "alicloud.ecs_access.diagnose"


@pytest.fixture
def person(one_instance, make_key, new_name):
    """A user with a key that works."""
    name, key = new_name("diag"), make_key("diag")
    one_instance.exec(
        f"useradd -m -s /bin/bash {name} && install -d -m 0700 -o {name} -g {name} /home/{name}/.ssh && "
        f"echo '{key.public}' > /home/{name}/.ssh/authorized_keys && chown {name}: /home/{name}/.ssh/authorized_keys && "
        f"chmod 0600 /home/{name}/.ssh/authorized_keys"
    )
    yield name, key
    one_instance.exec(f"userdel -rf {name}", check=False)


@pytest.fixture
def diagnose(playbook, fleet):
    """diagnose(instances, person, key, *options, **variables): the run."""

    def run(instances, user, key, *options, **variables):
        extra = {"ecs_access_hosts": "all", "ecs_access_user": user, "ecs_access_public_key": key.public, **variables}
        # A connection that an earlier run left open would still work.
        known = {"ecs_region": fleet.region, "ansible_ssh_args": "-o ControlPath=none"}
        return playbook(PLAYBOOK, instances, extra_vars=extra, variables=known, environment=fleet.environment(), options=options)

    return run


def _unit(instance) -> str:
    return "ssh" if instance.run("systemctl cat ssh.service").returncode == 0 else "sshd"


def test_a_login_that_works_ends_well(one_instance, person, diagnose) -> None:
    name, key = person
    # The proof is run from inside of a session here, which cannot change its audit identity in a container.
    run = diagnose([one_instance], name, key, ecs_access_private_key_path=str(key.path), ecs_access_prove=True)
    assert run.returncode == 0, run.output
    assert f"Can {name} log in?" in run.stdout
    assert "logged in from here" in run.stdout
    assert "session_fails" not in run.stdout, run.output


def test_the_cause_is_named_over_ssh(one_instance, person, diagnose) -> None:
    name, key = person
    one_instance.exec(f"chown root: /home/{name}/.ssh/authorized_keys")
    run = diagnose([one_instance], name, key, ecs_access_private_key_path=str(key.path))
    assert run.returncode != 0
    row = next(line for line in run.stdout.splitlines() if line.strip().startswith(one_instance.name))
    assert row.split()[1:4] == ["no", "ssh", "key_file_unreadable"], run.output
    assert run.changed() == []


def test_the_cause_is_named_through_cloud_assistant_when_ssh_is_broken(one_instance, person, diagnose) -> None:
    name, key = person
    unit = _unit(one_instance)
    one_instance.exec(f"cp -a /etc/ssh/sshd_config /root/kept; systemctl stop {unit}; sed -i '1iNoSuchSetting yes' /etc/ssh/sshd_config")
    try:
        run = diagnose([one_instance], name, key)
    finally:
        one_instance.exec(f"cp -a /root/kept /etc/ssh/sshd_config; systemctl reset-failed {unit}; systemctl start {unit}")
    assert run.returncode != 0
    row = next(line for line in run.stdout.splitlines() if line.strip().startswith(one_instance.name))
    assert row.split()[1:5] == ["no", "Cloud", "Assistant", "sshd_config_broken"], run.output
    assert "/etc/ssh/sshd_config:1" in " ".join(run.stdout.split()), run.output


def test_an_instance_that_does_not_run_is_named_by_the_cloud(fleet, person, diagnose, tmp_path) -> None:
    name, key = person
    hosts = tmp_path / "hosts.yml"
    host = {"ansible_host": "192.0.2.1", "ansible_ssh_common_args": "-o ConnectTimeout=1", "ecs_instance_id": fleet.ids["stopped"],
            "ecs_region": fleet.region}  # fmt: skip
    hosts.write_text(yaml.safe_dump({"all": {"hosts": {"down": host}}}))
    run = diagnose(hosts, name, key)
    assert run.returncode != 0
    row = next(line for line in run.stdout.splitlines() if line.strip().startswith("down"))
    assert "instance_not_running" in row, run.output


@pytest.mark.parametrize("options", [(), ("--check",)], ids=["for real", "check mode"])
def test_the_clients_side_is_named(one_instance, person, make_key, diagnose, options) -> None:
    name, key = person
    other = make_key("other")
    run = diagnose([one_instance], name, key, *options, ecs_access_private_key_path=str(other.path))
    assert run.returncode != 0
    row = next(line for line in run.stdout.splitlines() if line.strip().startswith(one_instance.name))
    assert row.split()[1:4] == ["no", "ssh", "key_not_offered"], run.output
