# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules run on a host: one where sshd has nothing to change, and sshd_pubkey after it where it has."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.alicloud.ecs_access.plugins.action.access_step import ActionModule
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import onboard
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import StepFailed

from .rotating import PictureOfFleet, PictureTools

PEOPLE = onboard.People({"users": [{"name": "ann"}]}, ["ann"], False)
QUIET = {"changed": False, "actions": [], "warnings": []}
WRITES = {"changed": True, "actions": ["write a drop-in"], "warnings": []}


@pytest.fixture
def set_up(monkeypatch):
    """set_up(parts, answers): the row, and the modules that ran."""

    def call(parts, answers, check_mode=False, people=PEOPLE):
        ran = []

        def on_host(module, options):
            ran.append((module, options))
            return answers[module]

        tools = SimpleNamespace(
            check_mode=check_mode, host="web-1", is_on=lambda name: False, given=lambda names: {"ssh_server_proof": "skip"}, on_host=on_host,
            note=lambda row: row, action=SimpleNamespace(_low_level_execute_command=lambda *words, **more: {}),
        )  # fmt: skip
        monkeypatch.setattr(onboard, "_people", lambda tools: people)
        return onboard._set_up(tools, set(parts), {}), ran

    return call


def test_one_module_where_sshd_has_nothing_to_change(set_up):
    row, ran = set_up(["users", "server"], {"access_host": {"changed": True, "actions": ["add a key"], "sshd": QUIET}})
    assert ran == [("access_host", {"users": [{"name": "ann"}], "sshd": {"proof": "skip", "users": ["ann"]}})]
    assert (row["changed"], row["drift"], row["failed"]) == (True, ["users: add a key"], False)


@pytest.mark.parametrize("look", [WRITES, {"failed": True, "msg": "cannot"}, {**QUIET, "warnings": ["armed"]}, None, "no look", ["x"]])
def test_sshd_is_changed_by_its_own_module(set_up, look):
    answers = {"access_host": {"changed": False, "sshd": look}, "sshd_pubkey": {"changed": True, "actions": ["write a drop-in"]}}
    row, ran = set_up(["users", "server"], answers)
    assert [module for module, _options in ran] == ["access_host", "sshd_pubkey"]
    assert ran[1][1] == {"proof": "skip", "users": ["ann"]}
    assert (row["changed"], row["drift"]) == (True, ["sshd: write a drop-in"])


def test_in_check_mode_the_look_is_the_answer(set_up):
    row, ran = set_up(["users", "server"], {"access_host": {"changed": False, "sshd": WRITES}}, check_mode=True)
    assert [module for module, _options in ran] == ["access_host"]
    assert (row["changed"], row["drift"]) == (True, ["sshd: write a drop-in"])
    with pytest.raises(StepFailed, match="sshd: cannot"):
        set_up(["users", "server"], {"access_host": {"changed": False, "sshd": {"failed": True, "msg": "cannot"}}}, check_mode=True)


def test_where_people_fail_sshd_is_left(set_up):
    with pytest.raises(StepFailed, match="users: refused"):
        set_up(["users", "server"], {"access_host": {"failed": True, "msg": "refused", "sshd": None}})


@pytest.mark.parametrize(("parts", "module"), [(["users"], "ssh_access"), (["server"], "sshd_pubkey")])
def test_a_tag_runs_its_own_module(set_up, parts, module):
    assert [name for name, _options in set_up(parts, {module: QUIET})[1]] == [module]


def test_a_host_without_people_needs_no_sshd(set_up):
    nobody = onboard.People({"users": []}, [], False)
    assert [name for name, _options in set_up(["users", "server"], {"ssh_access": QUIET}, people=nobody)[1]] == ["ssh_access"]


@pytest.fixture
def bootstrap():
    """bootstrap(answer): the interpreter that modules then run with, and whether one was installed."""

    def call(answer):
        def command(script):
            return {"rc": 0, "stdout": answer}

        noted = []
        tools = SimpleNamespace(check_mode=False, variables={}, action=SimpleNamespace(_low_level_execute_command=command), note=noted.append)
        done = {}
        onboard._bootstrap_python(tools, done)
        # What follows may end before it notes anything itself.
        assert noted == ([{"changed": True}] if done["changed"] else [])
        return tools.variables["ansible_python_interpreter"], done["changed"]

    return call


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("/usr/bin/python3\n", ("/usr/bin/python3", False)), ("motd\r\ninstalled\r\n/usr/bin/python3.11\r\n", ("/usr/bin/python3.11", True))],
)
def test_the_python_that_a_host_has(bootstrap, answer, expected):
    assert bootstrap(answer) == expected


@pytest.mark.parametrize("answer", ["{{ lookup('pipe', 'id') }}", "/usr/bin/{{7*7}}", "/usr/bin/python3 -c x", "/bin/sh;id", "python3", "installed", ""])
def test_an_answer_that_is_no_path_runs_nothing(bootstrap, answer):
    with pytest.raises(StepFailed, match="needs Python 3"):
        bootstrap(answer + "\n")


@pytest.mark.parametrize("trouble", [StepFailed("no Python"), AnsibleError("odd"), AnsibleConnectionFailure("no route"), ValueError("the team cannot be used")])
def test_what_was_bound_is_told_of_a_host_that_fails_after_it(tmp_path, monkeypatch, trouble):
    def fail(*arguments):
        raise trouble

    bound = {"instance_id": "i-1", "bound": True, "live": True, "pending_at_reboot": [], "changed": True, "failed": False, "msg": "team is bound"}
    tools = PictureTools(PictureOfFleet(1), "web-1", {"ecs_access_key_pair_name": "team"}, tmp_path, set())
    tools.store.write("answers", {"i-1": bound})
    monkeypatch.setattr(onboard.steps, "parts_of", lambda tools: {"bind", "users"})
    monkeypatch.setattr(onboard, "prepare_connection", lambda *arguments: None)
    monkeypatch.setattr(onboard, "no_answer", lambda tools, error: str(error))
    monkeypatch.setattr(onboard, "_set_up", fail)
    assert ActionModule._on_host(None, tools, onboard.host_step)["failed"]
    row = tools.store.read("row", "web-1")
    assert (row["bound"], row["live"], row["changed"], row["failed"], row["why"]) == (True, True, True, True, str(trouble))


@pytest.mark.parametrize(
    ("parts", "pair", "called", "refused"),
    [({"bind"}, "", True, True), ({"bind"}, "", False, False), ({"bind"}, "team", True, False), ({"bind", "users"}, "", True, False)],
)
def test_binding_alone_needs_a_pair(monkeypatch, parts, pair, called, refused):
    """Every host would be done. Where another playbook imports this one, the tag may be that of something else there, such as a name server."""
    tools = SimpleNamespace(get=lambda name, default=None: pair or default if name == "ecs_access_key_pair_name" else default)
    monkeypatch.setattr(onboard, "_people", lambda tools: PEOPLE)
    monkeypatch.setattr(onboard.steps, "parts_of", lambda tools: parts)
    monkeypatch.setattr(onboard.steps, "is_called", lambda tools: called)
    monkeypatch.setattr(onboard.bind_key_pair, "check_binding", lambda tools: None)
    with pytest.raises(StepFailed, match="without ecs_access_key_pair_name") if refused else nullcontext():
        onboard.check(tools)
