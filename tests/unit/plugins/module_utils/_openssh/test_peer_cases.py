# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of OpenSSH, cloud-init, ansible.posix and community.general ask, asked here; the ids are theirs.

What they ask about files, accounts and logins stands in tests/system.
"""

import base64
import hashlib
import struct

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.sudoers import render_fragment
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import WantedError, parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.facts import Facts, Request
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.finding import BLOCKS
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_key_line import judge_line
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import Revoked, parse_key_file, plan_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.key_options import KeyOptionsError, check_options, parse_options

POINT = bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
BLOBS = {
    "ssh-rsa": (b"\1\0\1", b"\0\xc1" + b"\x11" * 255),
    "ssh-dss": (b"\0\xc1" + b"\x11" * 127, b"\0\xc1" + b"\x11" * 19, b"\x11" * 128, b"\x11" * 128),
    "ssh-ed25519": (b"\x11" * 32,),
    "ecdsa-sha2-nistp256": (b"nistp256", POINT),
    "sk-ssh-ed25519@openssh.com": (b"\x11" * 32, b"ssh:"),
    "sk-ecdsa-sha2-nistp256@openssh.com": (b"nistp256", POINT, b"ssh:"),
}


def body(kind: str) -> str:
    parts = (kind.encode(), *BLOBS[kind])
    return base64.b64encode(b"".join(struct.pack(">I", len(part)) + part for part in parts)).decode()


def ed25519(name: str) -> str:
    parts = (b"ssh-ed25519", hashlib.sha256(name.encode()).digest())
    return "ssh-ed25519 " + base64.b64encode(b"".join(struct.pack(">I", len(part)) + part for part in parts)).decode()


A, B, C, D = (ed25519(name) for name in "ABCD")


def written(before, keys, exclusive=False):
    (user,) = parse_wanted({"users": [{"name": "ann", "authorized_keys": keys}]}).users
    return plan_key_file(parse_key_file(before.encode()), list(user.keys), exclusive, Revoked()).content.decode()


# OpenSSH, regress/unittests/authopt


@pytest.mark.parametrize(
    "text",
    ["BLAH", "tunnel=\"blah\"", "no-cert-authority", "command=oops", "principals=estragon", "from=127.0.0.1", 'environment=",=bah"', 'permitopen="foo:bar"',
     'permitopen="foo:"', 'permitopen="foo"', 'permitopen="[:"', "restrict,", ",", "BLAH,", "BLAH "],
)  # fmt: skip
def test_sshauthopt_parse_invalid(text):
    with pytest.raises(KeyOptionsError):
        check_options(text, "key")


@pytest.mark.parametrize(
    "text",
    ["", "restrict", 'tunnel="1"', 'tunnel="any"', "cert-authority", "port-forwarding", "no-port-forwarding", "agent-forwarding", "no-agent-forwarding",
     "x11-forwarding", "no-x11-forwarding", "pty", "no-pty", "user-rc", "no-user-rc", 'command="/foo/bar"', 'cert-authority,principals="estragon,vladimir"',
     'from="127.0.0.1"', 'environment="foo=1",environment="bar=2"', 'environment="foo=bar",environment="baz="', 'permitopen="foo:123",permitopen="bar:*"',
     'permitopen="[fe80::1]:22"', 'permitlisten="8080",permitlisten="localhost:8081"', "verify-required", "no-touch-required"],
)  # fmt: skip
def test_sshauthopt_parse(text):
    options = check_options(text, "key")
    assert len(options) == len([part for part in text.replace("estragon,", "").split(",") if part])
    name, equals, rest = text.partition("=")
    assert [option.value for option in parse_options("RESTRICT," + name.upper() + equals + rest, "key")[1:]] == [option.value for option in options]


# OpenSSH, regress/key-options.sh and cert-userkey.sh


@pytest.mark.parametrize(
    ("options", "is_let_in"),
    [
        ('command="echo bar"', True),
        ('no-pty,command="echo bar"', True),
        ('from="127.0.0.1"', False),
        ('from="127.0.0.0/8"', False),
        ('from="192.0.2.7"', True),
        ('from="192.0.2.0/24"', True),
        ('expiry-time="INVALID"', False),
        ('expiry-time="19990101"', False),
        ('expiry-time="25250101"', True),
        ("cert-authority", False),
        ('cert-authority,principals="gregorsamsa"', False),
        ('principals="gregorsamsa"', False),
    ],
)
def test_key_options(options, is_let_in):
    (line,) = parse_key_file(f"{options} {A}\n".encode())
    facts = Facts(Request("ann", None, "192.0.2.7", None, "20261120120000", "20261120120000"))
    assert (not any(finding.severity == BLOCKS for finding in judge_line(facts, "line", line))) == is_let_in


@pytest.mark.parametrize("kind", BLOBS)
def test_a_certificate_is_no_key(kind):
    line = kind.replace("@openssh.com", "") + "-cert-v01@openssh.com " + body(kind)
    assert [found.kind for found in parse_key_file(line.encode())] == ["unknown"]
    with pytest.raises(WantedError):
        written("", [line])


# cloud-init, tests/unittests/test_ssh_util.py

CLOUD_INIT_OPTIONS = (
    "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,"
    'command="echo \'Please login as the user \\"ubuntu\\" rather than the user \\"root\\".\';echo;sleep 10"'
)


@pytest.mark.parametrize("options", ["", CLOUD_INIT_OPTIONS])
@pytest.mark.parametrize("comment", ["", "user@host"])
@pytest.mark.parametrize("kind", BLOBS)
def test_auth_key_line_parser(kind, comment, options):
    (line,) = parse_key_file(" ".join(filter(None, (options, kind, body(kind), comment))).encode())
    assert (line.kind, line.options, line.key.key_type, line.key.base64, line.key.comment) == ("key", options, kind, body(kind), comment)
    assert written("", [line.text]) == line.text + "\n"


@pytest.mark.parametrize(
    ("item", "options"),
    [
        pytest.param({"key": A, "options": 'from="::1"'}, 'from="::1"', id="options beside the key"),
        pytest.param({"key": A, "options": ["no-pty", "no-user-rc"]}, "no-pty,no-user-rc", id="options as a list"),
        pytest.param({"key": f"no-pty {A}"}, "no-pty", id="options in the line"),
        pytest.param({"key": A, "options": ""}, "", id="no options"),
    ],
)
def test_parse_with_options_parameter(item, options):
    assert written("", [item]) == (options + " " if options else "") + A + "\n"


def test_options_in_both_places_are_not_guessed_about():
    with pytest.raises(WantedError, match="not both"):
        written("", [{"key": f"no-pty {A}", "options": "restrict"}])


def test_parse_invalid_keytype():
    assert [line.kind for line in parse_key_file(f"badkeytype {body('ssh-rsa')}\n".encode())] == ["unknown"]


def test_new_keys_replace():
    assert written(f"{A} old1\n{B} old2\n", [f"{A} new1"]) == f"{A} new1\n{B} old2\n"


@pytest.mark.parametrize("invalid", ["xxx-invalid-thing1", "xxx-invalid-blob2", 5, None, ["x"]])
def test_invalid_entries_are_named_and_not_skipped(invalid):
    """skip-invalid-entries, setup_ssh_authorized_keys_with_integer: a key that is left out silently is a login that fails."""
    with pytest.raises(WantedError, match=r"authorized_keys\[1\]"):
        written("", [A, invalid])


# ansible.posix, tests/integration/targets/authorized_key: those of its numbered steps that test_authorized_keys.py lacks


@pytest.mark.parametrize(
    ("before", "keys", "exclusive", "after"),
    [
        pytest.param("", ["\n".join((A, B, C, D))], False, "\n".join((A, B, C, D, "")), id="4 four keys in one text"),
        pytest.param("\n".join((A, B, C, D, "")), ["\n".join((D, C, A, B))], False, "\n".join((A, B, C, D, "")), id="5 in another order"),
        pytest.param("\n".join((A, B, C, D, "")), ["\n".join((B, D))], True, "\n".join((B, D, "")), id="6 two of them, exclusive"),
        pytest.param(f"{B}\n{D}\n", [D], False, f"{B}\n{D}\n", id="7 each by itself again"),
        pytest.param(f"{B}\n{D}\n", [f"{B}\n# {A} not-a-key\n{D}"], True, f"{B}\n{D}\n", id="8 a comment in the text"),
        pytest.param("", [f'command="/bin/true" {A}'], False, f'command="/bin/true" {A}\n', id="13 command"),
        pytest.param(f'command="/bin/true" {A}\n', [f'command="/bin/true" {A}'], False, f'command="/bin/true" {A}\n', id="14 again"),
        pytest.param("", [f"command=\"echo foo 'bar baz'\" {A}"], False, f"command=\"echo foo 'bar baz'\" {A}\n", id="15 quotes in it"),
        pytest.param("", [f'no-port-forwarding,command="echo foo" {A}'], False, f'no-port-forwarding,command="echo foo" {A}\n', id="17 two options"),
        pytest.param(
            f'no-port-forwarding,no-X11-forwarding,command="x" {A}\n',
            [f'no-port-forwarding,no-X11-forwarding,command="x" {A}'],
            False,
            f'no-port-forwarding,no-X11-forwarding,command="x" {A}\n',
            id="20 three options again",
        ),
        pytest.param("", [f"{A} this is a comment"], False, f"{A} this is a comment\n", id="21 words in the comment"),
        pytest.param(f"{A} old\n", [f"{A} new"], False, f"{A} new\n", id="28 another comment"),
        pytest.param(f"{A} new\n", [f"{A} new"], False, f"{A} new\n", id="30 the same comment"),
    ],
)
def test_authorized_key(before, keys, exclusive, after):
    assert written(before, keys, exclusive) == after


def test_11_an_option_of_another_server_is_refused():
    with pytest.raises(WantedError, match="sshd does not support the key option idle-timeout"):
        written("", [f"idle-timeout=5m {A}"])


# community.general, tests/integration/targets/sudoers


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        pytest.param({"sudo": "nopasswd", "sudo_commands": ["/usr/local/bin/command"]}, "ALL=(ALL:ALL) NOPASSWD: /usr/local/bin/command", id="rule 1"),
        pytest.param(
            {"sudo": "nopasswd", "sudo_commands": ["/usr/local/bin/command1", "/usr/local/bin/command2"]},
            "ALL=(ALL:ALL) NOPASSWD: /usr/local/bin/command1, /usr/local/bin/command2",
            id="rule 2",
        ),
        pytest.param({"sudo": "password", "sudo_commands": ["/usr/local/bin/command"]}, "ALL=(ALL:ALL) /usr/local/bin/command", id="rule 3"),
        pytest.param(
            {"sudo": "nopasswd", "sudo_runas": "bob", "sudo_commands": ["/usr/local/bin/command"]},
            "ALL=(bob) NOPASSWD: /usr/local/bin/command",
            id="rule 6",
        ),
        pytest.param({"sudo": "password", "sudo_commands": ["ALL"]}, "ALL=(ALL:ALL) ALL", id="rules 10 and 11, without the defaults"),
    ],
)
def test_sudoers(entry, rule):
    (user,) = parse_wanted({"users": [dict(entry, name="alice")]}).users
    text = render_fragment(user.name, user.sudo_lines)
    assert text.splitlines()[1:] == ["alice " + rule]


def test_sudoers_edge_case_1_a_command_without_its_path():
    with pytest.raises(WantedError, match="'systemctl' is not one sudo command"):
        parse_wanted({"users": [{"name": "alice", "sudo": "nopasswd", "sudo_commands": ["systemctl"]}]})
