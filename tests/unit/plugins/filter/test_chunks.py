# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loops of the playbooks: text of an instance stays text."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.filter._chunks import FilterModule
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory import unsafe


@pytest.mark.parametrize("marks", [True, False], ids=["cores that evaluate text", "this core"])
def test_the_name_of_an_instance_is_marked(monkeypatch, marks):
    """On old cores text would be a template again as soon as it is put together with ours."""
    monkeypatch.setattr(unsafe, "_wrap", "unsafe<{}>".format if marks else None)
    name = "{{ 6 * 7 }}"
    (chunk,) = FilterModule().filters()["_chunks"]([name], {name: {"ecs_region": "cn-x", "ecs_instance_id": "i-1"}})
    assert chunk["label"] == (f"unsafe<cn-x: {name}>" if marks else f"cn-x: {name}")
    assert chunk["instance_ids"] == ["i-1"]


def test_a_call_is_about_as_many_instances_as_it_may_be():
    hostvars = {str(number): {"ecs_region": "cn-x", "ecs_instance_id": f"i-{number}"} for number in range(120)}
    chunks = FilterModule().filters()["_chunks"]
    assert [len(chunk["hosts"]) for chunk in chunks(hostvars, hostvars)] == [50, 50, 20]
    assert [len(chunk["hosts"]) for chunk in chunks(hostvars, hostvars, 2000)] == [120]
