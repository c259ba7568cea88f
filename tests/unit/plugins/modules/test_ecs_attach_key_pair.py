# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against the embedded cloud; guests are scripted, real ones are in tests/system."""

import base64
import json
import re
import shlex
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from ecs_emulator.testing import CommandOutcome, running

MODULE = "ecs_attach_key_pair"


def make_public_key():
    public = rsa.generate_private_key(65537, 2048).public_key()
    return public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


KEY, OTHER = make_public_key(), make_public_key()


class Guest:
    """The answers of one guest whose root has a key or not."""

    def __init__(self, emulator, name="", **facts):
        self.has = set()
        self.facts = facts
        self.ways = []
        self.requests = []
        self.output = "{answer}"
        emulator.on_command(self.answer, *([name] if name else []))

    def answer(self, script, _username):
        request, marker = shlex.split(re.search(r"(?m)^set -- (.*)", script).group(1))
        request = json.loads(base64.b64decode(request))
        self.requests.append(request)
        blob = request["key"].split()[1]
        users = ["root" if name == "auto" else name for name in request["users"]]
        differs = (blob in self.has) != request["add"]
        if request["write"] and differs:
            self.has ^= {blob}
        rows = [self.row(name, blob, ["keys in authorized_keys"] if differs else []) for name in users]
        answer = {"up": True, "rows": [*rows, self.row("root", blob, [])], "ways": self.ways, "boot": "boot-1"}
        line = "\n%s%s\n" % (marker, json.dumps(answer))
        return CommandOutcome(0, self.output.replace("{answer}", line).encode())

    def row(self, name, blob, done):
        row = {
            "name": name, "done": done, "lines": ["ssh-rsa %s team" % blob] if blob in self.has else [], "uid": 0, "home": "/root",
            "shell": "/bin/bash", "shell_works": True, "revoked": False, "groups": ["root"], "locked": False, "password": False,
            "aging": "1::::::", "missing": ["none"], "settings": {"passwordauthentication": ["yes"], "permitrootlogin": ["yes"]},
        }  # fmt: skip
        return dict(row, **self.facts)


@pytest.fixture
def cloud():
    """cloud(instances): a running cloud with the key pair team."""
    contexts = []

    def start(instances, **fleet):
        pairs = [{"name": "team", "public_key": KEY}, {"name": "other", "public_key": OTHER}]
        contexts.append(running(dict(fleet, instances=instances, key_pairs=pairs)))
        return contexts[-1].__enter__()

    yield start
    for context in contexts:
        context.__exit__(None, None, None)


@pytest.fixture
def attach(run_module, monkeypatch):
    """attach(emulator, ids=None, **options)"""

    def run(emulator, ids=None, **options):
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        chosen = list(emulator.cloud.instances) if ids is None else ids
        return run_module(MODULE, **dict({"key_pair_name": "team", "instance_ids": chosen}, **options))

    return run


def reasons(result):
    return [entry["reason"] for entry in result["instances"]]


def writes(emulator):
    changing = ("AttachKeyPair", "DetachKeyPair", "RebootInstance")
    return {action: count for action, count in emulator.request_counts().items() if action in changing}


class TestCalls:
    def test_a_thousand_instances_take_the_documented_minimum(self, cloud, attach):
        emulator = cloud([{"name": "web", "count": 1000}])
        Guest(emulator)
        result = attach(emulator)
        counts = emulator.request_counts()
        assert not result["failed"], result["msg"]
        assert {instance.key_pair_name for instance in emulator.cloud.instances.values()} == {"team"}
        assert (counts["DescribeInstances"], counts["AttachKeyPair"], counts["DescribeCloudAssistantStatus"]) == (10, 20, 20)
        assert counts["RunCommand"] == 20  # ten to look, ten to write

    def test_nothing_is_written_for_instances_already_right(self, cloud, attach):
        emulator = cloud([{"name": "web", "count": 60}])
        Guest(emulator)
        attach(emulator, list(emulator.cloud.instances)[:55])
        emulator.clear_requests()
        assert attach(emulator, list(emulator.cloud.instances)[:55])["changed"] is False
        assert writes(emulator) == {}
        attach(emulator)
        assert writes(emulator) == {"AttachKeyPair": 1}

    def test_no_instances_no_calls(self, cloud, attach):
        emulator = cloud([{"name": "web"}])
        result = attach(emulator, [])
        assert (result["changed"], result["instances"], emulator.request_counts()) == (False, [], {})

    def test_an_id_given_twice_is_done_once(self, cloud, attach):
        emulator = cloud([{"name": "web"}])
        (one,) = emulator.cloud.instances
        assert len(attach(emulator, [one, one], activation="none")["instances"]) == 1


