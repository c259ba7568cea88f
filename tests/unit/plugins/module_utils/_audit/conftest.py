# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded answers of real instances, and the facts that they are."""

import json
from pathlib import Path

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.records import read_facts

SAMPLES = Path(__file__).parent / "samples"
NOW = "20261127120000"


@pytest.fixture
def recording():
    """recording(image): chapter to records."""
    return lambda image="debian12": json.loads((SAMPLES / f"{image}.recording.json").read_text())


@pytest.fixture
def make_facts(recording):
    """make_facts(*records, without=()): the facts of a real instance with other records added, or kinds of them taken out."""

    def make(*records, without=(), image="debian12"):
        kept = [record for chapter in recording(image).values() for record in chapter if record[0] not in without]
        return read_facts(kept + [list(record) for record in records], NOW, NOW)

    return make
