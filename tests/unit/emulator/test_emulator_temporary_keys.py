# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Temporary keys: the key server, the programs of the agent, and the knobs of an instance."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from ecs_emulator import client
from ecs_emulator.agent_service import AgentService, take_plugin_plan
from ecs_emulator.backends.cloud_dir import MOUNT, TOOLS, prepare_cloud_dir, write_clock_offset
from ecs_emulator.connect import is_at_least
from ecs_emulator.fleet import parse_fleet
from ecs_emulator.fleet_reader import FleetError
from ecs_emulator.key_server import KeyServer
from ecs_emulator.testing import Emulator, running

from .emulator_tools import Clock, code

KEY = "ssh-ed25519 AAAAC3 me@here"


def test_keys_last_sixty_seconds_and_several_live_side_by_side():
    clock = Clock()
    server = KeyServer(clock)
    server.register("i-1", "root", "first")
    clock.shift = 30
    server.register("i-1", "root", "second")
    server.register("i-1", "deploy", "third")
    server.register("i-2", "root", "elsewhere")
    assert [key.public_key for key in server.keys("i-1", "root")] == ["first", "second"]
    clock.shift = 61
    assert [key.public_key for key in server.keys("i-1")] == ["second", "third"]
    clock.shift = 91
    assert server.keys("i-1") == []


def test_registering_again_begins_another_sixty_seconds():
    clock = Clock()
    server = KeyServer(clock)
    server.register("i-1", "root", "key")
    clock.shift = 50
    server.register("i-1", "root", "key")
    clock.shift = 100
    assert [key.public_key for key in server.keys("i-1")] == ["key"]


def test_a_server_that_lists_expired_keys_leaves_the_judgement_to_the_instance():
    clock = Clock()
    server = KeyServer(clock, lists_expired=True)
    server.register("i-1", "root", "key")
    clock.shift = 3600
    assert [key.public_key for key in server.keys("i-1")] == ["key"]


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("2.2.3.196", "2.2.3.196", True),
        ("2.2.3.1060", "2.2.3.196", True),
        ("2.2.3.99", "2.2.3.196", False),
        ("2.10.0.1", "2.2.3.196", True),
        ("", "2.2.3.196", False),
    ],
)
def test_versions_compare_by_number(version, wanted, expected):
    assert is_at_least(version, wanted) is expected


