# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which variables of other hosts a step reads, with Ansible's own plays and inventories."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import steps
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import StepFailed, Tools

TEAM = [{"name": "john"}]


def tools_of(tmp_path, play, task=None, given=None, **of_host):
    """The surroundings of a task of this play on web-1; I(given) is from the command line, I(of_host) are variables of web-2."""
    (tmp_path / "team.yml").write_text("ssh_users_accounts:\n  - name: john\n")
    loader = DataLoader()
    loader.set_basedir(str(tmp_path))
    inventory = InventoryManager(loader, sources=["web-1,web-2"])
    for name, value in {"ecs_region": "cn-hangzhou", **of_host}.items():
        inventory.get_host("web-2").set_variable(name, value)
    manager = VariableManager(loader, inventory)
    manager._extra_vars = given or {}
    task = {"debug": {"msg": "x"}, **(task or {})}
    loaded = Play.load({"name": "p", "hosts": "all", "tasks": [task], **play}, variable_manager=manager, loader=loader)
    (found,) = loaded.tasks[0].block
    variables = manager.get_vars(play=loaded, host=inventory.get_host("web-1"), task=found, include_hostvars=False)
    variables.update(hostvars=HostVars(inventory, manager, loader), ansible_play_hosts_all=["web-1", "web-2"])
    templar = SimpleNamespace(template=lambda value: value)
    return Tools(SimpleNamespace(_task=found, _templar=templar), variables)


def raw(tmp_path, play, task=None):
    """What a task of this play sees of the host web-2."""
    return tools_of(tmp_path, play, task).raw("web-2")


@pytest.mark.parametrize(
    ("play", "task"),
    [
        pytest.param({"vars": {"ssh_users_accounts": TEAM}}, {}, id="as with import_playbook"),
        pytest.param({"vars_files": ["team.yml"]}, {}, id="vars_files"),
        pytest.param({}, {"vars": {"ssh_users_accounts": TEAM}}, id="of the task"),
    ],
)
def test_variables_of_the_play_count_for_every_host(tmp_path, play, task):
    found = raw(tmp_path, play, task)
    assert (found["ssh_users_accounts"], found["ecs_region"]) == (TEAM, "cn-hangzhou")


def test_a_host_has_its_own_variables_where_the_play_has_none(tmp_path):
    found = raw(tmp_path, {})
    assert found["ecs_region"] == "cn-hangzhou" and "ssh_users_accounts" not in found


def check(monkeypatch, tools, playbook="offboard"):
    monkeypatch.setattr(steps, "check_call", lambda tools: None)
    tools.action._task.args = {"playbook": playbook}
    steps.check_variables(tools)


@pytest.mark.parametrize("name", ["ecs_access_mode", "ecs_access_serial", "ecs_access_max_fail_percentage"])
def test_what_a_play_cannot_see_is_refused(tmp_path, monkeypatch, name):
    """A mode of a group would end with exit code 0 and nothing done, and a limit to how many at once would be none."""
    with pytest.raises(StepFailed, match=f"{name} is a variable of hosts or groups, .* give it with -e {name}=VALUE"):
        check(monkeypatch, tools_of(tmp_path, {}, **{name: "apply"}))


@pytest.mark.parametrize(
    ("play", "given", "of_host"),
    [
        pytest.param({}, {"ecs_access_mode": "plan"}, {"ecs_access_mode": "apply"}, id="command line"),
        pytest.param({"vars": {"ecs_access_mode": "apply"}}, {}, {}, id="as with import_playbook"),
        pytest.param({}, {}, {"ecs_access_serial": ""}, id="empty"),
    ],
)
def test_what_a_play_sees_is_not(tmp_path, monkeypatch, play, given, of_host):
    check(monkeypatch, tools_of(tmp_path, play, given=given, **of_host))


@pytest.mark.parametrize(
    ("given", "of_host", "told"),
    [
        ({}, {"ecs_access_key_pair_name": "dev"}, "ecs_access_key_pair_name is not set for web-1 and dev for web-2"),
        ({}, {"ecs_access_replace_bound": True}, "ecs_access_replace_bound is not set for web-1 and True for web-2"),
        ({}, {"ecs_access_replace_bound": "sure"}, "ecs_access_replace_bound must be true or false, not 'sure'"),
        ({"ecs_access_key_pair_name": "team"}, {"ecs_access_key_pair_name": "dev"}, ""),
        ({}, {"ecs_access_login_as": "admin", "ecs_access_user": "ann"}, ""),
        ({}, {"ecs_access_key_pair_name": None, "ecs_access_previous_key": ""}, ""),
        ({}, {"ecs_access_replace_bound": "no", "ecs_access_previous_key": "keep", "ecs_access_activation": "live"}, ""),
    ],
)
@pytest.mark.parametrize("playbook", ["bind_key_pair", "onboard"])
def test_hosts_that_differ_in_what_a_batch_is_asked_for_are_refused(tmp_path, monkeypatch, playbook, given, of_host, told):
    """The value of the first host would count for all: its key pair would be bound to the others."""
    tools = tools_of(tmp_path, {}, given=given, **of_host)
    with pytest.raises((StepFailed, ValueError), match=told) if told else nullcontext():
        check(monkeypatch, tools, playbook)


@pytest.mark.parametrize("playbook", ["adopt", "audit", "diagnose", "leave", "offboard", "temporary_login"])
def test_key_pairs_of_groups_are_nothing_to_what_binds_none(tmp_path, monkeypatch, playbook):
    """An audit of a fleet in which each group has its own pair is one run."""
    check(monkeypatch, tools_of(tmp_path, {}, ecs_access_key_pair_name="dev", ecs_access_activation="none"), playbook)


@pytest.mark.parametrize(
    ("tags", "given", "told"),
    [
        (["users", "server"], {"ecs_access_bootstrap_key": "unbind"}, ""),
        (["proof"], {}, ""),
        (["proof"], {"ecs_access_bootstrap_key": "unbind"}, "ecs_access_key_pair_name is not set"),
        (["users", "bind"], {}, "ecs_access_key_pair_name is not set"),
    ],
)
def test_only_the_parts_that_are_done_count(tmp_path, monkeypatch, tags, given, told):
    tools = tools_of(tmp_path, {}, given=given, ecs_access_key_pair_name="dev")
    tools.variables["ansible_run_tags"] = tags
    with pytest.raises(StepFailed, match=told) if told else nullcontext():
        check(monkeypatch, tools, "onboard")
