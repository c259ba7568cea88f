# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of the record is root's alone, and trusted only as far as it is."""

import os
import stat

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import record_files
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.record import MAX_SIZE, RecordError

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "state"
    monkeypatch.setattr(record_files, "STATE_DIR", str(folder))
    return folder


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_written_is_read_and_is_roots_alone(folder):
    assert record_files.read_record_file() is None
    mask = os.umask(0)
    try:
        record_files.write_record_file(b"one")
        record_files.write_record_file(b"two")
    finally:
        os.umask(mask)
    assert record_files.read_record_file() == b"two"
    assert (mode(folder), mode(folder / "people.json"), os.listdir(folder)) == (0o700, 0o600, ["people.json"])


def test_an_open_folder_is_closed(folder):
    folder.mkdir(mode=0o755)
    record_files.write_record_file(b"one")
    assert mode(folder) == 0o700


def test_it_is_set_aside(folder):
    record_files.write_record_file(b"one")
    record_files.set_aside()
    assert os.listdir(folder) == ["people.json.set-aside"]
    record_files.set_aside()


@pytest.mark.parametrize("kind", ["writable", "others", "large", "linked", "link", "fifo", "folder", "open folder", "linked folder"])
def test_what_is_not_roots_alone_is_not_trusted(folder, tmp_path, kind):
    record_files.write_record_file(b"{}")
    path = folder / "people.json"
    if kind == "writable":
        path.chmod(0o620)
    elif kind == "others":
        os.chown(path, 1000, 1000)
    elif kind == "large":
        path.write_bytes(b"x" * (MAX_SIZE + 1))
    elif kind == "linked":
        os.link(path, tmp_path / "other")
    elif kind == "link":
        path.rename(tmp_path / "other")
        path.symlink_to(tmp_path / "other")
    elif kind in ("fifo", "folder"):
        path.unlink()
        os.mkfifo(path) if kind == "fifo" else path.mkdir()
    elif kind == "open folder":
        folder.chmod(0o777)
    else:
        folder.rename(tmp_path / "real")
        folder.symlink_to(tmp_path / "real")
    with pytest.raises(RecordError) as caught:
        record_files.read_record_file()
    assert caught.value.code == "damaged"


def test_the_place_of_this_instance():
    place = record_files.find_place("i-1")
    assert (place.instance, bool(place.machine)) == ("i-1", True)
