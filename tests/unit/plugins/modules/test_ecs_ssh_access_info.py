# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against the embedded cloud; guests replay what real ones answered, and tests/system asks real ones."""

import json
import os
import stat
from pathlib import Path

import pytest
from ecs_emulator.replay import Replay
from ecs_emulator.testing import CommandOutcome, running

MODULE = "ecs_ssh_access_info"
SAMPLES = Path(__file__).resolve().parents[1] / "module_utils" / "_audit" / "samples"
RECORDING = json.loads((SAMPLES / "debian12.recording.json").read_text())
INSTANCES = [
    {"name": "good", "instance_id": "i-good"}, {"name": "mute", "instance_id": "i-mute"}, {"name": "off", "instance_id": "i-off", "status": "Stopped"},
    {"name": "win", "instance_id": "i-win", "os_type": "windows"}, {"name": "away", "instance_id": "i-away", "assistant": {"online": False}},
]  # fmt: skip


@pytest.fixture
def read(run_module, monkeypatch):
    """read(emulator, ids, **options)"""

    def run(emulator, ids, check_mode=False, **options):
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", emulator.access_key_id)
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", emulator.access_key_secret)
        given = {"region": emulator.region, "endpoint": emulator.endpoint, "instance_ids": ids, **options}
        return run_module(MODULE, check_mode=check_mode, **given)

    return run


def fingerprints(host):
    return {method["fingerprint"] for method in host["login_methods"]}


def test_each_instance_answers_for_itself(read):
    with running({"instances": INSTANCES}) as emulator:
        emulator.on_command(Replay(RECORDING), "good")
        emulator.on_command(lambda *_args: CommandOutcome(0, b"hello"), "mute")
        ids = ["i-good", "i-mute", "i-off", "i-win", "i-away", "i-none"]
        result = read(emulator, ids, fail_on="never")
        commands = len(emulator.requests("RunCommand"))
        strict = read(emulator, ids)
    assert not result["failed"] and not result["changed"] and commands == 3
    assert [one["instance_id"] for one in result["instances"]] == ids
    good = result["instances"][0]
    assert good["seen"] and (good["name"], good["region"], good["via"], good["unread"]) == ("good", emulator.region, "assistant", [])
    assert [one["account"] for one in good["login_methods"]] == ["anna"] and result["seen"] == 1
    why = {one["instance_id"]: one["why"] for one in result["failed_instances"]}
    for name, word in (("i-mute", "not in the output"), ("i-off", "Stopped"), ("i-win", "Windows"), ("i-away", "not online"), ("i-none", "no such")):
        assert word in why.pop(name)
    assert not why
    assert strict["failed"] and "5 of 6 instances" in strict["msg"] and strict["instances"] == result["instances"]


@pytest.mark.parametrize("version", ["2.2.3.309", "2.2.4.600"])
def test_what_an_output_has_no_room_for_is_asked_again(read, version):
    replay = Replay(RECORDING, 90000)

    def noisy(script, user):
        return CommandOutcome(0, b"motd\n" * 1500 + replay(script, user).output + b"bye\n" * 1500)

    with running({"instances": [{"name": "web", "instance_id": "i-web", "count": 3, "assistant": {"version": version}}]}) as emulator:
        emulator.on_command(Replay(RECORDING))
        emulator.on_command(noisy, "web-2")
        ids = list(emulator.cloud.instances)
        result = read(emulator, ids)
        asked = [len(request["parameters"].get("InstanceId", [])) for request in map(vars_of, emulator.requests("RunCommand"))]
    assert not result["failed"] and [one["unread"] for one in result["instances"]] == [[], [], []]
    padded = [len(fingerprints(host)) for host in result["instances"]]
    assert padded[0] == padded[2] == 1 and padded[1] > 400
    assert len(asked) > 6


def vars_of(request):
    return {"parameters": request if isinstance(request, dict) else {}}


def test_an_instance_that_is_lost_half_way_keeps_what_arrived(read):
    replay = Replay(RECORDING, 60000)
    asked = []

    def dying(script, user):
        asked.append(script)
        return replay(script, user) if len(asked) <= 4 else CommandOutcome(None, b"", "ClientNotResponse", "gone")

    with running({"instances": [{"name": "web", "instance_id": "i-web"}]}) as emulator:
        emulator.on_command(dying)
        (host,) = read(emulator, ["i-web"])["instances"]
    assert host["seen"] and len(fingerprints(host)) > 100
    (missing,) = host["unread"]
    assert missing["what"] == "chapter accounts" and "records did not arrive" in missing["why"]


