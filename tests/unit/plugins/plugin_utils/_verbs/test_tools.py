# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which variables of other hosts a step reads, with Ansible's own plays and inventories."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import Tools

TEAM = [{"name": "john"}]


def raw(tmp_path, play, task=None):
    """What a task of this play sees of the host web-2."""
    (tmp_path / "team.yml").write_text("ssh_users_accounts:\n  - name: john\n")
    loader = DataLoader()
    loader.set_basedir(str(tmp_path))
    inventory = InventoryManager(loader, sources=["web-1,web-2"])
    inventory.get_host("web-2").set_variable("ecs_region", "cn-hangzhou")
    manager = VariableManager(loader, inventory)
    task = {"debug": {"msg": "x"}, **(task or {})}
    loaded = Play.load({"name": "p", "hosts": "all", "tasks": [task], **play}, variable_manager=manager, loader=loader)
    (found,) = loaded.tasks[0].block
    tools = Tools(SimpleNamespace(_task=found), {"hostvars": HostVars(inventory, manager, loader), "inventory_hostname": "web-1"})
    return tools.raw("web-2")


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
