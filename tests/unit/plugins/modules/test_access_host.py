# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""People are managed, and sshd is looked at and never changed; what both do to hosts is tested on real instances."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd.controller import read_controller
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sockets import Connection
from ansible_collections.alicloud.ecs_access.plugins.modules import access_host


@pytest.fixture
def carry_out(monkeypatch):
    """carry_out(access, sshd, check_mode): the result, and what each of the two was asked."""

    def call(access, sshd, check_mode=False):
        asked = []
        monkeypatch.setattr(access_host.access_task, "carry_out", lambda params, check: asked.append((params, check)) or access)

        def look(params, check, warn):
            asked.append((params, check))
            warn("a warning")
            return {"changed": True}

        monkeypatch.setattr(access_host.sshd_task, "carry_out", look)
        return access_host.carry_out({"users": [], "sshd": sshd}, check_mode), asked

    return call


@pytest.mark.parametrize("check_mode", [False, True])
def test_sshd_is_looked_at_with_its_own_defaults_and_not_changed(carry_out, check_mode):
    result, (access, sshd) = carry_out({"changed": True}, {"users": ["ann"]}, check_mode)
    assert access == ({"users": []}, check_mode)
    assert sshd[1] is True
    assert (sshd[0]["users"], sshd[0]["proof"], sshd[0]["rollback_after"], sshd[0]["_controller"]) == (["ann"], "required", 120, {})
    assert result == {"changed": True, "access": {"changed": True}, "sshd": {"changed": True, "warnings": ["a warning"]}}


@pytest.mark.parametrize("access", [{"failed": True, "msg": "refused"}, {"_waits": True}])
def test_sshd_is_not_looked_at_where_people_are_not_there_yet(carry_out, access):
    result, asked = carry_out(access, {"users": ["ann"]})
    assert result == {"changed": False, "access": access, "sshd": None}
    assert len(asked) == 1


def test_a_wrong_option_of_sshd_is_a_failure_of_the_look(carry_out):
    result, asked = carry_out({"changed": False}, {"users": ["ann"], "proof": "maybe"})
    assert result["sshd"]["failed"]
    assert "proof" in result["sshd"]["msg"]
    assert len(asked) == 1


@pytest.mark.parametrize("user", ["op", None])
def test_the_session_is_found_on_the_host(carry_out, monkeypatch, user):
    monkeypatch.setattr(access_host, "find_session_user", lambda pid: user)
    monkeypatch.setattr(access_host, "find_connection", lambda: Connection("192.0.2.9", "192.0.2.1", 22))
    _result, (_access, sshd) = carry_out({"changed": False}, {"users": ["ann"], "_controller": {"over_ssh": True}})
    expected = {"user": "op", "address": "192.0.2.9", "local_address": "192.0.2.1", "local_port": 22} if user else {}
    assert sshd[0]["_controller"] == {"over_ssh": True, "session": expected}
    assert read_controller(sshd[0]["_controller"]).connecting == user
