# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that are run on the host, and the ones that cannot be."""

import os
import tempfile

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.run import HostError, held_open, run_program, run_tool


def test_a_tool_is_found_whatever_the_path_says(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert run_tool(["cat"], "in") == (0, "in")
    with pytest.raises(HostError, match=r"no-such-tool not found in /usr/sbin:"):
        run_tool(["no-such-tool"])


def test_what_a_tool_says_in_either_way():
    assert run_tool(["sh", "-c", "echo out; echo err >&2; exit 3"]) == (3, "out\nerr")


@pytest.mark.parametrize(
    ("argv", "objection"),
    [
        (["/nowhere/program"], "cannot run /nowhere/program: .*No such file"),
        (["sleep", "60"], "'sleep 60': it did not end within 0 seconds"),
        (["yes"], "'yes': it did not end"),
    ],
)
def test_a_program_that_does_not_come_to_its_end(argv, objection):
    with pytest.raises(HostError, match=objection):
        run_program(argv, timeout=0.2)


def test_a_program_that_may_say_much():
    assert len(run_program(["head", "-c", "2000000", "/dev/zero"], most=4 << 20).out) == 2000000


def test_files_without_a_name_have_paths_for_others_for_a_while():
    with tempfile.TemporaryFile() as stream:
        stream.write(b"text")
        stream.flush()
        with held_open(stream) as (path,):
            assert run_program(["cat", path]).out == "text"
        assert not os.path.exists(path)
