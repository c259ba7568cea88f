# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A step that fails once for all hosts leaves no clean result."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.alicloud.ecs_access.plugins.action import access_step
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.store import RunStore
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import StepFailed


@pytest.mark.parametrize(("step", "incomplete"), [("write", True), ("judge", True), ("bind", True), ("host", None)])
def test_what_no_row_shows(tmp_path, monkeypatch, step, incomplete):
    """adopt that could not write its team file had read every host."""

    def fail(*arguments, **options):
        raise StepFailed("the disk is full")

    store = RunStore(str(tmp_path))
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
    monkeypatch.setattr(access_step, "Tools", lambda action, variables: SimpleNamespace(store=store))
    action = access_step.ActionModule.__new__(access_step.ActionModule)
    action.validate_argument_spec = lambda argument_spec: (None, {"playbook": "adopt", "step": step, "chunk": {}})
    action._step = fail
    assert action.run()["msg"] == "the disk is full"
    assert store.read("incomplete") is incomplete
