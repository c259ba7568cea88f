# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of an offboarding, one after the other, on pictures of hosts."""

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.result_table import complete
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.offer import Answers
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import offboard, steps
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.store import RunStore
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import StepFailed

from .._audit.fleet import key_method, key_of
from .leaving import ADMIN, HIS, ROBOT, TEAM, PictureOfFleet, Playbook, fingerprint
from .rotating import Killed

show_summary = steps.show_summary


@pytest.fixture
def fleet():
    return PictureOfFleet()


@pytest.fixture
def playbook(fleet, tmp_path, monkeypatch):
    return Playbook(fleet, tmp_path, monkeypatch)


def gone(host):
    return host.keys == {"root": [ADMIN], "paul": [ROBOT], "deploy": []} and host.locked and not host.jobs and not host.pair


def failed(rows):
    return sorted(host for host, row in rows.items() if row["failed"])


def test_a_plan_changes_nothing_and_shows_all(fleet, playbook):
    rows = playbook.run("plan")
    assert (fleet.writes, failed(rows)) == ([], [])
    assert rows["web-1"]["drift"] == ["unbind the key pair pauls", *rows["web-2"]["drift"]]
    assert rows["web-2"]["drift"] == ["lock user paul", "user paul: remove key", "user deploy: remove key", "remove crontab", "remove processes"]
    assert "is kept: it is also that of robot" in rows["web-1"]["notes"][0]


def test_from_the_plan_to_the_proof(fleet, playbook):
    playbook.run("plan")
    plan = playbook.plan["plan_id"]
    rows = playbook.run("apply", ecs_access_plan=plan)
    assert (failed(rows), {row["refused"] for row in rows.values()}) == ([], {"yes"})
    assert all(map(gone, fleet.hosts.values()))
    before = list(fleet.writes)
    assert failed(playbook.run("apply")) == failed(playbook.run("verify")) == []
    assert fleet.writes == before


def test_killed_after_any_write_the_next_run_completes_it(tmp_path, monkeypatch):
    after, done = 0, False
    while not done:
        after += 1
        fleet = PictureOfFleet(2)
        fleet.kill_after = after
        playbook = Playbook(fleet, tmp_path / str(after), monkeypatch)
        try:
            playbook.run("apply")
            done = True
        except Killed:
            pass
        assert all(host.keys["root"] == [ADMIN] for host in fleet.hosts.values()), fleet.writes
        assert failed(playbook.run("apply")) == [], fleet.writes
        assert all(map(gone, fleet.hosts.values())), fleet.writes
    assert after > 11


def test_a_plan_that_has_changed_is_refused(fleet, playbook):
    playbook.run("plan")
    plan = playbook.plan["plan_id"]
    fleet.hosts["web-2"].keys["eve"] = [HIS]
    rows = playbook.run("apply", ecs_access_plan=plan)
    assert (failed(rows), fleet.writes) == (["web-1", "web-2", "web-3"], [])
    assert f"no longer the plan {plan}" in playbook.verdict["msg"]


@pytest.mark.parametrize("trouble", ["unreachable", "stopped"])
def test_a_host_that_is_not_seen_is_pending_and_the_others_are_done(fleet, playbook, tmp_path, trouble):
    host, report = fleet.hosts["web-3"], tmp_path / "report.json"
    host.reachable, host.status = trouble != "unreachable", "Stopped" if trouble == "stopped" else "Running"
    rows = playbook.run("apply")
    assert failed(rows) == ["web-3"]
    assert rows["web-3"]["why"].startswith("pending: ")
    assert [entry["host"] for entry in playbook.plan["pending"]] == ["web-3"]
    assert gone(fleet.hosts["web-1"])
    # The report keeps it, even where a later run is about other hosts.
    report.write_text(json.dumps({"playbook": "offboard", **playbook.plan}))
    assert failed(playbook.run("verify", hosts=["web-1", "web-2"], ecs_access_report=str(report))) == []
    assert "still pending and not in this run: web-3" in playbook.verdict["msg"]
    host.reachable, host.status = True, "Running"
    assert failed(playbook.run("verify", ecs_access_report=str(report))) == ["web-3"]
    assert failed(playbook.run("apply", ecs_access_report=str(report))) == []
    assert playbook.plan["pending"] == []
    assert not playbook.verdict.get("failed")


