# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused before the host is even looked at, each with its one sentence."""

import base64
import struct
import time as clock

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import WantedError, parse_wanted


def blob(number: int) -> str:
    parts = (b"ssh-ed25519", bytes([number] * 32))
    return base64.b64encode(b"".join(struct.pack(">I", len(part)) + part for part in parts)).decode()


K = "ssh-ed25519 " + blob(1)
L = "ssh-ed25519 " + blob(2)
NOT_ONE_COMMAND = (
    "", "ls -l", "/bin/ls, ALL", "/bin/ls # ALL", "/bin/ls#", "NOPASSWD: ALL", "(root) /bin/ls", "/bin/ls a:b", "/bin/ls\\", "/bin/ls \\a",
    "/bin/ls a=b", "sha256:00 /bin/ls", "/", "/bin/ x", "ALL ALL", "CWD=/ /bin/ls", "/bin/ls ^a",
)  # fmt: skip
CRYPT = "$6$salt$" + "x" * 86


def wanted(**user):
    return parse_wanted({"users": [{"name": "ann", **user}]})


@pytest.mark.parametrize(
    ("user", "sentence"),
    [
        pytest.param({"name": "a:b"}, "user name 'a:b' is not usable", id="name with a colon"),
        pytest.param({"name": "a\nb"}, "user name 'a\\nb' is not usable", id="name with a newline"),
        pytest.param({"name": "ann\n"}, "is not usable", id="name with a newline at the end"),
        pytest.param({"name": "-ann"}, "is not usable", id="name with a leading dash"),
        pytest.param({"name": "../ann"}, "is not usable", id="name with a path"),
        pytest.param({"name": "a..b"}, "is not usable", id="name with two dots"),
        pytest.param({"name": ""}, "is not usable", id="empty name"),
        pytest.param({"name": "1000"}, "is not usable", id="name that is a number"),
        pytest.param({"name": "a" * 33}, "is not usable", id="name of 33 letters"),
        pytest.param({"name": "ann", "account": "existing", "uid": 5}, "only keys and sudo are managed; drop uid", id="existing with uid"),
        pytest.param({"name": "a:b", "account": "existing"}, "is not usable", id="existing with a colon"),
        pytest.param({"account": "existing", "state": "locked"}, "state must be present", id="existing and locked"),
        pytest.param({"name": "root", "state": "absent"}, "root stays present", id="root absent"),
        pytest.param({"name": "root", "state": "locked"}, "root stays present", id="root locked"),
        pytest.param({"name": "root", "sudo": "none"}, "root stays present (drop sudo)", id="root without sudo"),
        pytest.param({"uid": 0}, "uid must be between 1 and", id="uid 0"),
        pytest.param({"shell": "bash"}, "shell must be an absolute path", id="relative shell"),
        pytest.param({"home": "/home/../etc"}, "home must be an absolute path without '..'", id="home with dots"),
        pytest.param({"home": "/"}, "home must be an absolute path", id="home is the root"),
        pytest.param({"comment": "a:b"}, "comment must not hold a colon", id="comment with a colon"),
        pytest.param({"comment": "a\nroot2:x:0:0"}, "comment must not hold a colon, a line break", id="comment with a newline"),
        pytest.param({"password_hash": "secret"}, "password_hash is not the output of crypt(3)", id="plain password"),
        pytest.param({"password_hash": CRYPT + "\nroot:x"}, "password_hash is not the output", id="hash with a newline"),
        pytest.param({"expires": "soon"}, "expires must be a date such as 2030-12-31", id="no date"),
        pytest.param({"sudo": "none", "sudo_rules": [{}]}, "sudo_rules takes the place of sudo", id="rules and sudo"),
        pytest.param({"sudo_rules": []}, "sudo_rules is empty; set sudo: none", id="no rules"),
        pytest.param({"sudo_rules": [{"commands": ["ls"]}]}, "user ann: sudo_rules[0]: 'ls' is not one sudo command", id="rule with a relative command"),
        pytest.param({"sudo_rules": [{"commands": []}]}, "sudo_rules[0]: commands is empty", id="rule without a command"),
        pytest.param({"sudo_rules": [{"until": "soon"}]}, "sudo_rules[0]: until must be a day such as 2030-12-31", id="rule with a bad day"),
        pytest.param({"name": "root", "sudo_rules": [{}]}, "root stays present (drop sudo_rules)", id="root with rules"),
        pytest.param({"authorized_keys": [{"key": K, "until": "31.1.2027"}]}, "until must be a day such as", id="key with a bad day"),
        pytest.param({"authorized_keys": [{"key": K, "from": ["10.0.0.1/8"]}]}, "holds 10.0.0.1/8, which is not a valid network", id="key with a bad network"),
        pytest.param({"authorized_keys": [{"key": K, "options": 'from="x"', "from": ["y"]}]}, "also given beside them", id="from given twice"),
        pytest.param({"sudo_commands": ["/bin/ls"]}, "need sudo: password or sudo: nopasswd", id="commands without sudo"),
        pytest.param({"sudo": "nopasswd", "sudo_commands": ["/bin/ls\nann ALL=(ALL) ALL"]}, "control character", id="command with a newline"),
        pytest.param({"sudo": "nopasswd", "sudo_commands": []}, "sudo_commands is empty", id="no command would be every command"),
        *[pytest.param({"sudo": "nopasswd", "sudo_commands": [text]}, "is not one sudo command", id=text or "empty command") for text in NOT_ONE_COMMAND],
        *[
            pytest.param({"sudo": "nopasswd", "sudo_runas": text}, "sudo_runas must look like", id="runas " + text)
            for text in (":", ",", "a b", "a:%b", "-a", "#", "a:b:c", "!root", "#99999999999")
        ],
        pytest.param({"name": "+ops", "account": "existing"}, "is not usable", id="existing that would be a netgroup to sudo"),
        pytest.param({"name": "ann\\", "account": "existing"}, "is not usable", id="existing with a backslash at the end"),
        pytest.param(
            {"authorized_keys": [f"idle-timeout=5m {K}"]}, "authorized_keys[0]: sshd does not support the key option idle-timeout", id="12 unknown option"
        ),
        pytest.param({"authorized_keys": [f'principals="ann" {K}']}, "only for a key that is marked cert-authority", id="principals of a plain key"),
        pytest.param({"sudo": "nopasswd", "sudo_runas": "root) NOPASSWD: ALL #\n"}, "sudo_runas must look like", id="runas that breaks out"),
        *[pytest.param({"comment": "a%sb" % char}, "comment must not hold", id="comment with %r" % char) for char in "\r\v\x1c\x85\u2028\u202e"],
        pytest.param({"exclusive": True, "authorized_keys": []}, "would remove every key", id="41 empty exclusive list"),
        pytest.param({"exclusive": True}, "would remove every key", id="exclusive without a list"),
        pytest.param({"exclusive": True, "authorized_keys": [{"key": K, "state": "absent"}]}, "would remove every key", id="exclusive, all absent"),
        pytest.param({"authorized_keys": [K, "# only a comment"]}, "authorized_keys[1] holds no key", id="g only a comment"),
        pytest.param({"authorized_keys": [""]}, "authorized_keys[0] holds no key", id="g empty"),
        pytest.param({"authorized_keys": ["ssh-rsa notbase64!!"]}, "authorized_keys[0]: the text after ssh-rsa is not base64", id="h not base64"),
        pytest.param({"authorized_keys": [K, "ssh-ed25519 AAAAB3NzaC1yc2E="]}, "authorized_keys[1]", id="h blob of another type"),
        pytest.param({"authorized_keys": [K[:-8]]}, "authorized_keys[0]", id="42 truncated key"),
        pytest.param({"authorized_keys": ["\0".join(K)]}, "has NUL characters, as text in UTF-16 has; save it as UTF-8", id="a file of PowerShell"),
        pytest.param({"authorized_keys": ["hello"]}, "does not start with a known key type", id="no key at all"),
        pytest.param({"authorized_keys": [f'command="a\nb" {K}']}, "never closed", id="newline in an option of a line"),
        pytest.param({"authorized_keys": [{"key": K, "options": 'command="a\nb"'}]}, "newline", id="newline in an option"),
        pytest.param({"authorized_keys": [{"key": f"no-pty {K}", "options": "restrict"}]}, "not both", id="options twice"),
        pytest.param({"authorized_keys": [{"key": f"{K}\n{L}"}]}, "holds 2 keys", id="two keys in a dictionary"),
        pytest.param({"authorized_keys": [{"key": K, "comment": "a\nb"}]}, "one line of text", id="newline in a comment"),
        pytest.param({"authorized_keys": [{"key": K, "option": "x"}]}, "unknown entry option", id="unknown entry"),
        pytest.param({"authorized_keys": [{"key": K, "state": "gone"}]}, "state must be present or absent", id="unknown state"),
        pytest.param({"authorized_keys": [7]}, "must be a key line, or a dictionary with key", id="a number"),
        pytest.param({"authorized_keys": [K, {"key": K, "state": "absent"}]}, "listed before with another state", id="present and absent"),
        pytest.param({"groups": ["a:b"]}, "group name 'a:b' is not usable", id="group with a colon"),
    ],
)
def test_refused(user, sentence):
    with pytest.raises(WantedError) as caught:
        wanted(**user)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [f"\ufeff{K}\r\n", f"\ufeff# anna\r\n{K}\r\n"])
