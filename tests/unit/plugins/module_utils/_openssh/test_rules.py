# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sshd's settings mean for one user."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.rules import (
    Account,
    Refusal,
    accepted_algorithms,
    admits,
    demand_password,
    expand_pattern,
    expand_tokens,
    find_refusal,
    has_expired,
    is_default_key_file,
    is_personal,
    key_files,
    needs_uid,
    required_rsa_bits,
    strange_token,
    suffices,
)

ANN = Account("ann", 1000, "/home/ann", ("ann", "guests"))
ROOT = Account("root", 0, "/root", ("root",))


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ({}, None),
        ({"denyusers": "ann", "allowusers": "ann"}, Refusal("denyusers", "ann")),
        ({"allowusers": "bob", "denygroups": "ann"}, Refusal("allowusers")),
        ({"denygroups": "guests", "allowgroups": "ann"}, Refusal("denygroups", "guests")),
        ({"allowusers": "ann", "allowgroups": "staff"}, Refusal("allowgroups")),
        ({"allowgroups": "!guests *"}, None),
        ({"allowusers": "!ann *"}, None),
        ({"denyusers": "ann@192.0.2.1"}, Refusal("denyusers", "ann@192.0.2.1", sure=False)),
        ({"allowusers": "ann@192.0.2.1"}, Refusal("allowusers", sure=False)),
        ({"denyusers": "ann@192.0.2.1", "allowusers": "bob"}, Refusal("allowusers")),
        ({"denyusers": "ann@192.0.2.1", "allowgroups": "staff"}, Refusal("allowgroups")),
    ],
)
def test_who_is_refused(settings, refusal):
    assert find_refusal({keyword: [value] for keyword, value in settings.items()}, ANN) == refusal


def test_where_a_user_comes_from_decides():
    assert find_refusal({"denyusers": ["ann@192.0.2.0/24"]}, ANN, "192.0.2.9") == Refusal("denyusers", "ann@192.0.2.0/24")
    assert find_refusal({"denyusers": ["ann@192.0.2.0/24"]}, ANN, "198.51.100.1") is None


def test_who_is_in_no_group_is_refused_by_any_list_of_groups():
    assert find_refusal({"denygroups": ["x"]}, ANN._replace(groups=())) == Refusal("denygroups")
    assert find_refusal({"allowgroups": ["*"]}, ANN._replace(groups=())) == Refusal("allowgroups")
    assert find_refusal({"allowgroups": ["x"]}, Account("new")) is None


@pytest.mark.parametrize(
    ("lists", "key", "password"),
    [
        ("any", True, True),
        ("", True, True),
        ("publickey", True, False),
        ("publickey,password", False, False),
        ("publickey,publickey", False, False),
        ("publickey:x", False, False),
        ("publickey,password publickey", True, False),
        ("password", False, True),
    ],
)
def test_what_one_method_is_good_for(lists, key, password):
    settings = {"authenticationmethods": [lists]}
    assert (suffices(settings, "publickey"), suffices(settings, "password")) == (key, password)


def test_lists_that_demand_a_password():
    assert demand_password(["publickey,password", "publickey,keyboard-interactive:pam"])
    assert not demand_password(["publickey,password", "publickey"])
    assert not demand_password([])


@pytest.mark.parametrize(
    ("value", "key", "forced", "password"),
    [
        ("yes", True, True, True),
        ("without-password", True, True, False),
        ("prohibit-password", True, True, False),
        ("forced-commands-only", False, True, False),
        ("no", False, False, False),
    ],
)
def test_root(value, key, forced, password):
    settings = {"permitrootlogin": [value]}
    assert (admits(settings, ROOT, "publickey"), admits(settings, ROOT, "publickey", True), admits(settings, ROOT, "password")) == (key, forced, password)
    assert admits(settings, ANN, "password")


def test_algorithms():
    assert accepted_algorithms({}, "ssh-ed25519") == ["ssh-ed25519"]
    assert accepted_algorithms({"pubkeyacceptedalgorithms": ["rsa-*,!rsa-sha2-256"]}, "ssh-rsa") == ["rsa-sha2-512"]
    assert accepted_algorithms({"pubkeyacceptedkeytypes": ["ssh-ed25519"]}, "ssh-rsa") == []


def test_size_of_rsa_keys():
    assert required_rsa_bits({}) == 1024
    assert required_rsa_bits({"rsaminsize": ["2048"]}) == 2048
    assert required_rsa_bits({"requiredrsasize": ["0"]}) == 1024


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (".ssh/authorized_keys", "/home/ann/.ssh/authorized_keys"),
        ("%h/.ssh/keys", "/home/ann/.ssh/keys"),
        ("/etc/ssh/keys/%u", "/etc/ssh/keys/ann"),
        ("/etc/ssh/keys/%U", "/etc/ssh/keys/1000"),
        ("/etc/%%u/%u", "/etc/%u/ann"),
        ("keys/%u.%%", "/home/ann/keys/ann.%"),
    ],
)
def test_key_files(pattern, path):
    assert expand_pattern(pattern, "ann", 1000, "/home/ann") == path
    assert key_files({"authorizedkeysfile": ["none " + pattern]}, ANN) == [path]


def test_the_number_of_an_account_to_come_is_left_open():
    assert expand_pattern("/etc/keys/%U/%u", "ann", None, "/home/ann") == "/etc/keys/%U/ann"
    assert [needs_uid(pattern) for pattern in ("/etc/keys/%U/%u", "%%U/%u", "%%%U")] == [True, False, True]


def test_tokens():
    assert expand_tokens("%%u %u %n", {"u": "ann"}) == "%u ann %n"
    assert strange_token("%%n %u", {"u": "ann"}) is None
    assert strange_token("%u%n", {"u": "ann"}) == "%n"
    assert strange_token("50%", {}) == "%"


def test_kinds_of_key_files():
    assert is_default_key_file("%h/.ssh/authorized_keys")
    assert not is_default_key_file("~/.ssh/authorized_keys")
    assert is_personal("/etc/keys/%u")
    assert not is_personal("/etc/keys/%%u")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20261120", True),
        ("20261121", False),
        ("202611201159", True),
        ("202611201200", False),
        ("20261120115959", True),
        ("202611201000Z", True),
        ("202611201000utc", True),
        ("202611201100Z", False),
        ("20261032", True),
        ("20261131", False),
        ("99991231235961", False),
        ("202611 1", True),
    ],
)
def test_times(value, expected):
    assert has_expired(value, "20261120120000", "20261120110000") is expected
