# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step of one of the collection's playbooks; see the module of the same name."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import steps
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.parts import PLAYBOOKS, load_part
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import Tools

_STEPS = [
    "check", "cloud", "ask", "host", "write", "plan", "bind", "add", "judge", "follow", "decide", "prove", "remove", "delete", "result", "trouble", "summary",
    "matrix", "verdict",
]  # fmt: skip
_CHUNK_STEPS = ("cloud", "ask", "bind")
# No row of a host shows that one of these has failed.
_FOR_ALL = ("cloud", "ask", "bind", "write", "judge", "decide", "delete")
# Objects between two rounds of the garbage collector. Putting a module together makes some 200,000, next to none of them garbage, and a
# worker lives for one task: with Python's 700, looking for it is up to a third of the work.
_COLLECT_EVERY = 200_000


class ActionModule(ActionBase):
    """Hands over to the part of the playbook."""

    _supports_check_mode = True
    _supports_diff = True
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        gc.set_threshold(_COLLECT_EVERY)
        result = super().run(tmp, task_vars)
        _unused, options = self.validate_argument_spec(
            argument_spec={
                "playbook": {"type": "str", "required": True, "choices": list(PLAYBOOKS)},
                "step": {"type": "str", "required": True, "choices": _STEPS},
                "chunk": {"type": "dict", "default": {}},
            }
        )
        tools = Tools(self, task_vars or {})
        try:
            result.update(self._step(tools, **options))
        except (AccessError, ValueError) as exc:
            result.update(failed=True, changed=False, msg=str(exc))
            if options["step"] in _FOR_ALL:
                steps.mark_incomplete(tools)
        return result

    def _step(self, tools: Tools, playbook: str, step: str, chunk: dict[str, Any]) -> dict[str, Any]:
        part = load_part(playbook)
        if step == "check":
            steps.check_variables(tools)
            part.check(tools)
            return {"changed": False}
        if step == "result":
            return steps.end_host(tools, {})
        if step == "summary":
            return steps.show_summary(tools, playbook, part.title(tools), part.columns(tools), part.ending(tools))
        work = getattr(part, f"{step}_step")
        if step in _CHUNK_STEPS:
            return work(tools, chunk)
        return self._on_host(tools, work) if step in part.HOST_STEPS else work(tools)

    def _on_host(self, tools: Tools, step: Callable[[Tools], dict[str, Any]]) -> dict[str, Any]:
        """Whatever goes wrong on one host ends up in its row; the other hosts go on."""
        try:
            return step(tools)
        except (AccessError, ValueError) as exc:
            return steps.end_host(tools, {"failed": True, "why": str(exc)})
        except AnsibleError as exc:
            return steps.end_host(tools, {"failed": True, "why": " ".join(str(exc).split())})