class TestWrongInput:
    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"key_pair_name": "nosuch"}, "there is no key pair nosuch in region"),
            ({"login_users": ["jo:hn"]}, "the user name 'jo:hn' cannot be sent"),
            ({"login_users": ["john\n"]}, "cannot be sent"),
            ({"login_users": ["-v"]}, "cannot be sent"),
            ({"login_users": []}, "login_users is empty"),
            ({"reboot_batch_size": 0}, "reboot_batch_size is 0; it can be from 1 to 100"),
            ({"command_timeout": 1}, "command_timeout is 1"),
            ({"previous_key": "remove", "activation": "none"}, "previous_key=remove is only possible with"),
            ({"login_users": ["user%d" % number for number in range(500)]}, "give fewer login users"),
        ],
    )
    def test_is_one_sentence_and_nothing_is_changed(self, cloud, attach, options, sentence):
        emulator = cloud([{"name": "web"}])
        result = attach(emulator, **options)
        assert result["failed"]
        assert sentence in result["msg"]
        assert "\n" not in result["msg"]
        assert writes(emulator) == {}


class TestEachIsToldApart:
    def test_and_the_others_are_done(self, cloud, attach):
        emulator = cloud([
            {"name": "good", "count": 2}, {"name": "stopped", "status": "Stopped"}, {"name": "win", "os_type": "windows"},
            {"name": "offline", "assistant": {"online": False}}, {"name": "none", "assistant": {"installed": False, "online": False}},
            {"name": "taken", "key_pair": "other"}, {"name": "far", "region": "cn-beijing"},
        ])  # fmt: skip
        Guest(emulator)
        result = attach(emulator, list(emulator.cloud.instances) + ["i-nosuch"])
        assert reasons(result) == [
            None, None, "not_running", "windows", "agent_offline", "agent_missing", "other_pair_bound", "other_region", "unknown_instance",
        ]  # fmt: skip
        assert result["failed"]
        bound = {instance.spec.name for instance in emulator.cloud.instances.values() if instance.key_pair_name == "team"}
        assert len(bound) == 2
        assert result["msg"].startswith("7 of 9 instances failed. ")
        assert not attach(emulator, fail_on="never")["failed"]

    def test_a_guest_that_refuses_is_left_unbound(self, cloud, attach):
        emulator = cloud([{"name": "web", "count": 2}])
        Guest(emulator)
        Guest(emulator, "web-2", settings={"pubkeyauthentication": ["no"]})
        result = attach(emulator)
        assert reasons(result) == [None, "login_refused"]
        assert "PubkeyAuthentication is no" in result["instances"][1]["msg"]
        assert [emulator.instance(name).key_pair_name for name in ("web-1", "web-2")] == ["team", ""]

    def test_one_bad_instance_does_not_spoil_its_batch(self, cloud, attach):
        emulator = cloud([{"name": "web", "count": 8}])
        Guest(emulator)
        # The call with all eight is refused; ECS does not say for which of them.
        emulator.faults("AttachKeyPair", "error", code="DependencyViolation.IoOptimize", status=403, times=1)
        result = attach(emulator)
        assert reasons(result) == [None] * 8
        assert {instance.key_pair_name for instance in emulator.cloud.instances.values()} == {"team"}

    def test_partial_results_are_read(self, cloud, attach):
        emulator = cloud([{"name": "web", "count": 2}])
        Guest(emulator)
        emulator.faults("AttachKeyPair", "partial", code="InternalError", status=500)
        result = attach(emulator)
        assert sorted(str(reason) for reason in reasons(result)) == ["None", "api"]
        (failed,) = [entry for entry in result["instances"] if entry["failed"]]
        assert (failed["bound"], failed["failure"]["action"]) == (False, "AttachKeyPair")
        assert result["failure"] == failed["failure"]


