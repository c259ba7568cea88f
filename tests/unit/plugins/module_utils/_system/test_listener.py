# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes are root's own: namespaces and control groups as the kernel shows them."""

import os

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system import listener


@pytest.mark.parametrize(
    ("apart", "group", "is_roots"),
    [
        ((), "0::/user.slice/user-0.slice/session-1.scope\n", True),
        (("mnt",), "0::/system.slice/ssh.service\n", True),
        (("mnt",), "1:name=systemd:/system.slice/sshd.service\n", True),
        (("mnt",), "0::/system.slice/docker-0123.scope\n", False),
        (("mnt",), "0::/machine.slice/libpod-1.scope/system.slice/ssh.service\n", False),
        (("mnt",), "0::/system.slice/ssh.service.d\n", False),
        (("mnt", "pid"), "0::/system.slice/ssh.service\n", False),
        (("user",), "0::/system.slice/ssh.service\n", False),
        (("net",), "0::/system.slice/ssh.service\n", False),
    ],
)
def test_only_the_service_itself_may_have_mounts_of_its_own(monkeypatch: pytest.MonkeyPatch, apart: tuple, group: str, is_roots: bool) -> None:
    def follow(path: str) -> str:
        return "other" if path.startswith("/proc/7/") and path.rpartition("/")[2] in apart else "same"

    monkeypatch.setattr(os, "readlink", follow)
    monkeypatch.setattr(listener, "read_quietly", lambda path: group)
    monkeypatch.setattr(listener, "read_status", lambda pid: {"Uid": "0\t0\t0\t0"})
    assert listener.is_roots_process(7) == is_roots
