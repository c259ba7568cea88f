# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against the embedded cloud; guests are scripted, real ones are in tests/system."""

import base64
import calendar
import json
import os
import re
import shlex
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from ecs_emulator.testing import CommandOutcome, running

MODULE = "ecs_temp_public_key"
SEND = "send_ssh_public_key"


def make_public_key():
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    return public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


KEY, OTHER = make_public_key(), make_public_key()
HELPER = "/usr/local/share/aliyun-assist/plugin/config_ecs_instance_connect/ecs_config_instance_connect"
OURS = {"authorizedkeyscommand": ["/usr/bin/timeout", "5s", HELPER, "%u", "%f"], "authorizedkeyscommanduser": ["ecs-instance-connect"]}


class Guests:
    """The answers of guests that are prepared or not, and the keys that they were sent."""

    def __init__(self, emulator, *names, prepared=False):
        self.emulator = emulator
        self.prepared = prepared
        self.keys = []
        self.requests = []
        self.asked = []
        self.more = {}
        self.row = {}
        self.settings = {}
        self.clock_ahead = 0.0
        self.send_outcome = CommandOutcome(0, b"")
        self.missing = []
        emulator.on_command(self.answer, *names)

    def answer(self, script, _username):
        if script.startswith(SEND):
            self.keys.append(tuple(script.split(" --ssh-public-key ")[0].split()[2:]) + (script.split(" --ssh-public-key ")[1].strip(),))
            return self.send_outcome
        request, self.marker = shlex.split(re.search(r"(?m)^set -- (.*)", script).group(1))
        request = json.loads(base64.b64decode(request))
        if "keys" in request:
            self.asked.append([tuple(one) for one in request["keys"]])
            return self.reply({"missing": self.missing})
        self.requests.append(request)
        done = ["plugin installed"] if request["write"] and not self.prepared else []
        wanted = not self.prepared
        self.prepared = self.prepared or request["write"]
        seen = {"plugin": self.prepared, "command": [], "manager": "/usr/sbin/acs-plugin-manager", "users": [self.user(name) for name in request["users"]]}
        answer = {"done": done, "up": True, "sshd_error": "", "seen": seen, "wanted": wanted, "clock": time.time() + self.clock_ahead}
        if done:
            answer["install"] = {"code": 0, "output": ""}
        answer.update(self.more)
        return self.reply(answer)

    def reply(self, answer):
        return CommandOutcome(0, ("\n%s%s\n" % (self.marker, json.dumps(answer))).encode())

    def user(self, name):
        settings = dict(OURS if self.prepared else {"authorizedkeyscommand": ["none"]}, permitrootlogin=["yes"], **self.settings)
        row = {"name": name, "exists": True, "uid": 0, "home": "/root", "shell": "/bin/sh", "groups": ["root"], "settings": settings, "ours": self.prepared}
        return dict(row, **self.row)


@pytest.fixture
def cloud():
    """cloud(instances): a running cloud."""
    contexts = []

    def start(instances, **fleet):
        contexts.append(running(dict(fleet, instances=instances)))
        return contexts[-1].__enter__()

    yield start
    for context in contexts:
        context.__exit__(None, None, None)


@pytest.fixture
def register(run_module, monkeypatch):
    """register(emulator, ids=None, **options)"""

    def run(emulator, ids=None, **options):
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        chosen = list(emulator.cloud.instances) if ids is None else ids
        if not {"public_key", "public_key_path", "private_key_path", "keys"} & set(options):
            options["public_key"] = KEY
        return run_module(MODULE, **dict({"instance_ids": chosen}, **options))

    return run


def reasons(result):
    return [entry["reason"] for entry in result["instances"]]


def counts(emulator):
    return {action: count for action, count in emulator.request_counts().items() if action != "DescribeInvocationResults"}


