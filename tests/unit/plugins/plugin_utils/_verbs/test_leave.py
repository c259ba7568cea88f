# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a host is left: refusals, plans, the record on the controller, sshd, a proven login, people, and the rest last."""

from __future__ import annotations

import base64
import hashlib
import types
from typing import Any

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import leave
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.host import Login
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.store import RunStore
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import StepFailed, Tools

CONTENT = b'{"format": 1}'


class Host(Tools):
    """A host that answers as it is set up, and writes down what it is asked."""

    def __init__(self, folder, monkeypatch, **variables: Any) -> None:
        connection = types.SimpleNamespace(transport="ssh", become=None, get_option=lambda name: None)
        context = types.SimpleNamespace(remote_user="root", remote_addr="web-1", copy=lambda: context)
        task = types.SimpleNamespace(args={"playbook": "leave"}, tags=[])
        self.action: Any = types.SimpleNamespace(
            _task=task, _connection=connection, _play_context=context, _templar=types.SimpleNamespace(template=lambda v: v)
        )
        self.store = RunStore(str(folder))
        self.check_mode = False
        self.folder = folder / "records"
        self.variables = {"inventory_hostname": "web-1", "ecs_access_record_dir": str(self.folder), "ansible_user": "root", **variables}
        self.people, self.others, self.keys, self.kept, self.armed, self.login = ["ann", "ben"], {}, "ours", [], False, "root"
        self.refusing, self.vanished = "", []
        self.quiet: set[str] = set()
        self.calls: list[str] = []
        self.logs_in = Login(True, True, "")
        monkeypatch.setattr(leave, "try_logins", self.try_logins)

    def try_logins(self, tools, keys, only_this_key=True):
        self.calls.append(f"prove {' '.join(keys)}")
        return dict.fromkeys(keys, self.logs_in)

    def on_host(self, module: str, arguments: Any, connection: Any = None, check: bool = False) -> dict[str, Any]:
        check = check or self.check_mode
        what = {"sshd_pubkey": "keys" if arguments.get("without_temporary_keys") else "sshd", "ssh_access": "people"}.get(module, arguments.get("step"))
        self.calls.append(f"{'plan' if check else 'do'} {what}" if what != "look" else "look")
        if what == "look":
            record = {"state": "present", "content": base64.b64encode(CONTENT).decode(), "sha256": hashlib.sha256(CONTENT).hexdigest()}
            record.update(people=self.people, others=self.others, vanished=self.vanished)
            answer = {"record": record, "actions": ["remove /x"], "kept": self.kept, "temporary_keys": self.keys, "armed": self.armed}
            return {**answer, "login": self.login}
        if self.refusing == what:
            return {"failed": True, "msg": f"nothing was changed: {what}"}
        changed = what not in self.quiet
        if what == "people":
            return {"changed": changed, "actions": ["remove user ann"], "record": {"removed": ["ann"], "notes": []}, "remains": ["a crontab"]}
        return {"changed": changed, "actions": [f"{what} changed", "remove /x"]}

    def run(self) -> dict[str, Any]:
        leave.check(self)
        return leave._leave(self)


@pytest.fixture
def host(tmp_path, monkeypatch):
    return lambda **variables: Host(tmp_path, monkeypatch, **variables)


def test_access_stays_by_default(host):
    one = host()
    row = one.run()
    assert one.calls == ["look", "plan keys", "do keys", "do remove"]
    assert (row["stay"], row["gone"], row["files"], row["failed"], row["changed"]) == (["ann", "ben"], [], 1, False, True)
    (saved,) = one.folder.iterdir()
    assert saved.read_bytes() == CONTENT
    assert saved.stat().st_mode & 0o777 == 0o600


def test_everything_is_planned_first_and_the_login_that_stays_is_proven_before_the_people_go(host):
    one = host(ecs_access_leave="everything")
    row = one.run()
    plans = ["plan keys", "plan sshd", "plan people"]
    assert one.calls == ["look", *plans, "do keys", "do sshd", "prove root", "do people", "look", "do remove"]
    assert (row["stay"], row["gone"], row["notes"]) == (["ben"], ["ann"], ["a crontab"])