def test_a_file_of_an_editor_of_windows(text):
    (user,) = wanted(authorized_keys=[text]).users
    assert [key.key.line for key in user.keys] == [K]


def test_private_key_is_refused_and_not_repeated():
    text = "-----BEGIN OPENSSH " + "PRIVATE" + " KEY-----\nc2VjcmV0\n"
    with pytest.raises(WantedError) as caught:
        wanted(authorized_keys=[text])
    assert "holds a private key" in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"users": [{"name": "ann"}, {"name": "ann"}]}, "users: ann is listed more than once"),
        ({"users": [{"name": "ann", "uid": 7}, {"name": "bob", "uid": 7}]}, "uids: 7 is listed more than once"),
        ({"groups": [{"name": "dev"}, {"name": "dev"}]}, "groups: dev is listed more than once"),
        ({"groups": [{"name": "root", "state": "absent"}]}, "group root: this group is not managed here"),
        (
            {"groups": [{"name": "dev", "state": "absent"}], "users": [{"name": "ann", "groups": ["dev"]}]},
            "the group dev is listed with state absent",
        ),
        ({"revoked_keys": ["SHA256:short"]}, "revoked_keys[0]"),
    ],
)
def test_refused_together(params, sentence):
    with pytest.raises(WantedError) as caught:
        parse_wanted(params)
    assert sentence in str(caught.value)


