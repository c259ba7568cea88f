# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a rotation, one after the other, on pictures of hosts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.result_table import complete, statistics
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import rotate_key_pair, rotation_keys
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.store import RunStore

from .rotating import NEW, OLD, Killed, PictureOfFleet, Playbook, fingerprint


@pytest.fixture
def fleet():
    made = PictureOfFleet()
    made.hosts["web-2"].keys["deploy"] = {OLD: "restrict"}
    return made


@pytest.fixture
def playbook(fleet, tmp_path, monkeypatch):
    return Playbook(fleet, tmp_path, monkeypatch)


def everywhere(fleet, line):
    return all(line in keys for host in fleet.hosts.values() for keys in host.keys.values())


def nowhere(fleet, line):
    return not any(line in keys for host in fleet.hosts.values() for keys in host.keys.values())


def failed(rows):
    return sorted(host for host, row in rows.items() if row["failed"])


def test_a_plan_changes_nothing(fleet, playbook):
    rows = playbook.run("plan")
    assert fleet.writes == []
    assert rows["web-2"]["old_key"] == ["deploy", "root"]
    assert failed(rows) == []


def test_where_nothing_was_seen_there_is_no_plan_to_carry_out(fleet, playbook):
    for host in fleet.hosts.values():
        host.reachable = False
    assert failed(playbook.run("plan")) == sorted(fleet.hosts)
    assert not playbook.plan


def test_from_the_first_to_the_last_step(fleet, playbook):
    playbook.run("plan")
    plan = playbook.plan
    rows = playbook.run("apply", ecs_access_plan=plan)
    assert (failed(rows), {row["refused"] for row in rows.values()}) == ([], {"yes"})
    assert everywhere(fleet, NEW)
    assert nowhere(fleet, OLD)
    assert fleet.hosts["web-2"].keys["deploy"] == {NEW: "restrict"}
    assert list(fleet.pairs) == ["team-2"]
    assert all(host.rotation.ended for host in fleet.hosts.values())
    last_add = max(index for index, what in enumerate(fleet.writes) if what.startswith(("attach", "add", "start")))
    assert last_add < min(index for index, what in enumerate(fleet.writes) if what.startswith("revoke"))
    before = list(fleet.writes)
    assert failed(playbook.run("apply", ecs_access_plan=plan)) == []
    assert fleet.writes == before


@pytest.mark.parametrize("given", ["team", fingerprint(OLD)])
def test_killed_after_any_write_the_next_run_completes_it(tmp_path, monkeypatch, given):
    after, done = 0, False
    while not done:
        after += 1
        fleet = PictureOfFleet()
        fleet.hosts["web-2"].keys["deploy"] = {OLD: "restrict"}
        fleet.kill_after = after
        playbook = Playbook(fleet, tmp_path / str(after), monkeypatch)
        try:
            playbook.run("apply", ecs_access_old_key=given)
            done = True
        except Killed:
            pass
        assert all(keys for host in fleet.hosts.values() for keys in host.keys.values()), fleet.writes
        if "revoke" in " ".join(fleet.writes):
            assert everywhere(fleet, NEW), fleet.writes
        assert failed(playbook.run("apply", ecs_access_old_key=given)) == [], fleet.writes
        assert (everywhere(fleet, NEW), nowhere(fleet, OLD), list(fleet.pairs)) == (True, True, ["team-2"]), fleet.writes
        assert all(host.rotation.ended for host in fleet.hosts.values()), fleet.writes
    assert after > 12


@pytest.mark.parametrize("trouble", ["unreachable", "stopped"])
def test_one_host_that_is_not_proven_stops_the_removal_everywhere(fleet, playbook, trouble):
    host = fleet.hosts["web-3"]
    host.reachable, host.status = trouble != "unreachable", "Stopped" if trouble == "stopped" else "Running"
    rows = playbook.run("apply")
    assert failed(rows) == ["web-3"]
    assert "because web-3 is not proven" in rows["web-1"]["why"]
    assert everywhere(fleet, OLD)
    assert NEW in fleet.hosts["web-1"].keys["root"]
    assert sorted(fleet.pairs) == ["team", "team-2"]