def test_check_mode_changes_nothing(host):
    one = host(ecs_access_leave="everything")
    one.check_mode = True
    row = one.run()
    assert one.calls == ["look", "plan keys", "plan sshd", "plan people", "plan remove"]
    assert (row["stay"], row["gone"], row["files"]) == (["ben"], ["ann"], 1)
    assert not one.folder.exists()


@pytest.mark.parametrize("module", ["keys", "sshd", "people"])
def test_what_would_be_refused_is_refused_before_any_change(host, module):
    one = host(ecs_access_leave="everything")
    one.refusing = module
    with pytest.raises(StepFailed, match=f"nothing was changed: {module}"):
        one.run()
    assert not [call for call in one.calls if call.startswith("do")]


def test_the_record_is_kept_before_anything_is_changed(host, monkeypatch):
    one = host()
    monkeypatch.setattr(leave, "write_in_folder", lambda *_arguments: one.calls.append("kept"))
    one.run()
    assert one.calls.index("kept") < one.calls.index("do keys")


def test_whoever_has_no_account_any_more_is_gone(host):
    """As after a run that failed half-way: their accounts went, and the record still names them."""
    one = host(ecs_access_leave="everything")
    one.vanished, one.quiet = ["ann", "ben"], {"people"}
    row = one.run()
    assert (row["stay"], row["gone"]) == ([], ["ann", "ben"])
    one = host()
    one.vanished = ["ben"]
    row = one.run()
    assert (row["stay"], row["gone"]) == (["ann"], ["ben"])


def test_a_login_that_does_not_work_keeps_the_people(host):
    for login, sentence in ((Login(False, False, "refused"), "did not work: refused"), (Login(True, False, ""), "ops cannot become root")):
        one = host(ecs_access_leave="everything")
        one.login, one.logs_in = "ops", login
        with pytest.raises(StepFailed, match=sentence):
            one.run()
        assert "do people" not in one.calls


def test_one_of_those_to_go_is_refused_unless_protected(host):
    one = host(ecs_access_leave="everything")
    one.login = "ann"
    with pytest.raises(StepFailed, match="logged in as ann"):
        one.run()
    assert one.calls == ["look"]
    one = host(ecs_access_leave="everything", ssh_users_protected=["root", "ann"])
    one.login = "ann"
    one.run()
    assert "prove ann" in one.calls


def test_everything_needs_ssh(host):
    one = host(ecs_access_leave="everything")
    one.action._connection.transport = "local"
    with pytest.raises(StepFailed, match="only be removed over a connection by SSH"):
        one.run()


def test_what_is_shared_with_another_team_stays(host):
    one = host(ecs_access_leave="everything")
    one.others = {"dba": ["dora"]}
    row = one.run()
    assert [call for call in one.calls if call.startswith("do")] == ["do people", "do remove"]
    assert row["why"] == "dba also manages this host: only the part of default was left"


def test_a_quiet_host_is_not_even_locked(host):
    one = host(ecs_access_leave="everything")
    one.quiet = {"keys", "sshd", "people", "remove"}
    assert not one.run().get("changed")
    assert one.calls == ["look", "plan keys", "plan sshd", "plan people", "do remove"]


def test_a_change_that_is_not_proven_yet_is_settled_first(host):
    one = host(ecs_access_leave="everything")
    one.armed, one.keys, one.quiet = True, "none", {"keys", "sshd", "people"}
    one.run()
    assert [call for call in one.calls if call.startswith("do")] == ["do keys", "do sshd", "do remove"]


@pytest.mark.parametrize(
    ("variables", "environment", "sentence"),
    [
        pytest.param({"ecs_access_record_dir": ""}, {}, "Set the folder for the records", id="no folder"),
        pytest.param({}, {"JOB_ID": "7"}, "lost at its end", id="a job"),
        pytest.param({"ssh_users_protected": {"a": 1}}, {}, "ssh_users_protected must be a list", id="not a list"),
        pytest.param({"ecs_access_record_dir": "/proc/nowhere/x"}, {}, "cannot be used", id="no such place"),
    ],
)
def test_wrong_input_gets_a_sentence(host, monkeypatch, variables, environment, sentence):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises((StepFailed, ValueError), match=sentence):
        leave.check(host(**variables))