class TestCalls:
    def test_a_thousand_instances_take_the_documented_minimum(self, cloud, register):
        emulator = cloud([{"name": "web", "count": 1000}])
        guests = Guests(emulator, prepared=True)
        result = register(emulator, username="root")
        assert not result["failed"], result["msg"]
        assert len(guests.keys) == 1000
        assert set(guests.keys) == {("root", KEY)}
        wanted = {"DescribeInstances": 10, "DescribeCloudAssistantStatus": 20, "RunCommand": 20, "InvokeCommand": 10}
        assert counts(emulator) == wanted

    def test_no_instances_no_calls_no_file(self, cloud, register, tmp_path):
        emulator = cloud([{"name": "web"}])
        result = register(emulator, [], private_key_path=str(tmp_path / "key"))
        assert (result["changed"], result["instances"], emulator.request_counts()) == (False, [], {})
        assert list(tmp_path.iterdir()) == []

    def test_auto_is_the_images_own_user(self, cloud, register):
        emulator = cloud([{"name": "root"}, {"name": "user", "login_user": "ecs-user"}])
        guests = Guests(emulator, prepared=True)
        result = register(emulator)
        assert [entry["usernames"] for entry in result["instances"]] == [["root"], ["ecs-user"]]
        assert sorted(guests.keys) == [("ecs-user", KEY), ("root", KEY)]

    def test_several_keys_and_users(self, cloud, register):
        emulator = cloud([{"name": "web", "count": 2}])
        guests = Guests(emulator, prepared=True)
        keys = [{"username": "john", "public_key": KEY + " john@example.com"}, {"username": "mary", "public_key": OTHER}]
        result = register(emulator, keys=keys + keys[:1])
        assert not result["failed"], result["msg"]
        assert sorted(set(guests.keys)) == [("john", KEY + " john@example.com"), ("mary", OTHER)]
        assert len(guests.keys) == 4
        assert [one["username"] for one in result["registered_keys"]] == ["john", "mary"]

    def test_expires_sixty_seconds_after_the_delivery(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        Guests(emulator, prepared=True)
        result = register(emulator)
        end = calendar.timegm(time.strptime(result["instances"][0]["expires_at"], "%Y-%m-%dT%H:%M:%SZ"))
        assert 50 < end - time.time() <= 60

    def test_not_waiting(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        Guests(emulator, prepared=True)
        result = register(emulator, wait=False)
        entry = result["instances"][0]
        assert (result["failed"], entry["ready"], entry["expires_at"], entry["changed"]) == (False, False, None, True)

    def test_every_run_is_a_change(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        Guests(emulator, prepared=True)
        assert register(emulator)["changed"]
        assert register(emulator)["changed"]

    def test_check_mode_sends_a_dry_run_only(self, cloud, register, tmp_path):
        emulator = cloud([{"name": "web"}])
        guests = Guests(emulator)
        result = register(emulator, check_mode=True, private_key_path=str(tmp_path / "key"))
        assert (result["failed"], result["changed"], guests.keys, guests.prepared) == (False, True, [], False)
        assert [request["write"] for request in guests.requests] == [False]
        assert [call["parameters"]["RepeatMode"] for call in emulator.requests("InvokeCommand")] == ["DryRun"]
        assert result["instances"][0]["prepared"] == ["plugin to be installed"]
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("code", ["DryRunOperation", "DryRun.Success", "DRYRUN.SUCCESS", "DryRun"])
    def test_a_dry_run_may_end_in_an_error_that_means_success(self, cloud, register, code):
        emulator = cloud([{"name": "web", "count": 2}])
        Guests(emulator, prepared=True)
        emulator.faults("InvokeCommand", "error", code=code, status=400)
        result = register(emulator, check_mode=True)
        assert (result["failed"], result["changed"]) == (False, True)

    def test_a_dry_run_as_other_calls_have_it(self, cloud, register):
        emulator = cloud([{"name": "web"}, {"name": "stopped", "status": "Stopped"}], behaviours={"dry_run_command": "error"})
        Guests(emulator, prepared=True)
        assert register(emulator, check_mode=True)["changed"]

    def test_any_other_error_of_a_dry_run_is_one(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        Guests(emulator, prepared=True)
        emulator.faults("InvokeCommand", "error", code="DryRunNotSupported", status=400)
        assert register(emulator, check_mode=True)["failed"]

    def test_commands_take_their_children_along_when_time_is_up(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        Guests(emulator)
        register(emulator)
        commands = emulator.requests("RunCommand") + emulator.requests("InvokeCommand")
        assert {call["parameters"].get("TerminationMode") for call in commands} == {"ProcessTree"}


class TestKeys:
    def test_a_new_key_is_private_and_used_again(self, cloud, register, tmp_path):
        emulator = cloud([{"name": "web"}])
        guests = Guests(emulator, prepared=True)
        path = tmp_path / "key"
        first = register(emulator, private_key_path=str(path))
        assert path.stat().st_mode & 0o777 == 0o600
        assert first["actions"][0]["action"] == "write_private_key"
        content = path.read_bytes()
        path.chmod(0o644)
        second = register(emulator, private_key_path=str(path))
        assert (path.read_bytes(), path.stat().st_mode & 0o777) == (content, 0o600)
        assert second["registered_keys"] == first["registered_keys"]
        assert len(set(guests.keys)) == 1
        assert content.decode().splitlines()[1] not in first["_output"] + second["_output"]
        assert os.listdir(tmp_path) == ["key"]

    def test_public_key_path(self, cloud, register, tmp_path):
        emulator = cloud([{"name": "web"}])
        guests = Guests(emulator, prepared=True)
        (tmp_path / "id.pub").write_text(KEY + " me@example.com\n")
        register(emulator, public_key_path=str(tmp_path / "id.pub"))
        assert guests.keys == [("root", KEY + " me@example.com")]

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"username": "root;id"}, "cannot be sent"),
            ({"username": "root\n"}, "cannot be sent"),
            ({"username": ""}, "cannot be sent"),
            ({"username": "-v"}, "cannot be sent"),
            ({"public_key": KEY + " $(id)"}, "cannot be sent"),
            ({"public_key": KEY + " a --username root"}, "cannot be sent"),
            ({"public_key": KEY + "\n" + OTHER}, "2 lines"),
            ({"public_key": "ssh-rsa AAAA"}, "public_key"),
            ({"public_key": ""}, "empty"),
            ({"public_key_path": "/nonexistent.pub"}, "cannot read /nonexistent.pub"),
            ({"private_key_path": "/nonexistent/key"}, "/nonexistent does not exist"),
            ({"keys": []}, "keys is empty"),
            ({"keys": [{"username": "a b", "public_key": KEY}]}, "cannot be sent"),
            ({"keys": [{"username": "a", "public_key": "x"}]}, "keys[0].public_key"),
            ({"ids": ["i-1\n", "i-2"]}, "is not one"),
            ({"ids": ["i-1;id"]}, "is not one"),
            ({"wait_timeout": 1}, "from 10 to 600"),
            ({"prepare_timeout": 1}, "from 10 to 3600"),
            ({"public_key": KEY, "private_key_path": "/tmp/x"}, "mutually exclusive"),
        ],
    )
    def test_wrong_input_is_refused_and_nothing_is_sent(self, cloud, register, options, sentence):
        emulator = cloud([{"name": "web"}])
        result = register(emulator, **options)
        assert result["failed"]
        assert sentence in result["msg"]
        assert emulator.request_counts() == {}

    def test_a_hostile_user_name_leaves_no_key_file(self, cloud, register, tmp_path):
        emulator = cloud([{"name": "web"}])
        assert register(emulator, username="root;id", private_key_path=str(tmp_path / "key"))["failed"]
        assert list(tmp_path.iterdir()) == []


class TestWhatIsInTheWay:
    def test_before_the_guest_is_asked(self, cloud, register):
        emulator = cloud([
            {"name": "off", "status": "Stopped"}, {"name": "win", "os_type": "windows"},
            {"name": "bare", "assistant": {"installed": False}}, {"name": "offline", "assistant": {"online": False}},
            {"name": "old", "assistant": {"version": "2.2.3.195"}}, {"name": "new", "assistant": {"version": "2.2.3.1060"}},
        ])  # fmt: skip
        guests = Guests(emulator, prepared=True)
        result = register(emulator, list(emulator.cloud.instances) + ["i-nosuch"])
        wanted = ["not_running", "windows", "agent_missing", "agent_offline", "agent_too_old", None, "unknown_instance"]
        assert reasons(result) == wanted
        assert all(entry["remedy"] for entry in result["instances"] if entry["failed"])
        assert result["failed"]
        assert result["instances"][5]["ready"]
        assert len(guests.keys) == 1

    @pytest.mark.parametrize(("fail_on", "failed"), [("any", True), ("all", False), ("never", False)])
    def test_fail_on(self, cloud, register, fail_on, failed):
        emulator = cloud([{"name": "off", "status": "Stopped"}, {"name": "web"}])
        Guests(emulator, prepared=True)
        assert register(emulator, fail_on=fail_on)["failed"] is failed

    def test_prepare_never_writes_nothing(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        guests = Guests(emulator)
        result = register(emulator, prepare="never")
        assert (reasons(result), guests.keys) == (["not_prepared"], [])
        assert [request["write"] for request in guests.requests] == [False]

    def test_prepared_on_the_way(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        guests = Guests(emulator)
        result = register(emulator)
        assert (result["failed"], result["instances"][0]["prepared"], len(guests.keys)) == (False, ["plugin installed"], 1)
        assert [action["action"] for action in result["actions"]] == ["prepare", "register"]

    @pytest.mark.parametrize("code", [*range(232, 248), 1, -1])
    def test_each_exit_status_of_the_installer_is_explained(self, cloud, register, code):
        emulator = cloud([{"name": "web"}])
        guests = Guests(emulator)
        guests.more = {"done": [], "install": {"code": code, "output": "word"}, "undone": True, "after_error": "", "still": "", "up": True}
        entry = register(emulator)["instances"][0]
        assert (entry["reason"], entry["changed"], guests.keys) == ("plugin_failed", False, [])
        assert "exit status %d: word" % code in entry["why"]
        assert "acs_plugin_manager.log" in entry["remedy"]

    def test_clock_ahead(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        guests = Guests(emulator, prepared=True)
        guests.clock_ahead = 300
        result = register(emulator)
        assert (reasons(result), guests.keys) == (["clock"], [])
        assert 290 <= result["instances"][0]["clock_ahead"] <= 300

    @pytest.mark.parametrize(("ahead", "earliest", "latest"), [(30, 20, 40), (-300, 50, 60)])
    def test_clock_a_little_off_is_told(self, cloud, register, ahead, earliest, latest):
        emulator = cloud([{"name": "web"}])
        Guests(emulator, prepared=True).clock_ahead = ahead
        result = register(emulator)
        entry = result["instances"][0]
        end = calendar.timegm(time.strptime(entry["expires_at"], "%Y-%m-%dT%H:%M:%SZ"))
        assert earliest <= end - time.time() <= latest
        assert "its clock is" in entry["msg"]
        assert any("Set its clock" in str(warning) for warning in result["warnings"])

    def test_an_answer_without_sense(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        guests = Guests(emulator, prepared=True)
        for more in ({"seen": None}, {"clock": "x"}, {"seen": {"users": [{}]}}, {"sshd_error": "", "up": None, "seen": []}):
            guests.more = more
            result = register(emulator)
            assert (result["failed"], guests.keys) == (True, [])
            assert reasons(result)[0] in ("guest", "sshd_down")


class TestProof:
    """That Cloud Assistant took a key does not mean that the instance gets to know it."""

    def test_each_instance_is_asked_for_its_own_keys(self, cloud, register):
        emulator = cloud([{"name": "root"}, {"name": "user", "login_user": "ecs-user"}])
        guests = Guests(emulator, prepared=True)
        assert not register(emulator)["failed"]
        assert sorted(one[:2] for asked in guests.asked for one in asked) == [("ecs-user", KEY.split()[1]), ("root", KEY.split()[1])]
        assert all(fingerprint.startswith("SHA256:") for asked in guests.asked for _user, _blob, fingerprint in asked)

    @pytest.mark.parametrize(
        ("missing", "words"),
        [
            (["root", 124, 0], "does not answer within 5 seconds"),
            (["root", 1, 0], "ends with status 1"),
            (["root", 0, 0], "returns no key"),
            (["root", 0, 2], "returns other keys only"),
        ],
    )
    def test_a_key_that_the_instance_does_not_get_to_know_is_not_ready(self, cloud, register, missing, words):
        emulator = cloud([{"name": "web"}])
        guests = Guests(emulator, prepared=True)
        guests.missing = [dict(zip(("name", "code", "others"), missing))]
        result = register(emulator)
        entry = result["instances"][0]
        assert (result["failed"], entry["ready"], entry["expires_at"], entry["changed"]) == (True, False, None, True)
        assert (entry["reason"], len(guests.keys)) == ("key_server", 1)
        assert words in entry["why"]
        assert "axt.aliyun.com:443" in entry["remedy"]

    def test_an_answer_without_sense_is_no_proof(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        guests = Guests(emulator, prepared=True)
        for missing in (["root"], [1, "x", None], "abc", 7, [{"name": "root", "code": True, "others": 0}], [{"name": "x" * 301, "code": 0, "others": 0}]):
            guests.missing = missing
            result = register(emulator)
            assert (result["failed"], result["instances"][0]["ready"]) == (True, False)

    def test_nobody_is_asked_who_is_not_waited_for_or_got_nothing(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        guests = Guests(emulator, prepared=True)
        register(emulator, wait=False)
        register(emulator, check_mode=True)
        guests.send_outcome = CommandOutcome(1, b"no")
        register(emulator)
        assert guests.asked == []


class TestFaults:
    def test_throttling_and_lost_answers_are_waited_out(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        guests = Guests(emulator, prepared=True)
        emulator.faults("InvokeCommand", "error", code="Throttling.User", times=2)
        emulator.faults("InvokeCommand", "reset_after")
        result = register(emulator)
        assert not result["failed"], result["msg"]
        assert len(guests.keys) == 1

    def test_a_refusal_for_one_instance_leaves_the_others(self, cloud, register):
        emulator = cloud([{"name": "web", "count": 4}])
        guests = Guests(emulator, prepared=True)
        emulator.faults("InvokeCommand", "error", code="InvalidInstance.NotFound", status=404, times=1)
        result = register(emulator)
        assert not result["failed"], result["msg"]
        assert len(guests.keys) == 4

    def test_an_api_that_refuses_says_what(self, cloud, register):
        emulator = cloud([{"name": "web", "count": 2}])
        Guests(emulator, prepared=True)
        emulator.faults("InvokeCommand", "error", code="Forbidden.RAM", status=403, times=9)
        result = register(emulator)
        assert reasons(result) == ["api", "api"]
        assert result["failure"]["code"] == "Forbidden.RAM"
        assert result["changed"] is False

    def test_a_delivery_that_fails(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        guests = Guests(emulator, prepared=True)
        guests.send_outcome = CommandOutcome(1, b"the key could not be sent: timed out")
        result = register(emulator)
        assert reasons(result) == ["delivery"]
        assert "could not be sent" in result["msg"]
        assert result["instances"][0]["expires_at"] is None

    def test_one_key_of_two_is_told(self, cloud, register):
        emulator = cloud([{"name": "web"}])
        Guests(emulator, prepared=True)
        emulator.faults("InvokeCommand", "error", code="Forbidden.RAM", status=403, times=1)
        keys = [{"username": "john", "public_key": KEY}, {"username": "mary", "public_key": OTHER}]
        result = register(emulator, keys=keys)
        (entry,) = result["instances"]
        (after,) = result["diff"]["after"].values()
        assert (entry["failed"], entry["changed"], entry["ready"]) == (True, True, False)
        assert entry["msg"].endswith(" (now: a key for mary is registered, for 60 seconds)")
        assert [key.split()[0] for key in after["temporary_keys"]] == ["mary"]
