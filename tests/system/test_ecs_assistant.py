# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugin ecs_assistant: modules, files and large outputs through Cloud Assistant, with SSH shut down."""

from __future__ import annotations

import base64
import hashlib
import os

import pytest

pytestmark = pytest.mark.long

CONNECTION = {"ansible_connection": "alicloud.ecs_access.ecs_assistant", "ecs_region": "cn-hangzhou"}


@pytest.fixture
def through(ansible, fleet):
    """through(instance, module, args): the module's result by way of Cloud Assistant."""

    def run(instance, module, args=None, **more):
        variables = {**CONNECTION, "ecs_region": fleet.region, **more.pop("variables", {})}
        return ansible(instance, module, args, variables=variables, environment=fleet.environment(), **more)

    return run


@pytest.fixture
def left_behind():
    """Folders of ours in an instance."""
    return lambda instance: instance.exec("ls -d /run/ecs-assistant-* 2>/dev/null; true").split()


def test_a_module_runs_as_root_though_sshd_is_down(instance, through, left_behind) -> None:
    unit = "ssh" if instance.run("systemctl cat ssh.service").returncode == 0 else "sshd"
    instance.exec(f"systemctl stop {unit}")
    try:
        result = through(instance, "ansible.builtin.command", {"cmd": "id -un"})
        assert result["stdout"] == "root", result
        pong = through(instance, "ansible.builtin.ping")
        assert pong["ping"] == "pong"
    finally:
        instance.exec(f"systemctl reset-failed {unit}; systemctl start {unit}")
    assert left_behind(instance) == []


def test_output_and_status_arrive_whole_and_apart(one_instance, through, left_behind) -> None:
    script = "head -c 60000 /dev/urandom > /root/noise; base64 -w0 /root/noise; echo to-err >&2; exit 3"
    result = through(one_instance, "ansible.builtin.shell", {"cmd": script})
    assert result["rc"] == 3
    assert result["stderr"] == "to-err"
    wanted = one_instance.exec("sha256sum < /root/noise").split()[0]
    assert hashlib.sha256(base64.b64decode(result["stdout"])).hexdigest() == wanted
    assert left_behind(one_instance) == []


def test_files_of_any_bytes_go_both_ways(one_instance, through, tmp_path) -> None:
    content = os.urandom(50_000) + b"\0\n'\"$(id)\r\n"
    (tmp_path / "sent").write_bytes(content)
    put = through(one_instance, "ansible.builtin.copy", {"src": str(tmp_path / "sent"), "dest": "/root/sent it", "mode": "0600"})
    assert put["changed"], put
    assert one_instance.exec("sha256sum < '/root/sent it'").split()[0] == hashlib.sha256(content).hexdigest()
    through(one_instance, "ansible.builtin.fetch", {"src": "/root/sent it", "dest": str(tmp_path / "back"), "flat": True})
    assert (tmp_path / "back").read_bytes() == content


def test_answers_of_hosts_stay_apart(fleet, playbook, tmp_path) -> None:
    """The inventory plugin leaves an open connection to the cloud in the process that every task is forked from."""
    hosts = tmp_path / "my.ecs.yml"
    hosts.write_text("plugin: alicloud.ecs_access.ecs\nhostnames: [name]\ncompose:\n  ansible_connection: \"'alicloud.ecs_access.ecs_assistant'\"\n")
    text = "- hosts: %s\n  gather_facts: false\n  tasks:\n    - ansible.builtin.raw: hostname\n      changed_when: false\n      loop: [1, 2, 3]\n" % ":".join(
        instance.name for instance in fleet
    )
    run = playbook(text, hosts, environment=fleet.environment())
    assert run.returncode == 0, run.output
    for result in run.results:
        assert {item["stdout"].strip() for item in result.result["results"]} == {result.host}


def test_an_agent_that_is_offline_is_unreachable_with_the_reason(fleet, playbook, tmp_path) -> None:
    hosts = tmp_path / "hosts.yml"
    hosts.write_text(
        "all:\n  hosts:\n    gone:\n"
        f"      ecs_instance_id: {fleet.ids['agent-offline']}\n      ecs_region: {fleet.region}\n"
        "      ansible_connection: alicloud.ecs_access.ecs_assistant\n"
    )
    run = playbook("- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.ping:\n", hosts, environment=fleet.environment())
    (result,) = run.results
    assert result.status == "unreachable"
    assert "Cloud Assistant" in result.result["msg"]


def test_a_host_that_is_no_instance_is_told_so(one_instance, playbook, tmp_path) -> None:
    hosts = tmp_path / "hosts.yml"
    hosts.write_text("all:\n  hosts:\n    plain:\n      ansible_connection: alicloud.ecs_access.ecs_assistant\n")
    run = playbook("- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.ping:\n", hosts)
    assert "ecs_instance_id" in run.results[0].result["msg"]