def test_a_login_that_is_not_proven_stops_it_too(fleet, playbook, monkeypatch):
    monkeypatch.setattr(fleet.hosts["web-2"], "opens", lambda user, line: line in fleet.hosts["web-2"].keys[user] and (user, line) != ("deploy", NEW))
    rows = playbook.run("apply")
    assert failed(rows) == ["web-2"]
    assert "opens no login from here for deploy" in rows["web-2"]["why"]
    assert everywhere(fleet, OLD)


def test_the_overlap(fleet, playbook):
    rows = playbook.run("apply", ecs_access_overlap="1h")
    assert failed(rows) == []
    assert "both keys work" in rows["web-1"]["why"]
    assert everywhere(fleet, OLD)
    for host in fleet.hosts.values():
        host.rotation = host.rotation._replace(since="2026-01-01T00:00:00Z")
    playbook.run("apply", ecs_access_overlap="1h")
    assert nowhere(fleet, OLD)


def test_a_plan_that_has_changed_is_refused(fleet, playbook):
    playbook.run("plan")
    plan = playbook.plan
    fleet.hosts["web-1"].keys["eve"] = {OLD: ""}
    rows = playbook.run("apply", ecs_access_plan=plan)
    assert failed(rows) == ["web-1", "web-2", "web-3"]
    assert fleet.writes == []


def test_a_batch_that_fails_is_the_last_one(fleet, playbook):
    fleet.hosts["web-1"].stubborn = True
    rows = playbook.run("apply", serial=1)
    assert failed(rows) == ["web-1"]
    assert rows["web-1"]["refused"] == "no"
    assert "sshd still accepts it" in rows["web-1"]["why"]
    assert OLD in fleet.hosts["web-2"].keys["root"]
    assert sorted(fleet.pairs) == ["team", "team-2"]


def test_what_names_the_pair_keeps_it(fleet, playbook):
    fleet.templates = ["lt-1 web"]
    assert failed(playbook.run("apply")) == []
    assert nowhere(fleet, OLD)
    assert sorted(fleet.pairs) == ["team", "team-2"]


def test_an_instance_that_is_bound_to_another_pair_keeps_that(fleet, playbook):
    fleet.pairs["other"] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO8wYMOdond7NfyrYRxXB+EX63TVAoZRsLQhDq6OCGvN"
    fleet.hosts["web-3"].pair = "other"
    assert failed(playbook.run("apply")) == []
    assert fleet.hosts["web-3"].pair == "other"
    assert (everywhere(fleet, NEW), nowhere(fleet, OLD)) == (True, True)


def test_verify(fleet, playbook):
    rows = playbook.run("verify")
    assert failed(rows) == ["web-1", "web-2", "web-3"]
    playbook.run("apply")
    fleet.writes.clear()
    fleet.pairs["team"] = OLD
    assert failed(playbook.run("verify")) == []
    assert fleet.writes == []


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        pytest.param({OLD: "", NEW: 'command="/bin/false"'}, "the new key is already there for deploy, with other options", id="a narrower new key"),
        pytest.param({OLD: "cert-authority"}, "is a certificate authority for deploy", id="an authority"),
    ],
)
def test_what_the_new_key_cannot_take_over_is_refused_in_the_plan(fleet, playbook, keys, sentence):
    fleet.hosts["web-2"].keys["deploy"] = dict(keys)
    fleet.pairs["team-2"] = NEW
    for mode in ("plan", "apply"):
        rows = playbook.run(mode)
        assert failed(rows) == ["web-2"]
        assert sentence in rows["web-2"]["why"]
    assert fleet.hosts["web-2"].keys == {"root": {OLD: ""}, "deploy": keys}
    assert everywhere(fleet, OLD)


@pytest.mark.parametrize("rotation", [{"since": "9999-12-31T23:59:59Z"}, {"since": "2999-01-01T00:00:00Z"}, "text", None])
def test_a_host_that_lies_about_the_overlap_is_named(fleet, playbook, rotation):
    fleet.lies["web-3", "access_rotation", "start"] = {"rotation": rotation}
    rows = playbook.run("apply")
    assert failed(rows) == ["web-3"]
    assert "no valid time" in rows["web-3"]["why"]
    assert "because web-3 is not proven" in rows["web-1"]["why"]
    assert everywhere(fleet, OLD)


