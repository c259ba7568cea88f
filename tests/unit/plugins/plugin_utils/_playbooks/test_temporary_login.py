# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that the playbook temporary_login shows."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.temporary_login import choose_identity, temporary_login_outcome

ROW = {"expires_at": "2026-11-27T08:00:00Z", "ready": True, "failed": False, "usernames": ["root"], "msg": "registered"}


@pytest.mark.parametrize(
    ("paths", "identity"),
    [
        (("keys/john.pub", "", "/run/user/1", "/home/a"), "keys/john"),
        (("keys/john.pem", "", "/run/user/1", "/home/a"), "keys/john.pem"),
        (("", "keys/mary", "/run/user/1", "/home/a"), "keys/mary"),
        (("", "", "/run/user/1", "/home/a"), "/run/user/1/ecs-access-temporary-key"),
        (("", "", "", "/home/a"), "/home/a/.ssh/ecs-access-temporary-key"),
    ],
)
def test_the_private_key(paths, identity):
    assert choose_identity(*paths) == identity


@pytest.mark.parametrize(
    ("address", "port", "identity", "command"),
    [
        ("192.0.2.1", 22, "/k", "ssh -i /k root@192.0.2.1"),
        ("192.0.2.1", "2222", "/k", "ssh -i /k -p 2222 root@192.0.2.1"),
        ("web; reboot", "22; reboot", "/my key", "ssh -i '/my key' -p '22; reboot' 'root@web; reboot'"),
    ],
)
def test_the_command_is_quoted(address, port, identity, command):
    assert temporary_login_outcome(ROW, address, port, identity)["command"] == command


def test_no_command_where_the_key_does_not_work():
    refused = temporary_login_outcome({**ROW, "ready": False, "failed": True, "expires_at": None, "msg": "no agent"}, "a", 22, "/k")
    assert refused == {"until": None, "command": None, "failed": True, "why": "no agent"}
    assert temporary_login_outcome({}, "a", 22, "/k")["why"] == "not an instance: the inventory has no ecs_instance_id for it"