def test_where_nothing_was_seen_there_is_no_plan_to_carry_out(fleet, playbook):
    for host in fleet.hosts.values():
        host.reachable = False
    assert failed(playbook.run("plan")) == ["web-1", "web-2", "web-3"]
    assert playbook.plan["plan_id"] == ""


def test_a_pending_instance_that_was_released_is_forgotten(playbook, tmp_path):
    entry = {"host": "web-9", "instance_id": "i-9", "region": "r", "why": "Stopped"}
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"playbook": "offboard", "person": "paul", "pending": [entry]}))
    playbook.run("apply", ecs_access_report=str(report))
    assert playbook.plan["pending"] == []


def test_a_key_that_sshd_still_accepts_fails_the_host(fleet, playbook):
    fleet.hosts["web-2"].stubborn = True
    rows = playbook.run("apply")
    assert (failed(rows), rows["web-2"]["refused"]) == (["web-2"], "no")
    assert "sshd still accepts it for deploy, paul, root" in rows["web-2"]["why"]


def test_an_account_with_any_number_of_keys_is_asked_about_some(fleet, playbook, monkeypatch):
    """Each four of them are a login for every account, and servers shut out who fails too often."""
    blobs = [b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes([number]) * 32 for number in range(60)]
    fleet.hosts["web-2"].keys["paul"] += [f"ssh-ed25519 {base64.b64encode(blob).decode()}" for blob in blobs]
    offered, offer = [], offboard.offer_keys
    monkeypatch.setattr(offboard, "offer_keys", lambda tools, user, files, key: offered.append((tools.host, user)) or offer(tools, user, files, key))
    rows = playbook.run("apply")
    assert (failed(rows), rows["web-2"]["refused"], rows["web-1"]["refused"]) == ([], "unknown", "yes")
    assert rows["web-2"]["notes"][-1] == "21 keys were not offered, because there are more than 40"
    assert offered.count(("web-2", "deploy")) == 10


def test_a_host_that_answers_no_login_is_not_asked_for_each_key(fleet, playbook, monkeypatch):
    blobs = [b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes([number]) * 32 for number in range(60)]
    fleet.hosts["web-2"].keys["paul"] += [f"ssh-ed25519 {base64.b64encode(blob).decode()}" for blob in blobs]
    offered = []
    silent = Answers(frozenset(), frozenset(), "")
    monkeypatch.setattr(offboard, "offer_keys", lambda tools, user, files, key: offered.append((tools.host, user)) or silent)
    assert playbook.run("apply")["web-2"]["refused"] == "unknown"
    assert offered.count(("web-2", "deploy")) == 1


def test_without_a_control_it_is_not_known(fleet, playbook):
    rows = playbook.run("apply", ecs_access_private_keys={})
    assert (failed(rows), {row["refused"] for row in rows.values()}) == ([], {"unknown"})
    assert "could not be proven for deploy; name a private key" in rows["web-1"]["notes"][-1]


def test_a_pair_that_stays_bound_keeps_nothing_else(fleet, playbook):
    fleet.unbinds = False
    rows = playbook.run("apply", check_mode=True)
    assert (failed(rows), fleet.writes) == (["web-1"], [])
    assert "Forbidden.RAM" in rows["web-1"]["why"]
    rows = playbook.run("apply")
    assert failed(rows) == ["web-1"]
    assert rows["web-1"]["why"].startswith("Forbidden.RAM; ")
    assert gone(fleet.hosts["web-2"])
    fleet.hosts["web-1"].pair = ""
    assert gone(fleet.hosts["web-1"])


def test_what_others_must_decide_on_fails_the_host(fleet, playbook):
    fleet.hosts["web-2"].units = ["/etc/systemd/system/x.service runs as user paul"]
    rows = playbook.run("apply")
    assert failed(rows) == ["web-2"]
    assert rows["web-2"]["why"] == "/etc/systemd/system/x.service runs as user paul"


