# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What commands of Cloud Assistant leave behind in an instance."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import uuid
from typing import Iterator

import pytest
from lab.watcher import watching

pytestmark = pytest.mark.one_image

THROUGH = {"ansible_connection": "alicloud.ecs_access.ecs_assistant"}
# Children are killed first. A shell may begin its next command before its turn comes, but must not live to the one after that.
GOING_ON = "sleep 4;"


@pytest.fixture
def through(ansible, fleet):
    """through(instance, module, args): the module's result by way of Cloud Assistant."""

    def run(instance, module, args=None, **more):
        variables = {**THROUGH, "ecs_region": fleet.region, **more.pop("variables", {})}
        return ansible(instance, module, args, variables=variables, environment=fleet.environment(), **more)

    return run


def test_a_task_that_runs_out_of_time_leaves_no_process(instance, through) -> None:
    """One child in the task's session, one in the background, one that begins a session of its own."""
    words = "sleep 4711 & setsid sleep 4712 & (sleep 4713; sleep 2; touch /root/went-on) & sleep 4714"
    began = time.monotonic()
    result = through(instance, "ansible.builtin.raw", options=["-a", words], variables={"ansible_ecs_assistant_timeout": 10})
    assert result.get("unreachable"), result
    assert "Timeout" in result["msg"]
    assert time.monotonic() - began < 120
    left = instance.exec("pgrep -af 'sleep 471[0-9]' || true")
    assert left == ""
    assert not instance.exec(f"{GOING_ON} ls /root/went-on 2>/dev/null || true")


def test_a_tasks_own_timeout_ends_the_command_in_the_instance(instance, through) -> None:
    result = through(instance, "ansible.builtin.raw", options=["-a", "sleep 4721 & sleep 4722; sleep 2; touch /root/went-on", "--task-timeout", "20"])
    assert "imed out" in result["msg"], result
    assert instance.exec("pgrep -af 'sleep 472[0-9]' || true") == ""
    assert instance.exec(f"{GOING_ON} ls -d /run/ecs-assistant-* /root/went-on 2>/dev/null || true") == ""


@contextlib.contextmanager
def full_disk(instance) -> Iterator[None]:
    """No room where the agent saves its scripts, nor where programs keep their files."""
    places = ["/usr/local/share/aliyun-assist/work/script", "/tmp", "/var/tmp"]
    for place in places:
        instance.exec(
            f"mkdir -p {place}; mount -t tmpfs -o size=16k,mode=1777 full {place}; head -c 100000 /dev/zero > {place}/filler || true", privileged=True
        )
    try:
        yield
    finally:
        for place in places:
            instance.exec(f"umount -l {place}", privileged=True)


@pytest.mark.long
@pytest.mark.parametrize("disk", ["with room", "full"])
def test_no_other_account_can_read_what_a_task_sends(instance, through, tmp_path, disk) -> None:
    """The agent of the embedded cloud keeps its scripts, mode 0755, and runs them as an argument where it can't save them."""
    word = f"Zx{uuid.uuid4().hex}"
    (tmp_path / "big").write_text(word + os.urandom(60_000).hex())
    with full_disk(instance) if disk == "full" else contextlib.nullcontext(), watching(instance, word) as watcher:
        before = watcher.seen().rounds
        instance.exec("rm -f /root/word /root/line /root/big")
        raw = through(instance, "ansible.builtin.raw", options=["-a", f"echo {word} > /root/word; cat /root/word"])
        assert raw["stdout"].strip() == word, raw
        line = through(instance, "ansible.builtin.lineinfile", {"path": "/root/line", "line": word, "create": True, "mode": "0600"})
        assert line["changed"], line
        if disk == "with room":
            put = through(instance, "ansible.builtin.copy", {"src": str(tmp_path / "big"), "dest": "/root/big", "mode": "0600"})
            assert put["changed"], put
            assert instance.exec("sha256sum < /root/big").split()[0] == hashlib.sha256((tmp_path / "big").read_bytes()).hexdigest()
        seen = watcher.seen()
    assert instance.exec("cat /root/word /root/line").split() == [word, word]
    assert seen.rounds > before + 10
    assert "scripts: " in seen, "it has not even seen a script"
    assert seen.places == []
    assert instance.exec("ls -d /run/ecs-assistant-* 2>/dev/null; true") == ""
    assert instance.exec("grep -l ecs-assistant- /usr/local/share/aliyun-assist/work/script/* 2>/dev/null; true") == ""
