# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both results come back as data, and what sshd_pubkey would refuse is refused before anything is sent."""

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.alicloud.ecs_access.plugins.action import access_host


class Sshd:
    """The action of sshd_pubkey, as far as it is asked."""

    def __init__(self, arguments, refusal=""):
        self.arguments, self.refusal = arguments, refusal

    def prepare(self):
        if self.refusal:
            raise AnsibleActionFail(self.refusal)
        return self.arguments, {"over_ssh": True, "prove": True}


@pytest.fixture
def run(monkeypatch):
    """run(answers, refusal): the result, and what was sent to the host."""

    def call(*answers, refusal=""):
        action = access_host.ActionModule.__new__(access_host.ActionModule)
        action._task = SimpleNamespace(args={"users": [], "sshd": {"users": ["ann"]}}, async_val=0)
        action._connection = SimpleNamespace(transport="ssh", become=None, get_option=lambda name: None)
        action._play_context = SimpleNamespace(remote_user="op")
        sent, waiting = [], list(answers)

        def execute(module_args, task_vars):
            sent.append({**module_args, "_login": dict(module_args["_login"])})
            return waiting.pop(0)

        monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
        monkeypatch.setattr(action, "_sshd_action", lambda arguments: Sshd(arguments, refusal))
        monkeypatch.setattr(action, "_execute_module", execute, raising=False)
        return action.run(task_vars={}), sent

    return call


def test_the_host_is_told_that_nothing_is_proven(run):
    result, (sent,) = run({"access": {"changed": True}, "sshd": {"changed": False}})
    assert sent["sshd"] == {"users": ["ann"], "_controller": {"over_ssh": True, "prove": False}}
    assert result == {"changed": True, "sshd": {"changed": False}}


def test_the_host_gives_no_orders_in_either_result(run):
    orders = {"ansible_facts": {"ansible_host": "192.0.2.1"}, "add_host": {"name": "other"}}
    result, _sent = run({"access": {"changed": False, **orders}, "sshd": {"changed": False, **orders}, **orders})
    assert result == {"changed": False, "sshd": {"changed": False}}


@pytest.mark.parametrize("answer", [{"msg": "no python", "rc": 127}, {"access": "text"}, {"access": None, "sshd": {"changed": False}}])
def test_an_answer_without_people_is_a_failure(run, answer):
    result, _sent = run(answer)
    assert result["failed"]
    assert "sshd" not in result


@pytest.mark.parametrize("look", [None, "text", ["list"]])
def test_a_look_that_is_none_is_told_as_none(run, look):
    result, _sent = run({"access": {"changed": False}, "sshd": look})
    assert result == {"changed": False, "sshd": None}


def test_the_second_attempt_after_waiting_looks_too(run):
    result, sent = run({"access": {"_waits": True}, "sshd": None}, {"access": {"changed": True}, "sshd": {"changed": False}})
    assert [each["_login"]["announces"] for each in sent] == [True, False]
    assert sent[1]["sshd"]["users"] == ["ann"]
    assert result == {"changed": True, "sshd": {"changed": False}}


def test_what_cannot_be_proven_is_refused_before_anything_is_sent(run):
    with pytest.raises(AnsibleActionFail, match="no proof"):
        run(refusal="no proof over this connection")
