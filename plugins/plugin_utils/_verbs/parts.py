# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of each playbook, loaded in the process that all workers are forked from.

Python code of collections is compiled each time it is loaded. All parts together would cost a run more than half a second, and the part
of one playbook each of its tasks on each host a tenth of one. So the filter in C(hosts), which that process evaluates, loads what its
playbook needs, and nothing else.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PLUGINS = "ansible_collections.alicloud.ecs_access.plugins"
PLAYBOOKS = (
    "adopt", "audit", "bind_key_pair", "check_team", "diagnose", "leave", "offboard", "onboard", "recover_access", "rotate_key_pair", "temporary_login",
)  # fmt: skip
# What the parts run on hosts.
_ACTIONS = ("access_host", "ssh_access", "ssh_login_check", "sshd_pubkey")


def load_part(playbook: str) -> Any:
    """The part of this playbook; from the second time on it costs nothing."""
    return import_module(f"{_PLUGINS}.plugin_utils._verbs.{playbook}")


def prepare(playbook: str) -> None:
    """Load all that the tasks of this playbook need."""
    for name in ("access_step", *_ACTIONS):
        import_module(f"{_PLUGINS}.action.{name}")
    load_part(playbook)
