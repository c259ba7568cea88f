# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Temporary keys and sessions of the embedded cloud on real instances, with real ssh and nothing of the collection."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator

import pytest
from lab import ssh as lab_ssh
from lab.fleet import Fleet
from lab.instance import Instance

pytestmark = pytest.mark.long

PROXY = Path(lab_ssh.__file__).with_name("session_proxy.py")
INSTALL = "acs-plugin-manager -e -P config_ecs_instance_connect --params --install"
SEND = "cmd-ACS-ECS-SendSshPublicKey-linux.sh"
EFFECTIVE = "mkdir -p /run/sshd; sshd -T -C user=root,host=x,addr=192.0.2.1 | grep -i ^authorizedkeyscommand"
FLEET = {
    "instances": [
        {"name": "open", "backend": "container", "image": "debian12"},
        {"name": "hidden", "backend": "container", "image": "el-like", "publish_ssh": False},
        {"name": "outdated", "backend": "container", "image": "debian13", "assistant": {"version": "2.2.3.195"}},
    ],
    "sessions": {"rate_kbit": 4000},
}


@pytest.fixture(scope="module")
def cloud(start_fleet) -> Iterator[Fleet]:
    """A fleet of this module's own, because its sshd configurations are spoiled."""
    with start_fleet(FLEET) as fleet:
        yield fleet


@pytest.fixture
def pristine(cloud: Fleet) -> Iterator[None]:
    """Puts back what a test does to sshd on the open instance."""
    instance = cloud["open"]
    instance.exec("cp -p /etc/ssh/sshd_config /root/sshd_config.before")
    yield
    control(cloud, "open", plugin_exit_code=0, plugin_seconds=0, clock_offset=0, key_server="up")
    instance.exec(
        "cp -p /root/sshd_config.before /etc/ssh/sshd_config; rm -f /etc/ssh/sshd_config.d/test.conf; "
        "rm -rf /usr/local/share/aliyun-assist/plugin/*; userdel ecs-instance-connect; systemctl restart ssh",
        check=False,
    )


def control(cloud: Fleet, name: str, **knobs: Any) -> dict:
    return cloud.control("POST" if knobs else "GET", f"instances/{name}", knobs or None)


def send_key(cloud: Fleet, name: str, public_key: str, user: str = "root") -> dict:
    """InvokeCommand of the public command, and how it ended."""
    values = json.dumps({"username": user, "sshPublicKey": public_key})
    invoke_id = cloud.call("InvokeCommand", CommandId=SEND, Parameters=values, **{"InstanceId.1": cloud.ids[name]})["InvokeId"]
    return wait(cloud, invoke_id)


def wait(cloud: Fleet, invoke_id: str) -> dict:
    deadline = time.monotonic() + 60
    while True:
        answer = cloud.call("DescribeInvocationResults", InvokeId=invoke_id, ContentEncoding="PlainText")
        (entry,) = answer["Invocation"]["InvocationResults"]["InvocationResult"]
        if entry["InvocationStatus"] not in ("Pending", "Running"):
            return entry
        assert time.monotonic() < deadline, entry
        time.sleep(0.1)


def host_key_file(tmp_path: Path, instance: Instance, host: str) -> Path:
    path = tmp_path / "known_hosts"
    path.write_text("".join(f"{host} {key}\n" for key in instance.host_keys()))
    return path


