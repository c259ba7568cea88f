# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a rotation, one after the other, on pictures of hosts."""

from __future__ import annotations

import pytest

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
