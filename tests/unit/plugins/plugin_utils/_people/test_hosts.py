# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host patterns, judged by one host alone, mean what they mean to Ansible."""

from __future__ import annotations

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.hosts import PatternRefused, parse_pattern

INVENTORY = """
[role_web]
web-1
web-2
[role_db]
db-1
db.example.com
[env_prod]
web-1
db-1
[env_prod_old]
db.example.com
[sites:children]
role_web
"""
PATTERNS = [
    "all",
    "*",
    "web-1",
    "role_web",
    "role_web:role_db",
    "role_web,role_db",
    "role_db:&env_prod",
    "role_*:!env_prod",
    "!role_web",
    "&env_prod",
    "all:!web-*",
    "~web-[12]",
    "~(web|db)-1",
    "~env_.*",
    "web-?",
    "*.example.com",
    "sites:!web-2",
    "role_web:&env_prod:!web-2",
    "db.example.com",
    "role_w[abc]x",
]


@pytest.fixture(scope="module")
def inventory(tmp_path_factory):
    path = tmp_path_factory.mktemp("inventory") / "hosts"
    path.write_text(INVENTORY)
    return InventoryManager(DataLoader(), sources=[str(path)])


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_matches_the_hosts_that_ansible_s_matches(inventory, pattern):
    expected = {host.name for host in inventory.get_hosts(pattern, ignore_limits=True)}
    hosts = inventory.get_hosts("all")
    assert {host.name for host in hosts if parse_pattern(pattern).matches(host.name, [group.name for group in host.get_groups()])} == expected


def test_an_address_is_one_name():
    assert parse_pattern("2001:db8::1").matches("2001:db8::1", [])


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "is empty"),
        ("web[0]", "subscript"),
        ("web[0:2]", "subscript"),
        ("web[-1]", "subscript"),
        ("all:!", "without a name"),
        ("~(", "cannot be used"),
        ("a" * 3000, "longer"),
    ],
)
def test_what_means_nothing_for_one_host_is_refused(pattern, reason):
    with pytest.raises(PatternRefused, match=reason):
        parse_pattern(pattern)


def test_the_plain_names_are_those_that_must_exist():
    assert parse_pattern("role_db:&env_prod:!web-*:~x:all").plain_names == ("role_db", "env_prod")


def test_names_and_other_parts_are_one_union():
    pattern = parse_pattern("web-1,role_db,cache*,&env_prod,!web-2")
    prod = ["env_prod"]
    assert [pattern.matches(name, prod) for name in ("web-1", "cache-7", "db-1", "web-2")] == [True, True, False, False]
    assert pattern.matches("db-1", ["role_db", "env_prod"])
    assert not pattern.matches("web-1", [])
    assert not pattern.matches("web-2", ["role_db", "env_prod"])
