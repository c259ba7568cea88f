# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Cloud Assistant command that checks guests for temporary keys, as text.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

from typing import NamedTuple, Tuple

from .._assistant.command import render_program
from .._assistant.programs import prepare

TESTS_SECONDS = 60
"""How long the tests around the installer may take, in a guest with much to do."""


class PrepareRequest(NamedTuple):
    """Checks whether sshd queries these users' temporary keys; with C(write) makes it do so."""

    users: Tuple[str, ...]
    write: bool
    seconds: int
    """How long the vendor's installer may take."""


def render_prepare(request: PrepareRequest, marker: str) -> str:
    """The shell script for RunCommand; its answer follows I(marker)."""
    content = {"users": list(request.users), "write": request.write, "seconds": request.seconds}
    return render_program(prepare, content, marker)
