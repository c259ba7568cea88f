# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration as a tree of files."""

import os

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sshd import SshdError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sshd_tree import SshdTree


@pytest.fixture
def tree_of(tmp_path):
    """tree_of({name: content}): the tree whose main file is named main."""

    def make(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.replace(b"@", str(tmp_path).encode()))
        return SshdTree(str(tmp_path / "main"))

    return make


def test_includes_are_followed_in_order_and_only_once(tree_of, tmp_path):
    tree = tree_of({
        "main": b"Include @/d/*.conf\nInclude @/d/b.conf\n",
        "d/b.conf": b"Port 2\n", "d/a.conf": b"Include @/deep\n", "deep": b"Include @/main\nPort 1\n", "d/c.txt": b"Port 3\n",
    })  # fmt: skip
    assert [name[len(str(tmp_path)) + 1 :] for name in tree.files] == ["main", "d/a.conf", "deep", "d/b.conf"]
    assert [item.place[len(str(tmp_path)) + 1 :] for item in tree.directives() if item.keyword == "port"] == ["deep:2", "d/b.conf:1"]


def test_lines_of_a_file_that_is_included_in_a_match_block_are_under_its_condition(tree_of):
    tree = tree_of({
        "main": b"Include @/always\nMatch User x\nInclude @/x\n",
        "always": b"Port 1\n", "x": b"Banner b\nInclude @/deep\nMatch Group y\nMaxSessions 1\n", "deep": b"MaxAuthTries 2\n",
    })  # fmt: skip
    found = {item.keyword: item.match for item in tree.directives() if item.keyword not in ("include", "match")}
    assert found == {"port": "", "banner": "User x", "maxauthtries": "User x", "maxsessions": "Group y"}


def test_a_file_that_is_included_twice_counts_under_either_condition(tree_of):
    tree = tree_of({"main": b"Match User x\nInclude @/x\nMatch User y\nInclude @/x\n", "x": b"Banner b\n"})
    assert [item.match for item in tree.directives() if item.keyword == "banner"] == ["User x", "User y"]


def test_the_latest_change_may_be_a_file_that_is_gone(tree_of, tmp_path):
    tree = tree_of({"main": b"Include @/d/*.conf\n", "d/a.conf": b"Port 1\n", "d/b.conf": b"Port 2\n"})
    (tmp_path / "d/b.conf").unlink()
    assert SshdTree(tree.main).latest_change() == (os.stat(tmp_path / "d").st_ctime, str(tmp_path / "d"))


@pytest.mark.parametrize(
    ("main", "differ"),
    [
        pytest.param(b"Port 22\n# Match User x\n", False, id="only in a comment"),
        pytest.param(b"Port 22\nmatch all\n", True, id="a block"),
        pytest.param(b'  "Match" User x\n', True, id="a quoted block"),
        pytest.param(b"Include @/other\n", True, id="a block in an included file"),
    ],
)
def test_may_differ_between_users(tree_of, main, differ):
    assert tree_of({"main": main, "other": b"Match User x\n"}).may_differ_between_users() is differ


def test_bytes_that_are_not_utf8_survive(tree_of, tmp_path):
    tree = tree_of({"main": b"Banner /\xe9\xff\r\nPort 22"})
    with tree.copy({str(tmp_path / "new"): b"\xfe\n"}) as candidate:
        with open(candidate.main, "rb") as handle:
            assert handle.read() == b"Banner /\xe9\xff\r\nPort 22"
        with open(candidate.main[: -len("main")] + "new", "rb") as handle:
            assert handle.read() == b"\xfe\n"
        assert candidate.real_paths(f"{candidate.main}: line 1") == f"{tmp_path}/main: line 1"
        folder = candidate.main[: -len(f"{tmp_path}/main")]
    with pytest.raises(FileNotFoundError):
        os.stat(folder)


def test_a_main_file_that_is_no_file_is_refused(tmp_path):
    with pytest.raises(SshdError, match="does not exist; is the OpenSSH server installed"):
        SshdTree(str(tmp_path / "none"))
    with pytest.raises(SshdError, match="is not a regular file"):
        SshdTree(str(tmp_path))


def test_files_that_include_others_twice_are_walked_once(tree_of):
    """Fourteen files, each of which includes the next one three times, are more than four million walks."""
    files = {f"f{number}": f"Include @/f{number + 1}\n".encode() * 3 for number in range(14)}
    tree = tree_of({"main": b"Include @/f0\nInclude @/main @/f0\n", **files, "f14": b"Port 1\n"})
    assert len(tree.files) == 16
    assert [item.arguments for item in tree.directives() if item.keyword == "port"] == [("1",)]
