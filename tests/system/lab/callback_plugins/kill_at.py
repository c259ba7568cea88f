# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills a playbook of the collection between two writes: right after the one whose number LAB_KILL_AFTER has."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from ansible.plugins.callback import CallbackBase
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import Tools

DOCUMENTATION = """
name: kill_at
type: notification
short_description: SIGKILL between two writes
description: Counts calls of modules that may write, in the file LAB_KILL_FILE, and kills all processes of the run after one of them.
"""

READ_ONLY = ("ecs_instance_info", "ecs_key_pair_info", "ecs_host_key_info", "ssh_login_check", "ssh_access_info", "ecs_ssh_access_info")


class CallbackModule(CallbackBase):
    """Patches the one place that runs modules, before workers are forked."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "kill_at"

    def __init__(self) -> None:
        super().__init__()
        pids, after, run = [os.getpid()], int(os.environ["LAB_KILL_AFTER"]), Tools._act
        writes = Path(os.environ["LAB_KILL_FILE"])
        workers = writes.with_suffix(".pids")

        def act(tools, module, arguments, connection, play_context, variables, check=False):
            with open(workers, "a", encoding="ascii") as out:
                out.write(f"{os.getpid()}\n")
            result = run(tools, module, arguments, connection, play_context, variables, check)
            if module in READ_ONLY or check or tools.check_mode or arguments.get("step") == "look":
                return result
            with open(writes, "a", encoding="utf-8") as out:
                out.write(f"{module} {tools.host}\n")
            if len(writes.read_text().splitlines()) == after:
                for pid in {*pids, *map(int, workers.read_text().split())} - {os.getpid()}:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        Tools._act = act
