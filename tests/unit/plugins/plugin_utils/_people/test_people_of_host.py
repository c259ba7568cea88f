# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a host's people are on a day."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.people_of_host import Host, people_of

from .teams import ANNA, BEN, EMIL, team_of

TODAY = datetime.date(2027, 1, 31)
WEB = Host("web-1", ("role_web", "env_prod"))
DB = Host("db-1", ("role_db", "env_prod"))
PEOPLE = [{"name": "anna", "authorized_keys": [ANNA]}, {"name": "ben", "authorized_keys": [BEN]}, {"name": "emil", "authorized_keys": [EMIL]}]


def people(host=WEB, today=TODAY, **variables):
    team = team_of(**{"accounts": PEOPLE, **variables})
    assert team.blocking == []
    return people_of(team, host, today)


def users(host=WEB, today=TODAY, **variables):
    return {entry["name"]: entry for entry in people(host, today, **variables).users}


def states(found):
    return {standing.name: (standing.state, standing.sudo) for standing in found.standings}


def test_without_rules_everybody_is_everywhere_as_they_are_written():
    assert people().users == tuple({"name": entry["name"], "authorized_keys": entry["authorized_keys"]} for entry in PEOPLE)


def test_with_rules_people_are_where_a_rule_covers_them():
    access = [
        {"users": ["anna"], "hosts": "env_prod", "sudo": "nopasswd"},
        {"users": ["emil"], "hosts": "role_db:&env_prod", "sudo_commands": ["/usr/bin/pg_ctl"]},
    ]
    assert states(people(WEB, access=access)) == {"anna": ("present", "root"), "ben": ("elsewhere", ""), "emil": ("elsewhere", "")}
    assert states(people(DB, access=access)) == {"anna": ("present", "root"), "ben": ("elsewhere", ""), "emil": ("present", "some")}
    assert users(DB, access=access)["emil"]["sudo_commands"] == ["/usr/bin/pg_ctl"]


def test_a_right_that_no_rule_gives_is_none():
    assert users(access=[{"users": ["anna"], "hosts": "all"}])["anna"]["sudo"] == "none"


def test_each_rule_becomes_a_line_in_the_order_of_the_rules():
    access = [
        {"users": ["anna"], "hosts": "all", "sudo": "nopasswd", "groups": ["web"]},
        {"users": ["anna"], "hosts": "role_web", "sudo": "password", "sudo_commands": ["/bin/ls"], "groups": ["docker", "web"]},
        {"users": ["anna"], "hosts": "role_db", "sudo": "nopasswd", "sudo_runas": "postgres"},
    ]
    entry = users(access=access)["anna"]
    assert entry["sudo_rules"] == [{"sudo": "nopasswd"}, {"sudo": "password", "commands": ["/bin/ls"]}]
    assert entry["groups"] == ["web", "docker"]
    assert "sudo" not in entry


@pytest.mark.parametrize(("today", "state"), [("2027-01-30", "present"), ("2027-01-31", "present"), ("2027-02-01", "expired")])
@pytest.mark.parametrize("where", ["person", "rule", "key"])
def test_until_is_the_last_day(today, state, where):
    entry = {"name": "emil", "authorized_keys": [{"key": EMIL, **({"until": TODAY} if where == "key" else {})}]}
    rule = {"users": ["emil"], "hosts": "all", "sudo": "nopasswd"}
    {"person": entry, "rule": rule, "key": {}}[where]["until"] = TODAY
    found = people(today=datetime.date.fromisoformat(today), accounts=[entry], access=[rule])
    assert found.standings[0].state == state
    assert found.present == (["emil"] if state == "present" else [])
    assert found.notes == (("emil: expired since 2027-02-01",) if state == "expired" else ())


def test_the_host_itself_ends_account_key_and_sudo():
    entry = users(accounts=[PEOPLE[0], {**PEOPLE[2], "until": "2027-03-01"}], access=[{"users": ["emil"], "hosts": "all", "sudo": "password"}])["emil"]
    assert entry["expires"] == "2027-03-02"
    assert entry["authorized_keys"] == [{"key": EMIL, "until": "2027-03-01"}]
    assert entry["sudo_rules"] == [{"sudo": "password", "until": "2027-03-01"}]


def test_an_account_of_a_directory_ends_by_its_keys_and_its_sudo():
    entry = users(accounts=[{**PEOPLE[2], "account": "existing", "sudo": "nopasswd", "until": "2027-03-01"}])["emil"]
    assert "expires" not in entry
    assert entry["authorized_keys"] == [{"key": EMIL, "until": "2027-03-01"}]
    assert entry["sudo_rules"] == [{"sudo": "nopasswd", "until": "2027-03-01"}]


def test_the_account_ends_with_the_last_of_its_rules_and_each_line_with_its_own():
    access = [{"users": ["emil"], "hosts": "all", "until": "2027-06-01"}, {"users": ["emil"], "hosts": "all", "sudo": "nopasswd", "until": "2027-03-01"}]
    entry = users(access=access)["emil"]
    assert entry["expires"] == "2027-06-02"
    assert entry["sudo_rules"] == [{"sudo": "nopasswd", "until": "2027-03-01"}]
    assert "expires" not in users(access=[*access, {"users": ["emil"], "hosts": "all"}])["emil"]


def test_a_rule_that_has_ended_gives_nothing():
    access = [{"users": ["emil"], "hosts": "all", "sudo": "nopasswd", "until": "2027-01-01"}, {"users": ["emil"], "hosts": "all"}]
    assert users(access=access)["emil"] == {"name": "emil", "authorized_keys": [EMIL], "sudo": "none"}


