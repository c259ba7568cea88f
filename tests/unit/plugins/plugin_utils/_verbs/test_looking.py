# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that only looks answers in the process of a step as it does in its own."""

from __future__ import annotations

import json
import sys

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import looking
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import Tools
from ecs_emulator.testing import running

from ...modules import conftest
from ...modules.test_ecs_host_key_info import INSTANCES, KEY, answer

run_module = conftest.run_module
IDS = ["i-good", "i-off", "i-none"]


def as_module(result):
    return {name: value for name, value in result.items() if name not in ("_output", "warnings", "invocation")}


@pytest.mark.parametrize(
    ("module", "arguments", "failed"),
    [
        pytest.param("ecs_host_key_info", {"instance_ids": IDS, "fail_on": "never"}, False, id="host keys, some without"),
        pytest.param("ecs_host_key_info", {"instance_ids": IDS}, True, id="a failure with its answers"),
        pytest.param("ecs_instance_info", {"instance_ids": IDS, "source_address": "192.0.2.1", "ssh_port": "22"}, False, id="a number as text"),
        pytest.param("ecs_instance_info", {"ssh_port": "ssh"}, True, id="no number"),
        pytest.param("ecs_instance_info", {"region": "no region"}, True, id="no region"),
        pytest.param("ecs_key_pair_info", {"include_public_key": True, "include_instances": True}, False, id="key pairs"),
    ],
)
def test_the_same_answer_in_this_process(run_module, monkeypatch, module, arguments, failed):
    with running({"instances": INSTANCES}) as emulator:
        emulator.on_command(answer(f"{KEY}\n@cert-authority * {KEY}"), "good")
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", emulator.access_key_id)
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", emulator.access_key_secret)
        given = {"region": emulator.region, "endpoint": emulator.endpoint, **arguments}
        there, here = as_module(run_module(module, **given)), looking.look(module, given, False)
    assert bool(here.get("failed")) is there["failed"] is failed
    assert json.loads(json.dumps({"failed": False, **here})) == there


def test_a_secret_in_an_answer_is_masked(run_module, monkeypatch):
    account = {"access_key_id": "me", "access_key_secret": "s3cr3t"}
    with running({"instances": [{"name": "open-s3cr3t-door", "instance_id": "i-1"}], "account": account}) as emulator:
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "me")
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s3cr3t")
        result = looking.look("ecs_instance_info", {"region": emulator.region, "endpoint": emulator.endpoint}, False)
    assert result["instances"][0]["instance_id"] == "i-1" and "s3cr3t" not in str(result)


@pytest.mark.parametrize(
    ("module", "platform", "possible"),
    [("ecs_host_key_info", "linux", True), ("ecs_host_key_info", "darwin", False), ("ecs_key_pair", "linux", False), ("ecs_ssh_access_info", "linux", False)],
)
def test_only_what_looks_and_not_on_macos(monkeypatch, module, platform, possible):
    tools, asked = object.__new__(Tools), []
    tools.check_mode = False
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(looking, "look", lambda *given: asked.append(given) or {})
    if possible:
        assert tools.on_controller(module, {"region": "cn-hangzhou"}) == {}
    else:
        # It goes on to what only a real task has.
        with pytest.raises(AttributeError):
            tools.on_controller(module, {"region": "cn-hangzhou"})
    assert asked == ([(module, {"region": "cn-hangzhou"}, False)] if possible else [])
