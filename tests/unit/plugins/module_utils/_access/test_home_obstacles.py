# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where no home can be made, the reason is known before the account is."""

from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import look
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system import mounts

MOUNTS = """\
22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:30 / /home rw,relatime shared:2 - autofs systemd-1 rw,fd=30
31 30 0:31 / /home/ann rw,relatime shared:3 master:1 - nfs4 server:/ann rw
32 22 0:32 / /mnt/with\\040blank ro - tmpfs none ro
33 22 0:33 / /data rw - autofs auto.data rw
34 33 0:34 / /data rw - ext4 /dev/vdb1 rw
"""


def test_of_mounts_the_one_on_top_counts():
    assert mounts.parse_mount_types(MOUNTS) == {"/": "ext4", "/home": "autofs", "/home/ann": "nfs4", "/mnt/with blank": "tmpfs", "/data": "ext4"}
    assert "/proc" in mounts.read_mount_types()


def test_the_automounter_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr(look, "read_mount_types", lambda: {str(tmp_path): "autofs"})
    assert look._home_obstacle(str(tmp_path)) == (f"the home must come from the automounter, whose map has no entry for this user in {tmp_path}")
    monkeypatch.setattr(look, "read_mount_types", lambda: {})
    assert look._home_obstacle(str(tmp_path)) is None


def test_a_mount_that_is_read_only(monkeypatch):
    monkeypatch.setattr(look, "find_obstacle", lambda path: f"{path} lies on a file system that is mounted read-only")
    assert look._home_obstacle("/") == "/ lies on a file system that is mounted read-only"
