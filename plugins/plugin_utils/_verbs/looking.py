# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud modules that only look, in the process of the step: no archive to put together, no second process that loads the SDK.

With the inventory C(ecs), the process that workers are forked from has loaded it already. A module that writes stays a module.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.module import CloudTask, answer_of
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import cloud_argument_spec

_MODULES = "ansible_collections.alicloud.ecs_access.plugins.modules"
_LOOKING = ("access_account", "ecs_host_key_info", "ecs_instance_info", "ecs_key_pair_info")


def is_possible(module: str) -> bool:
    """Whether this module can be called here. On macOS, what looks for proxies can end a forked process."""
    return module in _LOOKING and sys.platform != "darwin"


def look(module: str, arguments: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """What the module answers to these arguments."""
    code = import_module(f"{_MODULES}.{module}")
    checked = ArgumentSpecValidator({**cloud_argument_spec(), **code.argument_spec()}).validate(dict(arguments))
    if checked.error_messages:
        return {"failed": True, "msg": "; ".join(checked.error_messages)}
    task = CloudTask(checked.validated_parameters, check_mode)
    return remove_values(answer_of(code.look, task), task.secrets)