def test_a_new_key_that_is_taken_out_again_is_noticed(fleet, playbook):
    """The host answers that it was added."""
    fleet.lies["web-2", "ssh_access", None] = {"changed": True, "actions": []}
    fleet.hosts["web-2"].keys["ben"] = {NEW: ""}
    rows = playbook.run("apply")
    assert failed(rows) == ["web-2"]
    assert "the new key is not in a key file of deploy" in rows["web-2"]["why"]
    assert everywhere(fleet, OLD) is False
    assert OLD in fleet.hosts["web-2"].keys["deploy"]


def test_another_run_takes_the_new_key_out_before_the_old_one_goes(fleet, playbook, monkeypatch):
    decide = rotate_key_pair.decide_step

    def meanwhile(tools):
        for host in fleet.hosts.values():
            for keys in host.keys.values():
                keys.pop(NEW, None)
        return decide(tools)

    monkeypatch.setattr(rotate_key_pair, "decide_step", meanwhile)
    playbook.run("apply")
    assert everywhere(fleet, NEW)
    assert fleet.hosts["web-2"].keys["deploy"] == {NEW: "restrict"}


def test_check_mode_before_anything_is_added(fleet, playbook):
    rows = playbook.run("apply", check_mode=True)
    assert (fleet.writes, failed(rows)) == ([], [])
    assert all(row["changed"] and "the new key would be added" in row["why"] for row in rows.values())


def test_check_mode_foresees_that_a_pair_cannot_be_bound(fleet, playbook):
    fleet.without_agent.add("web-3")
    rows = playbook.run("apply", check_mode=True)
    assert (fleet.writes, failed(rows)) == ([], ["web-3"])
    assert "agent is offline" in rows["web-3"]["why"]


def test_check_mode_once_both_keys_work(fleet, playbook):
    playbook.run("apply", ecs_access_overlap="1h")
    fleet.writes.clear()
    waiting = playbook.run("apply", ecs_access_overlap="1h", check_mode=True)
    assert ({row["changed"] for row in waiting.values()}, failed(waiting)) == ({False}, [])
    rows = playbook.run("apply", check_mode=True)
    assert (fleet.writes, failed(rows)) == ([], [])
    assert all(row["changed"] and "the old key would be removed" in row["why"] for row in rows.values())
    assert everywhere(fleet, OLD)
    assert sorted(fleet.pairs) == ["team", "team-2"]


def test_check_mode_fails_where_the_keys_of_a_host_could_not_be_searched(fleet, playbook):
    look = fleet.access_rotation
    fleet.access_rotation = lambda host, arguments: {**look(host, arguments), "unsearched": ["/home/ben does not answer"]}
    foreseen, real = (failed(playbook.run("apply", check_mode=check_mode)) for check_mode in (True, False))
    assert real == foreseen == sorted(fleet.hosts)