def test_one_element_may_hold_the_text_of_a_file_with_several_keys():
    (user,) = wanted(authorized_keys=[f"# my keys\n{K} one\r\n\n{L} two\n"]).users
    assert [(item.key.comment, item.options) for item in user.keys] == [("one", None), ("two", None)]


def test_the_same_key_twice_is_one():
    (user,) = wanted(authorized_keys=[K + " a", L, K + " b"]).users
    assert len(user.keys) == 2


def test_a_key_that_must_go_may_have_any_options():
    (user,) = wanted(authorized_keys=[{"key": f"idle-timeout=5m {K}", "state": "absent"}]).users
    assert not user.keys[0].present
    assert parse_wanted({"revoked_keys": [f'idle-timeout=5m,command="x",command="y" {K}']}).revoked.blobs


def test_a_revoked_key_that_is_listed_is_warned_of():
    result = parse_wanted({"users": [{"name": "ann", "authorized_keys": [K, L]}], "revoked_keys": [K]})
    assert result.warnings == ("user ann: authorized_keys[0] is in revoked_keys and is left out",)


@pytest.mark.parametrize("name", ["ann", "robert.d.b", "j_doe-2", "Ann", "svc$", "0x"])
def test_usable_names(name):
    assert parse_wanted({"users": [{"name": name}]}).user_names == {name}


def test_an_account_of_a_directory_may_have_its_own_kind_of_name():
    assert parse_wanted({"users": [{"name": "ann@example.com", "account": "existing"}]}).user_names == {"ann@example.com"}


def test_absent_wins_over_whatever_else_a_list_says():
    (user,) = parse_wanted({"users": [{"name": "ann", "state": "absent", "sudo": "nopasswd", "authorized_keys": ["no key"], "remove_home": True}]}).users
    assert (user.state, user.sudo, user.keys, user.remove_home) == ("absent", None, None, True)


@pytest.mark.parametrize(("zone", "time"), [("UTC", "202702010000"), ("Asia/Shanghai", "202702010800"), ("America/New_York", "202701311900")])
def test_a_key_ends_with_its_last_day_in_utc_whatever_the_clock_of_the_host_shows(monkeypatch, zone, time):
    monkeypatch.setenv("TZ", zone)
    clock.tzset()
    try:
        (key,) = wanted(authorized_keys=[{"key": K, "until": "2027-01-31", "from": ["10.0.0.0/8", "192.0.2.1"]}]).users[0].keys
    finally:
        monkeypatch.undo()
        clock.tzset()
    assert key.limits == (("from", "10.0.0.0/8,192.0.2.1"), ("expiry-time", time))
