# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three files of the client: what they shall be, and in which order they are written."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._client.config import ConfigError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._client.files import ClientFile
from ansible_collections.alicloud.ecs_access.plugins.module_utils._client.plan import Found, plan_client, read_wanted

FOLDER = "/home/jane/.ssh/ours.d"
PARAMS = {
    "state": "present", "name": "default", "config_path": "/home/jane/.ssh/config", "known_hosts_path": "/home/jane/.ssh/known",
    "host_key_checking": "strict", "proxy_command": [], "temporary_key": False, "tunnel": "never", "dotted_names": False,
    "host_keys": [],
}  # fmt: skip


def instance(number, **more):
    return dict(
        {"instance_id": f"i-{number}", "names": [f"web-{number}"], "address": "192.0.2.1", "port": 22, "user": "", "identity_file": None, "region": None},
        **more,
    )


def planned(config=None, known=None, own=None, has_others=False, **params):
    wanted, warnings = read_wanted(dict({**PARAMS, "instances": [instance(1)]}, **params))
    files = [ClientFile(path, content, 0o600) for path, content in (("config", config), ("own", own), ("known", known))]
    return plan_client(wanted, Found(*files, has_others), FOLDER), warnings


def test_what_is_included_is_written_before_it_is_included():
    plan, _warnings = planned(config=b"Host a\n")
    assert [change.file.path for change in plan.changes if change.is_needed] == ["own", "config"]
    assert plan.names == {"i-1": ("web-1",)}
    assert plan.warnings == ("ssh will refuse these until their host keys could be read: i-1",)


def test_a_second_run_changes_nothing():
    plan, _warnings = planned(config=b"Host a\n")
    after = {change.file.path: change.after for change in plan.changes}
    again, _warnings = planned(**after)
    assert [change for change in again.changes if change.is_needed] == []


def test_absent_takes_the_lines_out_first_and_leaves_them_to_others():
    after = {change.file.path: change.after for change in planned(config=b"Host a\n")[0].changes}
    plan, _warnings = planned(**after, state="absent")
    assert [(change.file.path, change.after) for change in plan.changes if change.is_needed] == [("config", b"Host a\n"), ("own", None)]
    plan, _warnings = planned(**after, state="absent", has_others=True)
    assert [change.file.path for change in plan.changes if change.is_needed] == ["own"]


def test_a_file_that_others_can_write_is_closed():
    wanted, _warnings = read_wanted(dict(PARAMS, instances=[]))
    plan = plan_client(wanted, Found(ClientFile("config", b"", 0o666), ClientFile("own", None, 0o600), ClientFile("known", b"", 0o600), False), FOLDER)
    config = plan.changes[-1]
    assert (config.mode, config.to_diff()["before_header"]) == (0o644, "config (mode 0666)")


def test_an_instance_without_a_way_is_left_out():
    plan, warnings = planned(instances=[instance(1, address="")])
    assert (plan.names, warnings) == ({}, ["i-1 has no address, so ssh cannot reach it; it is left out."])


@pytest.mark.parametrize(
    ("params", "objection"),
    [
        ({"name": "a/b"}, "can only have letters"),
        ({"config_path": "relative"}, "config_path: the path"),
        ({"tunnel": "always"}, "need proxy_command"),
        ({"instances": [instance(1), instance(1)]}, "is listed twice"),
        ({"temporary_key": True, "proxy_command": ["x"]}, "temporary_key needs identity_file"),
    ],
)
def test_options_that_make_no_sense(params, objection):
    with pytest.raises(ConfigError, match=objection):
        planned(**params)
