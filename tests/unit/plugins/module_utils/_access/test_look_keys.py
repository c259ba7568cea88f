# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Homes and key files on a real file system: what is read, refused, repaired and written."""

import os
import stat

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import write_keys
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.look_keys import read_home, read_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.state import Repair
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.write_keys import create_home, remove_key_file, write_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._names import temporary_names
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.accounts import Account
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.run import HostError


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "ann"
    folder.mkdir(mode=0o755)
    os.chown(folder, -1, os.getgid())
    return folder


@pytest.fixture
def account(home):
    return Account("ann", os.getuid(), os.getgid(), "", str(home), "/bin/sh")


@pytest.fixture
def path(home):
    return home / ".ssh" / "authorized_keys"


def put(path, content=b"# mine\n", mode=0o600):
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    os.chown(path, -1, os.getgid())


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_missing_file_is_created_with_its_folder(account, path):
    seen = read_key_file(account, str(path))
    assert (seen.exists, seen.content, seen.repairs, seen.problem) == (False, b"", (), None)
    write_key_file(account, str(path), b"new\n", None)
    assert path.read_bytes() == b"new\n"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert read_key_file(account, str(path)).repairs == ()


@pytest.mark.parametrize(
    ("which", "before", "after", "opens"),
    [
        ("file", 0o666, 0o600, True),
        ("file", 0o644, 0o600, False),
        ("file", 0o000, 0o600, True),
        ("folder", 0o777, 0o700, True),
        ("folder", 0o500, 0o700, False),
        ("home", 0o775, 0o755, True),
        ("home", 0o707, 0o705, True),
    ],
)
def test_38_modes_are_repaired_and_said(account, home, path, which, before, after, opens):
    put(path)
    target = {"file": path, "folder": path.parent, "home": home}[which]
    target.chmod(before)
    (repair,) = read_key_file(account, str(path)).repairs
    assert repair == Repair("set_mode", str(target), "%04o -> %04o" % (before, after), opens=opens)
    write_key_file(account, str(path), b"# mine\n", b"# mine\n")
    assert mode(target) == after
    assert path.read_bytes() == b"# mine\n"
    assert read_key_file(account, str(path)).repairs == ()


def link_home(home, path):
    home.rename(home.with_name("real"))
    home.symlink_to("real")


def link_folder(home, path):
    path.parent.rename(home / "elsewhere")
    path.parent.symlink_to("elsewhere")


def link_file(home, path):
    path.rename(home / "other")
    path.symlink_to("../other")


def fifo(home, path):
    path.unlink()
    os.mkfifo(path)


def directory(home, path):
    path.unlink()
    path.mkdir()


def folder_is_file(home, path):
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("x")


@pytest.mark.parametrize(
    ("twist", "sentence"),
    [
        pytest.param(link_home, "the home {home} is a symbolic link", id="home that is a symlink"),
        pytest.param(link_folder, "{folder} is a symbolic link and is not followed", id="36 symlinked .ssh"),
        pytest.param(link_file, "{file} is a symbolic link and is not followed", id="35 symlinked authorized_keys"),
        pytest.param(lambda home, path: os.link(path, home / "twin"), "{file} has 2 hard links", id="46 hard link"),
        pytest.param(fifo, "{file} is not a regular file", id="47 FIFO"),
        pytest.param(directory, "{file} is not a regular file", id="directory"),
        pytest.param(folder_is_file, "{folder} is not a directory", id=".ssh is a file"),
        pytest.param(lambda home, path: os.truncate(path, 5 << 20), "{file} is larger than 4 MiB", id="huge"),
    ],
)
def test_refused_and_untouched(account, home, path, twist, sentence):
    put(path)
    twist(home, path)
    seen = read_key_file(account, str(path))
    said = sentence.format(home=home, folder=path.parent, file=path)
    assert said in seen.problem
    with pytest.raises(HostError) as caught:
        write_key_file(account, str(path), b"evil\n", seen.content)
    assert said in str(caught.value)
    assert not any(b"evil" in item.read_bytes() for item in home.parent.rglob("*") if item.is_file() and not item.is_symlink())


def test_a_link_above_the_home_is_the_administrators(account, home, tmp_path):
    (tmp_path / "homes").symlink_to(tmp_path)
    assert read_home(str(tmp_path / "homes" / "ann")).problem is None


def test_an_edit_in_between_is_not_lost(account, path):
    put(path, b"# mine\n# hers\n")
    with pytest.raises(HostError, match="was changed by another process"):
        write_key_file(account, str(path), b"new\n", b"# mine\n")
    assert path.read_bytes() == b"# mine\n# hers\n"
    assert os.listdir(path.parent) == ["authorized_keys"]


