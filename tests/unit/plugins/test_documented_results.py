# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples of returned values have the documented type; and the comparison with real results, which C(run_module) makes, finds what it must."""

from __future__ import annotations

from pathlib import Path

import pytest

from .. import documented_results

MODULES = sorted(path.stem for path in (Path(__file__).resolve().parents[3] / "plugins" / "modules").glob("*.py"))
RESULT = {"changed": False, "hosts": [{"instance_id": "i-a", "names": ["web"], "host_keys_known": True}], "rekeyed": [], "files": []}


@pytest.mark.parametrize("module", MODULES)
def test_every_value_has_a_sample_of_its_type(module):
    assert documented_results.wrong_samples(module) == []


def test_a_result_that_is_documented():
    assert documented_results.differences("ssh_client_config", RESULT) == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param({"more": 1}, "more is not documented", id="a value that is not documented"),
        pytest.param({"rekeyed": "i-a"}, "rekeyed is 'i-a', not of type list", id="another type"),
        pytest.param({"files": [1]}, "files has 1, not of type str", id="another type inside a list"),
        pytest.param({"files": None}, "files is null, which its description does not mention", id="null"),
        pytest.param({"hosts": [{"instance_id": "i-a", "names": [], "host_keys_known": 1}]}, "hosts.host_keys_known is 1, not of type bool", id="inside"),
        pytest.param({"hosts": [{"instance_id": "i-a", "x": 1}]}, "hosts.x is not documented", id="not documented inside"),
    ],
)
def test_a_difference_is_found(change, error):
    assert documented_results.differences("ssh_client_config", {**RESULT, **change}) == [error]


def test_what_is_promised_and_missing_is_found():
    assert documented_results.differences("ssh_client_config", {"changed": True}) == ["hosts is missing", "rekeyed is missing", "files is missing"]
