# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a team file is written, and where it is not."""

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._adoption.files import FileRefused, check_target, read_present, write_target


def test_a_new_file_is_private(tmp_path):
    path = tmp_path / "team.yml"
    check_target(str(path), False)
    assert read_present(str(path)) == ""
    write_target(str(path), "---\n", False)
    assert path.read_text() == read_present(str(path)) == "---\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["team.yml"]


@pytest.mark.parametrize("use", [check_target, lambda path, replace: write_target(path, "new", replace)])
def test_one_that_is_there_is_replaced_only_if_told(tmp_path, use):
    path = tmp_path / "team.yml"
    path.write_text("old")
    with pytest.raises(FileRefused, match="There is a file"):
        use(str(path), False)
    assert path.read_text() == "old"
    use(str(path), True)


@pytest.mark.parametrize("use", [check_target, lambda path, replace: write_target(path, "new", replace)])
@pytest.mark.parametrize("kind", ["link", "dangling link", "folder"])
def test_a_link_or_a_folder_never_is(tmp_path, use, kind):
    path, target = tmp_path / "team.yml", tmp_path / "target"
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(target)
    if kind == "link":
        target.write_text("old")
    with pytest.raises(FileRefused, match="is a link or a folder"):
        use(str(path), True)
    assert target.exists() is (kind == "link")
    assert kind != "link" or target.read_text() == "old"
    assert read_present(str(path)) == ""


def test_the_folder_must_be_there_and_nobody_else_may_replace_what_is_in_it(tmp_path):
    with pytest.raises(FileRefused, match="No such file"):
        check_target(str(tmp_path / "no" / "team.yml"), False)
    (tmp_path / "file").touch()
    with pytest.raises(FileRefused, match="Not a directory"):
        check_target(str(tmp_path / "file" / "team.yml"), False)
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    with pytest.raises(FileRefused, match="Everybody may write"):
        check_target(str(open_folder / "team.yml"), False)
    open_folder.chmod(0o1777)
    check_target(str(open_folder / "team.yml"), False)
