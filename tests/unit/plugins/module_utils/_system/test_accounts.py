# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts as text, and where sshd looks for keys."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.key_paths import SshdWords, read_words
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.rules import DEFAULT_KEY_FILES, expand_pattern
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.sshd_config import parse_directives
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.accounts import (
    Shadow,
    expiry_days,
    expiry_text,
    find_damage,
    is_password_hash,
    parse_group,
    parse_passwd,
    parse_shadow,
)


def test_lines_that_are_no_accounts_are_passed_over():
    accounts = parse_passwd("ann:x:1:2:A,,:/h:/s\n+@netgroup::::::\nbroken\nann:x:9:9::/:/\n\n")
    assert [(account.name, account.uid, account.home) for account in accounts.values()] == [("ann", 1, "/h")]


@pytest.mark.parametrize("char", "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
def test_nothing_but_a_newline_ends_a_line(char):
    text = f"ann:x:1:2:a{char}b:/h:/s\nbob:x:3:4::/:/\n"
    assert (list(parse_passwd(text)), find_damage(text)) == (["ann", "bob"], [])
    assert list(parse_shadow(f"ann:a{char}b:1:0:9:7:::\nbob:*:1:0:9:7:::\n")) == ["ann", "bob"]


def test_accounts_that_the_name_service_knows_are_known_here():
    accounts = parse_passwd("  ann:x:1:2\nbob:x:3:4:::/bin/sh:more\n\udcff:x:5:6::/:/\n")
    assert [(account.name, account.home, account.shell) for account in accounts.values()] == [
        ("ann", "", ""), ("bob", "", "/bin/sh:more"), ("\udcff", "/", "/"),
    ]  # fmt: skip
    assert list(parse_group("grp:x:7\n")) == ["grp"]


def test_lines_that_nobody_can_judge_are_named():
    text = "# comment\n\n \t\n+\n-@netgroup\nann:x:1:2:::\nbroken\n:x:1:2:::\neve:x:one:2:::\neve:x:1:2:a\0b::\neve:x:\u0661:2:::\n"
    assert find_damage(text) == [7, 8, 9, 10, 11]


def test_group_members():
    assert parse_group("g:x:5:a,b\nh:x:6:\n")["g"].members == ("a", "b")
    assert parse_group("h:x:6:\n")["h"].members == ()


@pytest.mark.parametrize(
    ("field", "has", "locked"),
    [
        ("$6$salt$hash:1:0:9:7::", True, False),
        ("!$6$salt$hash:1:0:9:7::1", True, True),
        ("*:1:0:9:7::", False, False),
        ("!:1:0:9:7::", False, False),
        ("!!:1:0:9:7::", False, False),
        (":1:0:9:7::", False, False),
        ("!*:1:0:9:7::1", False, True),
    ],
)
def test_shadow(field, has, locked):
    shadow = parse_shadow(f"ann:{field}:\n")["ann"]
    assert (shadow.has_password, shadow.is_locked) == (has, locked)


def test_days_of_shadow():
    shadows = parse_shadow("ann:*:20000:0:99999:7::22279:\nbob:*:::-1:::-1:\ncleo:*:x::\u00b2:::\u0661:\n")
    found = [(shadow.changed, shadow.maximum, shadow.expiry_day) for shadow in shadows.values()]
    assert found == [(20000, 99999, 22279), (None, None, None), (None, None, None)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$6$abc$" + "x" * 86, True),
        ("$y$j9T$abc$def", True),
        ("secret", False),
        ("", False),
        ("*", False),
        ("!", False),
        ("$6$a b$c", False),
        ("$6$abc$def\n", False),
        ("ab0123456789.", True),
        ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA+/", True),
        ("$6$a'b$def", False),
        ('$6$a"b$def', False),
        ("$6$a\\b$def", False),
        ("$6$\u00fc$def", False),
    ],
)
def test_password_hash(text, expected):
    assert is_password_hash(text) is expected


def test_expiry():
    assert expiry_days("1970-01-10") == "9"
    assert expiry_text("9") == "1970-01-10"
    assert (expiry_days("never"), expiry_text(""), expiry_text("-1"), Shadow().expires) == ("", "never", "never", "")
    for text in ("1970-01-02", "tomorrow", "2030-02-30", "9"):
        with pytest.raises(ValueError, match=r"."):
            expiry_days(text)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        # cloud-init's TestMultipleSshAuthorizedKeysFile
        pytest.param("Port 22\n", SshdWords(), id="not set"),
        pytest.param("#AuthorizedKeysFile none\n", SshdWords(), id="commented"),
        pytest.param("AuthorizedKeysFile .ssh/authorized_keys\n", SshdWords((".ssh/authorized_keys",)), id="single user local file"),
        pytest.param(
            "authorizedkeysfile /etc/ssh/authorized_keys %h/.ssh/keys\n",
            SshdWords(("/etc/ssh/authorized_keys", "%h/.ssh/keys")),
            id="local and global files",
        ),
        pytest.param("AuthorizedKeysFile=/etc/keys/%u\nAuthorizedKeysFile other\n", SshdWords(("/etc/keys/%u",)), id="the first counts"),
        pytest.param("AuthorizedKeysFile none\n", SshdWords(("none",)), id="none"),
        pytest.param(
            "Match User x\n AuthorizedKeysFile other\n",
            SshdWords(DEFAULT_KEY_FILES, True, key_files_in_match=("other",)),
            id="in a Match block only sshd knows",
        ),
        pytest.param("AllowGroups a b\nMatch User x\nAllowGroups c\n", SshdWords(DEFAULT_KEY_FILES, False, ("a", "b", "c")), id="groups"),
    ],
)
def test_words(config, words):
    assert read_words(parse_directives("sshd_config", config)) == words


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (".ssh/authorized_keys", "/home/ann/.ssh/authorized_keys"),
        ("%h/.keys", "/home/ann/.keys"),
        ("/etc/keys/%u", "/etc/keys/ann"),
        ("/etc/keys/%U%%", "/etc/keys/1001%"),
    ],
)
def test_expand(pattern, path):
    assert expand_pattern(pattern, "ann", 1001, "/home/ann") == path


def test_numbers_that_no_account_has():
    text = "".join("x%d:x:%s:1::/:\n" % (index, number) for index, number in enumerate(("9" * 5000, "4294967296", "\u0661", "0001000")))
    assert {name: account.uid for name, account in parse_passwd(text).items()} == {"x3": 1000}
    assert find_damage(text) == [1, 2, 3]


def test_a_day_that_no_calendar_has():
    assert expiry_text("4000000") == "after the year 9999"