def test_check_mode_fails_where_the_run_itself_does(fleet, playbook):
    fleet.hosts["web-2"].units = ["/etc/systemd/system/x.service runs as user paul"]
    rows = playbook.run("apply", check_mode=True)
    assert (failed(rows), fleet.writes) == (["web-2"], [])
    assert rows["web-2"]["why"].endswith("/etc/systemd/system/x.service runs as user paul")
    assert failed(playbook.run("apply")) == ["web-2"]


def test_what_comes_back_meanwhile_goes_in_the_same_run(fleet, playbook):
    host, access = fleet.hosts["web-2"], fleet.ssh_access

    def ssh_access(one, arguments, check):
        result = access(one, arguments, check)
        if one is host and not check and "again" not in host.keys:
            host.keys["again"] = [HIS]
        return result

    fleet.ssh_access = ssh_access
    assert failed(playbook.run("apply")) == []
    assert host.keys["again"] == []


def test_accounts_are_removed_if_asked(fleet, playbook):
    playbook.run("apply", ecs_access_account="remove")
    assert all("paul" not in host.keys for host in fleet.hosts.values())


def test_keys_alone(fleet, playbook):
    rows = playbook.run("apply", ecs_access_person="", ecs_access_keys=[fingerprint(HIS)], ssh_users_accounts=TEAM[1:])
    assert failed(rows) == []
    assert [host.locked for host in fleet.hosts.values()] == [False] * 3
    assert not any(HIS in keys for host in fleet.hosts.values() for keys in host.keys.values())


def test_a_name_that_nobody_has_is_no_success(fleet, playbook):
    """A slip of the pen would otherwise read as proof that the person is gone."""
    for mode in ("plan", "apply", "verify"):
        playbook.run(mode, ecs_access_person="pual")
        assert "pual is in no team file, and no host that was seen has an account of this name" in playbook.verdict["msg"]
        assert playbook.verdict["failed"]
        assert playbook.plan["plan_id"] == ""
    assert fleet.writes == []
    # One of whom nothing is left is known by the team file.
    for host in fleet.hosts.values():
        host.keys, host.jobs, host.pair = {"root": [ADMIN]}, [], ""
    playbook.run("apply")
    assert not playbook.verdict.get("failed")


