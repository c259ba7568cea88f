# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole team: what is wrong is told at once."""

from __future__ import annotations

import pytest

from .teams import ANNA, BEN, WEAK, team_of


def test_all_errors_are_told_at_once():
    team = team_of(
        accounts=[
            {"name": "anna", "authorized_keys": [ANNA], "uid": 2001, "shel": "x"},
            {"name": "ben", "authorized_keys": [ANNA], "uid": 2001},
            {"name": "weak", "authorized_keys": [WEAK]},
            {"name": "broken", "authorized_keys": ["ssh-ed25519 AAAA"]},
        ],
        acess=[],
        access=[{"users": ["ana"], "hosts": "all"}],
        unlisted="delete",
    )
    told = "\n".join(problem.text for problem in team.problems)
    for word in (
        "unknown option shel",
        "is also anna's",
        "uid 2001 is also anna's",
        "is weak",
        "(broken): authorized_keys[0]",
        "ana is neither",
        "did you mean ssh_users_access",
        "must be report, lock or remove",
    ):
        assert word in told, told


def test_one_key_of_two_people_and_a_weak_key_do_not_stop_a_run():
    team = team_of(accounts=[{"name": "anna", "authorized_keys": [ANNA]}, {"name": "ben", "authorized_keys": [ANNA]}])
    assert (len(team.problems), team.blocking) == (1, [])


def test_accounts_of_one_person_may_share_a_key():
    team = team_of(
        accounts=[
            {"name": "anna", "aliases": ["anna@corp"], "authorized_keys": [ANNA]},
            {"name": "anna@corp", "account": "existing", "authorized_keys": [ANNA]},
        ]
    )
    assert team.problems == ()


@pytest.mark.parametrize("word", ["sudo", "sudo_commands"])
def test_a_right_beside_rules_names_the_rule_to_write(word):
    value = "nopasswd" if word == "sudo" else ["/bin/ls"]
    team = team_of(accounts=[{"name": "anna", "authorized_keys": [ANNA], word: value}], access=[{"users": ["anna"], "hosts": "all"}])
    written = "nopasswd" if word == "sudo" else "[/bin/ls]"
    assert team.blocking == [
        f"ssh_users_accounts[0] (anna): with ssh_users_access, rights stand in its rules; remove {word} from the entry, and write a rule such as "
        f"{{users: [anna], hosts: all, {word}: {written}}}"
    ]


def test_what_the_module_would_refuse_is_told_with_its_place():
    team = team_of(accounts=[{"name": "a b"}], host_accounts=[{"name": "ben", "authorized_keys": [BEN], "home": "x"}])
    assert [text.split(": ")[0] for text in team.blocking] == ["ssh_users_accounts[0] (a b)", "ssh_users_host_accounts[0] (ben)"]


def test_an_empty_team_is_told_and_does_not_stop_a_run_without_people():
    team = team_of(groups=[{"name": "dev"}])
    assert "the team is empty" in team.problems[0].text
    assert team.blocking == []
    assert team.groups == ({"name": "dev"},)


def test_groups_are_joined_and_absent_wins():
    team = team_of(groups=[{"name": "dev", "state": "absent"}], host_groups=[{"name": "dev", "gid": 7, "state": "present"}, {"name": "x"}])
    assert team.groups == ({"name": "dev", "gid": 7, "state": "absent"}, {"name": "x"})


@pytest.mark.parametrize("state", ["absent", "locked"])
def test_a_protected_account_is_never_locked_or_removed(state):
    team = team_of(accounts=[{"name": "breakglass", "state": state}], protected=["breakglass"])
    assert team.blocking == [f"ssh_users_accounts[0] (breakglass): breakglass is in ssh_users_protected and cannot be {state}"]
