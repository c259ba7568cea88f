# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Cloud Assistant command that checks whether sshd would receive temporary keys, as text.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

from typing import NamedTuple, Tuple

from .._assistant.command import render_program
from .._assistant.programs import served

SERVED_SECONDS = 60


class ServedRequest(NamedTuple):
    """Users with the blobs and the fingerprints of their keys."""

    keys: Tuple[Tuple[str, str, str], ...]


def render_served(request: ServedRequest, marker: str) -> str:
    """The shell script for RunCommand; its answer follows I(marker)."""
    return render_program(served, {"keys": [list(one) for one in request.keys]}, marker)
