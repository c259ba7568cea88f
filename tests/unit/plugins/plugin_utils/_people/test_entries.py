# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries: one specification for all lists, and how the lists are joined."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.entries import Key, read_persons

from .teams import ANNA, BEN, no_file


def read(**lists):
    problems = []
    persons = read_persons({f"ssh_users_{name}": entries for name, entries in lists.items()}, no_file, problems)
    return persons, [problem.text for problem in problems]


def test_lists_are_joined_and_of_other_options_the_last_counts():
    persons, problems = read(
        accounts=[{"name": "anna", "groups": ["dev"], "shell": "/bin/sh", "authorized_keys": [ANNA]}],
        accounts__b=[{"name": "anna", "groups": ["web"], "shell": "/bin/zsh"}],
        accounts__a=[{"name": "anna", "groups": ["ops"], "shell": "/bin/ksh"}],
        host_accounts=[{"name": "anna", "authorized_keys": [BEN]}],
    )
    assert problems == []
    assert persons["anna"].options == {"name": "anna", "groups": ["dev", "ops", "web"], "shell": "/bin/zsh"}
    assert persons["anna"].keys == (Key(ANNA), Key(BEN))


@pytest.mark.parametrize(
    ("states", "result"),
    [
        (["present", "absent", "present"], "absent"),
        (["locked", "present"], "locked"),
        (["absent", "locked"], "absent"),
        (["present"], "present"),
        ([None], "present"),
    ],
)
def test_absent_wins_over_everything_then_locked(states, result):
    lists = dict(zip(["accounts", "group_accounts", "host_accounts"], ([{"name": "anna", "state": state}] for state in states)))
    assert read(**lists)[0]["anna"].state == result


@pytest.mark.parametrize(
    ("entry", "creates"),
    [
        ({"sudo": "nopasswd"}, False),
        ({"authorized_keys": []}, False),
        ({"authorized_keys": [{"key": ANNA, "state": "absent"}]}, False),
        ({"authorized_keys": [ANNA]}, True),
        ({"state": "present"}, True),
        ({"account": "existing"}, True),
        ({"state": "locked"}, False),
    ],
)
def test_an_entry_of_a_layer_creates_only_with_keys_present_or_existing(entry, creates):
    for layer in ("accounts__x", "group_accounts", "host_accounts"):
        assert read(**{layer: [{"name": "carl", **entry}]})[0]["carl"].listed is creates
    assert read(accounts=[{"name": "carl", **entry}])[0]["carl"].listed is True


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("anna", "ssh_users_accounts[0] must be a dictionary with a name, not 'anna'"),
        ({"nam": "anna"}, "ssh_users_accounts[0] has no name; every account needs one"),
        ({"name": None}, "ssh_users_accounts[0] has no name; every account needs one"),
        ({"name": 1234}, "ssh_users_accounts[0]: name must be a text, not the number 1234"),
        ({"name": True}, "ssh_users_accounts[0]: name must be a text, not true; quote it"),
        ({"name": "anna", "sudo": True}, "ssh_users_accounts[0] (anna): sudo must be none or password or nopasswd, not true"),
        (
            {"name": "anna", "authorized_keys": ["keys/anna.pub"]},
            "ssh_users_accounts[0] (anna): authorized_keys[0] is the name of a file; write it as {file: keys/anna.pub}",
        ),
        ({"name": "anna", "shel": "/bin/sh"}, "ssh_users_accounts[0] (anna): unknown option shel; did you mean shell?"),
        ({"name": "anna", "state": "gone"}, "ssh_users_accounts[0] (anna): state must be present or locked or absent, not 'gone'"),
        ({"name": "anna", "uid": "x"}, "ssh_users_accounts[0] (anna): uid must be a number, not 'x'"),
        ({"name": "anna", "groups": {"a": 1}}, "ssh_users_accounts[0] (anna): groups must be a list, not a dictionary"),
        ({"name": "anna", "exclusive": "maybe"}, "ssh_users_accounts[0] (anna): exclusive must be true or false, not 'maybe'"),
        ({"name": "anna", "create": False}, "ssh_users_accounts[0] (anna): unknown option create"),
        (
            {"name": "anna", "authorized_keys": [{"kee": ANNA}]},
            "ssh_users_accounts[0] (anna): authorized_keys[0] must be a key line, or a dictionary with key or with file",
        ),
        (
            {"name": "anna", "authorized_keys": [{"file": "keys/anna.pub"}]},
            "ssh_users_accounts[0] (anna): authorized_keys[0]: the key file keys/anna.pub cannot be read: No such file or directory",
        ),
        ({"name": "anna", "until": "soon"}, "ssh_users_accounts[0] (anna): until must be a day such as 2027-01-31, the last one that counts, not 'soon'"),
    ],
)
def test_what_is_wrong_says_what_and_where(entry, sentence):
    assert any(problem.startswith(sentence) for problem in read(accounts=[entry])[1])


def test_all_lists_are_checked_alike_and_to_the_end():
    persons, problems = read(accounts="anna", accounts__x=[{"name": "b", "x": 1}, {"name": "b"}], host_accounts=[{"name": "c", "uid": []}, {"name": "d"}])
    assert [problem.split(" ")[0] for problem in problems] == [
        "ssh_users_accounts",
        "ssh_users_accounts__x[0]",
        "ssh_users_accounts__x[1]",
        "ssh_users_host_accounts[0]",
    ]
    assert set(persons) == {"b", "c", "d"}


def test_a_byte_order_mark_is_no_part_of_a_key():
    (key,) = read(accounts=[{"name": "anna", "authorized_keys": [f"\ufeff{ANNA}\r\n"]}])[0]["anna"].keys
    assert key.text == ANNA


def test_a_file_of_several_keys_is_several_keys():
    persons, _problems = read(accounts=[{"name": "anna", "authorized_keys": [f"# two\n{ANNA}\n\n{BEN}\n", {"key": BEN, "until": "2027-01-31", "options": ""}]}])
    assert [key.text for key in persons["anna"].keys] == [ANNA, BEN, BEN]
