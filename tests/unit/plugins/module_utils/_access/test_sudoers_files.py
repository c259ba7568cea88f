# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fragments in sudoers.d, and those of earlier versions: killed at any step, exactly one of old and new is in force."""

import os

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.sudoers import fragment_names
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.sudoers_files import remove_fragment, write_fragment
from ansible_collections.alicloud.ecs_access.plugins.module_utils._names import temporary_names
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudoers_tree import names_in

OURS, EARLIER = NAMES = fragment_names("ann")
OLD, NEW = "ann ALL=(ALL) /bin/ls\n", "ann ALL=(ALL) ALL\n"
CALLS = ("open", "write", "fchown", "fchmod", "fsync", "rename", "unlink")


class Killed(BaseException):
    """Nothing that comes afterwards happens."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fchown", lambda *_args: None)
    return tmp_path


def put(folder, *names):
    for name in os.listdir(folder):
        (folder / name).unlink()
    for name in names:
        (folder / name).write_text(OLD)


def killed_at(monkeypatch, number, call):
    """Whether the call was killed at that step."""
    count = 0

    def step(original):
        def stand_in(*args, **kwargs):
            nonlocal count
            count += 1
            if count > number:
                raise Killed
            return original(*args, **kwargs)

        return stand_in

    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, step(getattr(os, name)))
        try:
            call()
        except Killed:
            return True
    return False


def in_force(folder):
    """The text that sudo reads last."""
    names = names_in(str(folder))
    return (folder / names[-1]).read_text() if names else None


@pytest.mark.parametrize("present", [(), (OURS,), (EARLIER,), (OURS, EARLIER)])
def test_killed_while_writing(folder, monkeypatch, present):
    def write():
        write_fragment(str(folder), NAMES, NEW)

    number, seen = 0, set()
    put(folder, *present)
    while killed_at(monkeypatch, number, write):
        assert len(names_in(str(folder))) in (len(present), 1)
        assert in_force(folder) in ((OLD if present else None), NEW)
        seen.add(in_force(folder))
        write()
        assert {name: (folder / name).read_text() for name in os.listdir(folder)} == {OURS: NEW}
        number += 1
        put(folder, *present)
    assert number > 5
    assert seen == {OLD if present else None, NEW}
    assert os.stat(folder / OURS).st_mode & 0o777 == 0o440


@pytest.mark.parametrize("present", [(OURS,), (EARLIER,), (OURS, EARLIER)])
def test_killed_while_removing(folder, monkeypatch, present):
    def remove():
        remove_fragment(str(folder), NAMES)

    number = 0
    put(folder, *present)
    while killed_at(monkeypatch, number, remove):
        assert in_force(folder) in (OLD, None)
        remove()
        assert os.listdir(folder) == []
        number += 1
        put(folder, *present)
    assert os.listdir(folder) == []


@pytest.mark.parametrize("left", [left for name in NAMES for left in temporary_names(name)])
def test_what_a_killed_run_left_is_cleared(folder, left):
    for change in (lambda: write_fragment(str(folder), NAMES, NEW), lambda: remove_fragment(str(folder), NAMES)):
        put(folder, left)
        change()
        assert os.listdir(folder) in ([OURS], [])
