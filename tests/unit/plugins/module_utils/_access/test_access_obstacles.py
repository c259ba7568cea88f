# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host does not let us do is found out while planning, and only where it would have to be done."""

import base64
import struct

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.plan import plan_access, settle_accounts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.state import Conflict, HomeState, KeyFile, Snapshot, SudoSet
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.steps import WriteKeys
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.key_paths import SshdWords
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.accounts import parse_group, parse_passwd, parse_shadow

BLOB = b"".join(struct.pack(">I", len(part)) + part for part in (b"ssh-ed25519", b"k" * 32))
KEY = "ssh-ed25519 " + base64.b64encode(BLOB).decode()
MISSING_HOME = {"ann": HomeState(False)}


def plan(revoked_keys=(), name="ann", fields=None, **user):
    snapshot = Snapshot(
        parse_passwd("ann:x:1001:1001::/home/ann:/bin/sh\n"),
        parse_shadow("ann:*:1::::::\n"),
        parse_group("ann:x:1001:\n"),
        homes={"ann": HomeState(True, 1001), "eve": HomeState(False)},
        key_files={who: (KeyFile("/home/%s/.ssh/authorized_keys" % who),) for who in ("ann", "eve")},
    )._replace(**(fields or {}))
    wanted = parse_wanted({"users": [dict(user, name=name)], "revoked_keys": list(revoked_keys)})
    return plan_access(snapshot, wanted, settle_accounts(snapshot, wanted))


@pytest.mark.parametrize(
    ("user", "fields", "sentence"),
    [
        pytest.param(
            {"name": "eve"},
            {"account_obstacle": "/etc/passwd is immutable"},
            "accounts and groups cannot be changed: /etc/passwd is immutable",
            id="account files",
        ),
        pytest.param({"name": "eve"}, {"homes": {"eve": HomeState(False, obstacle="/home is full")}}, "user eve: /home is full", id="new home"),
        pytest.param(
            {"authorized_keys": [KEY]},
            {"homes": {"ann": HomeState(False, obstacle="/home is full")}},
            "user ann: /home is full",
            id="lost home",
        ),
        pytest.param(
            {"authorized_keys": [KEY]},
            {"homes": MISSING_HOME, "missing_dirs": frozenset(["/home"])},
            "user ann: the parent directory of the home /home/ann does not exist",
            id="lost home and its parent",
        ),
        pytest.param(
            {"sudo": "nopasswd"},
            {"sudo": SudoSet(obstacle="/etc/sudoers.d is immutable")},
            "user ann: /etc/sudoers.d is immutable",
            id="sudoers.d",
        ),
    ],
)
def test_refused(user, fields, sentence):
    with pytest.raises(Conflict) as caught:
        plan(fields=fields, **user)
    assert str(caught.value) == sentence


def test_what_is_not_to_be_written_may_be_immutable():
    fields = {"account_obstacle": "/etc is read-only", "sudo": SudoSet(obstacle="/etc/sudoers.d is read-only")}
    assert [type(step) for step in plan(fields=fields, authorized_keys=[KEY], sudo="none").steps] == [WriteKeys]


def test_keys_of_a_program_are_told_of_where_keys_are_to_be_gone():
    fields = {"words": SshdWords(keys_command="/usr/bin/keys %u")}
    said = ("sshd also takes keys from a program (AuthorizedKeysCommand /usr/bin/keys %u); those are not removed here",)
    assert plan(fields=fields, authorized_keys=[KEY]).warnings == ()
    assert plan(fields=fields, authorized_keys=[KEY], exclusive=True).warnings == said
    assert plan(fields=fields, revoked_keys=[KEY]).warnings == said
