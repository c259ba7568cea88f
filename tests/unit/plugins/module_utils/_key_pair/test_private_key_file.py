# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The private key file: what may be there, who may fill it, and what is left after an accident."""

import errno
import os
import stat

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair import private_key_file as kf
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key import PrivateKeyError, make_private_key


@pytest.fixture(scope="module")
def made():
    return make_private_key("ecdsa", 256, None, "x")


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def look(path):
    return kf.look_at_key_file(str(path), None)


def test_fill_and_look(tmp_path, made):
    path = tmp_path / "key"
    assert look(path).state == "missing"
    with kf.reserved_key_file(str(path)) as place:
        assert (path.read_bytes(), mode_of(path)) == (b"", 0o600)
        place.fill(made.content)
    found = look(path)
    assert (found.state, found.mode) == ("key", 0o600)
    assert found.public_key.same_key(made.public_key)
    assert path.read_bytes() == made.content
    assert os.listdir(str(tmp_path)) == ["key"]


def test_the_mode_is_0600_whatever_the_umask(tmp_path, made):
    old = os.umask(0o777)
    try:
        with kf.reserved_key_file(str(tmp_path / "key")) as place:
            place.fill(made.content)
    finally:
        os.umask(old)
    assert mode_of(tmp_path / "key") == 0o600


def test_nothing_is_left_when_nothing_was_filled_in(tmp_path):
    with kf.reserved_key_file(str(tmp_path / "key")) as place:
        place.take_space()
    assert os.listdir(str(tmp_path)) == []


def test_an_empty_file_of_the_user_is_taken_over_and_stays_when_not_filled(tmp_path, made):
    path = tmp_path / "key"
    path.write_bytes(b"")
    path.chmod(0o644)
    with kf.reserved_key_file(str(path)):
        pass
    assert path.read_bytes() == b""
    with kf.reserved_key_file(str(path)) as place:
        place.fill(made.content)
    assert (path.read_bytes(), mode_of(path)) == (made.content, 0o600)


def test_a_second_run_at_the_same_moment_is_refused(tmp_path):
    path = str(tmp_path / "key")
    with kf.reserved_key_file(path), pytest.raises(kf.KeyFileError) as caught, kf.reserved_key_file(path):
        pass
    assert str(caught.value) == "private_key_path: another run is making the key for %s at this moment" % path


def test_a_key_that_appeared_meanwhile_is_not_overwritten(tmp_path, made):
    path = tmp_path / "key"
    path.write_bytes(made.content)
    with pytest.raises(kf.KeyFileError) as caught, kf.reserved_key_file(str(path)) as place:
        place.fill(b"other")
    assert "was just written by another run" in str(caught.value)
    assert path.read_bytes() == made.content


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        pytest.param(lambda path: path.mkdir(), "is a folder; give the path of a file in it", id="folder"),
        pytest.param(lambda path: path.symlink_to("/etc/passwd"), "is a symbolic link; give the file itself", id="symlink"),
        pytest.param(lambda path: path.symlink_to("nowhere"), "is a symbolic link; give the file itself", id="dangling"),
        pytest.param(lambda path: os.mkfifo(str(path)), "is not a regular file", id="pipe"),
        pytest.param(lambda path: path.write_bytes(b"x" * 70000), "holds something else than one private key", id="huge"),
    ],
)
def test_what_can_not_be_a_key_file(tmp_path, prepare, sentence):
    prepare(tmp_path / "key")
    with pytest.raises(kf.KeyFileError) as caught:
        look(tmp_path / "key")
    assert sentence in str(caught.value)


def test_other_content_is_not_a_key(tmp_path):
    (tmp_path / "key").write_text("my notes\n")
    with pytest.raises(PrivateKeyError) as caught:
        look(tmp_path / "key")
    assert str(caught.value) == "%s holds something else than one private key" % (tmp_path / "key")


def test_the_folder_must_exist(tmp_path):
    with pytest.raises(kf.KeyFileError) as caught:
        look(tmp_path / "no" / "key")
    assert str(caught.value) == "private_key_path: the folder %s does not exist" % (tmp_path / "no")


def test_a_symlink_that_appears_after_the_look_is_not_followed(tmp_path):
    target = tmp_path / "target"
    target.write_bytes(b"")
    (tmp_path / "key").symlink_to(target)
    with pytest.raises(kf.KeyFileError), kf.reserved_key_file(str(tmp_path / "key")) as place:
        place.fill(b"secret")
    assert target.read_bytes() == b""


