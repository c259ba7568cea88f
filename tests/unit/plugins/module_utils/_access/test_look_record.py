# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record in a run: enlarged before anything is done, exact afterwards, and left alone where it is a newer version's."""

import json

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import look_record, record_files
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.guard import Login
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.look_record import Ledger
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.record_files import PATH
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.state import Plan, UserView
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.account_files import Passwd
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.accounts import Account

PARAMS = {"owner": "one", "unlisted": "report", "unlisted_max": 3, "protected": ["root"], "allow_no_users": False, "instance_id": "i-1"}
A = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO8wYMOdond7NfyrYRxXB+EX63TVAoZRsLQhDq6OCGvN"


@pytest.fixture
def disk(monkeypatch):
    """The file and what happens to it."""
    files = {"record": None, "aside": 0, "writes": []}

    def write(content):
        files["record"] = content
        files["writes"].append(json.loads(content))

    monkeypatch.setattr(record_files, "read_record_file", lambda: files["record"])
    monkeypatch.setattr(record_files, "write_record_file", write)
    monkeypatch.setattr(record_files, "set_aside", lambda: files.__setitem__("aside", files["aside"] + 1))
    monkeypatch.setattr(look_record, "read_passwd", lambda: Passwd({name: Account(name, 1001, 1001, "", "/", "/bin/sh") for name in ("ann", "bob")}, []))
    monkeypatch.setattr(look_record, "read_shadows", dict)
    return files


def run(*names, params=None):
    """One run with these users; answers the ledger."""
    ledger = Ledger(params or PARAMS, Login(False))
    wanted = parse_wanted({"users": [{"name": name, "authorized_keys": [A]} for name in names]})
    ledger.extend(wanted)
    after = {name: UserView(name, True, 1001) for name in ("ann", "bob")}
    plan = Plan((), {}, after, {}, {}, {}, ())
    ledger.open(plan)
    ledger.close(plan, after)
    return ledger


def owned(content):
    return {name: sorted(given["keys"]) for name, given in content["owners"]["one"].items()}


def test_a_killed_run_forgets_nothing_that_it_gives_or_that_was_given(disk):
    assert run("ann").answer() == {"path": PATH, "owner": "one", "state": "missing", "unlisted": [], "removed": [], "notes": []}
    disk["writes"].clear()
    ledger = run("bob")
    assert [owned(content) for content in disk["writes"]] == [{"ann": [A], "bob": [A]}, {"ann": [], "bob": [A]}]
    assert ledger.answer()["unlisted"] == ["ann"]


def test_a_quiet_run_writes_nothing(disk):
    run("ann")
    disk["writes"].clear()
    run("ann")
    assert disk["writes"] == []


def test_what_another_owner_has_is_kept(disk):
    run("ann")
    run("bob", params={**PARAMS, "owner": "two"})
    assert {owner: set(given) for owner, given in disk["writes"][-1]["owners"].items()} == {"one": {"ann"}, "two": {"bob"}}


@pytest.mark.parametrize(("content", "state", "aside"), [(b"{", "damaged", 1), (b'{"format": 2}', "future", 0)])
def test_a_record_that_is_not_usable_is_reported(disk, content, state, aside):
    disk["record"] = content
    ledger = run("ann")
    assert (ledger.answer()["state"], disk["aside"]) == (state, aside)
    assert ledger.notes[0].startswith(f"the record {PATH} ")
    assert (disk["record"] == content) is (state == "future")
