# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance that has two names in the inventory."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.judge import judge
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.outcome import Rows
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import audit

from .._audit.fleet import account, host, key_method, key_of, right
from .leaving import LeavingTools, PictureOfFleet

NOW = datetime.datetime(2026, 11, 28, tzinfo=datetime.timezone.utc)
ANSWER = host(accounts=[account("anna")], login_methods=[key_method("anna")], root=[right("anna")])
TEAM = {
    "ssh_users_accounts": [{"name": "anna", "authorized_keys": [key_of("anna")]}],
    "ssh_users_access": [{"users": ["anna"], "hosts": "bastion", "sudo": "nopasswd"}],
}


class Fleet(PictureOfFleet):
    def ecs_ssh_access_info(self, arguments, check):
        return {"instances": [{**ANSWER, "instance_id": each, "seen": True} for each in arguments["instance_ids"]]}

    def access_account(self, arguments, check):
        return {"account_id": "1"}


@pytest.fixture
def tools(tmp_path, monkeypatch):
    monkeypatch.setattr(audit, "is_instance_id", lambda text: True)
    made = LeavingTools(Fleet(1), "web-1", {**TEAM, "ecs_access_via": "auto"}, tmp_path, set(), True)
    names = ["web-1", "bastion"]
    made.variables["hostvars"] = {
        name: {"ecs_instance_id": "i-1", "ecs_region": "r", "group_names": [f"of_{name}"], "inventory_hostname": name} for name in names
    }
    made.variables.update(ansible_play_hosts_all=names, groups={"all": names})
    return made


@pytest.mark.parametrize("over_ssh", [(), ("web-1",), ("bastion",), ("web-1", "bastion")])
def test_an_instance_with_two_names_is_one_that_was_seen(tools, over_ssh):
    for name in over_ssh:
        audit._store(tools, name, ANSWER, "ssh", "")
    if not over_ssh:
        audit.ask_step(tools, {"region": "r", "hosts": ["web-1", "bastion"], "instance_ids": ["i-1", "i-1"]})
    picture = audit._picture(tools, NOW)
    (instance,) = picture.instances.values()
    assert (instance.seen, instance.groups) == (True, ("of_bastion", "of_web-1"))
    assert [(entry.person, entry.state) for entry in picture.entries] == [("anna", "open")]
    assert len(picture.places) == 1
    document = judge(picture, None, [], NOW)
    assert [finding.kind for finding in document.findings if finding.severity == "high"] == []
    assert Rows(document, lambda finding: True).row("i-1")["people"] == 1
