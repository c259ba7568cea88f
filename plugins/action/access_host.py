# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh_access does, and a look at sshd in the same round trip; see the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.alicloud.ecs_access.plugins.action.ssh_access import ActionModule as SshAccessAction
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.guest_answer import without_orders


class ActionModule(SshAccessAction):
    """The result is that of ssh_access, with that of the look as C(sshd)."""

    _supports_async = False

    def _ask(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        options, controller = self._sshd_action(arguments["sshd"]).prepare()
        sshd = {**options, "_controller": {**controller, "prove": False}}
        answer = without_orders(self._execute_module(module_args={**arguments, "sshd": sshd}, task_vars=task_vars))
        access, look = answer.pop("access", None), answer.pop("sshd", None)
        if not isinstance(access, dict):
            # The module did not come to its end.
            return {**answer, "failed": True}
        return {**without_orders(access), "sshd": without_orders(look) if isinstance(look, dict) else None}
