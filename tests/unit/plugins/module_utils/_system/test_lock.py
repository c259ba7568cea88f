# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs take turns, with those of earlier versions too, which know one of the two locks."""

import fcntl
import itertools
import os

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system import lock
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.run import HostError


@pytest.fixture
def paths(tmp_path, monkeypatch):
    found = (str(tmp_path / "earlier.lock"), str(tmp_path / "ours.lock"))
    monkeypatch.setattr(lock, "ACCOUNTS_LOCKS", found)
    seconds = itertools.count(step=100)
    monkeypatch.setattr(lock.time, "monotonic", lambda: next(seconds))
    monkeypatch.setattr(lock.time, "sleep", lambda _seconds: None)
    return found


@pytest.mark.parametrize("number", [0, 1])
def test_whoever_holds_either_lock_is_waited_for(paths, number):
    assert not lock.accounts_are_locked()
    with open(paths[number], "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert lock.accounts_are_locked()
        with pytest.raises(HostError, match="another run has been at work on this host"), lock.locked_accounts():
            pytest.fail("not alone")
    assert not lock.accounts_are_locked()
    with lock.locked_accounts(), open(paths[number]) as wanted, pytest.raises(BlockingIOError):
        fcntl.flock(wanted, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_earlier_versions_know_the_first():
    assert lock.ACCOUNTS_LOCKS == ("/run/alicloud.ecs_access.lock", "/run/alicloud-ecs-access.lock")


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_anew(paths, monkeypatch):
    take, taken = lock.lock, []

    def removed_at_first(descriptor, seconds, late):
        take(descriptor, seconds, late)
        taken.append(descriptor)
        if len(taken) == 1:
            os.unlink(paths[0])

    monkeypatch.setattr(lock, "lock", removed_at_first)
    with lock.locked_accounts():
        assert len(taken) == 3
        with open(paths[0]) as wanted, pytest.raises(BlockingIOError):
            fcntl.flock(wanted, fcntl.LOCK_EX | fcntl.LOCK_NB)
