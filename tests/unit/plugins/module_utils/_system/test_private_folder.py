# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders for copies: root's alone, gone in the end, and cleared after runs that were killed."""

import os
import stat
import subprocess
import sys

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system import private_folder as module
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.private_folder import clear_folders, private_folder

KILLED = """
import os, signal, sys
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system import private_folder as module
module._PARENT = sys.argv[1]
with module.private_folder() as folder:
    open(os.path.join(folder, "copy"), "w").close()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def parent(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PARENT", str(tmp_path))
    return tmp_path


def test_it_is_private_and_gone_afterwards(parent):
    with private_folder() as folder:
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert os.listdir(str(parent)) == []


def test_what_a_killed_run_left_is_cleared_and_nothing_else(parent):
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    subprocess.call([sys.executable, "-c", KILLED, str(parent)], env=environment)
    left = os.listdir(str(parent))
    assert len(left) == 1
    (parent / "alicloud-ecs-access-copy-notes").mkdir()
    with private_folder() as folder:
        clear_folders()
        assert sorted(os.listdir(str(parent))) == sorted(["alicloud-ecs-access-copy-notes", os.path.basename(folder)])


def test_what_earlier_versions_left_is_cleared(parent):
    for name in ("ecs_access-copy-999999999-abc", "ecs_access-copy-%d-abc" % os.getpid(), "ecs_access-copy-notes"):
        (parent / name).mkdir()
    clear_folders()
    assert len(os.listdir(str(parent))) == 2
