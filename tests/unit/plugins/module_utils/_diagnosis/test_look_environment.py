# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An LD_LIBRARY_PATH that every session gets."""

import contextlib
from pathlib import Path

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis import facts as facts_of
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis import look_environment
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.facts import Facts, PamEntry, PamFacts, Request


@pytest.mark.parametrize(
    ("library", "setting", "found"),
    [
        ("libtinfo.so.6", "LD_LIBRARY_PATH=%s", True),
        ("libc.so.6", 'export LD_LIBRARY_PATH="/nowhere:%s"', True),
        ("libclntsh.so.19.1", "LD_LIBRARY_PATH=%s", False),
        ("libtinfo.so.6", "# LD_LIBRARY_PATH=%s", False),
        ("libtinfo.so.6.txt", "LD_LIBRARY_PATH=%s", False),
    ],
)
def test_libraries_that_stand_before_those_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, setting: str, found: bool) -> None:
    monkeypatch.setattr(look_environment, "acting_as", lambda *_account: contextlib.nullcontext())
    (tmp_path / library).touch()
    file = tmp_path / "environment"
    file.write_text("PATH=/usr/bin\n" + setting % tmp_path + "\n")
    entry = PamEntry("session", "required", "pam_env", ("envfile=%s" % file,), "/etc/pam.d/sshd:3")
    facts = Facts(Request("bob"), pam=PamFacts(entries=(entry,)))
    assert [place for place, _value in look_environment.find_library_paths(facts)] == ["%s:2" % file] * found
    assert not look_environment.find_library_paths(facts._replace(server=facts_of.ServerFacts(effective={"usepam": ("no",)})))
