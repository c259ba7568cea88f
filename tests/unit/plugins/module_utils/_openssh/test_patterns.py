# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and lists: the two ways in which OpenSSH matches."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.patterns import (
    match_group_list,
    match_host_list,
    match_list,
    match_user_word,
    match_word,
)


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("bob", "b*", True),
        ("bob", "b?b", True),
        ("bob", "b", False),
        ("bob", "BOB", False),
        ("a[b]c", "a[b]c", True),
        ("b", "[b]", False),
        ("bob", "!eve", False),
        ("!eve", "!eve", True),
        ("bob", "bob,eve", False),
        ("", "", True),
        ("bob", "", False),
        ("a\nb", "a*b", True),
        ("bob\n", "bob", False),
    ],
)
def test_words(text, word, expected):
    assert match_word(text, word) is expected


def test_many_stars_take_no_time():
    assert not match_word("a" * 200, "*" * 200 + "b")


@pytest.mark.parametrize(
    ("text", "patterns", "expected"),
    [
        ("bob", "*,!bo?", False),
        ("bob", "!eve,*", True),
        ("bob", "!eve", False),
        ("bob", "ann,bob", True),
        ("bob", "Bob", False),
        ("!bob", "!!bob,*", False),
    ],
)
def test_lists(text, patterns, expected):
    assert match_list(text, patterns) is expected


def test_one_group_that_is_taken_out_decides():
    assert match_group_list(["staff", "guests"], "staff")
    assert not match_group_list(["staff", "guests"], "*,!guests")


@pytest.mark.parametrize(
    ("address", "patterns", "expected"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.0.0.0/8,!10.1.*", False),
        ("10.1.2.3", "!10.1.2.3,*", False),
        ("10.1.2.3", "*.example.com", False),
        ("2001:db8::1", "2001:db8::/32", True),
        ("2001:db8::1", "2001:DB8::*", True),
        ("10.1.2.3", "2001:db8::/32", False),
        (None, "10.0.0.0/8", None),
        (None, "*", True),
        ("10.1.2.3", "10.1.2.?", True),
        ("10.1.2.3", "nonsense/99", False),
        ("10.1.2.3", "10.1.2.3/8,10.1.2.3", False),
        ("10.1.2.3", "10.1.2.3,", False),
    ],
)
def test_hosts(address, patterns, expected):
    assert match_host_list(address, patterns) is expected


@pytest.mark.parametrize(
    ("address", "word", "expected"),
    [
        ("10.0.0.1", "b*@10.0.0.*", True),
        ("10.0.0.1", "bob@!10.0.0.1,*", False),
        ("10.0.0.1", "!eve@10.0.0.*", False),
        (None, "eve@10.0.0.*", False),
        (None, "bob@10.0.0.*", None),
        (None, "bob@*", True),
    ],
)
def test_users(address, word, expected):
    assert match_user_word("bob", address, word) is expected
