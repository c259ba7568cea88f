# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key that was registered is told, whatever can be written on the controller."""

from __future__ import annotations

import os

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import temporary_login

from .rotating import NEW, PictureOfFleet, PictureTools

HOST_KEY = {"type": "ssh-ed25519", "key": NEW.split()[1]}


class Fleet(PictureOfFleet):
    def ecs_temp_public_key(self, arguments, check):
        row = {"usernames": ["root"], "ready": not check, "prepared": [], "expires_at": "2026-01-31T09:30:00Z", "changed": True, "failed": False, "msg": "x"}
        return {"changed": True, "instances": [{"instance_id": each, **row} for each in arguments["instance_ids"]]}

    def ecs_host_key_info(self, arguments, check):
        return {"instances": [{"instance_id": each, "host_keys": [HOST_KEY], "failed": False, "msg": ""} for each in arguments["instance_ids"]]}


@pytest.fixture
def log_in(tmp_path, monkeypatch):
    """log_in(home): the row of the host, and the last lines."""

    def call(home):
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        tools = PictureTools(Fleet(1), "web-1", {"ecs_access_public_key": NEW, "ansible_host": "203.0.113.10"}, tmp_path, set())
        tools.store.folder = str(tmp_path / "store")
        monkeypatch.setattr(temporary_login.cloud, "is_instance_id", lambda text: True)
        temporary_login.cloud_step(tools, {"region": "r", "hosts": ["web-1"], "instance_ids": ["i-1"]})
        temporary_login.host_step(tools)
        return tools.store.read("row", "web-1"), temporary_login.ending(tools)

    return call


def test_a_home_without_a_folder_for_ssh_gets_one(log_in, tmp_path):
    """As in a container, where the key is the agent's."""
    row, lines = log_in(tmp_path)
    place = tmp_path / ".ssh" / "ecs-access-temporary-key.known_hosts"
    assert place.read_text() == f"i-1 ssh-ed25519 {HOST_KEY['key']}\n"
    assert (os.stat(place.parent).st_mode & 0o777, row["failed"]) == (0o700, False)
    assert str(place) in row["command"] and lines[0].startswith("ssh ")


def test_a_home_that_cannot_be_written_names_no_file(log_in, tmp_path):
    (tmp_path / "home").write_text("no folder")
    row, lines = log_in(tmp_path / "home")
    assert (row["failed"], row["command"]) == (False, "ssh root@203.0.113.10")
    assert lines[0].startswith("The host keys could not be written to ") and "(Not a directory), so ssh may ask" in lines[0]
