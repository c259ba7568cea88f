# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of an audit: private, whole, and never written through a link."""

from __future__ import annotations

import json
import os
import stat

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.files import FilesRefused, check_folder, read_audit, write_audit

from .fleet import small_fleet

NAMES = ["access.csv", "access.html", "access.json"]


def test_three_private_files(tmp_path):
    folder = tmp_path / "audit"
    audit = small_fleet()
    check_folder(str(folder))
    write_audit(str(folder), audit)
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert read_audit(str(folder / "access.json")) == audit.picture
    first = {name: (folder / name).read_bytes() for name in NAMES}
    write_audit(str(folder), small_fleet())
    assert {name: (folder / name).read_bytes() for name in NAMES} == first


def test_a_link_is_replaced_and_not_followed(tmp_path):
    target = tmp_path / "precious"
    target.write_text("precious")
    folder = tmp_path / "audit"
    folder.mkdir()
    for name in NAMES:
        os.symlink(target, folder / name)
    write_audit(str(folder), small_fleet())
    assert target.read_text() == "precious"
    assert not any((folder / name).is_symlink() for name in NAMES)


def test_a_file_that_others_can_read_becomes_private(tmp_path):
    (tmp_path / "access.json").write_text("{}")
    (tmp_path / "access.json").chmod(0o644)
    write_audit(str(tmp_path), small_fleet())
    assert stat.S_IMODE((tmp_path / "access.json").stat().st_mode) == 0o600


def test_a_folder_that_everybody_may_write_to_is_refused(tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(FilesRefused, match="Everybody may write"):
        check_folder(str(tmp_path))


@pytest.mark.parametrize(("name", "part"), [("missing/audit", "cannot be used"), ("file", "cannot be used")])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, name, part):
    (tmp_path / "file").write_text("")
    with pytest.raises(FilesRefused, match=part) as caught:
        check_folder(str(tmp_path / name))
    assert str(tmp_path / name) in str(caught.value)


def test_an_earlier_audit_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(FilesRefused, match="cannot be read: No such file"):
        read_audit(str(tmp_path / "none.json"))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FilesRefused, match="is not a file"):
        read_audit(str(tmp_path / "pipe"))
    (tmp_path / "other.json").write_text(json.dumps({"schema": "other"}))
    with pytest.raises(FilesRefused, match=r"is not an access\.json of the form"):
        read_audit(str(tmp_path / "other.json"))
