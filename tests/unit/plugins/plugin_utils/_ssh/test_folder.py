# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a run, its key, and the reaper, as processes that are really killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh import reaper
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.folder import NAME, FolderError, RunFolder, read_time

COLLECTIONS = str(Path(__file__).resolve().parents[5] / ".work" / "collections")

# Makes the folder and the key in a fork, as a task's worker does, says so and waits to be killed.
RUN = """
import multiprocessing, sys, time
sys.path.insert(0, sys.argv[2])
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.folder import RunFolder
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.key import get_key

def work(path, lines):
    folder = RunFolder.of(path)
    folder.make()
    lines.put(get_key(folder).line)

context = multiprocessing.get_context("fork")
lines = context.Queue()
workers = [context.Process(target=work, args=(sys.argv[1], lines)) for _number in range(4)]
[worker.start() for worker in workers]
print("|".join(sorted({lines.get() for _worker in workers})), flush=True)
[worker.join() for worker in workers]
time.sleep(60)
"""


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "tmp"


class Run:
    """A process like ansible-playbook, in a session of its own."""

    def __init__(self, runs: Path, name: str) -> None:
        self.local_tmp = runs / f"ansible-local-{name}"
        self.local_tmp.mkdir(parents=True, mode=0o700)
        self.folder = self.local_tmp / "ecs_ssh"
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(self.local_tmp), COLLECTIONS], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.keys = self.process.stdout.readline().strip()

    def reapers(self) -> list[int]:
        found = subprocess.run(["pgrep", "-f", f"reaper.py {self.folder}"], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    def end(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def run(runs):
    made = Run(runs, "one")
    yield made
    if made.process.poll() is None:
        made.end()


def test_forks_share_one_key_that_nobody_else_can_read(run):
    assert run.keys.startswith("ssh-rsa ")
    assert "|" not in run.keys
    assert run.folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in run.folder.glob("key*")} == {"key": 0o600, "key.pub": 0o600, "key.lock": 0o600}
    made = subprocess.run(["ssh-keygen", "-y", "-f", str(run.folder / "key")], capture_output=True, text=True, check=True).stdout
    assert made.split()[:2] == run.keys.split()[:2]
    assert len(run.reapers()) == 1


def test_nothing_is_left_of_a_run_that_was_killed_with_its_whole_process_group(run):
    run.end()
    wait_until(lambda: not run.folder.exists())
    wait_until(lambda: not run.reapers())


def test_the_next_run_clears_what_a_killed_reaper_could_not(run, runs):
    (reaper,) = run.reapers()
    os.kill(reaper, signal.SIGKILL)
    run.end()
    assert (run.folder / "key").exists()
    other = Run(runs, "two")
    try:
        wait_until(lambda: not run.folder.exists())
        assert (other.folder / "key").exists()
    finally:
        other.end()


def test_the_next_run_spares_one_that_is_alive(run, runs):
    other = Run(runs, "two")
    other.end()
    wait_until(lambda: not other.folder.exists())
    assert (run.folder / "key").exists()


def test_a_live_run_without_a_reaper_is_spared_too(run, runs):
    (reaper,) = run.reapers()
    os.kill(reaper, signal.SIGKILL)
    wait_until(lambda: not run.reapers())
    other = Run(runs, "two")
    wait_until(other.reapers)
    time.sleep(0.5)
    assert (run.folder / "key").exists()
    other.end()


def test_whoever_comes_next_replaces_a_killed_reaper(tmp_path):
    folder = RunFolder.of(str(tmp_path))
    folder.make()

    def reapers():
        found = subprocess.run(["pgrep", "-f", f"reaper.py {folder.path}"], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    wait_until(reapers)
    first = reapers()
    os.kill(first[0], signal.SIGKILL)
    os.waitpid(first[0], 0)
    folder.make()
    wait_until(reapers)
    assert reapers() != first
    os.kill(reapers()[0], signal.SIGKILL)


def test_a_link_in_the_folder_s_place_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "ecs_ssh").symlink_to("elsewhere")
    with pytest.raises(FolderError, match="is not a folder of this user with mode 0700"):
        RunFolder.of(str(tmp_path)).make()


def test_an_open_folder_is_refused(tmp_path):
    (tmp_path / "ecs_ssh").mkdir()
    (tmp_path / "ecs_ssh").chmod(0o755)
    with pytest.raises(FolderError, match="mode 0700"):
        RunFolder.of(str(tmp_path)).make()


def test_the_reaper_does_not_follow_links(tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("keep")
    folder = tmp_path / "ecs_ssh"
    folder.symlink_to(precious)
    program = Path(__file__).resolve().parents[5] / "plugins" / "plugin_utils" / "_ssh" / "reaper.py"
    subprocess.run([sys.executable, str(program), str(folder), "999999999", "0"], check=False, timeout=20)
    assert (precious / "file").read_text() == "keep"


@pytest.mark.parametrize(("content", "expected"), [("12.5", 12.5), ("", None), ("x", None), (None, None)])
def test_a_damaged_record_counts_as_none(tmp_path, content, expected):
    path = tmp_path / "record"
    if content is not None:
        path.write_text(content)
    assert read_time(str(path)) == expected


def test_what_another_user_puts_there_does_not_stop_the_reaper(tmp_path):
    """A pipe that nobody ever writes to, in a folder that is open to everybody."""
    orphan = tmp_path / "ansible-local-1" / NAME
    orphan.mkdir(parents=True)
    os.mkfifo(orphan / "reaper")
    child = os.fork()
    if not child:
        signal.alarm(5)
        reaper.clear_orphan(str(orphan))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert (orphan / "reaper").exists()
