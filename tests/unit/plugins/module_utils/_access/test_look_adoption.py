# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts as entries of a team file: what ssh_access would change is a remark, and what it would take leaves the account out."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import look_adoption
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.look_adoption import Candidate, find_entries
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.plan import settle_accounts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.state import Fragment, Repair, SudoSet
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudoers import parse_rules

from .test_plan import RULES, K, L, host, key_file

PRINT, OTHER = (parse_public_key(line).fingerprint_sha256 for line in (K, L))
MINE = "# Managed by alicloud-ecs-access (ssh_access); changes here are overwritten.\n"


@pytest.fixture
def adopt(monkeypatch):
    """adopt(snapshot): the entry of ann, whose key sshd accepts."""

    def find(snapshot, effective=(PRINT, OTHER), refused=(), objections=(), unproven=()):
        after = settle_accounts(snapshot, parse_wanted({"users": [{"name": "ann"}]})).after
        monkeypatch.setattr(look_adoption, "_look", lambda _names: (snapshot, after))
        monkeypatch.setattr(look_adoption, "find_objections", lambda _users, _rules: list(objections))
        return find_entries([Candidate("ann", frozenset(effective), dict(refused), frozenset(effective) - frozenset(unproven))])["ann"]

    return find


def rules(text):
    return host(RULES + text)


def test_what_is_there_is_the_entry(adopt):
    entry = adopt(host())
    assert entry["keys"] == [{"key": K, "options": "", "comment": "ann@laptop"}]
    assert entry["rights"] == [{"nopasswd": False, "commands": [], "runas": "ALL:ALL"}]
    assert (entry["local"], entry["groups"], entry["notes"], entry["left_out"]) == (True, [], [], "")


def test_a_right_by_a_group_names_the_group(adopt):
    entry = adopt(rules("%dev ALL=(root) NOPASSWD: /bin/a\n"))
    assert entry["rights"][1] == {"nopasswd": True, "commands": ["/bin/a"], "runas": "root"}
    assert entry["groups"] == ["dev"]
    assert entry["left_out"] == ""


def test_a_right_that_cannot_be_written_leaves_a_member_of_the_admin_group_out(adopt):
    entry = adopt(rules("ann web1=(root) /bin/a\n"))
    assert entry["left_out"] == "a run would change it: remove user ann from group sudo"
    assert entry["notes"][-1] == "sudo by /etc/sudoers:3 is left as it is, because a team file cannot express it: ann web1=(root) /bin/a"


def test_names_that_only_this_host_defines_are_a_remark(adopt):
    entry = adopt(rules("ann ALL=(RA,bob:ALL) NOPASSWD: SRV, !NEVER, /bin/UP\n"))
    assert entry["rights"][1]["commands"] == ["SRV", "!NEVER", "/bin/UP"]
    assert entry["notes"] == ["the rights use names that the sudoers of this host defines, and another host may define otherwise: NEVER, RA, SRV"]
    assert entry["left_out"] == ""


def test_without_the_group_only_the_right_stays_as_it_is(adopt):
    entry = adopt(host("ann web1=(root) /bin/a\n"))
    assert entry["rights"] == []
    assert entry["left_out"] == ""
    assert "cannot express it" in entry["notes"][0]


def test_a_rule_of_ours_is_what_the_user_has(adopt):
    fragment = {"/etc/sudoers.d/95-alicloud-ecs-access-ann": Fragment(MINE + "ann ALL=(ALL:ALL) NOPASSWD: ALL\n")}
    entry = adopt(host(sudo=SudoSet(True, "/etc/sudoers.d", fragment, parse_rules("/etc/sudoers", RULES))))
    assert entry["rights"] == [{"nopasswd": True, "commands": [], "runas": "ALL:ALL"}]
    assert (entry["notes"], entry["left_out"]) == ([], "")


@pytest.mark.parametrize(
    ("text", "effective", "note"),
    [
        pytest.param(f"{K} ann\n", (), "the key %s is left as it is: revoked" % PRINT, id="sshd refuses it"),
        pytest.param(f"{K} a\nrestrict {K} b\n", (PRINT,), "the key %s is left as it is: it has several lines with different options" % PRINT, id="two lines"),
        pytest.param(f"made-up {K}\n", (PRINT,), "the key %s is left as it is: its line: sshd does not support the key option made-up" % PRINT, id="options"),
    ],
)
def test_a_key_that_is_not_taken_over_is_named(adopt, text, effective, note):
    entry = adopt(host(keys={"ann": text}), effective, {PRINT: "revoked"})
    assert entry["keys"] == []
    assert entry["notes"][0].startswith(note)
    assert entry["left_out"] == ""


def test_keys_of_a_file_that_others_share_or_that_must_not_be_touched(adopt):
    for fields in ({"shared": ("bob",)}, {"problem": "it is a symbolic link"}):
        entry = adopt(host(key_files={"ann": (key_file("/etc/keys", K + "\n", **fields),)}))
        assert entry["keys"] == []
        assert entry["notes"][0].startswith("/etc/keys is left as it is: it is ")
        assert entry["left_out"] == ""


def test_a_comment_that_cannot_be_written_is_left_out(adopt):
    assert adopt(host(keys={"ann": K + " a\x1bb\n"}))["keys"] == [{"key": K, "options": "", "comment": ""}]


def test_what_a_run_would_repair_is_a_remark(adopt):
    repair = Repair("set_mode", "/home/ann/.ssh/authorized_keys", "0644 to 0600")
    entry = adopt(host(key_files={"ann": (key_file("/home/ann/.ssh/authorized_keys", K + "\n", repairs=(repair,)),)}))
    assert entry["left_out"] == ""
    assert entry["notes"] == ["the first run of onboard would change: user ann: mode of /home/ann/.ssh/authorized_keys 0644 to 0600"]


@pytest.mark.parametrize(
    ("opens", "refused", "unproven", "left_out"),
    [
        pytest.param(True, {OTHER: "others can write to it"}, (), OTHER, id="a key that sshd refuses"),
        pytest.param(True, {}, (OTHER,), OTHER, id="a key of which it is not known"),
        pytest.param(True, {}, (), "", id="keys that work anyhow"),
        pytest.param(False, {OTHER: "expired"}, (), "", id="a repair that opens nothing"),
    ],
)
def test_a_repair_that_lets_a_key_in_leaves_the_account_out(adopt, opens, refused, unproven, left_out):
    repair = Repair("set_mode", "/home/ann/.ssh/authorized_keys2", "0666 -> 0600", opens)
    files = (key_file("/home/ann/.ssh/authorized_keys", K + "\n"), key_file("/home/ann/.ssh/authorized_keys2", L + "\n", repairs=(repair,)))
    entry = adopt(host(key_files={"ann": files}), {PRINT, OTHER} - set(refused), refused, unproven=unproven)
    assert bool(entry["left_out"]) is bool(left_out)
    assert left_out in entry["left_out"]
    assert f"then the key {left_out} may open it" in entry["left_out"] or not left_out


def test_an_outcome_that_sudo_does_not_confirm_leaves_the_account_out(adopt):
    assert adopt(host(), objections=["user ann: sudo asks ann for no password"])["left_out"] == "user ann: sudo asks ann for no password"