def test_somebody_whose_access_ended_is_not_made_and_keeps_nothing():
    entry = users(accounts=[{**PEOPLE[2], "sudo": "nopasswd", "until": "2027-01-01"}])["emil"]
    assert entry == {"name": "emil", "authorized_keys": [{"key": EMIL, "until": "2027-01-01"}], "expires": "2027-01-02", "sudo": "none", "create": False}


def test_an_earlier_expiry_of_the_account_stays():
    assert users(accounts=[{**PEOPLE[2], "until": "2027-06-01", "expires": "2027-03-01"}])["emil"]["expires"] == "2027-03-01"


def test_absent_and_locked_hold_on_every_host():
    lists = {
        "access": [{"users": ["ben"], "hosts": "role_db"}],
        "accounts": [{**PEOPLE[0], "state": "absent", "remove_home": True}, {**PEOPLE[1], "state": "locked"}],
    }
    assert people(WEB, **lists).users == ({"name": "anna", "state": "absent", "remove_home": True}, {"name": "ben", "state": "locked", "create": False})
    assert people(DB, **lists).users[1] == {"name": "ben", "state": "locked", "authorized_keys": [BEN]}
    assert people(DB, **lists).present == []


def test_a_layer_locks_and_removes_and_changes_nobody_who_is_not_listed():
    found = people(
        accounts=[PEOPLE[0]], host_accounts=[{"name": "zoe", "state": "locked"}, {"name": "old", "state": "absent"}, {"name": "carl", "sudo": "nopasswd"}]
    )
    assert found.users[1:] == ({"name": "zoe", "state": "locked", "create": False}, {"name": "old", "state": "absent"})
    assert found.notes[0].startswith("carl: ssh_users_host_accounts[2] (carl) changes a person whom no list has")


def test_addresses_are_joined_unless_a_rule_gives_access_from_everywhere():
    access = [{"users": ["anna"], "hosts": "all", "from": ["10.0.0.0/8"]}, {"users": ["anna"], "hosts": "all", "from": "192.0.2.1"}]
    assert users(access=access)["anna"]["authorized_keys"] == [{"key": ANNA, "from": ["10.0.0.0/8", "192.0.2.1"]}]
    assert users(access=[*access, {"users": ["anna"], "hosts": "all"}])["anna"]["authorized_keys"] == [ANNA]


def test_addresses_that_end_on_different_days_cannot_be_one_line():
    access = [{"users": ["anna"], "hosts": "all", "from": ["10.0.0.0/8"], "until": "2027-06-01"}, {"users": ["anna"], "hosts": "all", "from": "192.0.2.1"}]
    (problem,) = people(access=access).problems
    assert problem.startswith("anna: ssh_users_access[0] and ssh_users_access[1] differ in from and in until")


def test_a_protected_account_does_not_expire():
    found = people(accounts=[{**PEOPLE[0], "until": "2027-06-01"}], protected=["anna"])
    assert "expires" not in found.users[0]
    assert found.notes == ("anna: in ssh_users_protected, so the account does not expire on 2027-06-01",)


@pytest.mark.parametrize("more", [{"until": "2027-01-30"}, {"authorized_keys": [{"key": ANNA, "until": "2027-01-30"}]}])
def test_a_protected_account_has_not_expired_the_day_after_either(more):
    """root, for one, could not log in on any host, nor could a rescue account."""
    found = people(accounts=[{**PEOPLE[0], **more}], protected=["anna"])
    assert "expires" not in found.users[0] and found.users[0]["authorized_keys"][0]["until"] == "2027-01-30"
    assert states(found) == {"anna": ("expired", "")}
    assert found.notes[-1] == "anna: in ssh_users_protected, so the account does not expire on 2027-01-30"


def test_root_may_be_among_the_people_without_rights_of_sudo():
    entry = users(accounts=[{"name": "root", "authorized_keys": [ANNA]}], access=[{"users": ["root"], "hosts": "all"}])["root"]
    assert entry == {"name": "root", "authorized_keys": [ANNA]}


def test_a_key_with_hosts_is_on_these_alone():
    accounts = [{"name": "anna", "authorized_keys": [ANNA, {"key": BEN, "hosts": ["web-1", "role_db:!db-1"], "options": "restrict"}]}]
    assert users(WEB, accounts=accounts)["anna"]["authorized_keys"] == [ANNA, {"key": BEN, "options": "restrict"}]
    assert users(DB, accounts=accounts)["anna"]["authorized_keys"] == [ANNA]


def test_without_a_key_for_a_host_the_keys_there_are_not_managed():
    accounts = [{"name": "anna", "authorized_keys": [{"key": ANNA, "hosts": "web-1"}]}]
    assert users(DB, accounts=accounts)["anna"] == {"name": "anna"}


def test_one_key_may_have_other_options_on_other_hosts_only():
    keys = [{"key": ANNA, "hosts": "web-1"}, {"key": ANNA, "hosts": "db-1", "options": "restrict"}]
    assert users(DB, accounts=[{"name": "anna", "authorized_keys": keys}])["anna"]["authorized_keys"] == [{"key": ANNA, "options": "restrict"}]
    team = team_of(accounts=[{"name": "anna", "authorized_keys": [ANNA, keys[1]]}])
    assert ["the same key is listed before with another state or other options" in text for text in team.blocking] == [True]


@pytest.mark.parametrize(
    ("hosts", "part"),
    [
        ({"a": 1}, "hosts must be a host pattern or a list of them"),
        ([1], "hosts must be a host pattern or a list of them"),
        ("web[0]", "has a subscript"),
        ("", "is empty"),
        ([], "is empty"),
    ],
)
def test_hosts_of_a_key_that_are_none(hosts, part):
    (problem,) = team_of(accounts=[{"name": "anna", "authorized_keys": [{"key": ANNA, "hosts": hosts}]}]).blocking
    assert part in problem
