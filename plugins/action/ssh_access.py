# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the module what only the controller knows: who this run logs in as, and with which key."""

from __future__ import annotations

import os
import subprocess
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted_hashes import with_plain_hashes
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.guest_answer import without_orders
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.private_keys import refuse_private_key

_display = Display()
_SSHD = "alicloud.ecs_access.sshd_pubkey"


class ActionModule(ActionBase):
    """Runs the module in one round trip, with a description of the login added for its guard.

    Where a revoked key cannot be removed, a change of sshd follows that makes it void.
    """

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        del tmp
        refusal = refuse_private_key(self._task.args)
        if refusal:
            raise AnsibleActionFail(refusal)
        try:
            arguments = with_plain_hashes(self._task.args)
        except AccessError as exc:
            raise AnsibleActionFail(printable(exc.text)) from exc
        # A task in the background has nobody who could prove the login that follows a change of sshd.
        in_front = not self._task.async_val
        arguments["_login"] = {**self._describe_login(), "voids": in_front, "announces": in_front}
        answer = self._ask(arguments, task_vars)
        if answer.pop("_waits", None) is True:
            _display.display("ssh_access: waiting up to 300 seconds for another run that is at work on this host")
            arguments["_login"]["announces"] = False
            answer = self._ask(arguments, task_vars)
            answer.pop("_waits", None)
        result.update(answer)
        unremoved = result.pop("_unremoved", None)
        return result if unremoved is None else self._void(result, _read_unremoved(unremoved), task_vars)

    def _ask(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Run the module once; what the host answered is data."""
        return without_orders(self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=self._task.async_val))

    def _void(self, result: dict[str, Any], unremoved: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Have sshd refuse the revoked keys that stay in files; without that the task fails."""
        answer: dict[str, Any] = {"failed": True, "msg": "none of them is known"}
        if unremoved["keys"]:
            answer = self._change_sshd(unremoved["keys"], task_vars)
        if answer.get("failed") or answer.get("unreachable"):
            return {**result, "failed": True, "msg": f"{result.get('msg')}; sshd could not be made to refuse the revoked keys: {answer.get('msg')}"}
        warning = f"sshd refuses the revoked keys for every account, because files may still hold them: {'; '.join(unremoved['where'])}"
        result.update(
            changed=bool(result.get("changed") or answer.get("changed")),
            actions=[*result.get("actions", ()), *answer.get("actions", ())],
            warnings=[*result.get("warnings", ()), warning],
            diff=[*_as_list(result.get("diff")), *_as_list(answer.get("diff"))],
            failed=bool(unremoved["rest"]),
            msg=unremoved["rest"],
        )
        return result if result["failed"] else {name: value for name, value in result.items() if name not in ("failed", "msg")}

    def _change_sshd(self, keys: list[str], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """As a task of sshd_pubkey on this connection: tested, armed, proven by a login or undone."""
        action = self._sshd_action({"revoked_keys": keys})
        try:
            return action.run(task_vars=task_vars)
        except AnsibleError as exc:
            return {"failed": True, "msg": str(exc)}

    def _sshd_action(self, arguments: dict[str, Any]) -> ActionBase:
        """The action of sshd_pubkey for a task of these options on this connection."""
        task = self._task.copy(exclude_tasks=True)
        task.args = arguments
        return self._shared_loader_obj.action_loader.get(
            _SSHD,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )

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


def _read_unremoved(answer: Any) -> dict[str, Any]:
    """What the host answered, of which only texts are taken."""
    found = answer if isinstance(answer, dict) else {}
    lists = {name: [one for one in _as_list(found.get(name)) if isinstance(one, str)] for name in ("keys", "where")}
    return {**lists, "rest": str(found.get("rest", ""))}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


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
