# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller makes of an armed change: kept after a proof, undone without one, left to the host if it is out of reach."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.alicloud.ecs_access.plugins.action import sshd_pubkey
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh_proof import Proof

WORKS = Proof(True, "logged in")
ARMED = {"changed": True, "actions": ["write x"], "service": "ssh.service", "_armed": "change-1"}


class Host:
    """Stands in for the module on the host: armed, then kept or undone."""

    def __init__(self, first, reachable=True):
        self.first = first
        self.reachable = reachable
        self.state = "unchanged"

    def execute(self, module_name, module_args, task_vars):
        controller = module_args["_controller"]
        if "change" not in controller:
            self.state = "armed" if "_armed" in self.first and controller["prove"] else "kept"
            return {name: value for name, value in self.first.items() if name != "_armed" or controller["prove"]}
        assert controller["change"] == "change-1"
        if not self.reachable:
            raise AnsibleConnectionFailure("connection lost")
        self.state = "kept" if controller["proven"] else "undone"
        return {"backups": {"x": "y"}} if controller["proven"] else {"msg": "the former configuration was put back (removed again: x)"}


@pytest.fixture
def run(monkeypatch):
    """run(host, login, transport=..., arguments): the result of the action."""

    def call(host, login=WORKS, transport="ssh", check_mode=False, **arguments):
        action = sshd_pubkey.ActionModule.__new__(sshd_pubkey.ActionModule)
        action._task = SimpleNamespace(args={"users": ["alice"], **arguments}, check_mode=check_mode)
        action._connection = SimpleNamespace(transport=transport)
        monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
        monkeypatch.setattr(action, "_execute_module", host.execute, raising=False)
        monkeypatch.setattr(action, "_read_session", lambda: {}, raising=False)
        monkeypatch.setattr(action, "_prove", lambda arguments: login, raising=False)
        return action.run(task_vars={})

    return call


def test_a_proven_change_is_kept(run):
    host = Host(ARMED)
    result = run(host)
    assert host.state == "kept"
    assert result == {"changed": True, "actions": ["write x"], "service": "ssh.service", "proof": "logged in", "backups": {"x": "y"}}


def test_an_unproven_change_is_undone(run):
    host = Host(ARMED)
    result = run(host, login=Proof(False, "no login"))
    assert host.state == "undone"
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["msg"].startswith("no login; the former configuration was put back (removed again: x). If no private key")


def test_a_host_out_of_reach_is_left_to_itself(run):
    host = Host(ARMED, reachable=False)
    result = run(host, login=Proof(False, "no login"))
    assert host.state == "armed"
    assert result["msg"] == "no login; the host could not be told (connection lost), and undoes the change by itself"


def test_a_proof_that_can_not_be_delivered_is_a_failure(run):
    host = Host(ARMED, reachable=False)
    result = run(host)
    assert (host.state, result["failed"]) == ("armed", True)


@pytest.mark.parametrize(
    ("more", "state", "proof"),
    [
        pytest.param({"proof": "skip"}, "kept", None, id="proof: skip"),
        pytest.param({"transport": "local"}, "kept", "not applicable: this run is not connected by ssh (local)", id="not over ssh"),
        pytest.param({"check_mode": True}, "kept", None, id="check mode"),
    ],
)
def test_no_proof(run, more, state, proof):
    host = Host(ARMED)
    result = run(host, login=Proof(False, "never asked"), **more)
    assert host.state == state
    assert result.get("proof") == proof
    assert "failed" not in result


def test_nothing_is_changed_over_an_ssh_that_can_not_prove(run):
    host = Host(ARMED)
    with pytest.raises(AnsibleActionFail, match="can't be proven over the connection paramiko"):
        run(host, transport="paramiko")
    assert host.state == "unchanged"


def test_internal_options_of_a_task_are_not_passed_on(run):
    host = Host(ARMED)
    assert run(host, _controller={"change": "forged", "proven": True})["proof"] == "logged in"
