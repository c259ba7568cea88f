# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answer for roles and playbooks, or the sentence why there is none."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.answer import describe_people, tell, unknown_names

from .teams import ANNA, team_of

TODAY = datetime.date(2027, 1, 31)
INVENTORY = {"all": ["web-1", "db-1"], "role_web": ["web-1"]}
ACCOUNTS = [{"name": "anna", "authorized_keys": [ANNA]}]


def answer(**variables):
    return describe_people(team_of(**variables), {"inventory_hostname": "web-1", "group_names": ["role_web"], "groups": INVENTORY}, TODAY)


def test_people_groups_and_notes():
    assert answer(accounts=ACCOUNTS, groups=[{"name": "dev"}], host_accounts=[{"name": "x", "shell": "/bin/sh"}]) == {
        "users": ACCOUNTS,
        "groups": [{"name": "dev"}],
        "present": ["anna"],
        "notes": ["x: ssh_users_host_accounts[0] (x) changes a person whom no list has, so nothing is done; give keys or state: present to create them"],
        "team_is_empty": False,
        "record": {"owner": "default", "unlisted": "report", "unlisted_max": 3, "protected": ["root"], "allow_no_users": True},
    }


def test_whose_file_it_is_and_what_happens_to_those_it_no_longer_lists():
    given = answer(accounts=ACCOUNTS, owner="platform", unlisted="lock", unlisted_max="5", protected=["root", "ecs-user"])["record"]
    assert given == {"owner": "platform", "unlisted": "lock", "unlisted_max": 5, "protected": ["ecs-user", "root"], "allow_no_users": True}
    assert answer(groups=[{"name": "dev"}])["record"]["allow_no_users"] is False
    for wrong in ({"owner": "a b"}, {"unlisted": "delete"}, {"unlisted_max": "x"}, {"unlisted_max": -1}):
        with pytest.raises(ValueError, match=f"ssh_users_{next(iter(wrong))} must be"):
            answer(accounts=ACCOUNTS, **wrong)


def test_everything_that_is_wrong_is_in_one_sentence():
    with pytest.raises(ValueError, match=r"unknown option shel.*; ssh_users_access\[0\]: the inventory has no group or host role_wbe; use the whole inventory"):
        answer(accounts=[{**ACCOUNTS[0], "shel": "x"}], access=[{"users": ["anna"], "hosts": "role_wbe"}])


@pytest.mark.parametrize(("hosts", "unknown"), [("role_web", 0), ("db-1:role_x", 1), ("role_web:&env_x:!y", 2), ("role_*:~x", 0), ("all", 0)])
def test_every_plain_name_must_be_of_the_inventory(hosts, unknown):
    team = team_of(accounts=ACCOUNTS, access=[{"users": ["anna"], "hosts": hosts}])
    assert len(unknown_names(team.rules, {"all", "role_web", "web-1", "db-1"})) == unknown


def test_very_many_problems_are_cut():
    assert tell([f"p{number}" for number in range(30)]).endswith("; p19; and 10 more; the playbook check_team lists all")


def test_a_key_for_a_host_that_the_inventory_lacks():
    team = team_of(accounts=[{"name": "anna", "authorized_keys": [{"key": ANNA, "hosts": "web-9"}]}])
    with pytest.raises(ValueError, match=r"authorized_keys: the inventory has no group or host web-9; use the whole inventory, or correct the entry"):
        describe_people(team, {"inventory_hostname": "web-1", "group_names": [], "groups": {"all": ["web-1"]}}, TODAY)
