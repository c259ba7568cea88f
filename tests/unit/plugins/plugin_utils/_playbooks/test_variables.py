# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that arrive as text, names that nothing documents, and tags that choose nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.tags import chosen_parts, nothing_chosen, unknown_tag
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.variables import (
    choices_of,
    is_on,
    read_list,
    read_mapping,
    unknown_names,
    wrong_batches,
    wrong_value,
)
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.texts import documented, help_text
from jinja2.nativetypes import NativeEnvironment

ROOT = Path(__file__).resolve().parents[5]
NAME = "ecs_access_max_fail_percentage"


def test_every_kind_of_name_is_documented():
    names = documented()
    assert {
        "ecs_access_hosts",
        "ecs_access_report",
        "ecs_access_tunnel",
        "ssh_users_accounts",
        "ssh_server_proof",
        "ecs_access_audit_dir",
        "access_report_dir",
    } <= names
    assert "ecs_access_hosts" in help_text("onboard")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("ecs_access_key_pairname", "did you mean ecs_access_key_pair_name?"),
        ("ssh_users_acounts", "did you mean ssh_users_accounts?"),
        ("ssh_server_zzzzzzzzzz", "There is no variable ssh_server_zzzzzzzzzz."),
        ("ecs_access_hosts__x__", ""),
        ("ecs_access__mine", ""),
        ("ssh_users_accounts__build", ""),
        ("ssh_args", ""),
        ("ecs_accessory", ""),
    ],
)
def test_a_name_that_nothing_documents(name, part):
    sentence = next(unknown_names({"ecs_access_hosts", name}, documented()), "")
    assert part in sentence
    assert bool(part) == bool(sentence)


@pytest.mark.parametrize("wrong", [lambda name: name[:-1], lambda name: name[:-2] + name[:-3:-1], lambda name: name + "s"], ids=["short", "swapped", "long"])
def test_a_slip_in_any_name_is_told_with_the_name(wrong):
    """But for slips that make another name which exists, such as the plural."""
    names = documented()
    slips = {wrong(name): name for name in names if wrong(name) not in names}
    sentences = {slip: next(unknown_names({slip}, names), "") for slip in slips}
    assert {slip: sentence for slip, sentence in sentences.items() if "; did you mean " not in sentence} == {}
    assert sum(f"did you mean {slips[slip]}?" in sentence for slip, sentence in sentences.items()) > 0.9 * len(slips)


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"ecs_access_activation": "alive"}, "must be live, reboot or none, not 'alive'"),
        ({"ecs_access_replace_bound": "maybe"}, "ecs_access_replace_bound must be true or false"),
        ({"ecs_access_replace_bound": "True", "ecs_access_activation": "none"}, ""),
    ],
)
def test_choices(values, part):
    assert part in wrong_value(values)
    assert bool(part) == bool(wrong_value(values))


@pytest.mark.parametrize("serial", [None, "", 5, 0, "10", "25%", "1,10,50%", "1, 10 , 100 %", "100%"])
def test_hosts_can_be_divided(serial):
    assert wrong_batches({"ecs_access_serial": serial, "ecs_access_max_fail_percentage": ""}) == ""


@pytest.mark.parametrize("serial", ["abc", "1,", "1;10", "-1", "10%%", "1.5", "10% ", [1, 10], {"a": 1}, "1\n2"])
def test_hosts_cannot_be_divided(serial):
    assert wrong_batches({"ecs_access_serial": serial}).startswith("ecs_access_serial must be numbers of hosts or percentages, such as 10")


@pytest.mark.parametrize(("most", "fine"), [(0, True), (100, True), ("33.3", True), ("10%", True), (None, True), ("abc", False), (101, False), ("-1", False)])
def test_how_many_may_fail(most, fine):
    problem = wrong_batches({"ecs_access_max_fail_percentage": most})
    assert problem == ("" if fine else f"ecs_access_max_fail_percentage must be a percentage from 0 to 100, not '{most}'.")


@pytest.mark.parametrize(("given", "percentage"), [({}, 100), ({NAME: ""}, 100), ({NAME: None}, 100), ({NAME: 0}, 0), ({NAME: "0"}, 0), ({NAME: 25}, 25)])
def test_none_at_all_may_fail(given, percentage):
    """A survey of AWX and a file of variables give a number, and 0 is one."""
    plays = [(path.stem, play) for path in sorted((ROOT / "playbooks").glob("*.yml")) for play in yaml.safe_load(path.read_text(encoding="utf-8"))]
    words = {name: play["max_fail_percentage"] for name, play in plays if "max_fail_percentage" in play}
    assert set(words) == {"bind_key_pair", "diagnose", "onboard", "recover_access", "temporary_login"}
    assert {name: NativeEnvironment().from_string(text).render(given) for name, text in words.items()} == dict.fromkeys(words, percentage)


