# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller makes of an armed change: kept after a proof, undone without one, left to the host if it is out of reach."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.alicloud.ecs_access.plugins.action import sshd_pubkey
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.proof import Proof

WORKS = Proof(True, "logged in")
ARMED = {"changed": True, "actions": ["write x"], "service": "ssh.service", "_armed": "change-1"}


class Host:
    """Stands in for the module on the host: armed, then kept or undone."""

    def __init__(self, first, reachable=True, second=None):
        self.first = first
        self.second = second
        self.reachable = reachable
        self.state = "unchanged"
        self.logins = []
        """The state of the host at each login, and who logged in."""

    def execute(self, module_name, module_args, task_vars):
        controller = module_args["_controller"]
        if controller.get("harden"):
            self.state = "hardened"
            return dict(self.second)
        if controller.get("change") == "change-2":
            self.state = "kept hardened" if controller["proven"] else "kept"
            return {"backups": {"x": "z"}} if controller["proven"] else {"msg": "the former configuration was put back (put back: x)"}
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

    def call(host, login=WORKS, transport="ssh", check_mode=False, session=None, **arguments):
        """I(login) is what comes of each login, or a list of what comes of them in turn."""
        outcomes = iter(login) if isinstance(login, list) else None
        action = sshd_pubkey.ActionModule.__new__(sshd_pubkey.ActionModule)
        action._task = SimpleNamespace(args={"users": ["alice"], **arguments}, check_mode=check_mode)
        action._connection = SimpleNamespace(transport=transport)
        monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
        monkeypatch.setattr(action, "_execute_module", host.execute, raising=False)
        monkeypatch.setattr(action, "_read_session", lambda: session or {}, raising=False)
        monkeypatch.setattr(action, "_option", {"remote_user": "op"}.get, raising=False)

        def log_in(user, private_key_file, only_this_key):
            host.logins.append((host.state, user))
            return login if outcomes is None else next(outcomes)

        monkeypatch.setattr(action, "_log_in", log_in, raising=False)
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
    assert result["msg"] == "no login; the result could not be sent to the host (connection lost), which will undo the change by itself"


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
    with pytest.raises(AnsibleActionFail, match="cannot be proven over the connection paramiko"):
        run(host, transport="paramiko")
    assert host.state == "unchanged"


def test_internal_options_of_a_task_are_not_passed_on(run):
    host = Host(ARMED)
    assert run(host, _controller={"change": "forged", "proven": True})["proof"] == "logged in"


FIRST = {**ARMED, "_harden": True, "diff": ["whole"], "effective": {"alice": "yes"}, "hardening": {"*": "no"}, "trial": {"alice": "let in"}}
NOTHING = {**{name: value for name, value in FIRST.items() if name != "_armed"}, "changed": False, "actions": []}
SECOND = {"changed": True, "actions": ["write y"], "service": "ssh.service", "_armed": "change-2", "diff": ["part"], "trial": {"op": "let in"}}
HARDENING = {"session": {"user": "op"}, "proof_user": "alice", "password_authentication": False}


def test_hardening_follows_the_proof_and_is_proven_itself_by_both_users(run):
    host = Host(FIRST, second=SECOND)
    result = run(host, **HARDENING)
    assert host.state == "kept hardened"
    assert host.logins == [("armed", "alice"), ("armed", "op"), ("hardened", "alice"), ("hardened", "op")]
    assert (result["changed"], result["actions"], result["diff"]) == (True, ["write x", "write y"], ["whole"])
    assert (result["trial"], result["backups"]) == ({"alice": "let in", "op": "let in"}, {"x": "z"})
    assert "_harden" not in result


def test_hardening_is_preceded_by_a_proof_where_nothing_had_to_be_changed(run):
    host = Host(NOTHING, second=SECOND)
    assert run(host, **HARDENING)["actions"] == ["write y"]
    assert host.logins == [("kept", "alice"), ("kept", "op"), ("hardened", "alice"), ("hardened", "op")]


