# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a part answers."""

from __future__ import annotations

from typing import NamedTuple


class Batch(NamedTuple):
    """How many cases a batch held, how many of them the real tool accepted, and a text for each difference."""

    cases: int
    accepted: int
    differences: list[str]