@pytest.mark.parametrize("call", ["write", "fsync", "rename", "fchmod"])
def test_52_a_failing_system_call_leaves_the_old_file(account, path, monkeypatch, call):
    put(path, b"old\n")

    def fail(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(write_keys.os, call, fail)
        with pytest.raises(HostError, match="No space left on device; it was not changed"):
            write_key_file(account, str(path), b"new\n", b"old\n")
    assert path.read_bytes() == b"old\n"
    assert os.listdir(path.parent) == ["authorized_keys"]


def test_a_folder_that_cannot_be_flushed_makes_no_change_undone(account, path, monkeypatch):
    put(path, b"old\n")
    flush = os.fsync

    def fail(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(5, "Input/output error")
        flush(descriptor)

    monkeypatch.setattr(write_keys.os, "fsync", fail)
    write_key_file(account, str(path), b"new\n", b"old\n")
    assert path.read_bytes() == b"new\n"
    remove_key_file(account, str(path))
    assert not path.exists()


@pytest.mark.parametrize("left", temporary_names("authorized_keys"))
def test_what_a_killed_run_left_is_cleared(account, path, left):
    put(path, b"old\n")
    put(path.with_name(left), b"half")
    write_key_file(account, str(path), b"new\n", b"old\n")
    assert os.listdir(path.parent) == ["authorized_keys"]
    assert path.read_bytes() == b"new\n"


def test_a_directory_in_the_way_of_a_new_file_is_named_beforehand(account, path):
    put(path)
    way = path.with_name(temporary_names("authorized_keys")[0])
    way.mkdir()
    assert read_key_file(account, str(path)).obstacle == f"the directory {way} is in the way of a new key file; remove it"


def test_what_is_wrong_with_a_home_is_known_before_it_has_a_folder(account, home, path):
    home.chmod(0o775)
    assert read_key_file(account, str(path)).repairs == (Repair("set_mode", str(home), "0775 -> 0755", opens=True),)


@pytest.mark.parametrize("call", ["fchown", "rename", "mkdir"])
def test_a_home_that_cannot_be_made_leaves_nothing(account, home, monkeypatch, call):
    home.rmdir()
    # As if it lay in /home.
    monkeypatch.setattr(write_keys.os, "fstat", lambda descriptor: os.stat("/"))

    def fail(*_args, **_kwargs):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(write_keys.os, call, fail)
        with pytest.raises(HostError, match="could not be created: Input/output error"):
            create_home(account)
    assert os.listdir(home.parent) == []
    for left in temporary_names("ann"):
        (home.parent / left).mkdir()
    create_home(account)
    assert os.listdir(home.parent) == ["ann"]
    assert mode(home) == 0o700


def test_removing_takes_the_entry_and_not_what_it_points_to(account, home, path):
    put(path)
    link_file(home, path)
    remove_key_file(account, str(path))
    assert not os.path.lexists(path)
    assert (home / "other").read_bytes() == b"# mine\n"
    remove_key_file(account, str(path))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
class TestAsRoot:
    """With an account that is not the one who runs the test."""

    @pytest.fixture
    def ann(self, home):
        for folder in (home, *home.parents):
            if folder.stat().st_mode & 0o001 == 0:
                folder.chmod(folder.stat().st_mode | 0o011)
        os.chown(home, 54321, 54322)
        return Account("ann", 54321, 54322, "", str(home), "/bin/sh")

    def test_the_files_belong_to_the_account(self, ann, path):
        write_key_file(ann, str(path), b"new\n", None)
        assert [(item.stat().st_uid, item.stat().st_gid) for item in (path, path.parent)] == [(54321, 54322)] * 2
        assert (os.geteuid(), os.getegid()) == (0, os.getgid())

    def test_the_vendors_recipe_without_chown_is_repaired(self, ann, path):
        put(path, b"# the document's recipe\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB x\n")
        os.chown(path, 0, 0)
        os.chown(path.parent, 0, 0)
        seen = read_key_file(ann, str(path))
        assert seen.repairs == tuple(Repair("set_owner", str(item), "0:0 -> 54321:54322", opens=True) for item in (path.parent, path))
        # What the account can read anyhow is not new to sshd.
        path.parent.chmod(0o755)
        path.chmod(0o644)
        assert not any(repair.opens for repair in read_key_file(ann, str(path)).repairs)
        write_key_file(ann, str(path), seen.content, seen.content)
        assert [(item.stat().st_uid, item.stat().st_gid) for item in (path, path.parent)] == [(54321, 54322)] * 2

    def test_a_secret_of_root_is_not_given_away(self, ann, path):
        put(path, b"root's secret\n")
        os.chown(path, 0, 0)
        assert "belongs to root and does not contain keys only" in read_key_file(ann, str(path)).problem

    def test_a_directory_of_root_under_a_new_name_is_not_given_away(self, ann, path):
        put(path.parent / "dump.sql", b"everything")
        os.chown(path.parent, 0, 0)
        seen = read_key_file(ann, str(path))
        assert seen.problem == f"{path.parent} belongs to root and does not contain SSH files only; check it, then fix its owner with chown"
        with pytest.raises(HostError, match="does not contain SSH files only"):
            write_key_file(ann, str(path), b"new\n", None)
        assert path.parent.stat().st_uid == 0

    def test_a_home_that_only_root_can_enter_is_refused(self, ann, home, path):
        """What a useradd that is killed leaves."""
        for left in (0o000, 0o700):
            os.chown(home, 0, 0)
            home.chmod(left)
            assert read_key_file(ann, str(path)).problem == (
                f"the home {home} belongs to root and the account cannot enter it (mode {left:04o}); fix its owner with chown"
            )
        home.chmod(0o755)
        assert read_key_file(ann, str(path)).problem is None

    def test_a_file_of_another_user_is_refused(self, ann, path):
        put(path)
        os.chown(path.parent, 54321, 54322)
        os.chown(path, 999, 999)
        assert "belongs to uid 999" in read_key_file(ann, str(path)).problem

    def test_a_home_of_another_user_is_refused(self, ann, home, path):
        os.chown(home, 999, 999)
        assert "belongs to uid 999 and not to the account" in read_key_file(ann, str(path)).problem

    def test_35_a_link_to_a_file_of_root_discloses_nothing(self, ann, home, path, tmp_path):
        secret = tmp_path / "secret"
        put(secret, b"secret")
        path.parent.mkdir()
        path.symlink_to(secret)
        os.lchown(path, 54321, 54322)
        os.chown(path.parent, 54321, 54322)
        assert read_key_file(ann, str(path)).content is None
