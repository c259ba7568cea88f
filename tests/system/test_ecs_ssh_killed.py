# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILL of whatever takes part in ecs_ssh: nothing that could be used is left, and the next run is clean."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from lab import ssh as lab_ssh
from lab.temporary import PING, Runner, processes, running_cloud

pytestmark = pytest.mark.long

_naps = itertools.count(1)


@pytest.fixture(scope="module")
def cloud(start_fleet):
    with running_cloud(start_fleet, ["web"], ["hidden"], sessions={"rate_kbit": 2000}) as fleet:
        yield fleet


@pytest.fixture
def runner(cloud, tmp_path):
    with Runner.open(cloud, tmp_path) as made:
        yield made


def wait_until(condition, seconds=30.0, why="it did not come true"):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, why
        time.sleep(0.05)
    return found


def tunnels(folder):
    """Processes of the tunnel; ssh has the same words among its arguments."""
    return [pid for pid in processes("_tunnel.main", str(folder)) if "ssh" not in Path(f"/proc/{pid}/comm").read_text()]


def started(runner, name, tunnel, **variables):
    """A run in the middle of a task, and a copy of its key as a thief would take it."""
    nap = f"sleep 30.{next(_naps)}"
    process = runner.start(f"{PING}    - ansible.builtin.command: {nap}\n", [name], tunnel, **variables)
    wait_until(lambda: nap in runner.fleet[name].exec("ps ax -o args"), 60, "the task did not begin")
    (folder,) = runner.folders()
    stolen = runner.folder / "stolen"
    stolen.write_bytes((folder / "key").read_bytes())
    stolen.chmod(0o600)
    return process, folder, stolen


def is_let_in(runner, stolen):
    """Whether the key opens the instance that has an address."""
    web = runner.fleet["web"]
    known = runner.folder / "known_for_thief"
    lab_ssh.write_known_hosts(known, [web])
    return lab_ssh.ssh(web, "root", stolen, "true", known).returncode == 0


def assert_nothing_is_left(runner, folder):
    wait_until(lambda: not folder.exists(), 10, "the key's folder is still there")
    wait_until(lambda: not processes("reaper.py", str(folder)), 10, "the reaper is still there")


def clean_run(runner, name, tunnel):
    run = runner.play(PING, [name], tunnel=tunnel)
    assert run.returncode == 0, run.output
    assert runner.folders() == []


def test_killed_with_all_its_forks(runner):
    process, folder, stolen = started(runner, "web", "never")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert_nothing_is_left(runner, folder)
    assert not list(runner.folder.rglob("ticket-*"))
    # The key itself is worthless once its minute is over.
    expires = max(key["expires"] for key in runner.keys("web"))
    assert expires - time.time() <= 60
    time.sleep(max(0.0, expires - time.time() + 1))
    assert not is_let_in(runner, stolen)
    clean_run(runner, "web", "never")


def test_the_stolen_key_would_have_worked_before(runner):
    """The control of the test above, and a session that was opened in time survives the key."""
    process, folder, stolen = started(runner, "web", "never")
    assert is_let_in(runner, stolen)
    expires = max(key["expires"] for key in runner.keys("web"))
    time.sleep(max(0.0, expires - time.time() + 1))
    assert not is_let_in(runner, stolen)
    run = wait_until(lambda: process.poll() is not None, 60)
    assert run
    assert process.returncode == 0, (runner.folder / "started.out").read_text()
    assert_nothing_is_left(runner, folder)


def test_only_the_main_process_killed(runner):
    process, folder, _stolen = started(runner, "web", "never")
    process.kill()
    process.wait()
    assert_nothing_is_left(runner, folder)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    clean_run(runner, "web", "never")


def test_a_fork_killed(runner):
    process, folder, _stolen = started(runner, "web", "never")
    workers = [pid for pid in processes("ansible-playbook", str(runner.folder)) if parent(pid) == process.pid]
    assert workers
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    # Newer cores notice a dead worker and end; older ones wait for it.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(15)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert_nothing_is_left(runner, folder)
    clean_run(runner, "web", "never")


def test_the_tunnel_killed(runner):
    process, folder, _stolen = started(runner, "hidden", "always")
    (tunnel,) = tunnels(folder)
    os.kill(tunnel, signal.SIGKILL)
    assert process.wait(30) == 4
    assert "UNREACHABLE" in (runner.folder / "started.out").read_text()
    assert_nothing_is_left(runner, folder)
    clean_run(runner, "hidden", "always")


def test_websockets_cut_by_the_service(runner):
    process, folder, _stolen = started(runner, "hidden", "always")
    runner.control("DELETE", "sessions")
    assert process.wait(30) == 4
    said = " ".join((runner.folder / "started.out").read_text().split())
    assert "Session Manager tunnel: the connection broke (cut off, code 1006)." in said
    assert_nothing_is_left(runner, folder)
    assert not tunnels(folder)
    clean_run(runner, "hidden", "always")


def test_killed_with_a_tunnel_open(runner):
    process, folder, _stolen = started(runner, "hidden", "always")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert_nothing_is_left(runner, folder)
    assert not list(runner.folder.rglob("ticket-*"))
    # The shared connection lasts as long as ControlPersist says, and its tunnel as long as it.
    runner.hang_up()
    wait_until(lambda: not tunnels(folder), 10)
    clean_run(runner, "hidden", "always")


def test_nothing_usable_is_left_after_a_minute_and_control_persist(runner):
    """Nobody cleans up by hand here."""
    persist = 20
    sharing = f"-o ControlMaster=auto -o ControlPersist={persist}s"
    process, folder, stolen = started(runner, "hidden", "always", ansible_ssh_args=sharing)
    sockets = Path(runner.controller.environment()["ANSIBLE_SSH_CONTROL_PATH_DIR"])
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    killed = time.monotonic()
    assert_nothing_is_left(runner, folder)
    # The connection is shared until the task that nobody waits for any more is over, and for as long as ControlPersist says.
    wait_until(lambda: not tunnels(folder), 30 + persist + 15, "a tunnel is still there")
    wait_until(lambda: not list(sockets.iterdir()), 10, "a control socket is still there")
    assert not processes(str(sockets))
    assert [session["open"] for session in runner.control("GET", "sessions")["sessions"] if session["open"]] == []
    time.sleep(max(0.0, killed + 61 - time.monotonic()))
    assert runner.keys("hidden") == []
    assert stolen.exists()
    clean_run(runner, "hidden", "always")


def parent(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0
