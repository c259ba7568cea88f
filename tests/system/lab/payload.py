# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module exactly as Ansible sends it, arguments included, to be run in an instance many times and in unusual ways."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from lab.instance import Instance


def catch_module(ansible: Callable, instance: Instance, module: str, options: Mapping[str, Any], path: str) -> list[str]:
    """Have Ansible send the module, keep it as a file instead of running it, and answer the command that runs it."""
    # Poses as the interpreter: says what it got and does nothing.
    instance.put(f"{path}.catcher", f"#!/bin/sh\ncat > {path}\necho '{{}}'\n", "0755")
    ansible(instance, module, options, variables={"ansible_python_interpreter": f"{path}.catcher"})
    instance.exec(f"test -s {path} && rm {path}.catcher")
    return ["/usr/bin/python3", path]
