# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes of others an account has started: by the word of the kernel or of sudo, and of nobody else."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system import processes

LEAVER, OTHER = 1001, 1002


@pytest.fixture
def strays(monkeypatch):
    """strays(uid, environment, loginuid): what is found where one process runs like that."""

    def call(uid, environment="", loginuid=4294967295):
        files = {
            "/proc/7/status": f"Name:\tx\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nPPid:\t0\n",
            "/proc/7/environ": environment,
            "/proc/7/loginuid": str(loginuid),
            "/proc/7/cgroup": "0::/system.slice/x.service\n",
        }
        monkeypatch.setattr(processes.os, "listdir", lambda folder: ["7", "self"])
        monkeypatch.setattr(processes, "read_quietly", lambda path: files[path])
        return processes.find_strays(LEAVER)

    return call


def test_what_root_runs_for_the_leaver(strays):
    assert strays(0, f"A=b\0SUDO_UID={LEAVER}\0") == {7: False}
    assert strays(0, loginuid=LEAVER) == strays(OTHER, loginuid=LEAVER) == {7: False}
    assert strays(0, f"SUDO_UID={OTHER}\0") == {}


def test_what_another_account_notes_about_itself_is_not_the_leavers(strays):
    """With it, anybody who stays could keep the removal of a leaver from ever being done."""
    assert strays(OTHER, f"SUDO_UID={LEAVER}\0") == {}
