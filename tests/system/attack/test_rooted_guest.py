# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rooted instance answers is text about that instance: no variable and no statistic of the run, and no command on another one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
import yaml
from lab import ssh as lab_ssh
from lab.instance import Instance

from .account import Account, Canaries
from .rooted import answer_for, answers

MODULES = {"ssh_access": {"users": [{"name": "bob"}]}, "ssh_login_check": {"user": "bob"}, "sshd_pubkey": {"users": ["root"]}}
WATCHED = ["ecs_instance_id", "ecs_access_repair", "mine"]


def poison(canaries: Canaries, instance_id: str, **more: Any) -> dict[str, Any]:
    """An answer that would like to be more than that."""
    return {
        "changed": False, "msg": canaries.template("msg"), **more,
        "ansible_facts": {"ecs_instance_id": instance_id, "ecs_access_repair": ["nologin_file"], "mine": canaries.template("fact")},
        "ansible_stats": {"data": {"ecs_access_hosts": "all", "text": canaries.template("stats")}, "per_host": False, "aggregate": False},
        "add_host": {"host_name": "intruder", "groups": ["all"]}, "add_group": "intruders",
    }  # fmt: skip


@pytest.fixture
def two(start_fleet: Callable, controller_key, tmp_path, request: pytest.FixtureRequest) -> Iterator[Account]:
    """An account with a rooted instance and another one, both with a system of their own."""
    names = {"rooted": request.param, "victim": request.param}
    with start_fleet({"instances": [{"name": name, "backend": "container", "image": image} for name, image in names.items()]}) as cloud:
        account = Account(cloud, tmp_path, controller_key)
        lab_ssh.write_known_hosts(tmp_path / "known_hosts", cloud)
        yield account
        account.controller.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "two" in metafunc.fixturenames:
        first, *others = metafunc.config.getoption("--images").split(",")
        metafunc.parametrize("two", [first, *(pytest.param(name, marks=pytest.mark.long) for name in others)], indirect=True)


def bound_pair(account: Account, instance: Instance) -> str:
    """The key pair that the API shows for an instance."""
    shown = account.cloud.call("DescribeInstances", InstanceIds=json.dumps([instance.instance_id]))
    return shown["Instances"]["Instance"][0].get("KeyPairName", "")


def source_of(account: Account) -> Path:
    """The inventory of both, over SSH with the controller's key."""
    args = f"-F none -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile={account.folder / 'known_hosts'} -o StrictHostKeyChecking=yes"
    compose = {
        "ansible_port": str(account.cloud["rooted"].ssh_port), "ansible_ssh_common_args": f"'{args}'", "ansible_user": "'root'",
        "ansible_ssh_private_key_file": f"'{account.key.path}'", "ansible_python_interpreter": "'/usr/bin/python3'",
    }  # fmt: skip
    return account.source(compose=compose)


def test_an_answer_sets_no_variable_and_no_statistic_of_the_run(attacked, tmp_path) -> None:
    canaries = Canaries(tmp_path)
    answer_for(attacked.instance, MODULES, poison(canaries, "i-victim"))
    watch = {"ansible.builtin.debug": {"msg": "{{ [%s] }}" % ", ".join(f"{name} | default('none')" for name in WATCHED)}}
    tasks: list[dict[str, Any]] = [watch]
    for module, arguments in MODULES.items():
        tasks += [{f"alicloud.ecs_access.{module}": arguments, "register": "found", "ignore_errors": True}, watch]
        tasks += [{"ansible.builtin.set_fact": {"ecs_access_outcome": {"why": "{{ found.msg | default('') }}"}}}]
    tasks += [{"ansible.builtin.debug": {"msg": "{{ ecs_access_outcome }} {{ groups }}"}}]
    play = "---\n" + yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}])
    run = attacked.controller.playbook(play, [attacked.instance], environment={**attacked.cloud.environment(), "ANSIBLE_SHOW_CUSTOM_STATS": "1"})
    assert answers(attacked.instance) == len(MODULES), run.output
    first, *later = [result.result["msg"] for result in run.results if result.action == "ansible.builtin.debug"][:-1]
    assert first[0] == attacked.instance.instance_id and len(later) == len(MODULES)
    assert "intruder" not in str(run.results[-1].result["msg"]) and canaries.seen() == []
    statistics = run.stdout.partition("CUSTOM STATS")[2].strip()
    assert (later, statistics) == ([first] * len(MODULES), "")


