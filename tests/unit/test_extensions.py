# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries of job events read values that the modules return; patterns run playbooks and set variables that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.texts import documented

from . import documented_results

EXTENSIONS = Path(__file__).resolve().parents[2] / "extensions"
QUERIES = yaml.safe_load((EXTENSIONS / "audit" / "event_query.yml").read_text(encoding="utf-8"))
PATTERNS = sorted((EXTENSIONS / "patterns").iterdir())


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_reads_what_the_module_returns(name):
    values = documented_results.returned_by(name.rpartition(".")[2])
    query = QUERIES[name]["query"]
    whole, found, rest = query.partition(".instances[]? |")
    assert (whole, bool(found)) == ("", True)
    assert set(re.findall(r"\.(\w+)", rest)) <= set(values["instances"]["contains"])
    assert values["instances"]["returned"].startswith("always")


def test_every_module_that_changes_instances_has_a_query():
    modules = [path.stem for path in (EXTENSIONS.parent / "plugins" / "modules").glob("ecs_*.py") if not path.stem.endswith("_info")]
    changing = {name for name in modules if "instances" in documented_results.returned_by(name)}
    assert {name.rpartition(".")[2] for name in QUERIES} == changing


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda path: path.name)
def test_a_pattern_is_complete(pattern):
    meta = json.loads((pattern / "meta" / "pattern.json").read_text(encoding="utf-8"))
    templates = meta["aap_resources"]["controller_job_templates"]
    assert meta["name"] == pattern.name
    assert {template["playbook"] for template in templates} == {path.name for path in (pattern / "playbooks").iterdir()}
    assert [template["primary"] for template in templates] == [True]
    assert {question["variable"] for template in templates for question in template["survey"]["spec"]} <= documented()
    for path in (pattern / "playbooks").iterdir():
        (play,) = yaml.safe_load(path.read_text(encoding="utf-8"))
        name = play["ansible.builtin.import_playbook"].rpartition(".")[2]
        assert (EXTENSIONS.parent / "playbooks" / f"{name}.yml").is_file()
