# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first lines of a playbook become a table, and lines that are built in another way are an error."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEADER = """---
# Do it, on
# each host.
#
#   ansible-playbook alicloud.ecs_access.do -i my.ecs.yml \\
#     -e ecs_access_hosts=web
#
# ecs_access_hosts   a host pattern
# ecs_access_user    required: the user | root
#                    or another one
#
# Nothing is changed.
#
#   one cause      repaired
#   another cause  reported
- name: Do it
"""


@pytest.fixture(scope="module")
def pages():
    spec = importlib.util.spec_from_file_location("playbook_pages", ROOT / "tests" / "tools" / "playbook_pages.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["playbook_pages"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["playbook_pages"]


@pytest.fixture
def read(pages, tmp_path):
    def write(text):
        path = tmp_path / "do.yml"
        path.write_text(text)
        return pages.read_header(path)

    return write


def test_a_header_is_taken_apart(read):
    header = read(HEADER)
    assert header.summary == "Do it, on each host."
    assert header.command == "ansible-playbook alicloud.ecs_access.do -i my.ecs.yml \\\n  -e ecs_access_hosts=web"
    assert header.variables == [("ecs_access_hosts", "a host pattern"), ("ecs_access_user", "required: the user | root or another one")]
    assert header.notes.startswith("Nothing is changed.\n\n```text\n")


def test_a_page_has_tables(pages, read):
    page = pages.render([read(HEADER)])
    assert "## do\n" in page
    assert "| `ecs_access_user` | required: the user \\| root or another one |" in page


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        pytest.param("#   ansible-playbook ", "#   ansible ", "the command", id="no command"),
        pytest.param("# ecs_access_", "# xcs_access_", "no variables", id="no variables"),
        pytest.param("# ecs_access_user    required", "# xcs_access_user    required", "neither a variable", id="a misspelt variable"),
    ],
)
def test_another_build_is_an_error(read, old, new, error):
    with pytest.raises(ValueError, match=error):
        read(HEADER.replace(old, new))


@pytest.mark.parametrize("path", sorted((ROOT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_every_playbook_has_such_lines(pages, path):
    header = pages.read_header(path)
    assert header.command.startswith(f"ansible-playbook alicloud.ecs_access.{path.stem} ")
    assert header.variables[0].name == "ecs_access_hosts"


def test_one_playbook_has_the_variables_of_all(pages):
    assert [path.stem for path in (ROOT / "playbooks").glob("*.yml") if pages.read_header(path).common] == ["bind_key_pair"]
