# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few hundred cases of `make fuzz`, always the same ones: what sshd, ssh-keygen and sudo of each image say is what we say."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))

from guest_tools import GuestTools
from parts import PARTS

BATCHES = {
    "key_reading": 4,
    "key_writing": 4,
    "sudo_reading": 3,
    "sudo_writing": 6,
    "all_lists": 4,
    "match_users": 1,
    "match_groups": 1,
    "match_addresses": 1,
    "from_option": 1,
    "hostile_guest": 4,
    "forged_api": 8,
}


# el-like has the programs of Debian 12.
@pytest.mark.one_image
@pytest.mark.parametrize("part", PARTS)
def test_no_difference(instance, part):
    tools = GuestTools(instance.container)
    try:
        results = [PARTS[part](tools, Random(f"short {batch}")) for batch in range(BATCHES.get(part, 3))]
    finally:
        tools.close()
    assert [difference for result in results for difference in result.differences] == []
    assert sum(result.accepted for result in results) > 15, "cases that every tool refuses prove nothing"
