# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play of forty tasks on three instances that nothing but Session Manager reaches, and what happens to it on its way."""

from __future__ import annotations

import hashlib
import os
import time

import pytest
from lab.temporary import PING, Runner, running_cloud

pytestmark = pytest.mark.long

NAMES = ["a", "b", "c"]
STS_SECONDS = 30
RAW = "    - ansible.builtin.raw: 'true'\n      changed_when: false\n"
FORTY = (
    "    - ansible.builtin.copy: {src: payload, dest: /tmp/payload}\n"
    "    - ansible.builtin.raw: echo {{ item }}\n      changed_when: false\n      loop: [1, 2, 3]\n" + RAW * 38
)


@pytest.fixture(scope="module")
def cloud(start_fleet):
    limits = {"sessions": {"rate_kbit": 2000}, "timing": {"sts_lifetime_s": STS_SECONDS}}
    with running_cloud(start_fleet, [], NAMES, el_like=["c"], **limits) as fleet:
        yield fleet


@pytest.fixture
def runner(cloud, tmp_path):
    with Runner.open(cloud, tmp_path) as made:
        yield made


def test_forty_tasks_loops_and_a_copy_need_one_registration_and_one_session_each(runner):
    payload = os.urandom(50_000)
    (runner.folder / "payload").write_bytes(payload)
    run = runner.play(FORTY, NAMES, tunnel="always")
    assert run.returncode == 0, run.output
    assert len(run.results) == 3 * 40
    assert runner.calls() == {"InvokeCommand": 3, "StartTerminalSession": 3}
    for name in NAMES:
        instance = runner.fleet[name]
        assert instance.ssh_port is None
        assert instance.exec("sha256sum < /tmp/payload").split()[0] == hashlib.sha256(payload).hexdigest()
        assert instance.exec("cat /root/.ssh/authorized_keys 2>/dev/null; true") == ""


def test_one_of_three_whose_agent_is_offline_does_not_hold_up_the_others(runner):
    runner.control("POST", "instances/b", {"agent_online": False})
    try:
        run = runner.play(PING + RAW, NAMES, tunnel="always")
    finally:
        runner.control("POST", "instances/b", {"agent_online": True})
    assert run.returncode == 4
    assert {(result.host, result.status) for result in run.results} == {("a", "ok"), ("c", "ok"), ("b", "unreachable")}
    said = " ".join(run.output.split())
    assert runner.fleet["b"].instance_id in said
    assert "Cloud Assistant agent is not" in said
    assert runner.play(PING, NAMES, tunnel="always").returncode == 0


def test_a_security_token_that_expires_in_the_middle_is_explained(runner):
    """Open connections need no token, so the play goes on until it needs a new one."""
    keys = runner.fleet.call("AssumeRole", "2015-04-01", RoleArn="acs:ram::1234567890123456:role/ops", RoleSessionName="me", DurationSeconds=900)["Credentials"]
    token = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": keys["AccessKeyId"], "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys["AccessKeySecret"],
        "ALIBABA_CLOUD_SECURITY_TOKEN": keys["SecurityToken"],
    }  # fmt: skip
    pause = f"    - ansible.builtin.pause: {{seconds: {STS_SECONDS + 3}}}\n"
    run = runner.play(PING + pause + PING + "    - ansible.builtin.meta: reset_connection\n" + PING, ["a"], tunnel="always", environment=token)
    assert run.returncode == 4
    assert [result.status for result in run.results] == ["ok", "ok", "ok", "unreachable"]
    assert "expired or damaged: get new ones" in " ".join(run.output.split())
    assert keys["SecurityToken"] not in run.output
    assert "Traceback" not in run.output


def test_sessions_end_as_they_should(runner):
    assert runner.play(PING, ["a"], tunnel="always").returncode == 0
    runner.hang_up()
    deadline = time.monotonic() + 20
    while (session := runner.control("GET", "sessions")["sessions"][-1])["open"]:
        assert time.monotonic() < deadline, session
        time.sleep(0.1)
    assert session["instance_id"] == runner.fleet["a"].instance_id
    assert [connection["reason"] for connection in session["connections"]] == ["ClosedByClient"]