@pytest.mark.parametrize("logins", [[Proof(False, "no login as alice")], [WORKS, Proof(False, "no login as op")]])
def test_nothing_is_hardened_without_that_proof(run, logins):
    host = Host(NOTHING, second=SECOND)
    result = run(host, login=logins, **HARDENING)
    assert host.state == "kept"
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["msg"] == logins[-1].text + "; so password and root logins were not changed"


@pytest.mark.parametrize("user", ["$HOME", "x;id", "x$(id)", "`id`", '"x', "-x", "x\\", "{{x}}", "\x1b[2J"])
def test_a_host_names_nobody_who_is_more_than_a_word(run, user):
    """The name would stand in commands that ssh has a shell run here."""
    host = Host(NOTHING, second=SECOND)
    result = run(host, **{**HARDENING, "session": {"user": user}})
    assert (host.state, host.logins) == ("kept", [("kept", "alice")])
    assert result["failed"] and "which cannot be a user's name; so password" in result["msg"] and "\x1b" not in result["msg"]


@pytest.mark.parametrize("user", ["ann@example.com", "EXAMPLE\\ann", "j.o-e+1", "zo\u00eb"])
def test_a_host_names_a_user_of_a_directory(run, user):
    host = Host(NOTHING, second=SECOND)
    run(host, **{**HARDENING, "session": {"user": user}})
    assert host.logins[1] == ("kept", user)


def test_an_unproven_hardening_is_undone_alone(run):
    host = Host(FIRST, second=SECOND)
    result = run(host, login=[WORKS, WORKS, WORKS, Proof(False, "no login as op")], **HARDENING)
    assert host.state == "kept"
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["msg"] == (
        "no login as op; the former configuration was put back (put back: x). If no private key for that login is available here, set "
        "proof_private_key_file. Login by key, which was turned on first, has been proven and stays on"
    )


def test_a_hardening_that_is_refused_leaves_the_first_step(run):
    host = Host(FIRST, second={"failed": True, "msg": "no"})
    result = run(host, **HARDENING)
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["msg"] == "no. Login by key, which was turned on first, has been proven and stays on"


@pytest.mark.parametrize(("login", "failed"), [pytest.param(WORKS, False, id="works"), pytest.param(Proof(False, "no login"), True, id="does not")])
def test_edits_of_others_that_were_put_in_force_are_proven_too(run, login, failed):
    host = Host({"changed": True, "actions": ["reload ssh.service"], "_reloaded": True})
    result = run(host, login=login)
    assert result.get("failed", False) is failed
    assert host.logins == [("kept", "op")]
    assert (result["msg"] if failed else result["proof"]).startswith("no login; no file was changed, but sshd has read edits" if failed else "logged in")


def test_what_is_waited_for_is_shown(run, monkeypatch):
    shown = []
    monkeypatch.setattr(sshd_pubkey._display, "display", shown.append)
    host = Host(ARMED)
    execute, answers = host.execute, [{"changed": False, "_waits": 90}]
    host.execute = lambda module_name, module_args, task_vars: answers.pop() if answers else execute(module_name, module_args, task_vars)
    assert run(host)["changed"]
    assert host.state == "kept"
    assert shown == ["sshd_pubkey: waiting up to 90 seconds for another run on this host, whose change of sshd is not proven yet"]


@pytest.mark.parametrize(
    ("printed", "session"),
    [
        ("Welcome\nsession<op 192.0.2.1 40000 192.0.2.9 22>\n", {"user": "op", "address": "192.0.2.1", "local_address": "192.0.2.9", "local_port": "22"}),
        ("session<op >\n", {}),
        ("session<" * 100000, {}),
        ("session<a " + "b" * 1000000, {}),
    ],
)
def test_who_is_logged_in(monkeypatch, printed, session):
    """A rooted host may print anything: with words of any length the third of these takes hours."""
    action = sshd_pubkey.ActionModule.__new__(sshd_pubkey.ActionModule)
    monkeypatch.setattr(action, "_low_level_execute_command", lambda _command, sudoable: {"stdout": printed}, raising=False)
    start = time.process_time()
    assert action._read_session() == session
    assert time.process_time() - start < 5
