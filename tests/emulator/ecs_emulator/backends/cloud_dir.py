# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container sees of the cloud: a folder of its own with a socket, its clock and the programs of the agent.

Instances mount it read-only; connecting to the socket is possible all the same.
"""

from __future__ import annotations

from pathlib import Path

TOOLS = Path(__file__).with_name("guest") / "tools"
MOUNT = "/usr/local/share/aliyun-assist/cloud"
SOCKET = "api.sock"
_CLOCK = "clock_offset"


def prepare_cloud_dir(state_dir: Path, instance_id: str) -> Path:
    """The folder of an instance, with everything but the socket in it."""
    folder = state_dir.resolve() / "cloud" / instance_id
    tools = folder / "tools"
    tools.mkdir(parents=True, exist_ok=True)
    for path in (folder, tools):
        path.chmod(0o755)
    for source in TOOLS.iterdir():
        if source.is_file():
            interpreter = "#!/bin/bash\n" if source.suffix == ".sh" else "#!/usr/bin/python3\n"
            (tools / source.name).write_text(interpreter + source.read_text(encoding="utf-8"), encoding="utf-8")
            (tools / source.name).chmod(0o755)
    return folder


def write_clock_offset(folder: Path, seconds: float) -> None:
    """Set the clock of an instance; the folder keeps its inode, so that the mount sees it."""
    path = folder / _CLOCK
    path.write_text("%g\n" % seconds)
    path.chmod(0o644)
