# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent to instances is small enough for the service and for security tools, and every Python reads it."""

import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.ask import CHAPTERS, Question, _render

from ..._assistant.programs.conftest import MOST_SENT, find_interpreters


def script(chapter):
    return _render(Question(chapter, 12345, 20480), "e0123456789abcdef:")


@pytest.mark.parametrize("chapter", sorted(CHAPTERS))
def test_what_is_sent_is_small(chapter):
    assert len(script(chapter).encode("ascii")) <= MOST_SENT


@pytest.mark.parametrize("interpreter", find_interpreters()[1:])
@pytest.mark.parametrize("chapter", sorted(CHAPTERS))
def test_every_python_reads_it(chapter, interpreter):
    program = script(chapter).split("<<'END'\n")[1].split("\nEND\n")[0]
    check = "import sys; compile(sys.stdin.read(), 'program', 'exec')"
    done = subprocess.run([interpreter, "-c", check], input=program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
