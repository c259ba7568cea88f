# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the controller can do for sshd_pubkey: report how this run is logged in, and prove that a login by key works."""

from __future__ import annotations

import re
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_login_name
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key_file import check_private_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable, shorten
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.guest_answer import without_orders
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.private_keys import refuse_private_key
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.proof import Proof, Target, proof_command, prove_login

_display = Display()
_MODULE = "alicloud.ecs_access.sshd_pubkey"
_OTHER_SSH = ("paramiko", "paramiko_ssh", "libssh")
_CONNECT_TIMEOUT = 15
_LEFT = "so password and root logins were not changed"
_RELOADED = (
    "no file was changed, but sshd has read edits made by another user: check them while this connection is open. If no private key for "
    "that login is available here, set proof_private_key_file, or set proof: skip"
)


class ActionModule(ActionBase):
    """The change is armed on the host when the module returns; here it is proven and disarmed, or undone."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        del tmp
        arguments, controller = self.prepare()
        wants_proof, over_ssh = _wants_proof(arguments), controller["over_ssh"]
        controller["session"] = self._read_session() if over_ssh else {}
        first = self._step(arguments, controller, task_vars)
        hardening, reloaded = first.pop("_harden", False), first.pop("_reloaded", False)
        result.update(first)
        if result.get("failed") or result.get("unreachable"):
            return result
        if controller["prove"] and "backups" not in first and (hardening or reloaded):
            # No file had to be changed for keys, so nothing has been proven yet.
            proof = self._prove(arguments, controller)
            if not proof.proven:
                return {**result, "failed": True, "msg": f"{proof.text}; {_RELOADED if reloaded else _LEFT}"}
            result["proof"] = proof.text
        if hardening:
            second = self._step(arguments, {**controller, "harden": True}, task_vars)
            result.update(_both(first, second))
        elif wants_proof and not over_ssh and result.get("changed") and not self._task.check_mode:
            result["proof"] = f"not applicable: this run is not connected by ssh ({getattr(self._connection, 'transport', '')})"
        return result

    def prepare(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The options of the task, and what is known of this run here. AnsibleActionFail for what cannot work on this connection."""
        arguments = {name: value for name, value in self._task.args.items() if not name.startswith("_")}
        refusal = refuse_private_key(arguments)
        if refusal:
            raise AnsibleActionFail(refusal)
        wants_proof = _wants_proof(arguments)
        transport = getattr(self._connection, "transport", "")
        if wants_proof and transport in _OTHER_SSH:
            raise AnsibleActionFail(f"A login cannot be proven over the connection {transport}; use the connection ssh, or proof: skip")
        if wants_proof and arguments.get("proof_private_key_file"):
            try:
                check_private_key_file(arguments["proof_private_key_file"], "proof_private_key_file")
            except AccessError as exc:
                raise AnsibleActionFail(exc.text) from None
        over_ssh = transport == "ssh"
        return arguments, {
            "over_ssh": over_ssh,
            "by_password": bool(self._option("password")),
            "prove": wants_proof and over_ssh and not self._task.check_mode,
        }

    def _step(self, arguments: dict[str, Any], controller: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """One change: armed by the module, proven here, disarmed or undone by the module."""
        result = self._call(arguments, {**controller, "announces": True}, task_vars)
        seconds = result.pop("_waits", None)
        if isinstance(seconds, int):
            # It may have been killed: then its host undoes the change when the time for its proof is over.
            _display.display(f"sshd_pubkey: waiting up to {seconds} seconds for another run on this host, whose change of sshd is not proven yet")
            result = self._call(arguments, controller, task_vars)
            result.pop("_waits", None)
        change = result.pop("_armed", None)
        if change is None or result.get("failed"):
            return result
        return self._settle(result, change, arguments, controller, task_vars)

    def _call(self, arguments: dict[str, Any], controller: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        return without_orders(self._execute_module(module_name=_MODULE, module_args={**arguments, "_controller": controller}, task_vars=task_vars))

    def _settle(
        self, result: dict[str, Any], change: str, arguments: dict[str, Any], controller: dict[str, Any], task_vars: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Prove and disarm, or have the change undone now instead of in a minute or two."""
        proof = self._prove(arguments, controller)
        verdict = {"change": change, "proven": proof.proven, "why": proof.text}
        try:
            answer = without_orders(self._execute_module(module_name=_MODULE, module_args={**arguments, "_controller": verdict}, task_vars=task_vars))
        except AnsibleError as exc:
            answer = {"failed": True, "msg": str(exc)}
        if not answer.get("failed") and proof.proven:
            return {**result, "proof": proof.text, "backups": answer.get("backups", {})}
        if answer.get("failed") or answer.get("unreachable"):
            consequence = f"the result could not be sent to the host ({answer.get('msg')}), which will undo the change by itself"
        else:
            skip = "" if _asks_hardening(arguments) else ", or set proof: skip"
            consequence = f"{answer['msg']}. If no private key for that login is available here, set proof_private_key_file{skip}"
        return {"failed": True, "changed": False, "service": result.get("service"), "msg": f"{proof.text}; {consequence}"}

    def _prove(self, arguments: dict[str, Any], controller: dict[str, Any]) -> Proof:
        """Log in as the proof's user; where login methods are removed, also as the user of the next run."""
        remote_user = self._option("remote_user") or self._play_context.remote_user
        proof_user = arguments.get("proof_user") or remote_user
        key = arguments.get("proof_private_key_file")
        proof = self._log_in(proof_user, key or self._option("private_key_file"), bool(key))
        connecting = controller["session"].get("user")
        if not proof.proven or not _asks_hardening(arguments) or connecting in (None, proof_user):
            return proof
        if connecting != remote_user and not is_login_name(connecting):
            # What the host reports may be made up.
            return Proof(False, f"the host reports that this run is logged in as {printable(shorten(connecting))!r}, which cannot be a user's name")
        own = self._log_in(connecting, self._option("private_key_file") or key, False)
        return Proof(own.proven, f"{proof.text}, and {own.text}" if own.proven else own.text)

    def _log_in(self, user: str | None, private_key_file: str | None, only_this_key: bool) -> Proof:
        target = Target(
            host=self._option("host") or self._play_context.remote_addr,
            ssh_executable=self._option("ssh_executable") or "ssh",
            ssh_args=self._option("ssh_args") or "",
            ssh_common_args=self._option("ssh_common_args") or "",
            ssh_extra_args=self._option("ssh_extra_args") or "",
            port=self._option("port"),
            remote_user=user,
            private_key_file=private_key_file,
            host_key_checking=self._option("host_key_checking") is not False,
        )
        return prove_login(proof_command(target, only_this_key, _CONNECT_TIMEOUT), target, _CONNECT_TIMEOUT)

    def _read_session(self) -> dict[str, str]:
        """Who is logged in from where, as the host sees it; empty where its shell cannot report it."""
        answer = self._low_level_execute_command('echo "session<$(id -un) $SSH_CONNECTION>"', sudoable=False)
        # Of bounded words: the host may print any text, and without bounds one of its beginning repeated takes the square of its length.
        found = re.search(r"session<(\S{1,256}) (\S{1,64}) \d{1,5} (\S{1,64}) (\d{1,5})>", answer.get("stdout", ""))
        if found is None:
            return {}
        return dict(zip(("user", "address", "local_address", "local_port"), found.groups()))

    def _option(self, name: str) -> Any:
        try:
            return self._connection.get_option(name)
        except (KeyError, AttributeError, AnsibleError):
            return None


def _wants_proof(arguments: dict[str, Any]) -> bool:
    return arguments.get("proof", "required") != "skip"


def _asks_hardening(arguments: dict[str, Any]) -> bool:
    return any(arguments.get(name) is not None for name in ("password_authentication", "permit_root_login"))


def _both(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The result of both steps as that of one task; the first has the diff and the values of the whole."""
    if second.get("failed") or second.get("unreachable"):
        return {**second, **_failure(str(second.get("msg")), first)}
    return {
        **second,
        "changed": True,
        "actions": first["actions"] + second["actions"],
        "diff": first["diff"],
        "effective": first["effective"],
        "hardening": first["hardening"],
        "trial": {**first.get("trial", {}), **second.get("trial", {})},
    }


def _failure(message: str, first: dict[str, Any]) -> dict[str, Any]:
    """What the first step has changed stays: it was proven."""
    kept = ". Login by key, which was turned on first, has been proven and stays on" if "backups" in first else ""
    return {"failed": True, "changed": bool(first.get("changed")), "msg": message + kept}
