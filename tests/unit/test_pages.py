# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation names exists: variables, plugins, roles and playbooks, environment variables, and the sentences of errors."""

from __future__ import annotations

import ast
import functools
import importlib
import re
from pathlib import Path
from unittest import mock

import pytest
import yaml
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.variables import unknown_names
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.texts import documented

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
VERBS = ROOT / "plugins" / "plugin_utils" / "_verbs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md", *sorted((ROOT / "roles").glob("*/README.md")), *sorted((ROOT / "awx").rglob("*.yml"))]
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in PAGES}
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
ERRORS = (DOCS / "errors.md").read_text(encoding="utf-8")
# A file's name, and the modules' spelling of `vars` in a plugin's documentation.
NOT_VARIABLES = {"ecs_access_known_hosts"}


@functools.cache
def strings():
    """Every text in the code of the collection, with the parts of f-strings joined by a mark."""
    found = []
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append("\0".join(part.value for part in node.values if isinstance(part, ast.Constant)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


def contents():
    """The short names of everything that the collection has."""
    plugins = {path.stem for kind in ("modules", "connection", "inventory", "filter", "lookup") for path in (ROOT / "plugins" / kind).glob("*.py")}
    return plugins | {path.name for path in (ROOT / "roles").iterdir()} | set(PLAYBOOKS)


@pytest.mark.parametrize("page", TEXTS)
def test_variables_exist(page):
    names = set(re.findall(r"(?<![\w/.])(?:ecs_access|ssh_users|ssh_server|ssh_client)_\w+", TEXTS[page])) - contents() - NOT_VARIABLES
    assert list(unknown_names(names, documented())) == []


@pytest.mark.parametrize("page", TEXTS)
def test_names_of_the_collection_exist(page):
    assert set(re.findall(r"\balicloud\.ecs_access\.(\w+)", TEXTS[page])) <= contents()


@pytest.mark.parametrize("page", TEXTS)
def test_environment_variables_exist(page):
    code = "\n".join(strings())
    named = set(re.findall(r"\b(?:ALIBABA_CLOUD|ALICLOUD)_[A-Z_]+\b", TEXTS[page]))
    # Those of the SDK, which reads them itself.
    assert {name for name in named if name not in code} <= {"ALIBABA_CLOUD_CREDENTIALS_FILE", "ALIBABA_CLOUD_ECS_METADATA_DISABLED"}


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_playbook_has_a_guide(playbook):
    assert (DOCS / f"{playbook}.md").read_text(encoding="utf-8").startswith("# ")


def _head(screen):
    """Title and columns of a table, with marks between the columns."""
    title, columns, *_rows = screen.split("\n")
    return f"{title}\n  {'|'.join(columns.split())}\n"


@pytest.mark.parametrize("playbook", sorted(path.stem for path in VERBS.glob("*.py") if "def columns(" in path.read_text(encoding="utf-8")))
def test_a_guide_shows_the_table_of_its_playbook(playbook):
    """Title and columns are those of the code; the rows are an example."""
    verb = importlib.import_module(f"ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.{playbook}")
    given = {
        "ecs_access_key_pair_name": "team-2027" if playbook == "recover_access" else "team",
        "ecs_access_user": "john",
        "ecs_access_old_key": "team-2026",
        "ecs_access_person": "paul",
    }
    tools = mock.Mock(get=lambda name, default=None: given.get(name, default))
    table = f"{verb.title(tools)}\n  {'|'.join(['host', *verb.columns(tools), 'why'])}\n"
    screens = re.findall(r"^```text\n(.*?)^```", (DOCS / f"{playbook}.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert table in [_head(screen) for screen in screens]


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_directives_are_fenced_as_the_site_renders_them(page):
    """Colons would be shown as they stand, without a warning."""
    assert re.findall(r"^:::.*", TEXTS[f"docs/{page}"], re.MULTILINE) == []


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_pages_that_are_linked_to_exist(page):
    # These are made when the documentation is rendered.
    made = {"modules.md", "questions.md", "roles.md", "plugins.md", "playbook_variables.md", "guides.md"}
    linked = set(re.findall(r"\]\(([\w/]+\.(?:md|svg))\)", TEXTS[f"docs/{page}"])) | set(re.findall(r"\{image\} (\S+)", TEXTS[f"docs/{page}"]))
    assert [name for name in linked - made if not (DOCS / name).is_file()] == []


def test_there_are_twenty_errors():
    assert [int(number) for number in re.findall(r"^\*\*(\d+)\. ", ERRORS, re.MULTILINE)] == list(range(1, 21))


@pytest.mark.parametrize("sentence", re.findall(r"^\*\*\d+\. .*$", ERRORS, re.MULTILINE))
def test_an_error_is_a_sentence_of_the_code(sentence):
    for quoted in re.findall(r"`([^`]+)`", sentence):
        parts = [re.escape(part) for part in quoted.split("…") if part.strip()]
        assert any(re.search("(?:.|\0)*?".join(parts), text, re.DOTALL) for text in strings()), quoted


def _names(path):
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return [re.match(r"[\w.-]+", line)[0] for line in lines], lines


def test_what_is_installed_is_bounded_below_and_constrained_above():
    required, lower = _names(ROOT / "meta" / "ee-requirements.txt")
    constrained, upper = _names(ROOT / "meta" / "constraints.txt")
    assert constrained == required
    assert all(re.fullmatch(r"[\w-]+>=[\d.]+", line) for line in lower)
    assert all(re.fullmatch(r"[\w-]+<\d+", line) for line in upper)


def test_constraints_allow_what_the_tests_run_with():
    pinned = dict(re.findall(r"^([\w-]+)==(\d+)\.", (ROOT / "requirements-dev.txt").read_text(encoding="utf-8"), re.MULTILINE))
    names, lines = _names(ROOT / "meta" / "constraints.txt")
    assert [int(line.rpartition("<")[2]) for line in lines] == [int(pinned[name]) + 1 for name in names]


def test_links_of_the_site_are_those_of_galaxy():
    links = yaml.safe_load((DOCS / "docsite" / "links.yml").read_text(encoding="utf-8"))
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert links["edit_on_github"]["repository"] == galaxy["repository"].removeprefix("https://github.com/")
