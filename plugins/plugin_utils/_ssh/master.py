# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads ssh's own state: is there an open connection to share, and what does the user's configuration set.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import socket
import subprocess

from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import text_lines


def is_master_alive(control_path: str | None) -> bool:
    """Whether something listens on the control socket: in microseconds, where C(ssh -O check) takes a process."""
    if not control_path:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(control_path)
        except BlockingIOError:
            return True  # its queue is full
        except (OSError, ValueError):
            return False
    return True


def read_ssh_config(executable: str, arguments: list[bytes], host: str) -> dict[str, str]:
    """What ssh would do with these arguments and the user's files (C(ssh -G)): option in lower case to value."""
    done = subprocess.run(
        [executable.encode(), *arguments, b"-G", b"--", host.encode("utf-8", "surrogateescape")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=False,
    )  # fmt: skip
    lines = text_lines(done.stdout.decode("utf-8", "replace"))
    return {name.lower(): value for name, _blank, value in (line.partition(" ") for line in reversed(lines))}
