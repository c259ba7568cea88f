# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public key that a playbook was given: as text, or the one in the agent, such as the machine credential of a job.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import os
import subprocess

from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import text_lines

from .._ssh.proof import run_bounded
from .tools import StepFailed, Tools

AGENT = "agent"
_NAME = "ecs_access_public_key"
_SECONDS = 15


def given_key(tools: Tools) -> str:
    """The line of the key, empty if only paths were given or nothing. Raises StepFailed."""
    text = str(tools.get(_NAME, "") or "").strip()
    if not text:
        return ""
    try:
        return parse_public_key(_from_agent() if text == AGENT else text, _NAME).line
    except AccessError as exc:
        raise StepFailed(f"The public key cannot be used: {exc.text}") from None


def key_file(tools: Tools) -> str:
    """A file with that key, by which ssh chooses among those of an agent; empty if none was given."""
    return _write(tools, "key.pub", given_key(tools))


def agent_key_file(tools: Tools) -> str:
    """A file with the only key of the agent, by which ssh uses that one; empty if the agent has none or several."""
    keys = keys_of_agent()
    return _write(tools, "agent.pub", keys[0] if len(keys) == 1 else "")


def _write(tools: Tools, name: str, line: str) -> str:
    path = os.path.join(tools.store.folder, name) if line else ""
    if line:
        tools.store.write_text(path, line + "\n")
    return path


def keys_of_agent() -> list[str]:
    """The lines of the keys that the agent has, without certificates; none where there is no agent."""
    try:
        status, out, _error = run_bounded(["ssh-add", "-L"], _SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line for line in text_lines(out) if line.strip() and "-cert-v01@" not in line.split(None, 1)[0]] if status == 0 else []


def _from_agent() -> str:
    keys = keys_of_agent()
    if not keys:
        raise StepFailed(f"{_NAME}=agent: there is no agent with a key. In AWX, give the job template a machine credential.")
    if len(keys) > 1:
        raise StepFailed(f"{_NAME}=agent: the agent has {len(keys)} keys, and only one can be meant. Give the line of that one (ssh-add -L shows them).")
    return keys[0]
