# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest whose shell is this machine's, with folders of the test's for /run and the home."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from ansible.playbook.play_context import PlayContext
from ansible_collections.alicloud.ecs_access.plugins.connection import ecs_assistant
from ecs_emulator.testing import CommandOutcome


def connect(instance_id: str, **options: Any) -> ecs_assistant.Connection:
    """The connection with these options, however the collection was imported."""
    given = {"instance_id": instance_id, "command_timeout": 20, **options}

    class Connection(ecs_assistant.Connection):
        def get_option(self, option: str, hostvars: Any = None) -> Any:
            return given.get(option)

        def get_option_and_origin(self, option: str, hostvars: Any = None) -> tuple[Any, str]:
            return given.get(option), "direct"

    return Connection(PlayContext(), os.devnull)


class ShellGuest:
    """Answers commands, and finds the files that were sent."""

    def __init__(self, emulator: Any, name: str, folder: Path) -> None:
        self._files = emulator.instance(name).guest.files
        self.run_folder, self._home = folder / "run", folder / "home"
        for each in (self.run_folder, self._home):
            each.mkdir()
        self.scripts: list[str] = []
        emulator.on_command(self.answer, name)

    def answer(self, script: str, _username: str) -> CommandOutcome:
        """What the agent reports."""
        self.scripts.append(script)
        for path, request in self._files.items():
            place = self.run_folder / path[len("/run/") :]
            if place.parent.is_dir() and request.content:
                place.write_bytes(request.content)
        self._files.clear()
        text = script.replace("/run", str(self.run_folder)).replace("cut -d: -f6", f"echo {self._home}")
        done = subprocess.run(["sh", "-c", text], capture_output=True, check=False, stdin=subprocess.DEVNULL)
        return CommandOutcome(done.returncode, done.stdout + done.stderr)
