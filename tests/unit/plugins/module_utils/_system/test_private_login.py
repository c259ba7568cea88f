# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client of a private login prints is an account's: as much of it is kept as there is room for, and for as long as there is time."""

import subprocess
import time

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system import private_login
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.server import LIMIT


@pytest.fixture
def receive():
    """receive(script, seconds): what was received of a program, and what it ended with; None where it was left running."""
    started = []

    def call(script, seconds=10.0):
        pipe = subprocess.PIPE
        process = subprocess.Popen(["sh", "-c", script], stdin=pipe, stdout=pipe, stderr=pipe)
        started.append(process)
        out, err = private_login._receive(process, time.monotonic() + seconds)
        return out, err, process.poll()

    yield call
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def test_a_program_that_ends(receive):
    assert receive("echo in; echo wrong >&2; exit 3") == (b"in\n", b"wrong\n", 3)
    assert receive("cat; sleep 0.2; echo out") == (b"out\n", b"", 0)


@pytest.mark.parametrize("script", ["exec yes", "exec yes >&2"])
def test_a_program_that_prints_without_end(receive, script):
    started = time.monotonic()
    out, err, code = receive(script)
    assert code is None and LIMIT <= len(out + err) < LIMIT + (1 << 17) and time.monotonic() - started < 5


def test_a_program_that_takes_too_long(receive):
    assert receive("echo in; exec sleep 60", 0.3) == (b"in\n", b"", None)


def test_a_server_whose_log_has_no_end(tmp_path):
    """It is in memory, and sshd repeats in it each line of a key file that is none."""
    client, log = tmp_path / "ssh", tmp_path / "log"
    client.write_text('#!/bin/sh\nexec sh -c "${2#ProxyCommand=}"\n')
    client.chmod(0o755)
    server = ["exec", "dd", "if=/dev/zero", f"of={log}", "bs=64k", "count=64"]
    private_login.meet_by_pipe(server, [str(client)], 10, most=1 << 20)
    assert log.stat().st_size == 1 << 20
    private_login.meet_by_pipe(server, [str(client)], 10)
    assert log.stat().st_size == 4 << 20
    with private_login._start(server[1:], private_login._limited(lambda: None, 1 << 20), stderr=subprocess.DEVNULL) as process:
        assert process.wait(10) < 0 and log.stat().st_size == 1 << 20
