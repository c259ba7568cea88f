# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every step of a playbook works with: variables, the run's store, modules on the controller and on the host.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.guest_answer import without_orders

from .._playbooks.variables import is_on
from . import looking
from .store import RunStore

_LONGEST_WHY = 2000
_OURS = "alicloud.ecs_access."


class StepFailed(AccessError):
    """Why a step of a playbook cannot be done."""

    code = "step"


class Tools:
    """The surroundings of one task."""

    def __init__(self, action: ActionBase, task_vars: Mapping[str, Any]) -> None:
        self.action = action
        self.variables = dict(task_vars)
        if "ansible_python_interpreter" not in self.variables and C.config.get_config_value("INTERPRETER_PYTHON") == "auto":
            # As Ansible would find it, without a warning for each host.
            self.variables["ansible_python_interpreter"] = "auto_silent"
        self.store = RunStore()
        self.check_mode = bool(action._task.check_mode)

    # -- variables ------------------------------------------------------------------------------------------------

    @property
    def host(self) -> str:
        return str(self.variables["inventory_hostname"])

    def get(self, name: str, default: Any = None) -> Any:
        """A variable of the host, templated; I(default) where it is not set, or empty as an unanswered question of a survey is."""
        if name not in self.variables:
            return default
        value = self.action._templar.template(self.variables[name])
        return default if value is None or value == "" else value

    def names(self, name: str) -> list[str]:
        """One of Ansible's own lists of hosts or tags. It holds no templates, only names that others may have chosen."""
        return list(self.variables.get(name) or [])

    def given(self, names: Iterable[str]) -> dict[str, Any]:
        """Those of the variables that are set and not empty."""
        found = {name: self.get(name) for name in names if name in self.variables}
        return {name: value for name, value in found.items() if value is not None}

    def is_on(self, name: str) -> bool:
        return is_on(self.get(name, False), name)

    def path(self, name: str) -> str:
        """A path on the controller, counted from where the user stands; empty if it is not set."""
        value = str(self.get(name, "") or "")
        return os.path.abspath(os.path.expanduser(value)) if value else ""

    def raw(self, host: str) -> Mapping[str, Any]:
        """The variables of a host with their templates as they stand; a fraction of the work.

        Those of the play and of the role, which hostvars lack, are among them: a team may be given in vars_files or with import_playbook.
        """
        hosts, task = self.variables["hostvars"], self.action._task
        play = task.get_play()
        if not (play.get_vars() or play.get_vars_files() or play.get_roles() or task._role or task.get_vars()):
            return hosts.raw_get(host)
        return hosts._variable_manager.get_vars(play=play, host=hosts._inventory.get_host(host), task=task, include_hostvars=False)

    def of_play(self) -> Mapping[str, Any]:
        """The variables that the keywords of the play are made from: those of the command line and of the play, and none of a host or a group."""
        return self.variables["hostvars"]._variable_manager.get_vars(play=self.action._task.get_play(), include_hostvars=False)

    def template_for(self, variables: Mapping[str, Any]) -> Callable[[Any], Any]:
        """Resolves templates with the variables of one host; costs nothing where there are none."""
        return lambda value: self.action._templar.copy_with_new_env(available_variables=variables).template(value)

    def of_host(self, host: str) -> Mapping[str, Any]:
        return self.variables["hostvars"][host]

    # -- modules --------------------------------------------------------------------------------------------------

    def on_controller(self, module: str, arguments: Mapping[str, Any], check: bool = False) -> dict[str, Any]:
        """Run a module of the collection here, as the user who runs ansible, whatever variables the hosts have; with I(check) it only looks."""
        if looking.is_possible(module):
            return looking.look(module, arguments, self.check_mode or check)
        action = self.action
        play_context = action._play_context.copy()
        play_context.become = False
        play_context.executable = "/bin/sh"
        connection = action._shared_loader_obj.connection_loader.get("ansible.builtin.local", play_context, os.devnull)
        # No files in a home, which a container may not have.
        connection.set_options(task_keys={}, var_options={"ansible_pipelining": True})
        connection._shell.set_options(task_keys={}, var_options={})
        variables = {**self.variables, "ansible_python_interpreter": sys.executable, "ansible_become": False}
        return self._act(module, arguments, connection, play_context, variables, check)

    def on_host(self, module: str, arguments: Mapping[str, Any], connection: Any = None, check: bool = False) -> dict[str, Any]:
        """Run a module of the collection on the host; what it answers is data. Raises AnsibleError for a lost connection. With I(check) it only looks."""
        return without_orders(self._act(module, arguments, connection or self.action._connection, self.action._play_context, self.variables, check))

    def command(self, script: str, connection: Any) -> dict[str, Any]:
        """Run shell over another connection than the task's; raises AnsibleError for a lost one."""
        own, self.action._connection = self.action._connection, connection
        try:
            return dict(self.action._low_level_execute_command(script, sudoable=False))
        finally:
            self.action._connection = own

    def _act(
        self, module: str, arguments: Mapping[str, Any], connection: Any, play_context: Any, variables: dict[str, Any], check: bool = False
    ) -> dict[str, Any]:
        action, loader = self.action, self.action._shared_loader_obj.action_loader
        task = action._task.copy(exclude_tasks=True)
        task.action, task.args = _OURS + module, dict(arguments)
        task.delegate_to, task.loop, task.async_val = None, None, 0
        task.check_mode = self.check_mode or check
        name = _OURS + module if loader.find_plugin(_OURS + module) else "ansible.builtin.normal"
        plugin = loader.get(
            name, task=task, connection=connection, play_context=play_context, loader=action._loader, templar=action._templar,
            shared_loader_obj=action._shared_loader_obj,
        )  # fmt: skip
        try:
            return plugin.run(task_vars=variables)
        finally:
            plugin.cleanup(force=True)

    # -- rows -----------------------------------------------------------------------------------------------------

    def note(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Add to what is known of this host; returns all of it."""
        names = [self.get("ecs_instance_id", ""), self.get("ansible_host", ""), self.host]
        full = {**(self.store.read("row", self.host) or {}), "names": names, **row}
        # Part of it may be what the host answered.
        full["why"] = str(full.get("why") or "")[:_LONGEST_WHY]
        self.store.write("row", full, self.host)
        return full


def reason(result: Mapping[str, Any]) -> str:
    """Why a module failed."""
    return str(result.get("msg") or "failed without a message")


def describe(error: AnsibleError) -> str:
    """An error of a connection as one line."""
    return " ".join(str(getattr(error, "message", None) or error).split())
