# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key files are looked for where sshd will read them once everybody is in the planned groups, and each is read once."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import look
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.plan import plan_access, settle_accounts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.state import HomeState, KeyFile, Snapshot
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import parse_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.key_paths import SshdWords
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.accounts import parse_group, parse_passwd, parse_shadow

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB x"
HOME, CENTRAL = ".ssh/authorized_keys", "/etc/ssh/keys/%u"


class Host:
    """ann and bob, and an sshd that reads central files for the group ops."""

    def __init__(self, monkeypatch, words):
        self.read = []
        self.asked = []
        self.snapshot = Snapshot(
            parse_passwd("ann:x:1001:1001::/home/ann:/bin/sh\nbob:x:1002:1002::/home/bob:/bin/sh\n"),
            parse_shadow("ann:*:1::::::\nbob:*:1::::::\n"),
            parse_group("ann:x:1001:\nbob:x:1002:bob\nops:x:50:bob\n"),
            homes={"ann": HomeState(True, 1001), "bob": HomeState(True, 1002), "eve": HomeState(False), "eva": HomeState(False)},
            words=words,
        )
        monkeypatch.setattr(look, "read_key_file", self._read)
        monkeypatch.setattr(look, "_ask_sshd", self._ask)
        monkeypatch.setattr(look, "read_bound_keys", list)

    def _read(self, account, path):
        self.read.append(path)
        exists = path == "/home/ann/.ssh/authorized_keys"
        return KeyFile(path, exists, tuple(parse_key_file(KEY.encode())) if exists else ())

    def _ask(self, user, groups=None):
        self.asked.append((user, groups))
        member = "ops" in groups if groups else user == "bob"
        return (CENTRAL,) if member else (HOME,)

    def plan(self, *users, revoked_keys=()):
        wanted = parse_wanted({"users": list(users), "revoked_keys": list(revoked_keys)})
        settled = settle_accounts(self.snapshot, wanted)
        self.keys = look.KeyLook(self.snapshot, frozenset())
        return plan_access(self.keys.look(wanted, settled.after), wanted, settled)


@pytest.fixture
def host(monkeypatch):
    return Host(monkeypatch, SshdWords(keys_in_match=True))


def test_who_joins_a_group_gets_keys_where_sshd_will_look(host):
    made = host.plan({"name": "ann", "groups": ["ops"], "authorized_keys": [KEY]})
    assert host.asked[:2] == [("ann", None), ("ann", {"ann", "ops"})]
    assert [step.path for step in made.steps if hasattr(step, "path")] == ["/etc/ssh/keys/ann"]
    assert [len(view["ann"].keys) for view in (made.before, made.after)] == [1, 1]


def test_who_is_new_gets_keys_where_sshd_will_look(host):
    made = host.plan({"name": "eve", "groups": ["ops"], "authorized_keys": [KEY]}, {"name": "eva", "authorized_keys": [KEY]})
    assert [step.path for step in made.steps if hasattr(step, "path")] == ["/etc/ssh/keys/eve", "/home/eva/.ssh/authorized_keys"]


def test_who_stays_in_the_same_groups_is_asked_about_once(host):
    host.plan({"name": "bob", "groups": ["ops"], "authorized_keys": [KEY]})
    assert host.asked == [("bob", None)]


def test_a_file_is_read_once(host):
    params = {"users": [{"name": "ann", "groups": ["ops"], "authorized_keys": []}], "revoked_keys": [KEY]}
    host.plan(*params["users"], revoked_keys=[KEY])
    host.keys.look(parse_wanted(params), settle_accounts(host.snapshot, parse_wanted(params)).after)
    assert len(set(host.read)) == len(host.read)
    assert {"/etc/ssh/keys/ann", "/etc/ssh/keys/bob", "/home/ann/.ssh/authorized_keys"} <= set(host.read)


def test_new_accounts_have_files_of_their_own_before_they_have_numbers(monkeypatch):
    made = Host(monkeypatch, SshdWords(("/etc/ssh/keys/%U",))).plan({"name": "eve", "authorized_keys": [KEY]}, {"name": "eva", "authorized_keys": [KEY]})
    found = [(step.name, step.path, step.pattern) for step in made.steps if hasattr(step, "path")]
    assert found == [(name, "/etc/ssh/keys/%U", "/etc/ssh/keys/%U") for name in ("eve", "eva")]
