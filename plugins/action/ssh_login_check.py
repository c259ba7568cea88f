# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module, and take its answer for no more than a report: a host that is checked may be under the control of an attacker."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.guest_answer import without_orders
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.private_keys import refuse_private_key


class ActionModule(ActionBase):
    """Runs the module in one round trip."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        del tmp
        refusal = refuse_private_key(self._task.args)
        if refusal:
            return {**result, "failed": True, "changed": False, "msg": refusal}
        result.update(without_orders(self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val)))
        return result
