# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every source of credentials, alike for modules, for the inventory and for the connection: one real play, logins included."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
import yaml
from lab.metadata import credentials_service, on_an_instance
from lab.temporary import Runner, running_cloud

pytestmark = pytest.mark.long

ROLE = "acs:ram::1234567890123456:role/ops"
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - alicloud.ecs_access.ecs_key_pair_info: "{{ cloud }}"
      vars:
        ansible_python_interpreter: "{{ ansible_playbook_python }}"
- hosts: web
  gather_facts: false
  tasks:
    - ansible.builtin.command: id -un
      changed_when: false
"""


@pytest.fixture(scope="module")
def cloud(start_fleet):
    with running_cloud(start_fleet, ["web"], roles=[{"arn": ROLE}]) as fleet:
        yield fleet


@pytest.fixture
def runner(cloud, tmp_path):
    with Runner.open(cloud, tmp_path) as made:
        yield made


def assumed(fleet):
    """Temporary credentials, new ones each time."""
    return fleet.call("AssumeRole", "2015-04-01", RoleArn=ROLE, RoleSessionName="me")["Credentials"]


def write_profile(runner, **profile):
    """The CLI's configuration in a home of the test's own."""
    home = runner.folder / "person"
    (home / ".aliyun").mkdir(parents=True)
    (home / ".aliyun" / "config.json").write_text(json.dumps({"current": "other", "profiles": [{**profile, "name": "ops"}]}))


def play(runner, options, environment=None):
    """The play with these options everywhere, and nothing of the account in the environment but what is given."""
    fleet = runner.fleet
    common = {"endpoint": fleet.endpoint, **options}
    inventory = runner.folder / "my.ecs.yml"
    compose = {
        "ansible_connection": "'alicloud.ecs_access.ecs_ssh'", "ansible_user": "'root'", "ansible_python_interpreter": "'/usr/bin/python3'",
        "ansible_ssh_common_args": "'-F none'", "ansible_port": str(fleet["web"].ssh_port), "ansible_host": f"'{fleet['web'].ssh_host}'",
        **{f"ecs_access_{name}".replace("access_access", "access"): f"'{value}'" for name, value in common.items()},
    }  # fmt: skip
    given = {"plugin": "alicloud.ecs_access.ecs", "regions": [fleet.region], "hostnames": ["name"], "compose": compose, **common}
    inventory.write_text(yaml.safe_dump(given))
    clean = {
        "HOME": str(runner.folder / "person"), "ECS_ACCESS_KNOWN_HOSTS": str(runner.known_hosts), "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "false",
        "REQUESTS_CA_BUNDLE": fleet.ca_file,
    }  # fmt: skip
    return runner.controller.playbook(PLAY, inventory, extra_vars={"cloud": {"region": fleet.region, **common}}, environment={**clean, **(environment or {})})


def assert_all_worked(runner, run):
    assert run.returncode == 0, run.output
    assert [(result.host, result.status) for result in run.results] == [("localhost", "ok"), ("web", "ok")]
    assert run.results[1].result["stdout"] == "root"
    calls = runner.calls()
    assert (calls["DescribeKeyPairs"], calls["InvokeCommand"]) == (1, 1)
    assert calls["DescribeInstances"] >= 1


def test_an_access_key(runner):
    assert_all_worked(runner, play(runner, {"access_key_id": runner.fleet.access_key_id, "access_key_secret": runner.fleet.access_key_secret}))


def test_a_security_token(runner):
    keys = assumed(runner.fleet)
    options = {"access_key_id": keys["AccessKeyId"], "access_key_secret": keys["AccessKeySecret"], "security_token": keys["SecurityToken"]}
    assert_all_worked(runner, play(runner, options))


@pytest.mark.parametrize("mode", ["AK", "StsToken", "CredentialsURI"])
def test_a_profile_of_the_cli(runner, mode):
    keys = assumed(runner.fleet)
    own = {"access_key_id": runner.fleet.access_key_id, "access_key_secret": runner.fleet.access_key_secret}
    token = {"access_key_id": keys["AccessKeyId"], "access_key_secret": keys["AccessKeySecret"], "sts_token": keys["SecurityToken"]}
    with credentials_service(lambda: assumed(runner.fleet)) as address:
        write_profile(runner, mode=mode, **{"AK": own, "StsToken": token, "CredentialsURI": {"credentials_uri": address}}[mode])
        assert_all_worked(runner, play(runner, {"profile": "ops"}))


@pytest.mark.parametrize("way", ["option", "environment"])
def test_an_address_that_hands_out_credentials(runner, way):
    with credentials_service(lambda: assumed(runner.fleet)) as address:
        options = {"credentials_uri": address} if way == "option" else {}
        assert_all_worked(runner, play(runner, options, {} if options else {"ALIBABA_CLOUD_CREDENTIALS_URI": address}))


@pytest.mark.parametrize("way", ["option", "environment", "default"])
def test_the_ram_role_of_the_instance_that_ansible_runs_on(runner, way):
    """At the very address of the metadata service; a proxy that is set is for others."""
    fleet = runner.fleet
    options = {"ram_role_name": "ops"} if way == "option" else {}
    environment = {"ALIBABA_CLOUD_ECS_METADATA": "ops"} if way == "environment" else {}
    here = [(urlsplit(fleet.endpoint).hostname, urlsplit(fleet.endpoint).port), (fleet["web"].ssh_host, fleet["web"].ssh_port)]
    keys = assumed(fleet)
    with on_an_instance("ops", lambda: keys, here):
        run = play(runner, options, {**environment, "http_proxy": "http://127.0.0.1:9"})
    assert_all_worked(runner, run)


def test_a_role_that_is_assumed(runner):
    write_profile(runner, mode="AK", access_key_id=runner.fleet.access_key_id, access_key_secret=runner.fleet.access_key_secret)
    run = play(runner, {"profile": "ops", "assume_role_arn": ROLE, "sts_endpoint": runner.fleet.endpoint})
    assert_all_worked(runner, run)
    assert runner.calls()["AssumeRole"] == 3


def test_none_is_one_sentence_everywhere(runner):
    run = play(runner, {"profile": "nobody"})
    assert run.returncode != 0
    assert "there are no usable credentials in the profile nobody" in " ".join(run.output.split())
    assert "Traceback" not in run.output
