# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every promise of docs/security.md names a test that exists, and every file of the attack suite stands behind a promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ATTACK = ROOT / "tests" / "system" / "attack"
NAMED = re.findall(r"`(test_\w+\.py)::(test_\w+)`", (ROOT / "docs" / "security.md").read_text(encoding="utf-8"))
PROMISES = [
    line
    for line in (ROOT / "docs" / "security.md").read_text(encoding="utf-8").split("## What we promise")[1].split("\n")
    if line.startswith("| ") and not line.startswith("| promise")
]


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_the_named_test_exists(file, test):
    assert re.search(rf"^def {test}\(", (ATTACK / file).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_names_a_test(promise):
    assert "::test_" in promise


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_is_tested_in_every_run(promise):
    """Not only by tests that take minutes."""
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", promise)
    assert not all(_is_long(ATTACK / file, test) for file, test in named)


def _is_long(file, test):
    """Whether the whole test is, not only some of its cases."""
    before = file.read_text(encoding="utf-8").partition(f"\ndef {test}(")[0]
    return "\n@pytest.mark.long\n" in before[before.rfind("\n\n") :] + "\n"


@pytest.mark.parametrize("file", sorted(path.name for path in ATTACK.glob("test_*.py")))
def test_an_attack_stands_behind_a_promise(file):
    assert file in {name for name, _test in NAMED}