def test_one_name_can_mean_another_thing_in_another_playbook():
    values = {"ecs_access_fail_on": "medium", "ecs_access_via": "ssh"}
    assert wrong_value(values, choices_of("audit")) == ""
    assert "must be blocks, warns or never" in wrong_value(values, choices_of("diagnose"))
    assert "must be high, medium, low, info or never" in wrong_value({"ecs_access_fail_on": "blocks"}, choices_of("audit"))


@pytest.mark.parametrize(("value", "on"), [(True, True), ("true", True), ("Yes", True), (1, True), (False, False), ("no", False), ("", False), (None, False)])
def test_switches(value, on):
    assert is_on(value) is on


@pytest.mark.parametrize("value", [{"a": "x", "b": "y=z"}, '{"a": "x", "b": "y=z"}', "a=x, b=y=z"])
def test_mappings(value):
    assert read_mapping(value, "name") == {"a": "x", "b": "y=z"}


@pytest.mark.parametrize("value", ["a", ["a"], "{"])
def test_what_is_no_mapping(value):
    with pytest.raises(ValueError, match="name must be a dictionary"):
        read_mapping(value, "name")


@pytest.mark.parametrize("value", [["a", "b"], "a, b", '["a", "b"]', ("a", "b")])
def test_lists(value):
    assert read_list(value, "name") == ["a", "b"]


@pytest.mark.parametrize(
    ("run", "skip", "task", "parts"),
    [
        (["all"], [], ["bind"], {"bind", "users", "server", "proof"}),
        (["users"], [], ["bind", "users"], {"users"}),
        (["all"], ["proof", "bind"], [], {"users", "server"}),
        (["team"], [], ["bind", "team"], {"bind", "users", "server", "proof"}),
    ],
)
def test_tags_choose_parts(run, skip, task, parts):
    assert chosen_parts(run, skip, task) == parts


@pytest.mark.parametrize(
    ("run", "skip", "is_called", "part"),
    [
        (["user"], [], True, "did you mean users?"),
        (["user"], [], False, "did you mean users?"),
        (["xyz"], [], True, "the tags are bind"),
        (["xyz"], [], False, ""),
        (["all"], ["bnd"], True, "did you mean bind?"),
        (["all"], ["molecule-notest"], True, ""),
        (["mine"], [], True, ""),
        (["all"], ["proof"], True, ""),
    ],
)
def test_a_tag_that_chooses_nothing(run, skip, is_called, part):
    sentence = unknown_tag(run, skip, ["always", "mine"], is_called)
    assert part in sentence
    assert bool(part) == bool(sentence)


@pytest.mark.parametrize(
    ("playbook", "run", "skip", "task", "nothing"),
    [
        ("offboard", ["proof"], [], [], True),
        ("offboard", ["all"], ["proof"], [], False),
        ("offboard", ["untagged"], [], [], False),
        ("offboard", ["tagged"], [], [], True),
        ("offboard", ["always"], [], [], True),
        ("offboard", ["all"], ["untagged"], [], True),
        ("offboard", ["mine"], [], ["mine"], False),
        ("bind_key_pair", ["users"], [], [], True),
        ("bind_key_pair", ["bind"], [], [], False),
        ("bind_key_pair", ["all"], ["bind"], [], True),
        ("bind_key_pair", ["tagged"], [], [], False),
        ("bind_key_pair", ["all"], ["tagged"], [], True),
        ("onboard", ["proof"], [], [], False),
        ("onboard", ["all"], ["bind", "users", "server", "proof"], [], True),
        ("onboard", ["mine"], [], ["mine"], False),
        ("onboard", [], [], [], False),
        ("check_team", ["bind"], [], [], False),
    ],
)
def test_tags_that_leave_nothing_to_do(playbook, run, skip, task, nothing):
    """The run would end with exit code 0."""
    sentence = nothing_chosen(playbook, run, skip, ["always", *task])
    assert bool(sentence) is nothing
    assert ("choose from bind" in sentence) is (nothing and playbook in ("onboard", "bind_key_pair"))