def test_the_private_key_decides_whose_public_key_is_imported(fleet, playbook):
    playbook.run("apply", ecs_access_public_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO8wYMOdond7NfyrYRxXB+EX63TVAoZRsLQhDq6OCGvN")
    assert fleet.pairs == {"team-2": NEW}


@pytest.mark.parametrize(("mode", "content", "sentence"), [(0o644, "", "chmod 600"), (0o600, "ssh-rsa AAAA team", "is a public key")])
def test_a_private_key_that_ssh_would_not_use_is_refused(tmp_path, mode, content, sentence):
    path = tmp_path / "key"
    path.write_text(content or "-----BEGIN OPENSSH PRIVATE KEY-----")
    path.chmod(mode)
    with pytest.raises(rotate_key_pair.StepFailed, match=sentence):
        rotate_key_pair._check_usable(SimpleNamespace(path=lambda name: str(path)))


def test_a_private_key_that_has_the_name_of_the_pair(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "team").write_text("-----BEGIN OPENSSH PRIVATE KEY-----")
    tools = SimpleNamespace(get=lambda name: "team", path=lambda name: str(tmp_path / "team"))
    with pytest.raises(rotate_key_pair.StepFailed, match=r"holds a private key.*if the key pair team is meant, start the run in a folder without a file of"):
        rotation_keys.check_old_key(tools)


def test_a_plan_is_compared_as_long_as_one_host_is_left(fleet, playbook, monkeypatch):
    """In one region the old pair has been deleted, in another one not yet."""
    look = rotation_keys.of_host
    gone = {"problem": "there is no key pair team", "missing": True, "old_name": "team"}
    monkeypatch.setattr(rotation_keys, "of_host", lambda tools: {**look(tools), **(gone if tools.host == "web-1" else {})})
    fleet.lies["web-1", "access_rotation", None] = {"ended": {"ended": "2026-01-01T00:00:00Z"}}
    rows = playbook.run("apply", ecs_access_plan="0123456789abcdef")
    assert {row["why"] for row in rows.values()} == {"the plan has changed"}
    assert fleet.writes == []


@pytest.mark.parametrize("given", [[NEW], NEW, [fingerprint(NEW)]])
def test_a_new_key_that_the_team_file_revokes(fleet, playbook, monkeypatch, given):
    monkeypatch.setattr(rotation_keys, "holders_in_team", lambda tools, fingerprint: [])
    fleet.pairs["team-2"] = NEW
    rows = playbook.run("apply", ssh_users_revoked_keys=given)
    assert {row["why"] for row in rows.values()} == {"the team file revokes the new key (ssh_users_revoked_keys); take it out there first"}
    assert fleet.writes == []
    assert failed(playbook.run("apply", ssh_users_revoked_keys=[OLD])) == []


def test_hosts_of_batches_that_were_not_begun_are_not_done(fleet, playbook):
    """The plan has seen them, and no more."""
    fleet.lies[("web-1", "ssh_access", None)] = {"failed": True, "msg": "the disk is full"}
    rows = complete(playbook.run("apply", serial=1), list(fleet.hosts))
    assert {row["host"]: row["why"] for row in rows} == {"web-1": "the disk is full", "web-2": "not tried yet", "web-3": "not tried yet"}
    assert statistics(rows, {}, "")["done"] == 0
    fleet.lies.clear()
    fleet.hosts["web-1"].stubborn = True
    rows = complete(playbook.run("apply", serial=1), list(fleet.hosts))
    assert {row["host"]: (row["refused"], row["login"]) if "refused" in row else row["why"] for row in rows} == {
        "web-1": ("no", True), "web-2": "not tried yet", "web-3": "not tried yet",
    }  # fmt: skip
    fleet.hosts["web-1"].stubborn = False
    assert statistics(complete(playbook.run("apply", serial=1), list(fleet.hosts)), {}, "")["done"] == 3


@pytest.mark.parametrize("mode", ["plan", "apply", "verify"])
def test_a_key_that_nothing_knows_is_no_success(fleet, playbook, mode):
    """Every host would be done, and in apply a new key pair made for nobody."""
    mistyped = "SHA256:" + "A" * 43
    playbook.run(mode, ecs_access_old_key=mistyped)
    assert playbook.planned["failed"] and "Is ecs_access_old_key right?" in playbook.planned["msg"]
    assert (fleet.writes, playbook.plan) == ([], "")
    playbook.run(mode, ecs_access_old_key=fingerprint(OLD))
    assert not playbook.planned.get("failed")


def test_a_pair_that_cannot_be_deleted_leaves_no_clean_result(fleet, playbook, tmp_path, monkeypatch):
    refused = {"failed": True, "msg": "Forbidden.RAM"}
    make = fleet.ecs_key_pair
    monkeypatch.setattr(fleet, "ecs_key_pair", lambda arguments, check: refused if arguments.get("state") == "absent" else make(arguments, check))
    rows = playbook.run("apply")
    assert not any(row["failed"] for row in rows.values())
    assert RunStore(str(tmp_path / "run-1")).read("incomplete") is True
