# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile texts in rules of sudo, read by visudo and cvtsudoers of a real instance; tests/unit has those sinks whose readers are on the controller."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))

from guest_tools import GuestTools
from hostile import TEXTS
from parts import misread_fragments, wanted_user

# What takes a text of the team file to a rule of sudo.
FIELDS = {
    "name": lambda text: {"name": text},
    "command": lambda text: {"sudo_commands": [text]},
    "second command": lambda text: {"sudo_commands": ["/bin/ls", text]},
    "path": lambda text: {"sudo_commands": [f"/srv/{text}"]},
    "argument": lambda text: {"sudo_commands": [f"/bin/ls {text}"]},
    "runas": lambda text: {"sudo_runas": text},
    "runas group": lambda text: {"sudo_runas": f"root:{text}"},
}


@pytest.mark.one_image
def test_rules_of_sudo(instance):
    """Each is refused, or means the same to sudo as to us: one rule for this user alone."""
    tools, accepted, found = GuestTools(instance.container), {}, []
    try:
        for field, entry in FIELDS.items():
            given = [{"name": "ann", "sudo": "nopasswd", "account": "existing", **entry(text.encode("utf-8", "replace").decode())} for text in TEXTS]
            users = [user for one in given if (user := wanted_user(one)) is not None]
            accepted[field] = len(users)
            found += [f"{field}: {problem}" for problem in misread_fragments(tools, users)]
    finally:
        tools.close()
    assert found == []
    assert all(accepted.values()), accepted
