# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that combines the role's lists, and the role's specification against the module's."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.alicloud.ecs_access.plugins.filter.merge_by_name import merge_by_name
from ansible_collections.alicloud.ecs_access.plugins.modules import ssh_access

ROLE = Path(__file__).resolve().parents[4] / "roles" / "ssh_users"


def test_lists_are_joined_and_the_most_specific_value_counts():
    everywhere = [{"name": "john", "sudo": "none", "groups": ["dev"]}, {"name": "mary"}]
    group = [{"name": "john", "groups": ["docker"], "authorized_keys": ["k"]}]
    host = [{"name": "wei"}, {"name": "john", "sudo": "nopasswd"}]
    assert merge_by_name(everywhere, group, host) == [
        {"name": "john", "sudo": "nopasswd", "groups": ["dev", "docker"], "authorized_keys": ["k"]},
        {"name": "mary"},
        {"name": "wei"},
    ]
    assert everywhere[0]["groups"] == ["dev"], "the lists that were given stay as they are"


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["absent", "present"], "absent"),
        (["present", "absent"], "absent"),
        (["locked", "absent"], "absent"),
        (["absent", "locked"], "absent"),
        (["locked", "present"], "locked"),
        (["present", "locked"], "locked"),
        (["present", "present"], "present"),
    ],
)
def test_no_list_brings_back_whom_another_one_removes(states, state):
    first, second = ([{"name": "john", "state": each, "sudo": "nopasswd"}] for each in states)
    assert merge_by_name(first, second) == [{"name": "john", "state": state, "sudo": "nopasswd"}]


@pytest.mark.parametrize(
    ("lists", "sentence"),
    [
        (["john"], "takes dictionaries that have a name"),
        ([{"sudo": "none"}], "takes dictionaries that have a name"),
        ("john", "takes lists of dictionaries, not str"),
        (None, "takes lists of dictionaries, not NoneType"),
        ([{"name": "john"}, {"name": "john"}], "john is listed more than once in the same list"),
    ],
)
def test_refused(lists, sentence):
    with pytest.raises(AnsibleFilterError, match=sentence):
        merge_by_name(lists)


@pytest.mark.parametrize(("variable", "option"), [("accounts", "users"), ("groups", "groups")])
def test_the_role_describes_every_option_of_the_module(variable, option):
    described = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    wanted = ssh_access.argument_spec()[option]["options"]
    infix = {"accounts": ("", "group_", "host_"), "groups": ("", "group_", "host_")}[variable]
    for level in infix:
        options = described[f"ssh_users_{level}{variable}"]["options"]
        assert {name: (spec["type"], spec.get("choices"), spec.get("elements")) for name, spec in options.items()} == {
            name: (spec["type"], spec.get("choices"), spec.get("elements")) for name, spec in wanted.items()
        }


def test_the_roles_defaults_agree_with_their_description():
    described = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    assert defaults == {name: spec["default"] for name, spec in described.items()}