def test_a_whole_key_beside_an_empty_file_is_finished(tmp_path, made):
    (tmp_path / "key").write_bytes(b"")
    beside = tmp_path / ".key.ecs_key_pair"
    beside.write_bytes(made.content + b"\0" * 100)
    found = look(tmp_path / "key")
    assert found.state == "unfinished"
    assert found.public_key.same_key(made.public_key)
    with kf.reserved_key_file(str(tmp_path / "key")) as place:
        place.finish()
    assert (tmp_path / "key").read_bytes() == made.content
    assert mode_of(tmp_path / "key") == 0o600
    assert os.listdir(str(tmp_path)) == ["key"]


@pytest.mark.parametrize("length", [0, 20, 200])
def test_half_a_key_beside_is_written_over(tmp_path, made, length):
    beside = tmp_path / ".key.ecs_key_pair"
    beside.write_bytes(made.content[:length] + b"\0" * 500)
    assert look(tmp_path / "key").state == "missing"
    with kf.reserved_key_file(str(tmp_path / "key")) as place:
        place.fill(made.content)
    assert (tmp_path / "key").read_bytes() == made.content
    assert os.listdir(str(tmp_path)) == ["key"]


def test_a_symlink_beside_is_not_written_through(tmp_path, made):
    target = tmp_path / "target"
    target.write_bytes(b"")
    (tmp_path / ".key.ecs_key_pair").symlink_to(target)
    with pytest.raises(kf.KeyFileError):
        look(tmp_path / "key")
    assert target.read_bytes() == b""


def test_a_written_key_that_could_not_be_renamed_waits_for_the_next_run(tmp_path, made, monkeypatch):
    def refuse(_source, _target):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(kf.os, "rename", refuse)
        with pytest.raises(kf.KeyFileError) as caught, kf.reserved_key_file(str(tmp_path / "key")) as place:
            place.fill(made.content)
    assert "cannot write %s: Input/output error" % (tmp_path / "key") in str(caught.value)
    assert look(tmp_path / "key").public_key.same_key(made.public_key)


def test_restrict(tmp_path, made):
    path = tmp_path / "key"
    path.write_bytes(made.content)
    path.chmod(0o644)
    assert look(path).mode == 0o644
    kf.restrict_key_file(str(path))
    assert mode_of(path) == 0o600


@pytest.fixture
def someone():
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another user")
    return 4711


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o400])
def test_a_key_that_belongs_to_someone_else_is_not_taken(tmp_path, made, someone, mode):
    for name in ("key", ".other.ecs_key_pair"):
        (tmp_path / name).write_bytes(made.content)
        os.chown(str(tmp_path / name), someone, someone)
        os.chmod(str(tmp_path / name), mode)
    for name in ("key", "other"):
        with pytest.raises(kf.KeyFileError, match="belongs to user id 4711"):
            look(tmp_path / name)
    with pytest.raises(kf.KeyFileError, match=r"proof_private_key_file: .* belongs to user id 4711"):
        kf.check_private_key_file(str(tmp_path / "key"), "proof_private_key_file")
    with pytest.raises(kf.KeyFileError, match="belongs to user id 4711"), kf.reserved_key_file(str(tmp_path / "other")) as place:
        place.finish()
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_key_that_others_can_change_is_not_taken(tmp_path, made, mode):
    path = tmp_path / "key"
    path.write_bytes(made.content)
    path.chmod(mode)
    with pytest.raises(kf.KeyFileError, match="can be changed by others"):
        look(path)


@pytest.mark.parametrize("mode", [0o1777, 0o777, 0o703])
def test_no_key_is_kept_in_a_folder_that_others_can_write(tmp_path, made, mode):
    folder = tmp_path / "folder"
    folder.mkdir()
    for content in (None, made.content):
        if content:
            folder.chmod(0o700)
            (folder / "key").write_bytes(content)
            (folder / "key").chmod(0o600)
        folder.chmod(mode)
        with pytest.raises(kf.KeyFileError, match="others can put files into the folder"):
            look(folder / "key")
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(kf.KeyFileError, match="others can put files into the folder"):
        look(tmp_path / "link" / "key")


def test_a_folder_of_someone_else_is_not_trusted_either(tmp_path, made, someone):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "key").write_bytes(made.content)
    (folder / "key").chmod(0o600)
    os.chown(str(folder), someone, someone)
    with pytest.raises(kf.KeyFileError, match="others can put files into the folder"):
        look(folder / "key")


def test_a_key_of_roots_that_only_root_can_change_will_do(tmp_path, made, monkeypatch):
    path = tmp_path / "key"
    path.write_bytes(made.content)
    path.chmod(0o640)
    assert look(path).state == "key"
    kf.check_private_key_file(str(path), "x")
    kf.check_private_key_file(str(tmp_path / "missing"), "x")
