# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module with recorded chapters; tests/system has whole instances."""

import json
import stat

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit import look
from ecs_emulator.replay import Replay
from ecs_emulator.testing import running

from .test_ecs_ssh_access_info import RECORDING, read  # noqa: F401 pylint: disable=unused-import

MODULE = "ssh_access_info"
CHAPTERS = ("accounts", "rights", "use")


@pytest.fixture
def chapters(monkeypatch):
    """The chapters of this machine are those of the recording, and root asks."""
    monkeypatch.setattr(look.os, "geteuid", lambda: 0)
    for name in CHAPTERS:
        monkeypatch.setattr(getattr(look, name), "collect", lambda name=name: RECORDING[name])


def test_both_modules_give_the_same_but_for_how(run_module, read, chapters):  # noqa: F811
    with running({"instances": [{"name": "web", "instance_id": "i-web"}]}) as emulator:
        emulator.on_command(Replay(RECORDING))
        (other,) = read(emulator, ["i-web"])["instances"]
        (one,) = run_module(MODULE, instance_id="i-web", name="web", region=emulator.region)["instances"]
    assert dict(one, via="") == dict(other, via="") and (one["via"], other["via"]) == ("ssh", "assistant")
    assert one["accounts"] and one["login_methods"] and one["root"]


def test_a_chapter_that_cannot_be_read_is_unread(run_module, chapters, monkeypatch):
    def fail():
        raise OSError("no such file")

    monkeypatch.setattr(look.use, "collect", fail)
    (host,) = run_module(MODULE)["instances"]
    assert {"what": "chapter use", "why": "it could not be read: no such file"} in host["unread"] and host["seen"]


def test_others_than_root_are_told(run_module, chapters, monkeypatch):
    monkeypatch.setattr(look.os, "geteuid", lambda: 1000)
    result = run_module(MODULE)
    assert result["failed"] and "root is needed" in result["msg"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_file(run_module, chapters, tmp_path, check_mode):
    result = run_module(MODULE, check_mode=check_mode, instance_id="i-web", dest=str(tmp_path / "dest"), return_instances=False)
    assert not result["failed"] and not result["changed"] and "instances" not in result
    if check_mode:
        assert not (tmp_path / "dest").exists()
    else:
        written = tmp_path / "dest" / "i-web.json"
        assert stat.S_IMODE(written.stat().st_mode) == 0o600 and json.loads(written.read_text())["instance_id"] == "i-web"


def test_a_file_needs_the_name_of_an_instance(run_module, chapters, tmp_path):
    assert "instance_id" in run_module(MODULE, dest=str(tmp_path / "dest"))["msg"]
    assert "is not one" in run_module(MODULE, dest=str(tmp_path / "dest"), instance_id="../x")["msg"]