class TestGuestAnswers:
    def test_noise_around_the_answer_does_not_matter(self, cloud, attach):
        emulator = cloud([{"name": "web"}])
        Guest(emulator).output = "Welcome!\r\n{answer}\nbye {}\n"
        assert attach(emulator)["instances"][0]["live"] is True

    def test_a_cut_answer_is_no_answer(self, cloud, attach):
        emulator = cloud([{"name": "web"}])
        emulator.on_command(lambda script, _user: CommandOutcome(0, re.findall(r"ecs-access-\w+:", script)[-1].encode() + b'{"up": tr'))
        result = attach(emulator)
        assert reasons(result) == ["guest"]
        assert "cut off" in result["instances"][0]["msg"]
        assert result["instances"][0]["bound"] is False

    def test_a_guest_without_python_says_so(self, cloud, attach):
        emulator = cloud([{"name": "web"}])

        def without_python(script, _user):
            text = script.replace("python3 /usr/libexec/platform-python python2 python", "no-such-program")
            return CommandOutcome(0, subprocess.run(["sh", "-c", text], capture_output=True, check=True).stdout)

        emulator.on_command(without_python)
        assert "there is no Python" in attach(emulator)["instances"][0]["msg"]

    def test_a_failure_after_binding_says_what_is_new(self, cloud, attach):
        emulator = cloud([{"name": "web"}])
        guest = Guest(emulator)
        whole = guest.answer

        def fails_when_writing(script, user):
            outcome = whole(script, user)
            return CommandOutcome(1, b"disk full") if guest.requests[-1]["write"] else outcome

        emulator.on_command(fails_when_writing)
        result = attach(emulator)
        entry = result["instances"][0]
        assert (entry["reason"], entry["bound"], entry["changed"]) == ("guest", True, True)
        assert "disk full" in entry["msg"]
        assert "now: team is bound" in entry["msg"]
        assert result["changed"] is True
        # The next run goes on.
        emulator.on_command(whole)
        guest.has.clear()
        again = attach(emulator)
        assert (again["failed"], again["changed"], again["instances"][0]["live"]) == (False, True, True)

    def test_the_key_is_all_that_is_sent(self, cloud, attach):
        emulator = cloud([{"name": "web"}])
        guest = Guest(emulator)
        attach(emulator, login_users=["auto", "deploy"])
        assert [request["write"] for request in guest.requests] == [False, True]
        assert guest.requests[0]["users"] == ["auto", "deploy"]
        assert guest.requests[0]["vendor"] == "root"
        assert guest.requests[0]["key"].split()[:2] == KEY.split()[:2]


class TestAbsent:
    def bound(self, cloud, attach, **facts):
        emulator = cloud([{"name": "web"}])
        guest = Guest(emulator, **facts)
        attach(emulator)
        emulator.clear_requests()
        return emulator, guest

    def test_the_last_way_in_stays(self, cloud, attach):
        emulator, guest = self.bound(cloud, attach)
        result = attach(emulator, state="absent")
        assert reasons(result) == ["last_way_in"]
        assert (result["instances"][0]["bound"], result["instances"][0]["live"]) == (True, True)
        assert guest.has
        assert writes(emulator) == {}

    def test_with_another_way_in_it_goes(self, cloud, attach):
        emulator, guest = self.bound(cloud, attach)
        guest.ways = [dict(guest.row("root", "", []), lines=[OTHER])]
        result = attach(emulator, state="absent")
        entry = result["instances"][0]
        assert (entry["failed"], entry["bound"], entry["live"]) == (False, False, False)
        assert [step["action"] for step in result["actions"]] == ["guest", "unbind"]
        assert emulator.instance("web").key_pair_name == ""
        assert attach(emulator, state="absent")["changed"] is False

    def test_a_refused_unbinding_leaves_the_key_gone_and_says_so(self, cloud, attach):
        emulator, guest = self.bound(cloud, attach)
        emulator.faults("DetachKeyPair", "error", code="Forbidden.RAM", status=403)
        result = attach(emulator, state="absent", allow_lockout=True)
        entry = result["instances"][0]
        assert (entry["reason"], entry["bound"], entry["live"], entry["changed"]) == ("api", True, False, True)
        assert "ecs:DetachKeyPair" in entry["failure"]["hint"]
        assert entry["pending_at_reboot"] == ["key_added", "password_login_off"]
        assert guest.has == set()

    def test_another_pair_stays_bound(self, cloud, attach):
        emulator = cloud([{"name": "web", "key_pair": "other"}])
        Guest(emulator)
        result = attach(emulator, state="absent")
        assert (result["failed"], result["changed"], emulator.instance("web").key_pair_name) == (False, False, "other")

    def test_a_pair_that_is_gone_is_nothing_to_do(self, cloud, attach):
        emulator = cloud([{"name": "web"}])
        result = attach(emulator, key_pair_name="nosuch", state="absent")
        assert (result["failed"], result["changed"]) == (False, False)
        assert "its key could not be looked for" in result["_output"]

    def test_none_works_on_stopped_instances(self, cloud, attach):
        emulator = cloud([{"name": "web", "status": "Stopped", "key_pair": "team"}])
        result = attach(emulator, state="absent", activation="none")
        assert (result["changed"], emulator.instance("web").key_pair_name) == (True, "")
        assert result["instances"][0]["pending_at_reboot"] == ["key_removed", "password_login_on"]