def tunnel(cloud: Fleet, name: str, key: lab_ssh.KeyFile, known_hosts: Path, *words: str, **popen: Any) -> subprocess.Popen:
    """ssh through a session."""
    url = cloud.call("StartTerminalSession", PortNumber=22, **{"InstanceId.1": cloud.ids[name]})["WebSocketUrl"]
    command = ["ssh", "-o", f"ProxyCommand={sys.executable} {PROXY} '{url}'", "-o", f"HostKeyAlias={cloud.ids[name]}"]
    command += [*lab_ssh.OPTIONS, "-o", f"UserKnownHostsFile={known_hosts}", "-i", str(key.path), "-l", "root", cloud.ids[name]]
    environment = {**os.environ, "SSL_CERT_FILE": str(cloud.ca_file)}
    return subprocess.Popen([*command, "--", *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, **popen)


def finish(process: subprocess.Popen, feed: str = "") -> tuple[int, str, str]:
    output, errors = process.communicate(feed or None, timeout=60)
    return process.returncode, output, errors


def test_register_login_expire_and_an_open_session_survives(cloud, pristine, tmp_path, make_key):
    instance, key = cloud["open"], make_key()
    known_hosts = tmp_path / "known_hosts"
    lab_ssh.write_known_hosts(known_hosts, [instance])
    assert cloud.run_command(instance, INSTALL)["Output"] == "install finished ...\n"
    refused = lab_ssh.ssh(instance, "root", key, "hostname", known_hosts)
    assert "Permission denied (publickey" in refused.stderr

    registered = time.monotonic()
    assert send_key(cloud, "open", key.public)["InvocationStatus"] == "Success"
    held = subprocess.Popen(
        ["ssh", *lab_ssh.OPTIONS, "-o", f"UserKnownHostsFile={known_hosts}", "-p", str(instance.ssh_port), "-i", str(key.path),
         "-l", "root", instance.ssh_host, "--", "echo in; read line; echo $line"],
        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert held.stdout is not None
    assert held.stdout.readline() == "in\n"
    assert lab_ssh.ssh(instance, "root", key, "hostname", known_hosts).stdout == "open\n"
    assert "Permission denied (publickey" in lab_ssh.ssh(instance, "root", make_key(), "true", known_hosts).stderr
    assert "Permission denied (publickey" in lab_ssh.ssh(instance, "daemon", key, "true", known_hosts).stderr

    time.sleep(max(0.0, registered + 63 - time.monotonic()))
    late = lab_ssh.ssh(instance, "root", key, "hostname", known_hosts)
    assert (late.returncode, "Permission denied (publickey" in late.stderr) == (255, True)
    assert finish(held, "still here\n") == (0, "still here\n", "")


def test_an_instance_without_a_published_port_is_reached_through_a_session(cloud, tmp_path, make_key):
    instance, key = cloud["hidden"], make_key()
    assert (instance.ssh_host, instance.ssh_port) == (None, None)
    shown = cloud.call("DescribeInstances", InstanceIds=json.dumps([instance.instance_id]))["Instances"]["Instance"][0]
    assert shown["PublicIpAddress"]["IpAddress"] == []
    known_hosts = host_key_file(tmp_path, instance, instance.instance_id)
    cloud.run_command(instance, INSTALL)
    send_key(cloud, "hidden", key.public)
    command = "hostname; seq 20000 | md5sum; cat | md5sum"
    process = tunnel(cloud, "hidden", key, known_hosts, command, stdin=subprocess.PIPE)
    code, output, _errors = finish(process, "x" * 200000)
    ours = [
        subprocess.run(["md5sum"], input=text, capture_output=True, text=True, check=True).stdout
        for text in ("".join(f"{number}\n" for number in range(1, 20001)), "x" * 200000)
    ]
    assert (code, output) == (0, "hidden\n" + "".join(ours))


def test_a_session_survives_neither_a_reboot_nor_a_cut_and_the_next_works(cloud, tmp_path, make_key):
    instance, key = cloud["hidden"], make_key()
    known_hosts = host_key_file(tmp_path, instance, instance.instance_id)
    cloud.run_command(instance, INSTALL)
    send_key(cloud, "hidden", key.public)
    held = tunnel(cloud, "hidden", key, known_hosts, "echo in; sleep 60", stdin=subprocess.PIPE)
    assert held.stdout is not None
    assert held.stdout.readline() == "in\n"
    cloud.control("DELETE", "sessions")
    assert finish(held)[0] == 255

    boot_id = instance.boot_id()
    cloud.call("RebootInstance", InstanceId=instance.instance_id)
    cloud.wait_for_status(instance.instance_id, "Running")
    assert instance.boot_id() != boot_id
    send_key(cloud, "hidden", key.public)
    assert finish(tunnel(cloud, "hidden", key, known_hosts, "hostname"))[:2] == (0, "hidden\n")


def test_somebody_elses_command_is_met_with_silence(cloud, pristine):
    instance = cloud["open"]
    instance.exec("sed -i '1i AuthorizedKeysCommand /bin/true' /etc/ssh/sshd_config")
    instance.exec("sed -i '2i AuthorizedKeysCommandUser nobody' /etc/ssh/sshd_config")
    entry = cloud.run_command(instance, INSTALL)
    assert (entry["ExitCode"], entry["Output"]) == (0, "install finished ...\n")
    assert instance.exec(EFFECTIVE).split() == ["authorizedkeyscommand", "/bin/true", "authorizedkeyscommanduser", "nobody"]


def test_a_drop_in_is_not_looked_at_and_wins(cloud, pristine):
    instance = cloud["open"]
    instance.exec("printf 'AuthorizedKeysCommand /bin/true\\nAuthorizedKeysCommandUser nobody\\n' > /etc/ssh/sshd_config.d/test.conf")
    assert cloud.run_command(instance, INSTALL)["ExitCode"] == 0
    assert "ecs_config_instance_connect %u %f" in instance.exec("tail -n 2 /etc/ssh/sshd_config")
    assert "/bin/true" in instance.exec(EFFECTIVE)


def test_a_trailing_match_block_swallows_the_lines(cloud, pristine):
    instance = cloud["open"]
    instance.exec("printf 'Match User nobody\\n    X11Forwarding no\\n' >> /etc/ssh/sshd_config")
    assert cloud.run_command(instance, INSTALL)["ExitCode"] == 0
    assert "none" in instance.exec(EFFECTIVE)
    assert "ecs_config_instance_connect" in instance.exec(EFFECTIVE.replace("user=root", "user=nobody"))


def test_a_broken_configuration_is_restarted_into_its_end(cloud, pristine):
    instance = cloud["open"]
    instance.exec("echo 'NoSuchOption yes' >> /etc/ssh/sshd_config")
    entry = cloud.run_command(instance, INSTALL)
    assert (entry["InvocationStatus"], entry["ExitCode"]) == ("Failed", 1)
    assert instance.exec("systemctl is-active ssh", check=False) != "active\n"


def test_uninstalling_leaves_the_file_as_it_was(cloud, pristine):
    instance = cloud["open"]
    before = instance.exec("cat /etc/ssh/sshd_config")
    cloud.run_command(instance, INSTALL)
    assert cloud.run_command(instance, INSTALL.replace("--install", "--uninstall"))["ExitCode"] == 0
    assert instance.exec("cat /etc/ssh/sshd_config").rstrip("\n") == before.rstrip("\n")
    assert "none" in instance.exec(EFFECTIVE)


def test_the_plugin_manager_fails_on_demand_and_takes_its_time(cloud, pristine):
    instance = cloud["open"]
    control(cloud, "open", plugin_exit_code=240, plugin_exit_times=1, plugin_seconds=2)
    entry = cloud.run_command(instance, INSTALL)
    assert (entry["ExitCode"], "DOWNLOAD_FAIL" in entry["Output"]) == (240, True)
    assert "none" in instance.exec(EFFECTIVE)
    began = time.monotonic()
    assert cloud.run_command(instance, INSTALL)["ExitCode"] == 0
    assert time.monotonic() - began > 2


def test_an_instance_whose_clock_is_ahead_lets_nobody_in(cloud, pristine, tmp_path, make_key):
    instance, key = cloud["open"], make_key()
    known_hosts = tmp_path / "known_hosts"
    lab_ssh.write_known_hosts(known_hosts, [instance])
    cloud.run_command(instance, INSTALL)
    send_key(cloud, "open", key.public)
    for offset, code in ((300, 255), (-300, 0)):
        control(cloud, "open", clock_offset=offset)
        assert lab_ssh.ssh(instance, "root", key, "true", known_hosts).returncode == code
        for clock in ("date +%s", "python3 -c 'import time; print(int(time.time()))'"):
            shown = int(cloud.run_command(instance, clock)["Output"])
            assert abs(shown - time.time() - offset) < 10, clock


def test_a_key_server_that_is_slow_costs_five_seconds_and_the_login(cloud, pristine, tmp_path, make_key):
    instance, key = cloud["open"], make_key()
    known_hosts = tmp_path / "known_hosts"
    lab_ssh.write_known_hosts(known_hosts, [instance])
    cloud.run_command(instance, INSTALL)
    send_key(cloud, "open", key.public)
    control(cloud, "open", key_server="slow")
    began = time.monotonic()
    assert lab_ssh.ssh(instance, "root", key, "true", known_hosts).returncode == 255
    assert 4.5 < time.monotonic() - began < 9
    control(cloud, "open", key_server="up")
    assert lab_ssh.ssh(instance, "root", key, "true", known_hosts).returncode == 0


def test_an_outdated_agent_lacks_everything(cloud, make_key):
    entry = cloud.run_command(cloud["outdated"], INSTALL)
    assert (entry["ExitCode"], "not found" in entry["Output"]) == (127, True)
    assert send_key(cloud, "outdated", make_key().public)["ExitCode"] == 127


def test_hostile_values_run_as_root_unless_the_client_refuses_them(cloud, make_key):
    instance = cloud["open"]
    send_key(cloud, "open", make_key().public, user="root; touch /root/injected;")
    assert instance.exec("ls /root/injected") == "/root/injected\n"
    instance.exec("rm /root/injected")
