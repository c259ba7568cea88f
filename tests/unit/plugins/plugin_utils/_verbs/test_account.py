# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account of a run: asked for once, and without an answer one line says so."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.account import account_lines, find_account
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.store import RunStore

WEB = {"ecs_instance_id": "i-web", "ecs_region": "eu-central-1"}
HOSTS = [{}, {"ecs_instance_id": "not an id"}, WEB, {"ecs_instance_id": "i-db", "ecs_region": "cn-hangzhou"}]
SEEN = {"changed": False, "account_id": "1111222233334444"}
REFUSED = {"failed": True, "msg": "GetCallerIdentity failed: " + "no\x1b[2J" * 200}


@pytest.fixture
def world(tmp_path):
    """A run with an C(.answer) of the module; C(.asked) are its arguments."""
    made = SimpleNamespace(store=RunStore(str(tmp_path)), answer=SEEN, asked=[])
    made.on_controller = lambda module, arguments: made.asked.append((module, arguments)) or made.answer
    return made


def test_it_is_asked_for_once_in_a_run(world):
    assert [find_account(world, HOSTS), find_account(world, reversed(HOSTS))] == ["1111222233334444"] * 2
    assert world.asked == [("access_account", {"region": "eu-central-1"})]
    assert account_lines(world) == []


def test_a_refusal_is_a_line_and_is_not_asked_again(world):
    world.answer = REFUSED
    assert [find_account(world, HOSTS), find_account(world, HOSTS)] == [None, None]
    assert len(world.asked) == 1
    (line,) = account_lines(world)
    assert line.startswith("The account was not seen: GetCallerIdentity failed: no")
    assert len(line) < 350 and line.isprintable()


def test_hosts_that_are_no_instances_belong_to_no_account(world):
    assert find_account(world, HOSTS[:2]) is None
    assert (world.asked, account_lines(world)) == ([], [])


def test_the_region_may_be_given_elsewhere(world):
    assert find_account(world, [{"ecs_instance_id": "i-web"}]) == "1111222233334444"
    assert world.asked == [("access_account", {})]
