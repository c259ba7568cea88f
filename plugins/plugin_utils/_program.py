# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program of ours without Ansible, whose import alone takes longer than a login: NAME ARGUMENT...

NAME is a module beside this one with a function C(main), which is given the arguments and returns the exit status.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

_PACKAGE = "ansible_collections.alicloud.ecs_access.plugins"


def name_packages() -> None:
    """Let our full names be imported though nobody has installed them."""
    name = ""
    for part in _PACKAGE.split("."):
        name = f"{name}.{part}".lstrip(".")
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = []
    sys.modules[name].__path__ = [str(Path(__file__).absolute().parents[1])]


if __name__ == "__main__":
    name_packages()
    sys.path.pop(0)  # this folder: nothing in it is a module of its own
    sys.exit(importlib.import_module(f"{_PACKAGE}.plugin_utils.{sys.argv[1]}").main(sys.argv[2:]))
