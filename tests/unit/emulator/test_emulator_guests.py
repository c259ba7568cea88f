# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of container guests that need no container; tests/system/test_instances.py has the rest."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys

import pytest
from ecs_emulator.backends import CommandOutcome, podman
from ecs_emulator.backends.address import reserve_address
from ecs_emulator.backends.agent import parse_outcome
from ecs_emulator.backends.container import is_abandoned, owner_mark
from ecs_emulator.backends.podman import CAP_SYS_RESOURCE, Completed, has_capability, podman_environment, render_containers_conf


@pytest.mark.parametrize(("mask", "expected"), [("000001ffffffffff", True), ("000001fffeffffff", False), ("0000000001000000", True), ("0", False)])
def test_capabilities_are_read_from_the_effective_set(mask, expected):
    status = f"Name:\tx\nCapPrm:\t000001ffffffffff\nCapEff:\t{mask}\n"
    assert has_capability(status, CAP_SYS_RESOURCE) is expected


def test_an_ordinary_machine_needs_no_configuration():
    assert render_containers_conf(lower_limits=False, runc=False) == ""


def test_a_sandbox_gets_limits_within_the_callers_own_and_a_runtime_that_works():
    text = render_containers_conf(lower_limits=True, runc=True)
    assert "default_ulimits = [" in text
    assert 'runtime = "runc"' in text


def test_the_users_own_containers_conf_wins(monkeypatch):
    monkeypatch.setenv("CONTAINERS_CONF", "/somewhere/containers.conf")
    assert podman_environment()["CONTAINERS_CONF"] == "/somewhere/containers.conf"


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        (b"exit 0\n", CommandOutcome(0, b"out")),
        (b"exit 255\n", CommandOutcome(255, b"out")),
        (b"exit 3\npodman: a remark of its own\n", CommandOutcome(3, b"out")),
        (b"error AccountNotExists No such account.\n", CommandOutcome(None, b"out", "AccountNotExists", "No such account.")),
    ],
)
def test_outcome_is_what_the_runner_reports(stderr, expected):
    assert parse_outcome(Completed(0, b"out", stderr)) == expected


def test_a_runner_that_reports_nothing_means_the_instance_went_away():
    outcome = parse_outcome(Completed(137, b"", b""))
    assert (outcome.exit_code, outcome.error_code) == (None, "InstanceNotRunning")


def test_addresses_are_kept_until_they_are_released():
    first = reserve_address()
    try:
        assert first.host.startswith("127.42.")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other, pytest.raises(OSError, match="in use"):
            other.bind((first.host, first.port))
    finally:
        first.release()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((first.host, first.port))


def test_an_address_where_somebody_listens_is_passed_over(monkeypatch):
    taken = reserve_address()
    taken.release()
    octets = [int(octet) for octet in taken.host.split(".")[2:]]
    wanted = iter([*octets, 201, 202])
    monkeypatch.setattr("random.randint", lambda low, high: next(wanted))
    with socket.create_server((taken.host, taken.port)):
        found = reserve_address()
        found.release()
    assert found.host == "127.42.201.202"


def test_a_container_is_abandoned_once_its_process_is_gone():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = owner_mark(child.pid)
    assert not is_abandoned(mark)
    child.communicate(b"\n", timeout=10)
    assert is_abandoned(mark)


def test_a_pid_that_is_used_again_is_another_owner():
    space, pid, begin = owner_mark(os.getpid()).rsplit("-", 2)
    assert is_abandoned(f"{space}-{pid}-{int(begin) - 1}")


def test_containers_of_another_pid_namespace_are_left_alone():
    assert not is_abandoned("pid:[1]-999999999-1")


def test_a_grandchild_that_holds_the_pipes_does_not_hold_up_a_cancelled_program():
    async def cancel_it() -> None:
        task = asyncio.create_task(podman.run_process("sh", "-c", "sleep 30 & exec sleep 30"))
        await asyncio.sleep(0.3)
        task.cancel()
        done, _pending = await asyncio.wait({task}, timeout=5)
        assert done == {task}

    asyncio.run(cancel_it())


def test_error_lines_are_read_as_they_come_and_output_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(podman, "OUTPUT_LIMIT", 10)
    lines: list[bytes] = []
    script = "echo begun >&2; cat > /dev/null; yes | head -c 200000; printf 'exit 0' >&2"
    done = asyncio.run(podman.run_process("sh", "-c", script, stdin=b"x" * 200000, on_error_line=lines.append))
    assert lines == [b"begun\n", b"exit 0"]
    assert (done.stdout, done.error) == (b"y\n" * 5, "begun\nexit 0")


def test_a_program_need_not_read_its_input():
    done = asyncio.run(podman.run_process("true", stdin=b"x" * 2000000, on_error_line=print))
    assert (done.returncode, done.stdout) == (0, b"")
