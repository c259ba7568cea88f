# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the module what only the controller knows: who this run logs in as, and with which key."""

from __future__ import annotations

import os
import subprocess
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.guest_answer import without_orders
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.private_keys import find_private_key


class ActionModule(ActionBase):
    """Runs the module in one round trip, with a description of the login added for its guard."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        del tmp
        arguments = dict(self._task.args)
        secret = find_private_key(arguments)
        if secret:
            raise AnsibleActionFail(f"{secret} holds a private key; nothing was sent. Give the public half, the content of the .pub file")
        arguments["_login"] = self._describe_login()
        answer = self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=self._task.async_val)
        result.update(without_orders(answer))
        return result

    def _describe_login(self) -> dict[str, Any]:
        become = self._connection.become
        return {
            "transport": getattr(self._connection, "transport", None),
            "user": self._option("remote_user") or self._play_context.remote_user,
            "become": become is not None,
            "public_key": _find_public_key(self._option("private_key_file")),
        }

    def _option(self, name: str) -> Any:
        try:
            return self._connection.get_option(name)
        except (KeyError, AttributeError):
            return None


def _find_public_key(private_key_file: str | None) -> str | None:
    """The public half, without asking for a passphrase; None leaves the module to guard every key of the account."""
    if not private_key_file:
        return None
    path = os.path.expanduser(private_key_file)
    try:
        answer = subprocess.run(["ssh-keygen", "-y", "-P", "", "-f", path], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10, check=False)
        if answer.returncode == 0:
            return answer.stdout.strip()
        with open(path + ".pub", encoding="utf-8") as stream:
            return stream.read().strip()
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