def test_a_chapter_without_an_answer_is_unread(read):
    replay = Replay({name: records for name, records in RECORDING.items() if name != "use"})
    with running({"instances": [{"name": "web", "instance_id": "i-web"}]}) as emulator:
        emulator.on_command(replay)
        (host,) = read(emulator, ["i-web"])["instances"]
    assert host["seen"] and {"chapter use", "last use of keys"} == {one["what"] for one in host["unread"]}


@pytest.mark.parametrize("action", ["RunCommand", "DescribeInstances", "DescribeCloudAssistantStatus", "DescribeInvocationResults"])
def test_a_region_that_cannot_be_asked_is_not_seen(read, action):
    with running({"instances": INSTANCES}) as emulator:
        emulator.on_command(Replay(RECORDING), "good")
        emulator.faults(action, "error", code="Forbidden.RAM", status=403, times=50)
        result = read(emulator, ["i-good"], fail_on="never", api_retries=0)
        strict = read(emulator, ["i-good"], api_retries=0)
    assert not result["failed"] and (result["seen"], len(result["instances"])) == (0, 1)
    assert action in result["instances"][0]["why"] and not result["instances"][0]["seen"]
    assert strict["failed"] and "ecs:" + action in strict["msg"]


def test_more_than_half_of_the_quota_is_refused_before_any_call(read):
    with running({"instances": INSTANCES}) as emulator:
        emulator.on_command(Replay(RECORDING), "good")
        refused = read(emulator, ["i-good"], daily_quota=5)
        cost = read(emulator, ["i-good"], daily_quota=5, cost_only=True)
        calls = emulator.requests()
        done = read(emulator, ["i-good"], daily_quota=5, exceed_half_quota=True)
    assert refused["failed"] and "3 commands in instances (3 calls)" in refused["msg"] and not calls
    assert refused["cost"] == cost["cost"] == {"calls": 3, "executions": 3, "daily_quota": 5} and not cost["failed"]
    assert not done["failed"]


def test_files_are_nobody_elses(read, tmp_path):
    with running({"instances": INSTANCES}) as emulator:
        emulator.on_command(Replay(RECORDING), "good")
        before = os.umask(0)
        try:
            checked = read(emulator, ["i-good"], dest=str(tmp_path / "dest"), check_mode=True)
            nothing = list(tmp_path.iterdir())
            result = read(emulator, ["i-good", "i-off"], dest=str(tmp_path / "dest"), return_instances=False, fail_on="never")
        finally:
            os.umask(before)
    assert not checked["failed"] and nothing == []
    assert "instances" not in result and not result["failed"]
    files = {one.name: one for one in (tmp_path / "dest").iterdir()}
    assert set(files) == {"i-good.json", "i-off.json"}
    assert {stat.S_IMODE(one.stat().st_mode) for one in files.values()} == {0o600} and stat.S_IMODE((tmp_path / "dest").stat().st_mode) == 0o700
    assert json.loads(files["i-good.json"].read_text())["seen"] and json.loads(files["i-off.json"].read_text())["why"] == "it is Stopped, not Running"


@pytest.mark.parametrize("trap", ["link", "open", "file"])
def test_a_folder_that_is_not_ours_alone_is_not_used(read, tmp_path, trap):
    place = tmp_path / "dest"
    if trap == "link":
        (tmp_path / "real").mkdir(mode=0o700)
        place.symlink_to(tmp_path / "real")
    elif trap == "open":
        place.mkdir()
        place.chmod(0o755)
    else:
        place.write_text("")
    with running({"instances": INSTANCES}) as emulator:
        result = read(emulator, ["i-good"], dest=str(place))
        assert not emulator.requests("RunCommand")
    assert result["failed"] and result["msg"].startswith("dest: ")
    assert not list((tmp_path / "real").iterdir()) if trap == "link" else True


def test_an_id_that_is_none_is_no_name_of_a_file(read, tmp_path):
    with running({"instances": INSTANCES}) as emulator:
        assert "is not one" in read(emulator, ["../x"], dest=str(tmp_path / "dest"))["msg"]


def test_nothing_to_do_is_no_call(read):
    with running({"instances": INSTANCES}) as emulator:
        assert read(emulator, [])["instances"] == []
        assert not emulator.requests()


def test_calls_are_the_documented_minimum(read):
    with running({"instances": [{"name": "web", "instance_id": "i-web", "count": 120}]}) as emulator:
        emulator.on_command(Replay(RECORDING, 15000))
        result = read(emulator, list(emulator.cloud.instances), return_instances=False)
        calls = {action: len(emulator.requests(action)) for action in ("RunCommand", "DescribeInstances", "DescribeCloudAssistantStatus")}
    assert result["seen"] == 120 and result["cost"]["calls"] == 9
    assert calls == {"RunCommand": 9, "DescribeInstances": 2, "DescribeCloudAssistantStatus": 3}
