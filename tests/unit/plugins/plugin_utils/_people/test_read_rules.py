# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Teams and rules: whom names stand for, and what a rule may say."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.read_rules import SudoLine

from .teams import ANNA, BEN, EMIL, team_of

PEOPLE = [
    {"name": "anna", "aliases": ["asmith", "anna@corp"], "authorized_keys": [ANNA]},
    {"name": "ben", "authorized_keys": [BEN]},
    {"name": "emil", "authorized_keys": [EMIL]},
]


def rules_of(*rules, **others):
    team = team_of(accounts=PEOPLE, access=list(rules), **others)
    return team.rules, [problem.text for problem in team.problems]


def test_names_aliases_and_teams_stand_for_people():
    rules, problems = rules_of({"users": ["all_ops", "emil"], "hosts": "all"}, teams={"ops": ["anna@corp", "ben"], "all_ops": ["ops"]})
    assert problems == []
    assert rules[0].people == {"anna", "ben", "emil"}


def test_no_rules_are_not_an_empty_list_of_rules():
    assert team_of(accounts=PEOPLE).rules is None
    assert team_of(accounts=PEOPLE, access=[]).blocking == [
        "ssh_users_access is empty, so nobody would be on any host; write a rule, or remove the variable to have everybody everywhere"
    ]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("anna", "must be a dictionary such as {users: [anna], hosts: all}"),
        ({"users": ["ana"], "hosts": "all"}, ": ana is neither a person nor a team; did you mean anna?"),
        ({"hosts": "all"}, " names no users; add users: [anna]"),
        ({"users": ["anna"]}, " names no hosts; add hosts: all"),
        ({"users": ["anna"], "hosts": "web[0]"}, ": the pattern 'web[0]' has a subscript"),
        ({"users": ["anna"], "hosts": "all", "sud": "x"}, ": unknown option sud; did you mean sudo?"),
        ({"users": ["anna"], "hosts": "all", "sudo": "yes"}, ": sudo must be none, password or nopasswd, not 'yes'"),
        ({"users": ["anna"], "hosts": "all", "sudo_commands": ["ls"]}, ": 'ls' is not one sudo command"),
        ({"users": ["anna"], "hosts": "all", "sudo_commands": []}, ": sudo_commands is empty"),
        ({"users": ["anna"], "hosts": "all", "sudo": "none", "sudo_commands": ["/bin/ls"]}, ": sudo_commands and sudo_runas need sudo"),
        ({"users": ["anna"], "hosts": "all", "sudo_runas": "a b"}, ": sudo_runas must look like"),
        ({"users": ["anna"], "hosts": "all", "from": ["10.0.0.1/8"]}, ": from has 10.0.0.1/8, which is not a valid network"),
        ({"users": ["anna"], "hosts": "all", "from": ["!10.0.0.1"]}, ": from has a !"),
        ({"users": ["anna"], "hosts": "all", "from": ['10.0.0.1"']}, ": from has a comma, blank or quote"),
        ({"users": ["anna"], "hosts": "all", "until": "never"}, ": until must be a day"),
        ({"users": ["anna"], "hosts": "all", "required": "x"}, ": required must be true or false"),
        ({"users": {"anna": 1}, "hosts": "all"}, ": users must be a list of texts"),
    ],
)
def test_what_is_wrong_in_a_rule_says_what_and_where(rule, sentence):
    _rules, problems = rules_of({"users": ["ben"], "hosts": "all"}, rule)
    assert [problem for problem in problems if problem.startswith("ssh_users_access[1]") and sentence in problem]


@pytest.mark.parametrize(
    ("teams", "sentence"),
    [
        (["ops"], "ssh_users_teams must be a dictionary of lists, such as {ops: [anna, ben]}"),
        ({"ops": "anna"}, "ssh_users_teams: ops must be a list of names"),
        ({"anna": ["ben"]}, "ssh_users_teams: anna is also the name of a person; call the team something else"),
        ({"asmith": ["ben"]}, "ssh_users_teams: asmith is also the name of a person; call the team something else"),
        ({"ops": ["bend"]}, "ssh_users_teams: ops: bend is neither a person nor a team; did you mean ben?"),
        ({"a": ["b"], "b": ["a"]}, "ssh_users_teams: a: the team b contains itself"),
    ],
)
def test_what_is_wrong_in_a_team(teams, sentence):
    assert sentence in rules_of({"users": ["ben"], "hosts": "all"}, teams=teams)[1]


def test_an_alias_of_two_people_is_told():
    team = team_of(accounts=[{"name": "a", "aliases": ["x"]}, {"name": "b", "aliases": ["x"]}])
    assert team.blocking == ["ssh_users_accounts[1] (b): the alias x is also a's"]


@pytest.mark.parametrize(
    ("line", "root"),
    [
        (SudoLine("nopasswd"), True),
        (SudoLine("password", (), "root"), True),
        (SudoLine("nopasswd", ("ALL", "!/bin/su")), True),
        (SudoLine("nopasswd", ("/usr/bin/pg_ctl",)), False),
        (SudoLine("nopasswd", (), "postgres"), False),
        (SudoLine("nopasswd", (), ":adm"), False),
    ],
)
def test_which_line_gives_root(line, root):
    assert line.gives_root is root