class Guest:
    """The agent's programs, run on this machine against the socket of one instance."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.instance = emulator.instance("web")
        self.folder = prepare_cloud_dir(folder, self.instance.instance_id)
        self.programs = folder / "programs"
        self.programs.mkdir()
        for source in TOOLS.iterdir():
            text = source.read_text().replace(MOUNT + "/tools", str(self.programs)).replace(MOUNT, ".")
            (self.programs / source.name).write_text(text.replace("/usr/local/share/aliyun-assist/plugin", str(folder / "plugin")))
        self.service = AgentService(emulator.keys)

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(self.programs / program), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=self.folder)

    def listed(self, user: str = "root") -> str:
        done = self.run("ecs_config_instance_connect", user, "SHA256:not-looked-at")
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guest(tmp_path, clock):
    with running({"instances": [{"name": "web"}]}, clock) as emulator:
        made = Guest(emulator, tmp_path / ("long" * 40))
        emulator._run(made.service.listen(made.instance, made.folder))
        yield made
        emulator._run(made.service.close())


def test_a_sent_key_is_listed_for_its_user_alone(guest):
    sent = guest.run("send_ssh_public_key", "--username", "deploy", "--ssh-public-key", *KEY.split())
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, "", "")
    assert guest.listed("deploy") == KEY + "\n"
    assert guest.listed("root") == ""


def test_a_key_without_a_user_is_roots(guest):
    guest.run("send_ssh_public_key", "--ssh-public-key", *KEY.split())
    assert guest.listed("root") == KEY + "\n"


def test_a_key_is_gone_after_sixty_seconds(guest, clock):
    guest.emulator.keys.register(guest.instance.instance_id, "root", KEY)
    assert guest.listed() == KEY + "\n"
    clock.shift = 61
    assert guest.listed() == ""


def test_a_clock_that_is_ahead_sees_every_key_as_expired(guest):
    guest.emulator.keys.register(guest.instance.instance_id, "root", KEY)
    write_clock_offset(guest.folder, 300)
    assert guest.listed() == ""
    write_clock_offset(guest.folder, -300)
    assert guest.listed() == KEY + "\n"


@pytest.mark.parametrize("state", ["down", "error", "garbage"])
def test_trouble_with_the_key_server_looks_like_no_keys(guest, state):
    guest.emulator.keys.register(guest.instance.instance_id, "root", KEY)
    guest.emulator.change_instance("web", key_server=state)
    assert guest.listed() == ""
    guest.emulator.change_instance("web", key_server="up")
    assert guest.listed() == KEY + "\n"


@pytest.mark.parametrize("exit_code", range(232, 248))
def test_the_plugin_manager_ends_with_each_documented_code(guest, exit_code):
    guest.emulator.change_instance("web", plugin_exit_code=exit_code, plugin_exit_times=1)
    done = guest.run("acs-plugin-manager", "-e", "-P", "config_ecs_instance_connect", "--params", "--install")
    assert done.returncode == exit_code
    assert done.stdout.startswith("Execute")
    assert done.stdout.count("\n") == 1
    log = (guest.programs / "log" / "acs_plugin_manager.log").read_text()
    assert done.stdout.strip() in log
    assert guest.instance.connect.plugin_exit_code == 0


def test_the_plugin_manager_knows_one_plugin(guest):
    done = guest.run("acs-plugin-manager", "--exec", "--plugin", "another", "--params", "--install")
    assert (done.returncode, done.stdout) == (
        234, "ExecutePluginOnlineOrLocal PACKAGE_NOT_FOUND: Could not found both local and online, package[another] version[]\n",
    )  # fmt: skip


def test_the_plugin_manager_without_a_server(guest):
    (guest.folder / "api.sock").unlink()
    done = guest.run("acs-plugin-manager", "-e", "-P", "config_ecs_instance_connect", "--params", "--install")
    assert (done.returncode, "CHECK_ENDPOINT_FAIL" in done.stdout) == (233, True)


def test_a_code_for_some_runs_is_used_up():
    with running({"instances": [{"name": "web", "connect": {"plugin_exit_code": 240, "plugin_exit_times": 2}}]}) as emulator:
        codes = [take_plugin_plan(emulator.instance("web"))["exitCode"] for _attempt in range(3)]
        assert codes == [240, 240, 0]


@pytest.mark.parametrize(
    ("connect", "sentence"),
    [
        ({"plugin_exit_code": 1}, "instances[0].connect: 'plugin_exit_code' is 0 or from 232 to 247"),
        ({"key_server": "gone"}, "instances[0].connect: 'key_server' is up or down or error or slow or garbage"),
        ({"clock": 1}, "instances[0].connect: unknown key 'clock'; known: plugin_exit_code, plugin_exit_times, "
         "plugin_seconds, clock_offset, key_server"),
        ({"plugin_seconds": -1}, "instances[0].connect: 'plugin_seconds' is not a number of zero or more"),
    ],
)  # fmt: skip
def test_the_fleet_file_is_checked(connect, sentence):
    with pytest.raises(FleetError) as caught:
        parse_fleet({"instances": [{"name": "web", "connect": connect}]})
    assert str(caught.value) == sentence


def control(emulator: Emulator, path: str, body: object = None) -> tuple[int, dict]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(emulator.endpoint + path, data)) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or "{}")


def test_the_control_path_shows_and_changes_an_instance(emulator):
    emulator.keys.register(emulator.instance("web-1").instance_id, "root", KEY)
    status, shown = control(emulator, "/_emulator/instances/web-1", {"agent_online": False, "clock_offset": -300})
    assert (status, shown["agent_online"], shown["clock_offset"]) == (200, False, -300)
    assert [(key["user"], key["public_key"]) for key in shown["keys"]] == [("root", KEY)]
    assert control(emulator, "/_emulator/instances/" + emulator.instance("web-1").instance_id) == (200, shown)
    answer = emulator.call("DescribeCloudAssistantStatus", InstanceId=[emulator.instance("web-1").instance_id])
    (agent,) = answer["InstanceCloudAssistantStatusSet"]["InstanceCloudAssistantStatus"]
    assert agent["CloudAssistantStatus"] == "false"


@pytest.mark.parametrize("body", [{"agent_online": "no"}, {"plugin_exit_code": 3}, {"other": 1}, [1]])
def test_the_control_path_refuses(emulator, body):
    status, answer = control(emulator, "/_emulator/instances/web-1", body)
    assert status == 400
    assert answer["error"]
    assert emulator.instance("web-1").agent_online


@pytest.mark.parametrize(("version", "expected"), [("2.2.3.188", False), ("2.2.3.189", True), ("2.2.3.1060", True)])
def test_the_status_tells_of_session_manager_by_version(version, expected):
    with running({"instances": [{"name": "web", "assistant": {"version": version}}]}) as emulator:
        answer = emulator.call("DescribeCloudAssistantStatus")
        (agent,) = answer["InstanceCloudAssistantStatusSet"]["InstanceCloudAssistantStatus"]
        assert agent["SupportSessionManager"] is expected


def test_temporary_credentials_can_be_short_lived_and_renewed():
    clock = Clock()
    with running({"instances": [{"name": "web"}], "timing": {"sts_lifetime_s": 60}}, clock) as emulator:

        def assume() -> dict:
            role = {"RoleArn": "acs:ram::1234567890123456:role/deployer", "RoleSessionName": "test"}
            return emulator.call("AssumeRole", "2015-04-01", **role)["Credentials"]

        def describe(credentials: dict) -> dict:
            key = credentials["AccessKeyId"], credentials["AccessKeySecret"]
            parameters = {"RegionId": emulator.region}
            return client.call(emulator.endpoint, *key, "DescribeRegions", parameters, security_token=credentials["SecurityToken"])

        first = assume()
        assert describe(first)["Regions"]
        clock.shift = 61
        assert code(describe, first) == (400, "InvalidSecurityToken.Expired")
        assert describe(assume())["Regions"]
