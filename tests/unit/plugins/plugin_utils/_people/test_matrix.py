# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix of people and hosts, and what is wrong."""

from __future__ import annotations

import datetime
import time

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.answer import describe_people
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.matrix import make_matrix
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.people_of_host import Host

from .teams import ANNA, BEN, EMIL, team_of

TODAY = datetime.date(2027, 1, 31)
PEOPLE = [
    {"name": "anna", "authorized_keys": [ANNA]},
    {"name": "ben", "authorized_keys": [BEN]},
    {"name": "emil", "authorized_keys": [EMIL], "until": "2027-06-01"},
]
HOSTS = [Host("web-1", ("web",)), Host("web-2", ("web",)), Host("db-1", ("db",))]
INVENTORY = {"web": ["web-1", "web-2"], "db": ["db-1"]}


def matrix(**variables):
    team = team_of(**{"accounts": PEOPLE, **variables})
    return make_matrix([(host, team) for host in HOSTS], INVENTORY, TODAY)


def test_hosts_that_are_alike_share_a_column():
    found = matrix(access=[{"users": ["anna"], "hosts": "all", "sudo": "nopasswd"}, {"users": ["ben", "emil"], "hosts": "db", "sudo_commands": ["/bin/ls"]}])
    assert [(column.hosts, column.cells) for column in found.columns] == [
        (("web-1", "web-2"), {"anna": "R"}),
        (("db-1",), {"anna": "R", "ben": "S", "emil": "S until 2027-06-01"}),
    ]
    assert (found.people, found.errors, found.warnings) == (("anna", "ben", "emil"), (), ())


def test_a_rule_without_a_host_is_a_warning_unless_it_is_required():
    rules = [{"users": ["anna"], "hosts": "all"}, {"users": ["ben"], "hosts": "web:&db"}]
    found = matrix(access=[*rules, {"users": ["ben"], "hosts": "web:&db", "required": True}])
    assert found.warnings == ("ssh_users_access[1]: web:&db matches no host",)
    assert found.errors == ("ssh_users_access[2]: web:&db matches no host",)
    assert found.unusable == {}


RULE = {"access": [{"users": ["anna"], "hosts": "all"}]}
KEY = {"accounts": [PEOPLE[0], {"name": "ben", "authorized_keys": [{"key": BEN, "hosts": "gone"}]}]}


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        pytest.param({"access": [{"users": ["anna"], "hosts": "web:!gone"}]}, "ssh_users_access[0]: the inventory has no group or host gone", id="left out"),
        pytest.param({"access": [{"users": ["anna"], "hosts": "gone"}]}, "ssh_users_access[0]: the inventory has no group or host gone", id="a whole rule"),
        pytest.param({**KEY, **RULE}, "the inventory has no group or host gone", id="of a key"),
    ],
)
def test_what_stops_a_run_is_an_error(variables, sentence):
    found = matrix(**variables)
    (error,) = found.errors
    assert sentence in error
    assert found.warnings == ()
    assert found.unusable == dict.fromkeys(("web-1", "web-2", "db-1"), found.errors)


def test_a_limit_says_nothing_about_rules():
    team = team_of(accounts=PEOPLE, access=[{"users": ["anna"], "hosts": "db", "required": True}])
    found = make_matrix([(HOSTS[0], team)], INVENTORY, TODAY)
    assert (found.errors, found.warnings, found.unusable) == ((), (), {})


def test_overrides_of_nobody_are_named():
    assert "changes a person whom no list has" in matrix(host_accounts=[{"name": "carl", "sudo": "nopasswd"}]).notes[0]


def test_sixty_people_twelve_rules_and_two_thousand_hosts():
    people = [{"name": f"p{number}"} for number in range(60)]
    rules = [{"users": [f"p{number + rule * 5}" for number in range(5)], "hosts": f"g{rule}:&prod:!~x.*9$"} for rule in range(12)]
    team = team_of(accounts=people, access=rules)
    hosts = [Host(f"host-{number}", (f"g{number % 20}", "prod", "all")) for number in range(2000)]
    began = time.process_time()
    inventory = {group: [host.name for host in hosts if group in host.groups] for group in ("prod", *(f"g{number}" for number in range(20)))}
    found = make_matrix([(host, team) for host in hosts], inventory, TODAY)
    assert time.process_time() - began < 5
    assert len(found.columns) == 13


def test_matrix_and_hosts_agree_on_sixty_people_in_eight_teams_five_layers_and_twelve_rules():
    names = [f"p{number}" for number in range(60)]
    layers = [
        [{"name": name} for name in names[:40]],
        [{"name": name, "state": "present"} for name in names[40:]],
        [{"name": "p1", "state": "locked"}, {"name": "p2", "state": "absent"}],
        [{"name": "p3", "until": "2026-12-31"}, {"name": "p4", "until": "2027-06-01"}],
        [{"name": "nobody", "comment": "not listed"}],
    ]
    teams = {f"t{number}": names[number::8] for number in range(8)}
    rights = [{"until": "2027-01-28"}, {"sudo": "nopasswd"}, {"until": "2027-02-28"}]
    rules = [{"users": [f"t{number % 8}", names[number]], "hosts": f"g{number}:&prod", **rights[number % 3]} for number in range(12)]
    levels = {"accounts": layers[0], "accounts__a": layers[1], "accounts__b": layers[2], "group_accounts": layers[3], "host_accounts": layers[4]}
    team = team_of(**levels, teams=teams, access=rules)
    hosts = [Host(f"h{number}", ("prod" if number % 4 else "dev", f"g{number % 13}", f"g{number % 5}")) for number in range(40)]
    inventory = {group: [host.name for host in hosts if group in host.groups] for group in {group for host in hosts for group in host.groups}}
    found = make_matrix([(host, team) for host in hosts], inventory, TODAY)
    assert len(found.columns) > 10
    for column in found.columns:
        expected = {name for name, cell in column.cells.items() if cell[0] in "RSL"}
        for name in column.hosts:
            (host,) = [host for host in hosts if host.name == name]
            variables = {"inventory_hostname": name, "group_names": list(host.groups), "groups": inventory}
            answer = describe_people(team, variables, TODAY)
            assert set(answer["present"]) == expected
            taken = {user["name"] for user in answer["users"] if user.get("state", "present") != "present" or user["name"] not in expected}
            assert taken == set(column.cells) - expected
