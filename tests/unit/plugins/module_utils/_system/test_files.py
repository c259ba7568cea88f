# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of root's, written as a whole. The SELinux of these tests is a stand-in: the machine that runs them need not have one."""

import os
import stat

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._names import temporary_names
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system import files, run
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.run import HostError

ATTRIBUTE = "user.ecs_access_test"


@pytest.fixture
def selinux(tmp_path, monkeypatch):
    """A host with SELinux on: restorecon writes down what it was given, and answers with the status in its file."""
    restorecon = tmp_path / "restorecon"
    restorecon.write_text(
        '#!/bin/sh\necho "$@" >> %s/labelled\nread status < %s/status\n[ $status = 0 ] || echo no policy >&2\nexit $status\n' % (tmp_path, tmp_path)
    )
    restorecon.chmod(0o755)
    (tmp_path / "status").write_text("0\n")
    (tmp_path / "enforce").write_text("1")
    monkeypatch.setattr(files, "_SELINUX_IS_ON", str(tmp_path / "enforce"))
    for module in (files, run):
        monkeypatch.setattr(module, "find_tool", {"restorecon": str(restorecon)}.get)
    return tmp_path


def labelled(folder):
    return (folder / "labelled").read_text().splitlines() if (folder / "labelled").exists() else []


def test_a_new_file_gets_the_label_of_its_place(selinux):
    path = selinux / "new.conf"
    files.write_file(str(path), b"x\n", 0o600)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"x\n", 0o600)
    assert labelled(selinux) == [str(path)]


def test_a_file_that_was_there_keeps_its_label_and_mode(selinux, monkeypatch):
    path = selinux / "old.conf"
    path.write_text("old\n")
    path.chmod(0o640)
    monkeypatch.setattr(files, "_XATTR_SELINUX", ATTRIBUTE)
    try:
        os.setxattr(str(path), ATTRIBUTE, b"system_u:object_r:etc_t:s0")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    files.write_file(str(path), b"new\n")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new\n", 0o640)
    assert os.getxattr(str(path), ATTRIBUTE) == b"system_u:object_r:etc_t:s0"
    assert labelled(selinux) == []


def test_a_label_that_can_not_be_given_is_said(selinux):
    (selinux / "status").write_text("1\n")
    with pytest.raises(HostError, match=r"cannot give .*/new.conf its SELinux context: no policy"):
        files.write_file(str(selinux / "new.conf"), b"x\n")


@pytest.mark.parametrize("missing", ["enforce", "restorecon"])
def test_nothing_is_labelled_where_selinux_is_off_or_has_no_tools(selinux, monkeypatch, missing):
    (selinux / missing).unlink()
    if missing == "restorecon":
        monkeypatch.setattr(files, "find_tool", lambda name: None)
    files.write_file(str(selinux / "new.conf"), b"x\n")
    assert labelled(selinux) == []


def test_no_temporary_file_is_left_and_a_link_is_kept(tmp_path):
    (tmp_path / "real").write_text("old\n")
    (tmp_path / "link").symlink_to("real")
    files.write_file(str(tmp_path / "link"), b"new\n")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new\n"
    with pytest.raises(HostError, match="cannot write"):
        files.write_file(str(tmp_path / "none" / "x"), b"")
    assert sorted(os.listdir(str(tmp_path))) == ["link", "real"]


def test_a_file_is_replaced_in_an_open_folder_that_was_moved_meanwhile(tmp_path):
    (tmp_path / "folder").mkdir()
    with files.closing(files.walk(str(tmp_path / "folder"))) as folder:
        (tmp_path / "folder").rename(tmp_path / "moved")
        files.replace_file(folder, "x", b"new\n", 0o640)
    assert [(path.name, path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) for path in (tmp_path / "moved").iterdir()] == [("x", b"new\n", 0o640)]


def test_a_link_that_stands_where_the_new_file_is_written_is_not_followed(tmp_path):
    (tmp_path / "victim").write_text("old\n")
    (tmp_path / temporary_names("x")[0]).symlink_to("victim")
    files.write_file(str(tmp_path / "x"), b"new\n")
    assert sorted((path.name, path.read_text()) for path in tmp_path.iterdir()) == [("victim", "old\n"), ("x", "new\n")]


def test_no_link_on_the_way_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(OSError, match="Not a directory"):
        files.walk(str(tmp_path / "link"))
