# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose lines are taken for sshd's own."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis import look_server
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.server import Ended


def test_of_the_journal_only_the_lines_of_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """With C(logger -t sshd) any account writes under that name; the kernel notes whose process it was."""
    asked = []
    monkeypatch.setattr(look_server, "find_tool", lambda name: "/usr/bin/" + name)
    monkeypatch.setattr(look_server, "run_program", lambda command, most: asked.append(command) or Ended(0, "one\ntwo\n", ""))
    assert look_server._log() == ("one", "two")
    assert "_UID=0" in asked[0]


def test_where_the_journal_has_none_the_files_of_everybody_are_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """C(logger -p auth.info -t sshd) reaches them, and nothing there shows whose process it was."""
    log = tmp_path / "auth.log"
    log.write_text("Nov 28 10:00:00 h sshd[1]: made up\n")
    monkeypatch.setattr(look_server, "_LOGS", (str(log),))
    monkeypatch.setattr(look_server, "find_tool", lambda name: "/usr/bin/" + name)
    monkeypatch.setattr(look_server, "run_program", lambda command, most: Ended(0, "any other line\n" if "-n1" in command else "", ""))
    assert look_server._log() == ()
    # With Storage=none the journal exists and keeps nothing: journalctl ends with 0 all the same.
    monkeypatch.setattr(look_server, "run_program", lambda command, most: Ended(0, "", ""))
    assert look_server._log() == ("Nov 28 10:00:00 h sshd[1]: made up",)
    monkeypatch.setattr(look_server, "find_tool", lambda name: None)
    assert look_server._log() == ("Nov 28 10:00:00 h sshd[1]: made up",)