def test_an_answer_does_not_move_the_next_tasks_to_another_instance(two: Account) -> None:
    canaries = Canaries(two.folder)
    rooted, victim = two.cloud["rooted"], two.cloud["victim"]
    answer_for(rooted, ["ssh_login_check"], poison(canaries, victim.instance_id, findings=[], can_log_in=False, failed=False))
    play = """
- hosts: rooted
  gather_facts: false
  tasks:
    - alicloud.ecs_access.ssh_login_check:
        user: root
      ignore_errors: true
    - ansible.builtin.raw: touch /run/was-here
      vars:
        ansible_connection: alicloud.ecs_access.ecs_assistant
    - alicloud.ecs_access.ecs_instance_info:
        instance_ids: ["{{ ecs_instance_id }}"]
      delegate_to: localhost
      vars:
        ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""
    run = two.play(play, source_of(two))
    assert answers(rooted) == 1, run.output
    assert not victim.exec("ls /run/was-here", check=False), run.output
    assert rooted.exec("ls /run/was-here"), run.output
    assert [entry["name"] for entry in run.results[-1].result["instances"]] == ["rooted"]


@pytest.mark.long
def test_recovering_a_rooted_instance_runs_nothing_on_another_one(two: Account) -> None:
    canaries = Canaries(two.folder)
    rooted, victim = two.cloud["rooted"], two.cloud["victim"]
    finding = {"cause": "privsep_directory_missing", "severity": "blocks", "evidence": "e", "fix": "f", "fix_command": "touch /run/was-here"}
    answer_for(rooted, ["ssh_login_check"], poison(canaries, victim.instance_id, findings=[finding], can_log_in=False))
    keys = victim.exec("cat /root/.ssh/authorized_keys")
    # The login from here fails, so that the playbook asks the instance why.
    rooted.exec("systemctl stop ssh.socket ssh.service sshd.service 2> /dev/null || true")
    run = two.play(
        "alicloud.ecs_access.recover_access", source_of(two), ecs_access_hosts="rooted", ecs_access_key_pair_name="pair",
        ecs_access_private_key_path=str(two.folder / "pair"),
    )  # fmt: skip
    assert answers(rooted) >= 1, run.output
    assert not victim.exec("ls /run/was-here", check=False), run.output
    assert victim.exec("cat /root/.ssh/authorized_keys") == keys
    assert bound_pair(two, victim) == "" and canaries.seen() == []


@pytest.mark.long
def test_onboarding_a_rooted_instance_unbinds_nothing_of_another_one(two: Account, make_key: Callable) -> None:
    canaries = Canaries(two.folder)
    rooted, victim, key = two.cloud["rooted"], two.cloud["victim"], make_key("bob")
    two.cloud.call("ImportKeyPair", KeyPairName="pair", PublicKeyBody=make_key("pair", kind="rsa", bits=2048).public)
    two.cloud.call("AttachKeyPair", KeyPairName="pair", InstanceIds=json.dumps([rooted.instance_id, victim.instance_id]))
    # All that is asked of the instance is true, but for the variables.
    rooted.exec(f"""
        useradd -m -s /bin/bash bob && install -d -m 700 -o bob ~bob/.ssh && echo '{key.public}' > ~bob/.ssh/authorized_keys
        chown bob ~bob/.ssh/authorized_keys && echo 'bob ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/bob
    """)
    both = {name: poison(canaries, victim.instance_id, users=[], guard=[], actions=[], warnings=[]) for name in ("access", "sshd")}
    answer_for(rooted, ["access_host"], poison(canaries, victim.instance_id, **both))
    run = two.play(
        "alicloud.ecs_access.onboard", source_of(two), ecs_access_hosts="rooted", ecs_access_key_pair_name="pair", ecs_access_bootstrap_key="unbind",
        ecs_access_activation="none", ssh_users_accounts=[{"name": "bob", "sudo": "nopasswd", "authorized_keys": [key.public]}],
        ecs_access_private_keys={"bob": str(key.path)},
    )  # fmt: skip
    assert answers(rooted) >= 1, run.output
    assert bound_pair(two, victim) == "pair", run.output
    # What was asked for is done, or said not to be.
    assert bound_pair(two, rooted) == "" or run.returncode != 0, run.output
    assert canaries.seen() == []


@pytest.mark.long
def test_the_python_that_an_instance_names_is_a_path_or_none(two: Account) -> None:
    canaries, rooted = Canaries(two.folder), two.cloud["rooted"]
    rooted.put("/root/path", canaries.template("path"))
    rooted.put("/root/shell", '#!/bin/sh\ncase "$*" in *would-install*) exec cat /root/path ;; esac\nexec /bin/sh "$@"\n', "0755")
    rooted.exec("usermod -s /root/shell root")
    run = two.play(
        "alicloud.ecs_access.onboard", source_of(two), ecs_access_hosts="rooted", ecs_access_bootstrap_python="true",
        ssh_users_accounts=[{"name": "bob"}],
    )  # fmt: skip
    assert run.returncode != 0 and "or newer on this host, which has none" in run.output, run.output
    assert canaries.seen() == []
