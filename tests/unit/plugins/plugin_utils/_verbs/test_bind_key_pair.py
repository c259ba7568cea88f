# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key pair of a run, and what is said of it."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import bind_key_pair
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import StepFailed

from .rotating import NEW, PictureOfFleet, PictureTools


class Fleet(PictureOfFleet):
    """ecs_key_pair answers as it is told."""

    def __init__(self, answer):
        super().__init__(1)
        self.answer = {"key_pair": {"public_key": NEW}, **answer}

    def ecs_key_pair(self, arguments, check):
        return self.answer

    def ecs_attach_key_pair(self, arguments, check):
        row = {"bound": True, "live": True, "pending_at_reboot": [], "changed": False, "failed": False, "msg": "team was bound already"}
        return {"changed": False, "instances": [{"instance_id": each, **row} for each in arguments["instance_ids"]]}


@pytest.fixture
def bind(tmp_path):
    """bind(answer, check_mode): what the task of the chunk and the row of the host say, and the last lines."""

    def call(answer, check_mode=False):
        fleet = Fleet(answer)
        given = {"ecs_access_key_pair_name": "team", "ecs_access_private_key_path": str(tmp_path / "team")}
        tools = PictureTools(fleet, "web-1", given, tmp_path, set(), check_mode)
        result = bind_key_pair.bind_chunk(tools, {"region": "r", "hosts": ["web-1"], "instance_ids": ["i-1"]})
        return result["changed"], bind_key_pair.binding_row(tools), bind_key_pair.ending(tools)

    return call


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_file_that_gets_its_mode_makes_no_key_pair(bind, check_mode):
    changed, row, lines = bind({"changed": True, "actions": ["restrict_private_key_file"]}, check_mode)
    assert (changed, row["changed"], row["why"], lines) == (True, False, "team was bound already", [])


def test_a_pair_that_would_be_made_is_foreseen(bind):
    changed, row, lines = bind({"changed": True, "actions": ["write_private_key", "import_key_pair"]}, check_mode=True)
    assert (changed, row["changed"], row["why"]) == (True, True, "check mode: the key pair would be made and bound")
    assert lines[0].startswith("The private key would be in ")


def test_a_key_file_that_was_written_before_the_import_failed_is_told(bind):
    changed, row, lines = bind({"changed": True, "failed": True, "msg": "the quota is used up", "actions": ["write_private_key"]})
    assert (changed, row["failed"], row["why"]) == (True, True, "the quota is used up")
    assert lines[0].startswith("The private key is in ")


@pytest.mark.parametrize(
    ("previous", "activation", "refused"), [("remove", "none", True), ("remove", "reboot", True), ("remove", "live", False), ("keep", "none", False)]
)
def test_what_cannot_be_done_is_refused_before_a_pair_is_made(tmp_path, monkeypatch, previous, activation, refused):
    for name in ("given_key", "steps.check_private_key"):
        monkeypatch.setattr(f"{bind_key_pair.__name__}.{name}", lambda tools: None)
    given = {"ecs_access_key_pair_name": "team", "ecs_access_previous_key": previous, "ecs_access_activation": activation}
    tools = PictureTools(Fleet({}), "web-1", given, tmp_path, set())
    with pytest.raises(StepFailed, match="needs ecs_access_activation=live") if refused else nullcontext():
        bind_key_pair.check(tools)
