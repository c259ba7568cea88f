# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of a host: what the summary table shows in its row.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def failed_outcome(outcome: Mapping[str, Any], task: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """The outcome of a host on which a task failed."""
    return {**outcome, "failed": True, "why": failure_text(task, result)}


def failure_text(task: str, result: Mapping[str, Any]) -> str:
    """The task that failed, and its message."""
    return f"{task}: {result.get('msg') or 'failed without a message'}"
