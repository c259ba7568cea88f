# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/diagnosis.md is what the code can say, and the code knows no cause that nothing reports."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis import verdict, weigh
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_client import judge_client

ROOT = Path(__file__).resolve().parents[2]
WORLDS = ROOT / "tests" / "system" / "worlds"
_SPEC = importlib.util.spec_from_file_location("diagnosis_page", ROOT / "tests" / "tools" / "diagnosis_page.py")
diagnosis_page = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(diagnosis_page)

PAGE = (ROOT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))


def test_the_page_is_what_the_code_can_say():
    assert diagnosis_page.render() == PAGE, "run python tests/tools/diagnosis_page.py"


@pytest.mark.parametrize(
    ("log", "severity"),
    [
        pytest.param("ssh: connect to host h port 22: Connection refused", "warns", id="a symptom, whose cause is elsewhere"),
        pytest.param("ssh: Could not resolve hostname h: Name or service not known", "blocks", id="a cause on the client"),
    ],
)
def test_what_the_client_shows_has_the_severity_that_the_page_gives(log, severity):
    (finding,) = judge_client(log, 255)
    assert finding.severity == severity
    assert f"| `{finding.cause}` | {severity} |" in PAGE


@pytest.mark.parametrize("name", ["KEY_CAUSES", "PAM_CAUSES", "SESSION_CAUSES", "_REAL_CAUSES", "_OF_ALL_KEYS", "_BY_ADDRESS"])
def test_only_causes_that_exist_are_weighed(name):
    assert getattr(weigh, name) - NAMED == set()


def test_only_causes_that_exist_leave_the_outcome_open():
    assert set() == verdict._DECISIVE - NAMED


@pytest.mark.parametrize("path", sorted(WORLDS.glob("*.yml")), ids=lambda path: path.name)
def test_the_causes_of_worlds_are_on_the_page(path):
    causes = [world.get("cause", []) for world in yaml.safe_load(path.read_text(encoding="utf-8"))]
    assert {cause for one in causes for cause in ([one] if isinstance(one, str) else one)} - NAMED == set()


def test_the_causes_of_scenarios_are_on_the_page():
    found = set()
    for file in ("scenarios.py", "inside.py", "doors.py", "clients.py"):
        for node in ast.walk(ast.parse((WORLDS / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Scenario" and isinstance(node.args[0], ast.Constant):
                found.add(node.args[0].value)
    assert len(found) > 50
    assert found - NAMED == set()
