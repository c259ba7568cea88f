# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How modules run that take a public key as text and need nothing else of the controller: not at all, if a private key was pasted.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.private_keys import refuse_private_key


class KeyAction(NormalAction):
    """Runs the module of its name as Ansible itself would."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        refusal = refuse_private_key(self._task.args)
        if refusal:
            return {"failed": True, "changed": False, "msg": refusal}
        return super().run(tmp, task_vars)
