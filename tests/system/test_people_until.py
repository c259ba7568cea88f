# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host itself ends access with its last day: real sshd and sudo, without another run."""

from __future__ import annotations

import datetime
import json

import pytest

MODULE = "alicloud.ecs_access.ssh_access"
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
ENDED = (TODAY - datetime.timedelta(days=1)).isoformat()
HOLDS = (TODAY + datetime.timedelta(days=1)).isoformat()


@pytest.mark.one_image
def test_keys_and_sudo_end_by_themselves(instance, ansible, ssh, make_key, new_name):
    name = new_name("emil")
    ended, holds, elsewhere = make_key("ended"), make_key("holds"), make_key("elsewhere")
    user = {
        "name": name,
        "authorized_keys": [
            {"key": ended.public, "until": ENDED},
            {"key": holds.public, "until": HOLDS},
            {"key": elsewhere.public, "from": ["192.0.2.1"]},
        ],
        "sudo_rules": [{"commands": ["/usr/bin/id"], "until": HOLDS}, {"commands": ["/usr/bin/env"], "until": ENDED}],
    }
    first = ansible(instance, MODULE, {"users": [user]}, diff=True, options=["-vvv"])
    assert "users" in first, first.get("msg")
    assert "Traceback" not in json.dumps(first)
    assert [ssh(instance, name, key).returncode for key in (ended, holds, elsewhere)] == [255, 0, 255]
    assert ssh(instance, name, holds, "sudo -n /usr/bin/id -u").stdout.strip() == "0"
    assert ssh(instance, name, holds, "sudo -n /usr/bin/env").returncode != 0
    assert ansible(instance, MODULE, {"users": [user]}, diff=True, options=["-vvv"])["changed"] is False

    # An account of a directory ends by its keys and its sudo; its own account is not touched.
    again = {
        "name": name,
        "account": "existing",
        "authorized_keys": [{"key": ended.public, "until": "never"}, {"key": holds.public, "until": ENDED}],
        "sudo": "none",
    }
    assert ansible(instance, MODULE, {"users": [again]}, diff=True, options=["-vvv"])["changed"] is True
    assert [ssh(instance, name, key).returncode for key in (ended, holds)] == [0, 255]
    assert ssh(instance, name, ended, "sudo -n /usr/bin/id -u").returncode != 0
    instance.exec(f"userdel -rf {name}; true")
