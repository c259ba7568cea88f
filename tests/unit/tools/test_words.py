# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of odd words: a planted one is found with file and line, and the texts that are checked have none."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "words.py"


@pytest.fixture(scope="module")
def words():
    spec = importlib.util.spec_from_file_location("words", TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules["words"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["words"]


@pytest.fixture
def find(words, tmp_path):
    """find(file, text): the hits as (line, odd word), in a repository with that file alone."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)

    def search(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return [(str(hit.path), hit.line, hit.odd) for hit in words.find_words(tmp_path, ["."], words.read_list())]

    return search


@pytest.mark.parametrize(
    ("name", "text", "hits"),
    [
        pytest.param("README.md", "one\n\nHow to Mend it.\n", [("README.md", 3, "Mend")], id="prose"),
        pytest.param("README.md", "recommend, emend-like\n", [], id="part of another word"),
        pytest.param("README.md", "no mail, there is no reason, it is no longer so\n", [], id="plain English"),
        pytest.param("README.md", "a line was never\nthere\n", [("README.md", 1, "was never there")], id="over a line break"),
        pytest.param("a/main.yml", "# it was\n# passed\n# over\n", [("a/main.yml", 2, "passed over")], id="over lines of a comment"),
        pytest.param("a/main.yml", "- name: Say why\n", [("a/main.yml", 1, "Say")], id="name of a task"),
        pytest.param("m.py", 'DOCUMENTATION = r"""\nshort: log in\nby password\n"""\n', [("m.py", 3, "by password")], id="documentation"),
        pytest.param("m.py", 'def mend(say):\n    return f"{say} mended"\n', [("m.py", 2, "mended")], id="names are not text, messages are"),
        pytest.param("m.sh", "mend\n", [], id="no text for people"),
    ],
)
def test_odd_words_are_found_with_file_and_line(find, name, text, hits):
    assert find(name, text) == hits


def test_a_hit_names_the_plain_word(words, find, tmp_path):
    find("README.md", "mend it")
    (hit,) = words.find_words(tmp_path, ["README.md"], words.read_list())
    assert str(hit) == "README.md:1: 'mend': better fix or repair"
    assert words.find_words(tmp_path, ["docs"], words.read_list()) == []


def test_the_texts_have_no_odd_words(words):
    assert [str(hit) for hit in words.find_words(words.ROOT, words.PATHS, words.read_list())] == []