class TestCheckAndDiff:
    @pytest.mark.parametrize("state", ["present", "absent"])
    def test_the_prediction_is_what_happens(self, cloud, attach, state):
        emulator = cloud([{"name": "web", "key_pair": "team" if state == "absent" else ""}])
        guest = Guest(emulator)
        if state == "absent":
            guest.has.add(KEY.split()[1])
        options = {"state": state, "allow_lockout": True}
        predicted = attach(emulator, check_mode=True, **options)
        assert writes(emulator) == {}
        assert not any(request["write"] for request in guest.requests)
        guest.requests.clear()
        done = attach(emulator, **options)
        for field in ("changed", "instances", "diff"):
            assert predicted[field] == done[field], field
        assert {step["action"] for step in predicted["actions"]} == {step["action"] for step in done["actions"]}
        (before, after) = [next(iter(done["diff"][side].values())) for side in ("before", "after")]
        assert (before, after)[state == "absent"] == {"key_pair_name": None, "live": False}
        assert (before, after)[state == "present"] == {"key_pair_name": "team", "live": True}


class TestReboot:
    def test_each_batch_is_bound_rebooted_and_waited_for(self, cloud, attach):
        emulator = cloud([{"name": "web", "count": 3, "assistant": {"online": False}}], timing={"transition_ms": 600})
        result = attach(emulator, activation="reboot", reboot_batch_size=2)
        assert reasons(result) == [None] * 3
        assert writes(emulator) == {"AttachKeyPair": 2, "RebootInstance": 3}
        assert all(instance.guest.boots[-1].public_key == KEY for instance in emulator.cloud.instances.values())
        assert all(entry["pending_at_reboot"] == [] for entry in result["instances"])
        assert attach(emulator, activation="reboot")["changed"] is False

    def test_the_first_that_does_not_come_back_stops_the_rest(self, cloud, attach):
        emulator = cloud([{"name": "web", "count": 3, "assistant": {"online": False}}], timing={"transition_ms": 60000})
        result = attach(emulator, activation="reboot", reboot_timeout=10)
        assert reasons(result) == ["not_back", "not_reached", "not_reached"]
        assert [entry["bound"] for entry in result["instances"]] == [True, False, False]
        assert result["instances"][0]["instance_id"] in result["instances"][1]["msg"]
        assert writes(emulator) == {"AttachKeyPair": 1, "RebootInstance": 1}

    def test_check_mode_foresees_a_reboot_that_lets_nobody_in(self, cloud, attach):
        results = {}
        for check_mode in (True, False):
            emulator = cloud([{"name": "web", "count": 2}], timing={"transition_ms": 300})
            Guest(emulator, settings={"passwordauthentication": ["no"], "pubkeyauthentication": ["no"]})
            results[check_mode] = attach(emulator, activation="reboot", check_mode=check_mode)
        first, second = (results[check_mode]["instances"][0] for check_mode in (True, False))
        assert (first["failed"], first["reason"], first["live"]) == (second["failed"], second["reason"], second["live"]) == (True, "login_refused", False)
        assert "would be refused: root: PubkeyAuthentication is no" in first["msg"] and first["msg"].endswith("(then: team is bound)")
        assert results[False]["instances"][1]["msg"].endswith("refuses the key after its reboot")

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_nothing_is_pending_after_the_reboot(self, cloud, attach, check_mode):
        emulator = cloud([{"name": "web", "key_pair": "other"}], timing={"transition_ms": 300})
        guest = Guest(emulator, settings={"passwordauthentication": ["yes" if check_mode else "no"], "permitrootlogin": ["yes"]})
        guest.has.add(KEY.split()[1])
        (entry,) = attach(emulator, activation="reboot", replace_bound=True, check_mode=check_mode)["instances"]
        assert (entry["failed"], entry["live"], entry["pending_at_reboot"]) == (False, True, [])

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_a_boot_serves_no_other_account(self, cloud, attach, check_mode):
        emulator = cloud([{"name": "web", "key_pair": "team"}], timing={"transition_ms": 300})
        guest = Guest(emulator)
        guest.has.add(KEY.split()[1])
        options = {"activation": "reboot", "state": "absent", "login_users": ["ann"], "check_mode": check_mode}
        (entry,) = attach(emulator, **options)["instances"]
        assert (entry["failed"], entry["live"], entry["bound"]) == (False, True, False)
        assert entry["msg"] == "team is no longer bound, but its key is still accepted"