def test_a_system_account_of_the_name_is_not_taken(fleet, playbook):
    fleet.accounts = [{"name": "paul", "uid": 33, "state": "nologin", "password": "none", "system": True}]
    rows = playbook.run("apply", ssh_users_accounts=TEAM[1:])
    assert (failed(rows), fleet.writes) == (["web-1", "web-2", "web-3"], [])
    assert "paul is a system account here (uid 33)" in rows["web-1"]["why"]
    # It was seen, and so it is not waited for.
    assert playbook.plan["pending"] == []
    # The team file says that it is a person's.
    assert failed(playbook.run("plan")) == []


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"ecs_access_person": ""}, "Set who leaves"),
        ({"ecs_access_person": "root"}, "root is a protected account"),
        ({"ecs_access_person": "boss", "ssh_users_protected": ["boss"]}, "boss is a protected account"),
        ({"ecs_access_person": "robot"}, "still has robot as present"),
        ({"ssh_users_accounts": [{"name": "p", "aliases": ["paul"], "state": "locked"}]}, "still has p as locked"),
        ({"ssh_users_accounts": [{"name": "p", "aliases": ["root"], "state": "absent"}], "ecs_access_person": "p"}, "root is a protected account"),
        ({"ssh_users_accounts": [{"nam": "x"}]}, "The team cannot be used: "),
        ({"ecs_access_person": "../x"}, "ecs_access_person: user name"),
        ({"ecs_access_keys": "nonsense"}, "nonsense is neither a public key, a fingerprint .*, nor a file with one"),
        ({"ecs_access_keys": "/dev/null"}, "/dev/null is neither a public key"),
        ({"ecs_access_keys": ["ssh-ed25519 AAAAnot x"]}, "is not base64"),
        ({"ecs_access_keys": ["-----BEGIN OPENSSH PRIVATE KEY-----\nsecret"]}, "holds a private key; give the public half"),
        ({"ecs_access_keys": [" "]}, "an empty text holds no key"),
        ({"ecs_access_keys": "/no/paul.pub"}, r"/no/paul\.pub is neither a public key"),
        ({"ecs_access_keys": "ssh-rsa x"}, "ecs_access_keys: revoked_keys"),
        ({"ecs_access_keys": {}, "ecs_access_person": ""}, "Set who leaves"),
        ({"ecs_access_private_keys": {"deploy": "/no/key"}}, "there is no such file"),
        ({"ecs_access_earlier": "/no/access.json"}, "The audit /no/access.json cannot be read"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_asked(fleet, playbook, variables, sentence):
    with pytest.raises((StepFailed, ValueError), match=sentence):
        playbook.run("apply", **variables)
    assert fleet.writes == []


def test_a_key_file_without_a_key_is_not_passed_over(playbook, tmp_path):
    (tmp_path / "empty.pub").write_text("# no key\n")
    with pytest.raises(StepFailed, match=r"empty\.pub holds no key"):
        playbook.run("plan", ecs_access_keys=[str(tmp_path / "empty.pub")])


def test_hosts_that_a_run_did_not_come_to_are_not_done(fleet, playbook, tmp_path):
    """The plan has seen them, and no more."""
    fleet.kill_after = 3
    with pytest.raises(Killed):
        playbook.run("apply")
    rows = complete(RunStore(str(tmp_path / "run-1")).rows(list(fleet.hosts)), list(fleet.hosts))
    assert {row["host"]: row["why"] for row in rows} == {"web-1": "the host was not done", "web-2": "not tried yet", "web-3": "not tried yet"}


def test_check_mode_fails_for_pending_instances_as_the_run_does(fleet, playbook, tmp_path):
    report = tmp_path / "report.json"
    for check_mode in (True, False):
        fleet.hosts["web-3"].reachable = False
        playbook.run("plan")
        report.write_text(json.dumps({"playbook": "offboard", **playbook.plan}))
        playbook.run("apply", hosts=["web-1", "web-2"], check_mode=check_mode, ecs_access_report=str(report))
        assert "still pending and not in this run: web-3" in playbook.verdict["msg"], check_mode


def test_a_presumed_key_that_stays_elsewhere_is_told_once_it_has_left_his_account(fleet, playbook):
    """Who applies without a plan would not learn of it, and nothing can tell it afterwards."""
    extra = " ".join(key_of("extra").split()[:2])
    for host in fleet.hosts.values():
        host.keys["paul"].append(extra)
        host.keys["deploy"].append(extra)
    fleet.facts["login_methods"] = [key_method("deploy", "extra"), key_method("paul", "extra")]
    rows = playbook.run("apply")
    assert (failed(rows), fleet.hosts["web-2"].keys["paul"], fleet.hosts["web-2"].keys["deploy"]) == ([], [ROBOT], [extra])
    told = f"the key {fingerprint(extra)}, which is only presumed to be paul's, stays in the account deploy; give it in ecs_access_keys to take it"
    assert [row["notes"].count(told) for row in rows.values()] == [1, 1, 1]


@pytest.mark.parametrize("trouble", ["pending", "unknown", "none"])
def test_the_report_of_a_run_that_fails_is_not_clean(fleet, playbook, tmp_path, monkeypatch, trouble):
    """Though all of its hosts are done: machines read the report and set_stats."""
    report = tmp_path / "report.json"
    pending = [{"host": "web-9", "instance_id": "i-9", "region": "r", "why": "Stopped"}] if trouble == "pending" else []
    report.write_text(json.dumps({"playbook": "offboard", "person": "paul", "pending": pending}))
    monkeypatch.setattr(offboard, "_still_there", lambda tools, entries: entries)
    monkeypatch.setattr(steps, "show_summary", show_summary)
    if trouble == "unknown":
        for host in fleet.hosts.values():
            host.keys.pop("paul")
            host.pair, host.jobs, host.locked = "", [], True
    more = {"ssh_users_accounts": TEAM[1:]} if trouble == "unknown" else {}
    rows = playbook.run("verify" if trouble == "unknown" else "apply", ecs_access_report=str(report), **more)
    assert (failed(rows) if trouble != "unknown" else []) == []
    assert bool(playbook.verdict.get("failed")) is (trouble != "none")
    assert json.loads(report.read_text())["result"] == ("clean" if trouble == "none" else "incomplete")
