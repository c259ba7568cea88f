# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of variables, and days."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.variables import earliest, latest, layer_names, misspelled, parse_until

MAY = datetime.date(2027, 5, 1)
JUNE = datetime.date(2027, 6, 1)


def test_layers_come_in_the_order_of_their_names():
    assert layer_names(["ssh_users_accounts__z", "x", "ssh_users_accounts__build"]) == [
        "ssh_users_accounts",
        "ssh_users_accounts__build",
        "ssh_users_accounts__z",
        "ssh_users_group_accounts",
        "ssh_users_host_accounts",
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ssh_users_acounts", "ssh_users_accounts?"),
        ("ssh_users_accounts_build", "ssh_users_accounts__build?"),
        ("ssh_users_group_account", "ssh_users_group_accounts?"),
        ("ssh_users_account__build", "ssh_users_accounts__build?"),
        ("ssh_user_accounts", "ssh_users_accounts?"),
        ("ssh_users_acess", "ssh_users_access?"),
    ],
)
def test_a_misspelled_layer_is_named_with_what_was_meant(name, meant):
    (problem,) = misspelled([name, "ssh_users_accounts", "ssh_users_accounts__x", "other"])
    assert name in problem.text
    assert problem.text.endswith(meant)


@pytest.mark.parametrize(("value", "day"), [("2027-05-01", MAY), (MAY, MAY), (" 2027-05-01 ", MAY), (None, None)])
def test_the_last_day(value, day):
    problems = []
    assert parse_until("x", {"until": value}, problems) == day
    assert problems == []


@pytest.mark.parametrize("value", ["tomorrow", "2027-13-01", 20270501, datetime.datetime(2027, 5, 1, 12), "1970-01-01", ["2027-05-01"]])
def test_what_is_no_day_is_told(value):
    problems = []
    assert parse_until("anna", {"until": value}, problems) is None
    assert problems[0].text.startswith("anna: until must be a day such as 2027-01-31")


def test_none_is_no_end():
    assert (earliest(None, JUNE, MAY), earliest(None), latest([MAY, JUNE]), latest([MAY, None]), latest([])) == (MAY, None, JUNE, None, None)
